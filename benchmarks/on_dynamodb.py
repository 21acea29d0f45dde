"""Gatherlog on DynamoDB: the processor time that the commit of an RSVP takes the client.

Compared with sending the very same requests, which were recorded beforehand, by botocore's client
and by the bare client of ours. Each contender has a table of its own in an emulator, which is a
process of its own and slower than the service: rates say little here, and `cpu_us` much.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import botocore.session
import msgspec

from benchmarks import answering, ours
from benchmarks.measuring import (
    Benchmark,
    Contender,
    Figures,
    Measure,
    Plan,
    Size,
    Stopwatch,
    Target,
)
from benchmarks.workload import GUESTS
from gatherlog.engines import open_store
from gatherlog.engines.dynamodb import DynamoStore
from tests.dynamo import REGION, drop_table, emulator, url_of

CALLERS = 32
TABLE = "benchmark"

Request = tuple[str, Any]
"""The operation, and what is asked."""
Send = Callable[[str, Any], Awaitable[object]]


@asynccontextmanager
async def opened() -> AsyncIterator[DynamoStore]:
    """An empty store, in a table that is removed at the end."""
    drop_table(url_of(TABLE))
    store = cast(DynamoStore, await open_store(url_of(TABLE), views=ours.VIEWS))
    try:
        yield store
    finally:
        await store.close()
        drop_table(url_of(TABLE))


class Recording(msgspec.Struct):
    """The requests of some commits, in the order in which they were sent."""

    before: list[Request]
    """What has to be there first."""
    commits: list[Request]


async def rsvps(store: DynamoStore, callers: int, calls: int, filled: Callable[[], Any]) -> Figures:
    """Commit RSVPs; `filled` is called when all guests are there."""
    gathering = answering.Gathering(callers)
    await answering.create_guests(store, gathering)
    filled()

    async def call(caller: int) -> None:
        guest, turn = gathering.next_guest(caller)
        committed = await store.commit(answering.our_commit(gathering, guest, turn))
        gathering.versions[guest] = committed.documents[GUESTS.ref(guest)]

    return await ours.timed_calls(callers, calls, call)


async def recorded(callers: int, calls: int) -> Recording:
    """What is sent for so many RSVPs."""
    sent: list[Request] = []
    recording = Recording([], sent)

    def filled() -> None:
        recording.before = sent[:]
        sent.clear()

    async with opened() as store:
        client = store.engine.table.client
        send = client.send

        async def noted(operation: str, body: bytes) -> bytes:
            sent.append((operation, msgspec.json.decode(body)))
            return await send(operation, body)

        client.send = noted  # type: ignore[method-assign]
        await rsvps(store, callers, calls, filled)
    return recording


def gatherlog(callers: int, calls: int) -> Measure:
    async def measure(_: Path) -> Figures:
        async with opened() as store:
            return await rsvps(store, callers, calls, lambda: None)

    return measure


def replayed(
    recording: Recording, calls: int, sender: Callable[[DynamoStore], Send], prepared: Any = None
) -> Measure:
    """Send the requests of a recording one after the other."""

    async def measure(_: Path) -> Figures:
        async with opened() as store:
            bare, send = by_own_client(store), sender(store)
            for operation, asked in recording.before:
                await bare(operation, asked)
            requests: Sequence[Request] = [
                (operation, prepared(asked) if prepared else asked)
                for operation, asked in recording.commits
            ]
            with Stopwatch() as watch:
                for operation, asked in requests:
                    await send(operation, asked)
            return watch.figures(calls)

    return measure


def with_new_token(asked: Any) -> Any:
    """A transaction that was never sent before."""
    return {**asked, "ClientRequestToken": uuid4().hex} if "TransactItems" in asked else asked


def by_own_client(store: DynamoStore) -> Send:
    client = store.engine.table.client

    async def send(operation: str, asked: Any) -> object:
        answer = await client.send(operation, msgspec.json.encode(with_new_token(asked)))
        return msgspec.json.decode(answer)

    return send


def by_botocore(_: DynamoStore) -> Send:
    client: Any = botocore.session.get_session().create_client(
        "dynamodb", region_name=REGION, endpoint_url=emulator().endpoint
    )
    calls = {
        "TransactWriteItems": client.transact_write_items,
        "BatchGetItem": client.batch_get_item,
        "GetItem": client.get_item,
        "Query": client.query,
    }

    async def send(operation: str, asked: Any) -> object:
        return await asyncio.to_thread(calls[operation], **with_new_token(asked))

    return send


def with_bytes(asked: Any) -> Any:
    """A request as botocore wants it."""
    if isinstance(asked, list):
        return [with_bytes(one) for one in asked]
    if isinstance(asked, dict):
        return {
            name: base64.b64decode(one) if name == "B" and isinstance(one, str) else with_bytes(one)
            for name, one in asked.items()
        }
    return asked


def prepare(callers: int) -> Callable[[Size, Path], Awaitable[Plan]]:
    async def plan(size: Size, _: Path) -> Plan:
        calls = size.lone // 2 if callers == 1 else -(-size.lone // callers) * callers
        recording = await recorded(callers, calls)
        contenders = [
            Contender(
                "botocore",
                "the same requests, one after the other, in a thread",
                replayed(recording, calls, by_botocore, with_bytes),
            ),
            Contender(
                "bare client",
                "the same requests by our own client",
                replayed(recording, calls, by_own_client),
            ),
            Contender("gatherlog", "one Commit through the planner", gatherlog(callers, calls)),
        ]
        targets = [
            Target("gatherlog", "cpu_us", "botocore", at_most=1.2),
            Target("gatherlog", "cpu_us", "bare client", at_most=1.2),
        ]
        if callers > 1:
            few = calls // 4
            contenders.append(
                Contender("gatherlog, one by one", "without grouping", gatherlog(1, few))
            )
            targets.append(Target("gatherlog", "rate", "gatherlog, one by one", at_least=2.0))
        return Plan(contenders, targets)

    return plan


BENCHMARKS = [
    Benchmark("dynamodb-lone", "DynamoDB: the RSVP commit, 1 caller", prepare(1)),
    Benchmark("dynamodb-32", "DynamoDB: the RSVP commit, 32 callers", prepare(CALLERS)),
]
