"""The table of a store: made, recognised, and protected."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import Busy, NotAStore, StoreFailed
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.items import Item, number, text
from gatherlog.engines.dynamodb.keys import FEED, INDEXES, index_name, partition_key, store_key
from gatherlog.engines.dynamodb.table import Table
from gatherlog.engines.dynamodb_address import PARTITIONS, DynamoPlace

__all__ = ["LAYOUT", "StoreRecord", "TableDescription", "describe", "prepare"]

T = TypeVar("T")

LAYOUT: Final = 1
ACTIVE_SECONDS: Final = 120.0
"""How long is waited for a new table."""
_LOOK_SECONDS: Final = 0.5


class StoreRecord(msgspec.Struct, frozen=True):
    """What the store says of itself."""

    id: str
    partitions: int
    table_id: str
    """Of the table in which it was made. A table that was restored from a backup has another."""


class _Key(msgspec.Struct, frozen=True, rename="pascal"):
    attribute_name: str
    key_type: str


class _Index(msgspec.Struct, frozen=True, rename="pascal"):
    index_name: str
    key_schema: list[_Key]
    index_status: str = ""


class TableDescription(msgspec.Struct, frozen=True, rename="pascal"):
    """What the service says of a table."""

    table_status: str
    key_schema: list[_Key]
    table_id: str = ""
    table_arn: str = ""
    global_secondary_indexes: list[_Index] = []
    deletion_protection_enabled: bool = False


class _Described(msgspec.Struct, frozen=True, rename="pascal"):
    table: TableDescription


_NOT_THERE: Final = "ResourceNotFoundException"


async def prepare(client: Client, place: DynamoPlace, *, create: bool) -> StoreRecord:
    """The record of the store, which is made with its table if it is missing and `create` is set.

    Raises NotAStore, and changes nothing, for a table of something else, for a newer layout, for
    another number of partitions, and for a table that was restored from a backup.
    """
    described = await describe(client, place)
    if described is None:
        if not create:
            raise NotAStore(
                f"there is no table {place.table!r} in {client.region};"
                f" make it: gatherlog init --store '{place.shown}'"
            )
        described = await _make_table(client, place)
    _check_shape(place, described)
    table = Table(client, place.table)
    item = await table.get_one(store_key())
    if item is None and create:
        await _protect(client, place)
        item = await _made(table, place, described)
    if item is None:
        raise NotAStore(f"{place.shown} holds no store yet: gatherlog init --store '{place.shown}'")
    return _checked(place, described, item)


async def describe(client: Client, place: DynamoPlace) -> TableDescription | None:
    """The table, or None if there is none. Raises NotAStore if it may not be looked at."""
    try:
        asked = {"TableName": place.table}
        return (await client.ask("DescribeTable", asked, _Described)).table
    except NotAStore:
        return None
    except StoreFailed as error:
        raise NotAStore(f"{place.shown} cannot be looked at: {error}") from error


async def _make_table(client: Client, place: DynamoPlace) -> TableDescription:
    """Make the table, and wait until it can be used."""
    await client.does("CreateTable", _table(place.table), unless="ResourceInUseException")

    async def active() -> TableDescription | None:
        described = await describe(client, place)
        return described if described is not None and _is_active(described) else None

    return await _until(active, f"{place.shown} is not active yet")


async def _until(look: Callable[[], Awaitable[T | None]], why: str) -> T:
    """What `look` gives as soon as it gives something. Raises NotAStore after ACTIVE_SECONDS."""
    loop = asyncio.get_running_loop()
    end = loop.time() + ACTIVE_SECONDS
    while (found := await look()) is None:
        if loop.time() > end:
            raise NotAStore(f"{why}, after {ACTIVE_SECONDS:g} s; try again later")
        await asyncio.sleep(_LOOK_SECONDS)
    return found


def _is_active(described: TableDescription) -> bool:
    indexes = described.global_secondary_indexes
    return described.table_status == "ACTIVE" and all(
        index.index_status in ("", "ACTIVE") for index in indexes
    )


async def _protect(client: Client, place: DynamoPlace) -> None:
    """Let keys expire, and let the table be restored to any second of the last 35 days."""
    expiry = {"AttributeName": "x", "Enabled": True}
    asked = {"TableName": place.table, "TimeToLiveSpecification": expiry}
    await client.does("UpdateTimeToLive", asked, unless="ValidationException")  # it is so already
    recovery = {"PointInTimeRecoveryEnabled": True}
    asked = {"TableName": place.table, "PointInTimeRecoverySpecification": recovery}
    unless = "ContinuousBackupsUnavailableException"  # as for a while after a table was made

    async def recoverable() -> bool | None:
        return await client.does("UpdateContinuousBackups", asked, unless=unless) or None

    await _until(recoverable, f"the backups of {place.shown} are not ready yet")


def _table(name: str) -> dict[str, Any]:
    """The request that makes the table."""
    keys = _index_keys()
    types = {"pk": "S", "sk": "S", "g": "S", "s": "N"}
    types |= {one: "S" for index, pair in keys.items() if index != FEED for one in pair}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "KeySchema": _schema("pk", "sk"),
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": type} for attribute, type in types.items()
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _schema(*pair),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, pair in keys.items()
        ],
    }


def _index_keys() -> dict[str, tuple[str, str]]:
    """The attributes of the key of each index of the table."""
    places = {index_name(place): (f"a{place}", f"b{place}") for place in range(INDEXES)}
    return {FEED: ("g", "s"), **places}


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _check_shape(place: DynamoPlace, described: TableDescription) -> None:
    """Raise NotAStore if the table is one of another program."""
    found = {
        index.index_name: tuple(key.attribute_name for key in index.key_schema)
        for index in described.global_secondary_indexes
    }
    keys = tuple(key.attribute_name for key in described.key_schema)
    if keys != ("pk", "sk") or not _index_keys().items() <= found.items():
        raise NotAStore(
            f"the table {place.table!r} has other keys or indexes than a store; it was not changed:"
            " name another table"
        )


async def _made(table: Table, place: DynamoPlace, described: TableDescription) -> Item:
    """The record of a store that is made now. If others make it as well, one of them succeeds."""
    backoff = Backoff()
    while True:
        await _make_store(table, place, described)
        item = await table.get_one(store_key())
        if item is not None:
            return item
        await backoff.pause(Busy(f"{place.shown} is being made by somebody else"))


async def _make_store(table: Table, place: DynamoPlace, described: TableDescription) -> None:
    """Write what the store is, with the first positions, unless somebody else has done so."""
    partitions = place.partitions or PARTITIONS
    record = {
        **store_key().attributes,
        "id": text(str(uuid.uuid4())),
        "layout": number(LAYOUT),
        "partitions": number(partitions),
        "table": text(described.table_id),
    }
    items = [record]
    items += [{**partition_key(one).attributes, "p": number(0)} for one in range(partitions)]
    put = [
        {
            "Put": {
                "TableName": table.name,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for item in items
    ]
    request = {"TransactItems": put}
    await table.client.does("TransactWriteItems", request, unless="TransactionCanceledException")


def _checked(place: DynamoPlace, described: TableDescription, item: Item) -> StoreRecord:
    layout = int(item["layout"].N)
    if layout > LAYOUT:
        raise NotAStore(
            f"{place.shown} was made or upgraded by a newer version of Gatherlog (layout {layout};"
            f" this version uses {LAYOUT}): use that version"
        )
    record = StoreRecord(item["id"].S, int(item["partitions"].N), item["table"].S)
    if place.partitions not in (None, record.partitions):
        raise NotAStore(
            f"{place.shown}: the log has {record.partitions} partitions, not {place.partitions}"
        )
    if record.table_id != described.table_id:
        raise NotAStore(
            f"{place.shown} was restored from a backup: positions that were given after that moment"
            " would be given again. docs/engines.md says what to do: If the table was restored"
        )
    return record
