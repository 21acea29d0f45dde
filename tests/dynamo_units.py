"""What requests to DynamoDB cost, in units that the emulator counts as the service documents."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from gatherlog.core import Store
from gatherlog.engines.dynamodb import DynamoStore

__all__ = ["Units", "metered", "size_of"]

_WRITES = ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem")


class Units:
    """Units of requests so far; those of a table and of its indexes together."""

    def __init__(self) -> None:
        self.written = 0.0
        self.read = 0.0
        self.requests: list[str] = []

    def add(self, operation: str, asked: Any, told: Any) -> None:
        self.requests.append(operation)
        if operation == "BatchGetItem":  # of which the emulator tells nothing
            self.read += sum(_units_of_batch(one, told) for one in asked["RequestItems"].items())
            return
        consumed = told.get("ConsumedCapacity") or []
        units = sum(
            one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed])
        )
        if operation in _WRITES:
            self.written += units
        else:
            self.read += units


@contextmanager
def metered(store: Store) -> Iterator[Units]:
    """The units of all requests of a store meanwhile."""
    assert isinstance(store, DynamoStore)
    client, units = store.engine.table.client, Units()
    send = client.send

    async def counting(operation: str, body: bytes) -> bytes:
        asked = {**msgspec.json.decode(body), "ReturnConsumedCapacity": "INDEXES"}
        answer = await send(operation, msgspec.json.encode(asked))
        units.add(operation, asked, msgspec.json.decode(answer))
        return answer

    client.send = counting  # type: ignore[method-assign]
    try:
        yield units
    finally:
        del client.send


def _units_of_batch(asked: tuple[str, Any], told: Any) -> float:
    """Each key costs one unit, or one for each 4 KB of its item; half of it if it may lag."""
    table, request = asked
    items = told["Responses"].get(table, [])
    units = len(request["Keys"]) - len(items) + sum(-(-size_of(one) // 4096) for one in items)
    return units if request["ConsistentRead"] else units / 2


def size_of(item: Any) -> int:
    """The bytes of an item, as AWS documents them, of the types that a store uses."""
    total = 0
    for name, typed in item.items():
        [(type, value)] = typed.items()
        total += len(name.encode())
        match type:
            case "S":
                total += len(value.encode())
            case "B":
                total += len(base64.b64decode(value))
            case "N":
                total += 1 + (len(value) + 1) // 2
            case _:
                total += 3 + sum(1 + len(one["S"].encode()) for one in value)
    return total
