"""The proxy that `tests/dynamo_faults.py` starts: `python -m tests.dynamo_proxy PORT FAULTS`."""

import asyncio
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import httptools
import msgspec

from gatherlog.engines.dynamodb.http import Connections, Lost
from tests.dynamo_faults import SLOW, Faults

ItemName = tuple[str, str, str]
"""Table, pk and sk of an item."""


class _Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, reasons: list[dict[str, Any]] | None = None) -> None:
        super().__init__(code)
        self.body: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}
        self.body["message"] = f"{code} by the proxy"
        if reasons is not None:
            self.body["CancellationReasons"] = reasons


class _Signed(msgspec.Struct):
    """What a request is signed with, and when."""

    access_key: str = ""
    at: float = 0.0


class _Proxy:
    """What goes wrong, and what is under way."""

    def __init__(self, port: int, faults: Faults) -> None:
        self._emulator = Connections("127.0.0.1", port, None)
        self._become(faults)
        self._under_way: set[ItemName] = set()
        self._tokens: set[str] = set()
        self._hidden: dict[ItemName, tuple[float, dict[str, Any] | None]] = {}
        """Writes that indexes do not show yet: until when, and what was there before."""
        self.counts: dict[str, int] = {}

    def _become(self, faults: Faults) -> None:
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._refusals = faults.refusals

    def _happens(self, what: str, probability: float) -> bool:
        if self._random.random() >= probability:
            return False
        self._count(what)
        return True

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    @property
    def date(self) -> str:
        """The header that tells the clock of the service."""
        return formatdate(time.time() + self._faults.clock, usegmt=True)

    async def answer(self, operation: str, signed: "_Signed", body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises Lost if there is to be none."""
        asked = msgspec.json.decode(body)
        if operation == "Faults":  # of a test, not of the store
            self._become(msgspec.convert(asked, Faults))
            return 200, b"{}"
        if operation == "Done":
            return 200, msgspec.json.encode(self.counts)
        try:
            if self._faults.waits:
                await asyncio.sleep(self._faults.waits)
            self._check(signed)
            return await self._done(operation, _head(operation), asked)
        except _Refusal as refusal:
            return 400, msgspec.json.encode(refusal.body)

    def _check(self, signed: "_Signed") -> None:
        """Refuse a request as the service does before it looks at what is asked."""
        faults = self._faults
        if faults.refuses and self._refusals:
            self._refusals -= 1
            raise _Refusal(faults.refuses)
        if faults.refused_key and faults.refused_key == signed.access_key:
            raise _Refusal("ExpiredTokenException")
        if abs(signed.at - time.time() - faults.clock) > 300:
            self._count("skewed")
            refusal = _Refusal("InvalidSignatureException")
            refusal.body["message"] = "Signature not yet current: the proxy's clock is another"
            raise refusal

    async def _done(self, operation: str, head: bytes, asked: Any) -> tuple[int, bytes]:
        if operation == "TransactWriteItems":
            return await self._transaction(head, asked)
        if self._happens("throttled", self._faults.throttles):
            raise _Refusal("ProvisionedThroughputExceededException")
        if operation == "BatchGetItem":
            return await self._batch(head, asked)
        if operation == "Query":
            return await self._query(head, asked)
        if operation == "DescribeTable":
            return await self._described(head, asked)
        return await self._ask(head, asked)

    async def _described(self, head: bytes, asked: Any) -> tuple[int, bytes]:
        status, body = await self._ask(head, asked)
        if status != 200 or not self._faults.state:
            return status, body
        self._count("described")
        told = msgspec.json.decode(body)
        told["Table"]["TableStatus"] = self._faults.state
        return status, msgspec.json.encode(told)

    async def _ask(self, head: bytes, asked: Any) -> tuple[int, bytes]:
        body = msgspec.json.encode(asked)
        length = f"content-length: {len(body)}\r\n\r\n".encode()
        answer = await self._emulator.send(head + length + body, 30)
        return answer.status, answer.body

    async def _transaction(self, head: bytes, asked: Any) -> tuple[int, bytes]:
        """Carry out a transaction, unless another one that is under way has one of its items."""
        token = asked.get("ClientRequestToken", "")
        names = [_name(action) for action in asked["TransactItems"]]
        if token and token in self._tokens:
            self._count("in progress")
            raise _Refusal("TransactionInProgressException")
        if self._happens("throttled", self._faults.throttles):
            raise _Refusal("ThrottlingException")
        if any(name in self._under_way for name in names):
            self._count("conflicts")
            codes = ["TransactionConflict" if n in self._under_way else "None" for n in names]
            reasons = [{"Code": code} for code in codes]
            raise _Refusal("TransactionCanceledException", reasons)
        self._tokens.add(token)
        self._under_way |= set(names)
        try:
            is_lost = self._happens("lost", self._faults.loses)
            if is_lost and self._random.random() < 0.5:
                raise Lost("before it was carried out")
            await asyncio.sleep(self._pause(names))
            await self._hide(asked["TransactItems"], names)
            answer = await self._ask(head, asked)
            if is_lost:
                raise Lost("after it was carried out")
            return answer
        finally:
            self._under_way -= set(names)
            self._tokens.discard(token)

    def _pause(self, names: list[ItemName]) -> float:
        slow = self._faults.slow_partition
        if slow is not None and any(n[1:] == ("heads", f"{slow:03}") for n in names):
            return SLOW
        return self._random.uniform(0, self._faults.seconds)

    async def _hide(self, actions: list[Any], names: list[ItemName]) -> None:
        """Let indexes show what was there before, for a while."""
        if not self._faults.lag:
            return
        written = [
            name
            for action, name in zip(actions, names, strict=True)
            if "ConditionCheck" not in action and name[1][:2] in ("d#", "e#")
        ]
        for name in written:
            until = time.monotonic() + self._random.uniform(0, self._faults.lag)
            before = self._hidden.get(name)
            old = before[1] if before is not None else await self._item(name)
            self._hidden[name] = until, old

    async def _item(self, name: ItemName) -> dict[str, Any] | None:
        if name[1].startswith("e#"):
            return None
        key = {"pk": {"S": name[1]}, "sk": {"S": name[2]}}
        asked = {"TableName": name[0], "Key": key, "ConsistentRead": True}
        head = _head("GetItem")
        _, body = await self._ask(head, asked)
        found: dict[str, Any] | None = msgspec.json.decode(body).get("Item")
        return found

    async def _batch(self, head: bytes, asked: Any) -> tuple[int, bytes]:
        """Leave some keys unprocessed."""
        left: dict[str, Any] = {}
        for table, one in asked["RequestItems"].items():
            out = [
                key for key in one["Keys"] if self._happens("left out", self._faults.unprocessed)
            ]
            if out:
                one["Keys"] = [key for key in one["Keys"] if key not in out]
                left[table] = {**one, "Keys": out}
        asked["RequestItems"] = {t: one for t, one in asked["RequestItems"].items() if one["Keys"]}
        if not asked["RequestItems"]:
            return 200, msgspec.json.encode({"Responses": {}, "UnprocessedKeys": left})
        status, body = await self._ask(head, asked)
        if status != 200:
            return status, body
        return 200, msgspec.json.encode({**msgspec.json.decode(body), "UnprocessedKeys": left})

    async def _query(self, head: bytes, asked: Any) -> tuple[int, bytes]:
        if self._faults.page is not None:
            most = self._random.randint(1, self._faults.page)
            asked["Limit"] = min(most, asked.get("Limit", most))
        status, body = await self._ask(head, asked)
        if status != 200 or "IndexName" not in asked:
            return status, body
        found = msgspec.json.decode(body)
        keys = _keys_of(asked["KeyConditionExpression"])
        shown = [self._shown(asked["TableName"], keys, item) for item in found["Items"]]
        found["Items"] = [item for item in shown if item is not None]
        return 200, msgspec.json.encode(found)

    def _shown(self, table: str, keys: list[str], item: Any) -> Any:
        """An item as the index shows it: as it was, where it was there before."""
        name = (table, item["pk"]["S"], item["sk"]["S"])
        until, old = self._hidden.get(name, (0.0, None))
        if until < time.monotonic():
            self._hidden.pop(name, None)
            return item
        self._count("lagged")
        was_there = old is not None and all(old.get(key) == item[key] for key in keys)
        return old if was_there else None


def _name(action: Any) -> ItemName:
    [(kind, asked)] = action.items()
    key = asked["Item"] if kind == "Put" else asked["Key"]
    return asked["TableName"], key["pk"]["S"], key["sk"]["S"]


def _keys_of(condition: str) -> list[str]:
    """The attributes of the key of the index that is asked."""
    words = condition.split()
    return [words[0], *words[4:5]]


def _head(operation: str) -> bytes:
    return (
        "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.0\r\n"
        f"x-amz-target: DynamoDB_20120810.{operation}\r\n"
        "authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/dynamodb/"
        "aws4_request, SignedHeaders=host, Signature=0\r\n"
    ).encode()


class _Served(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, proxy: _Proxy) -> None:
        self._proxy = proxy
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._operation = ""
        self._signed = _Signed()
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-amz-target":
            self._operation = value.decode().rpartition(".")[2]
        elif name.lower() == b"authorization":
            self._signed.access_key = value.decode().split("Credential=")[1].split("/")[0]
        elif name.lower() == b"x-amz-date":
            moment = datetime.strptime(value.decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            self._signed.at = moment.timestamp()

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        body, self._body = b"".join(self._body), []
        self._task = asyncio.ensure_future(self._answer(self._operation, body))

    async def _answer(self, operation: str, body: bytes) -> None:
        try:
            status, answer = await self._proxy.answer(operation, self._signed, body)
        except Lost:
            self._transport.abort()
            return
        date = f"date: {self._proxy.date}\r\n"
        head = f"HTTP/1.1 {status} x\r\n{date}content-length: {len(answer)}\r\n\r\n"
        self._transport.write(head.encode() + answer)


async def _serve(port: int, faults: Faults) -> None:
    proxy = _Proxy(port, faults)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Served(proxy), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, lambda: None if os.read(0, 1) else ended.set())
    await ended.wait()


if __name__ == "__main__":
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    asyncio.run(_serve(int(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Faults)))
