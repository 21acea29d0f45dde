"""Appending: a lone writer, 32 concurrent callers, and commits of 100 events."""

from pathlib import Path

import msgspec

from benchmarks import ours
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
from benchmarks.raw import log
from benchmarks.raw.group import GroupLoop
from benchmarks.workload import STREAM_LENGTH, RsvpSubmitted, new_id, payload, places, to_event
from gatherlog.core import Event

CALLERS = 32
BATCH = 100

encode = msgspec.json.encode


# One writer, one event per commit.


def raw_lone(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        db = log.open_log(folder / "raw.db")
        events = [to_event(payload(number)) for number in range(size.lone)]
        with Stopwatch() as watch:
            for event, (stream, version) in zip(events, places(), strict=False):
                log.append(db, stream, version, event)
        db.close()
        return watch.figures(size.lone)

    return measure


def ours_lone(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        items = [payload(number) for number in range(size.lone)]
        async with ours.opened(folder) as store:
            with Stopwatch() as watch:
                for item, (stream, version) in zip(items, places(), strict=False):
                    await ours.append(store, stream, version, [item])
            return watch.figures(size.lone)

    return measure


def recorder_lone(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        recorder = peer.open_recorder(folder / "peer.db")
        events = [
            peer.stored(stream, version, encode(payload(number)))
            for number, (stream, version) in zip(range(size.lone), peer.places(), strict=False)
        ]
        with Stopwatch() as watch:
            for event in events:
                recorder.insert_events([event])
        recorder.datastore.close()
        return watch.figures(size.lone)

    return measure


def application_lone(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        app = peer.Gatherings(folder / "peer.db")
        save = save_call(app, [payload(number) for number in range(size.lone)])
        with Stopwatch() as watch:
            for _ in range(size.lone):
                save()
        app.close()
        return watch.figures(size.lone)

    return measure


async def prepare_lone(size: Size, _: Path) -> Plan:
    return Plan(
        [
            Contender("raw", "apsw inline: version read, insert, commit", raw_lone(size)),
            Contender("gatherlog", "typed payload, id, one commit awaited", ours_lone(size)),
            Contender("eventsourcing recorder", "encoded beforehand", recorder_lone(size)),
            Contender("eventsourcing save", "Application.save", application_lone(size)),
        ],
        [
            Target("gatherlog", "rate", "raw", at_least=0.8),
            Target("gatherlog", "rate", "eventsourcing recorder", at_least=1.0),
        ],
    )


# 32 concurrent callers, one event per commit.


def raw_group(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        db = log.open_log(folder / "raw.db")
        execute = db.execute

        def write(item: tuple[str, int, Event]) -> int:
            stream, expected, event = item
            actual: int = execute(log.VERSION, (stream,)).get or 0
            if actual != expected:
                raise RuntimeError(f"{stream} is at {actual}, not {expected}")
            execute(log.INSERT, log.row(stream, actual + 1, event))
            return actual + 1

        group = GroupLoop(db, write)
        turns = [zip(items(size), places(), strict=False) for _ in range(CALLERS)]

        async def call(caller: int) -> None:
            item, (stream, version) = next(turns[caller])
            await group.submit((stream, version, to_event(item)))

        found = await ours.timed_calls(CALLERS, size.concurrent, call)
        await group.close()
        db.close()
        return found

    return measure


def ours_group(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        turns = [zip(items(size), places(), strict=False) for _ in range(CALLERS)]
        async with ours.opened(folder) as store:

            async def call(caller: int) -> None:
                item, (stream, version) = next(turns[caller])
                await ours.append(store, stream, version, [item])

            return await ours.timed_calls(CALLERS, size.concurrent, call)

    return measure


def recorder_group(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        recorder = peer.open_recorder(folder / "peer.db")

        def make() -> peer.Call:
            turns = zip(items(size), peer.places(), strict=False)

            def call() -> None:
                item, (stream, version) = next(turns)
                recorder.insert_events([peer.stored(stream, version, encode(item))])

            return call

        found = peer.timed_threads(CALLERS, max(CALLERS, size.concurrent // 8), make)
        recorder.datastore.close()
        return found

    return measure


def application_group(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        app = peer.Gatherings(folder / "peer.db")
        found = peer.timed_threads(
            CALLERS, max(CALLERS, size.concurrent // 8), lambda: save_call(app, items(size))
        )
        app.close()
        return found

    return measure


async def prepare_group(size: Size, _: Path) -> Plan:
    return Plan(
        [
            Contender("raw group loop", "by hand, with encoding and ids", raw_group(size)),
            Contender("gatherlog", "32 callers await one commit each", ours_group(size)),
            Contender("eventsourcing recorder", "32 threads", recorder_group(size)),
            Contender("eventsourcing save", "32 threads", application_group(size)),
        ],
        [
            Target("gatherlog", "rate", "raw group loop", at_least=0.8),
            Target("gatherlog", "rate", "eventsourcing recorder", at_least=7.0),
        ],
    )


# 100 events per commit, one stream.


def raw_batches(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        db = log.open_log(folder / "raw.db")
        stream = f"gathering-{new_id()}"
        batches = [
            [
                log.row(stream, batch * BATCH + number + 1, to_event(payload(number)))
                for number in range(BATCH)
            ]
            for batch in range(size.batches)
        ]
        with Stopwatch() as watch:
            for number, batch in enumerate(batches):
                log.append_many(db, stream, number * BATCH, batch)
        db.close()
        return watch.figures(size.batches * BATCH)

    return measure


def ours_batches(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        stream = f"gathering-{new_id()}"
        batch = [payload(number) for number in range(BATCH)]
        async with ours.opened(folder) as store:
            with Stopwatch() as watch:
                for number in range(size.batches):
                    await ours.append(store, stream, number * BATCH, batch)
            return watch.figures(size.batches * BATCH)

    return measure


def recorder_batches(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        recorder = peer.open_recorder(folder / "peer.db")
        stream, _ = next(peer.places())
        batches = [
            [
                peer.stored(stream, batch * BATCH + number + 1, encode(payload(number)))
                for number in range(BATCH)
            ]
            for batch in range(size.batches)
        ]
        with Stopwatch() as watch:
            for batch in batches:
                recorder.insert_events(batch)
        recorder.datastore.close()
        return watch.figures(size.batches * BATCH)

    return measure


def application_batches(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        app = peer.Gatherings(folder / "peer.db")
        gathering = peer.Gathering()
        app.save(gathering)
        batch = [payload(number) for number in range(BATCH)]
        with Stopwatch() as watch:
            for _ in range(size.batches):
                for item in batch:
                    peer.record_answer(gathering, item)
                app.save(gathering)
        app.close()
        return watch.figures(size.batches * BATCH)

    return measure


async def prepare_batches(size: Size, _: Path) -> Plan:
    return Plan(
        [
            Contender("raw", "apsw executemany, rows made beforehand", raw_batches(size)),
            Contender("gatherlog", "from typed payloads", ours_batches(size)),
            Contender("eventsourcing recorder", "encoded beforehand", recorder_batches(size)),
            Contender("eventsourcing save", "from typed events", application_batches(size)),
        ],
        [
            Target("gatherlog", "rate", "raw", at_least=0.65),
            Target("gatherlog", "rate", "eventsourcing recorder", at_least=1.0),
            Target("gatherlog", "rate", "eventsourcing save", at_least=3.0),
        ],
    )


def items(size: Size) -> list[RsvpSubmitted]:
    """More payloads than one of the concurrent callers needs."""
    return [payload(number) for number in range(size.concurrent // CALLERS + 2)]


def save_call(app: peer.Gatherings, payloads: list[RsvpSubmitted]) -> peer.Call:
    """A call that records the next payload and saves it, in aggregates of STREAM_LENGTH events."""
    left = iter(payloads)
    turn = 0
    gathering = peer.Gathering()

    def save() -> None:
        nonlocal gathering, turn
        if turn == STREAM_LENGTH:
            gathering, turn = peer.Gathering(), 0
        peer.record_answer(gathering, next(left))
        app.save(gathering)
        turn += 1

    return save


BENCHMARKS = [
    Benchmark(
        "append-lone",
        "1 writer, 1 event per commit",
        prepare_lone,
        cited="raw PostgreSQL 4,900/s, message-db 3,950 (C client), Redis Streams with"
        " appendfsync always 4,060",
    ),
    Benchmark(
        "append-concurrent",
        "32 concurrent callers, 1 event each",
        prepare_group,
        cited="Redis Streams with appendfsync always 28,900/s from Python and 40,500 (C client),"
        " raw PostgreSQL 15,800 (C client), message-db 2,600,"
        " NATS JetStream 41,600 without fsync",
    ),
    Benchmark(
        "append-batches",
        "100 events per commit, one stream, from typed payloads",
        prepare_batches,
        cited="PostgreSQL COPY 133,000/s, Redis MULTI 89,000",
    ),
]
