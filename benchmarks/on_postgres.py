"""Gatherlog on PostgreSQL: appending, the commit of an RSVP, and reading the whole log.

Compared with the same work by hand on the same server, over one connection and with the same
grouping, and with a peer. The server is started for the benchmarks, with the durability that it has
by default.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from benchmarks import answering, growing, ours, waking
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
from benchmarks.peers import pyeventsourcing as peer
from benchmarks.raw import postgres as by_hand
from benchmarks.workload import CODEC, GUESTS, STREAM_LENGTH, new_id, payload, places, to_event
from gatherlog.core import Append, Commit, Event, Recorded, Store
from gatherlog.core.eventstore.planner import KEY_LIFETIME
from gatherlog.engines import open_store
from gatherlog.engines.postgres_address import read_place
from tests.postgres import PostgresServer, drop_schema, found_versions

CALLERS = 32
PAGE = 5_000
EVENTS_PER_COMMIT = 1_000

encode = msgspec.json.encode


@lru_cache(maxsize=1)
def own_server() -> PostgresServer:
    """A server that ends with this process."""
    return PostgresServer(max(found_versions()), fsync="on").__enter__()


def url() -> str:
    """The address of a store on it."""
    return own_server().url("ours")


@asynccontextmanager
async def opened() -> AsyncIterator[Store]:
    """An empty store."""
    drop_schema(url())
    store = await open_store(url(), views=ours.VIEWS)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def raw_tables() -> AsyncIterator[Any]:
    connection = await by_hand.opened(read_place(url()).dsn)
    try:
        yield connection
    finally:
        await connection.close()


# Appending.

Placed = tuple[str, int, Event]


def raw_appends(callers: int, calls: int) -> Measure:
    async def measure(_: Path) -> Figures:
        async with raw_tables() as connection:

            async def write(group: Sequence[Placed]) -> Sequence[None]:
                streams, versions, events = zip(*group, strict=True)
                columns = by_hand.event_columns(events)
                await connection.execute(by_hand.APPEND, list(streams), list(versions), *columns)
                return [None] * len(group)

            groups, turns = by_hand.CallGroups(write), [numbered() for _ in range(callers)]

            async def call(caller: int) -> None:
                number, stream, version = next(turns[caller])
                await groups.submit((stream, version, to_event(payload(number))))

            return await ours.timed_calls(callers, calls, call)

    return measure


def our_appends(callers: int, calls: int) -> Measure:
    async def measure(_: Path) -> Figures:
        turns = [numbered() for _ in range(callers)]
        async with opened() as store:

            async def call(caller: int) -> None:
                number, stream, version = next(turns[caller])
                await ours.append(store, stream, version, [payload(number)])

            return await ours.timed_calls(callers, calls, call)

    return measure


def numbered() -> Any:
    """The number, stream and version of each event of one caller."""
    return ((number, *place) for number, place in enumerate(places()))


def peer_appends(callers: int, calls: int) -> Measure:
    async def measure(_: Path) -> Figures:
        recorder = open_peer(callers)

        def make() -> peer.Call:
            turns = enumerate(peer.places())

            def call() -> None:
                number, (stream, version) = next(turns)
                state = encode(payload(number))
                recorder.insert_events([peer.stored(stream, version, state)])

            return call

        found = await asyncio.to_thread(peer.timed_threads, callers, calls, make)
        recorder.datastore.close()
        return found

    return measure


def open_peer(callers: int) -> PostgresApplicationRecorder:
    """The recorder of the peer on an empty table."""
    store = PostgresDatastore(
        "postgres", str(own_server().folder), 5432, "postgres", "-", pool_size=callers
    )
    with store.transaction(commit=True) as cursor:
        cursor.execute("DROP TABLE IF EXISTS stored_events")
    recorder = PostgresApplicationRecorder(store)
    recorder.create_table()
    return recorder


def prepare_appends(callers: int) -> Callable[[Size, Path], Awaitable[Plan]]:
    async def plan(size: Size, _: Path) -> Plan:
        calls = size.lone if callers == 1 else size.concurrent
        fewer = calls if callers == 1 else max(callers, calls // 8)
        return Plan(
            [
                Contender("by hand", "asyncpg, one call per group", raw_appends(callers, calls)),
                Contender("gatherlog", "one commit awaited each", our_appends(callers, calls)),
                Contender(
                    "eventsourcing recorder", f"{callers} threads", peer_appends(callers, fewer)
                ),
            ],
            [
                Target("gatherlog", "rate", "by hand", at_least=0.8 if callers == 1 else 0.5),
                Target(
                    "gatherlog",
                    "rate",
                    "eventsourcing recorder",
                    at_least=1.0 if callers == 1 else 6.0,
                ),
            ],
        )

    return plan


# The commit of an RSVP.


def raw_rsvps(callers: int, calls: int) -> Measure:
    async def measure(_: Path) -> Figures:
        gathering = answering.Gathering(callers)
        async with raw_tables() as connection:
            await fill_raw(connection, gathering)

            async def write(group: Sequence[Any]) -> Sequence[int]:
                columns = by_hand.event_columns([rsvp.event for rsvp in group])
                versions: list[int] = await connection.fetchval(
                    by_hand.ANSWER,
                    gathering.stream,
                    [rsvp.guest for rsvp in group],
                    [rsvp.expects for rsvp in group],
                    [rsvp.body for rsvp in group],
                    answering.CAPACITY,
                    [rsvp.key for rsvp in group],
                    answering.FINGERPRINT,
                    group[0].answer,
                    group[0].event.recorded - KEY_LIFETIME,
                    *columns,
                )
                return versions

            groups = by_hand.CallGroups(write)

            async def call(caller: int) -> None:
                guest, turn = gathering.next_guest(caller)
                rsvp = answering.raw_commit(gathering, guest, turn)
                gathering.versions[guest] = await groups.submit(rsvp)

            return await ours.timed_calls(callers, calls, call)

    return measure


async def fill_raw(connection: Any, gathering: answering.Gathering) -> None:
    """A gathering and its guests, with the row by which each is listed."""
    await connection.execute("INSERT INTO raw.stream VALUES ($1, 0)", gathering.stream)
    await connection.execute(
        "INSERT INTO raw.tally VALUES ('gathering', $1, 0, '{\"seats\":0}')", gathering.stream
    )
    rows = [
        (guest, gathering.stream, b"{}", gathering.index_keys(guest))
        for guest in gathering.versions
    ]
    await connection.executemany(
        "INSERT INTO raw.document VALUES ('guest', $1, $2, 0, $3, $4)", rows
    )
    listed = [(gathering.stream, f"Lovelace {guest}", guest) for guest in gathering.versions]
    await connection.executemany(
        "INSERT INTO raw.index_row VALUES ('guest', 'by_gathering', $1, $2, $3)", listed
    )


def our_rsvps(callers: int, calls: int) -> Measure:
    async def measure(_: Path) -> Figures:
        gathering = answering.Gathering(callers)
        async with opened() as store:
            await answering.create_guests(store, gathering)

            async def call(caller: int) -> None:
                guest, turn = gathering.next_guest(caller)
                committed = await store.commit(answering.our_commit(gathering, guest, turn))
                gathering.versions[guest] = committed.documents[GUESTS.ref(guest)]

            return await ours.timed_calls(callers, calls, call)

    return measure


def prepare_rsvps(callers: int, at_least: float) -> Callable[[Size, Path], Awaitable[Plan]]:
    async def plan(size: Size, _: Path) -> Plan:
        calls = size.concurrent // 2
        return Plan(
            [
                Contender(
                    "by hand",
                    "the statements one by one, one call per group",
                    raw_rsvps(callers, calls),
                ),
                Contender("gatherlog", "one Commit through the planner", our_rsvps(callers, calls)),
            ],
            [Target("gatherlog", "rate", "by hand", at_least=at_least)],
        )

    return plan


# Waking.


def our_wakes(events: int) -> Measure:
    async def measure(_: Path) -> Figures:
        async with opened() as store, waking.other_process("url", url(), events) as seen:
            acknowledged = await waking.append_paced(store, events)
            return waking.latencies(acknowledged, await seen())

    return measure


async def prepare_wakes(size: Size, _: Path) -> Plan:
    name = "gatherlog, other process"
    return Plan(
        [Contender(name, "NOTIFY, read_feed, decode", our_wakes(size.wakes))],
        [Target(name, "p50_us", at_most=3_000)],
    )


# The whole log.


async def fill(store: Store, events: int) -> None:
    for _ in range(0, events, EVENTS_PER_COMMIT):
        appends = [
            Append(f"gathering-{new_id()}", [to_event(payload(n)) for n in range(STREAM_LENGTH)])
            for _ in range(EVENTS_PER_COMMIT // STREAM_LENGTH)
        ]
        await store.commit(Commit(appends=appends))


async def raw_replay(_: Path) -> Figures:
    """Pages by hand, the next one under way while one is decoded into the same envelope."""
    connection = await asyncpg.connect(read_place(url()).dsn)
    sql, seen = by_hand.PAGE.format(schema="ours"), 0
    with Stopwatch() as watch:
        page = await connection.fetch(sql, 0, PAGE)
        while page:
            following = asyncio.ensure_future(connection.fetch(sql, page[-1]["position"], PAGE))
            await asyncio.sleep(0)
            for payload_ in CODEC.decode_all([Recorded(0, *row) for row in page]):
                _see(payload_)
            seen += len(page)
            page = await following
    await connection.close()
    return watch.figures(seen)


async def our_replay(_: Path) -> Figures:
    store = await open_store(url(), views=ours.VIEWS)
    with Stopwatch() as watch:
        seen = await ours.replay(store, _see)
    await store.close()
    return watch.figures(seen)


def _see(_: object) -> None:
    pass


async def prepare_replay(size: Size, _: Path) -> Plan:
    async with opened() as store:
        await fill(store, size.replay)
    return Plan(
        [
            Contender("by hand", "overlapped pages, decoded into the same envelope", raw_replay),
            Contender("gatherlog", "read_feed, page after page", our_replay),
        ],
        [Target("gatherlog", "rate", "by hand", at_least=0.8)],
    )


# Growth.


def prepare_growth(factor: int) -> Callable[[Size, Path], Awaitable[Plan]]:
    async def plan(size: Size, _: Path) -> Plan:
        return await growing.compare(size, factor, opened_schema)

    return plan


def opened_schema(name: str) -> growing.Opened:
    """What opens the store in a schema of its own, which is empty now."""
    url = own_server().url(name)
    drop_schema(url)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        store = await open_store(url, views=ours.VIEWS)
        try:
            yield store
        finally:
            await store.close()

    return opened


BENCHMARKS = [
    Benchmark("postgres-lone", "PostgreSQL: 1 writer, 1 event per commit", prepare_appends(1)),
    Benchmark(
        "postgres-concurrent",
        "PostgreSQL: 32 concurrent callers, 1 event each",
        prepare_appends(CALLERS),
    ),
    Benchmark(
        "postgres-rsvp-32", "PostgreSQL: the RSVP commit, 32 callers", prepare_rsvps(32, 1.2)
    ),
    Benchmark(
        "postgres-rsvp-256", "PostgreSQL: the RSVP commit, 256 callers", prepare_rsvps(256, 0.55)
    ),
    Benchmark(
        "postgres-wake",
        "PostgreSQL: append to subscriber, after the acknowledgement",
        prepare_wakes,
    ),
    Benchmark("postgres-replay", "PostgreSQL: the whole log, typed", prepare_replay),
    Benchmark(
        "postgres-growth",
        "PostgreSQL: time per operation as the log grows",
        prepare_growth(1),
        on_demand=True,
    ),
    Benchmark(
        "postgres-growth-10m",
        "PostgreSQL: the same with ten times as many",
        prepare_growth(10),
        on_demand=True,
    ),
]
