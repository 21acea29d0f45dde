"""Reading into typed payloads: the whole log in order, and one stream of 20 events."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from eventsourcing.persistence import StoredEvent

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
from benchmarks.workload import (
    CODEC,
    STREAM_LENGTH,
    RsvpSubmitted,
    new_id,
    payload,
    shuffled,
    to_event,
)
from gatherlog.core import Append, Commit, Event, Recorded

T = TypeVar("T")

STREAMS_PER_COMMIT = 50
PAGE = 5_000

decode = msgspec.json.Decoder(RsvpSubmitted).decode


class Filled(msgspec.Struct, frozen=True):
    """A folder with the same events in three files, and the names of their streams."""

    folder: Path
    names: list[str]
    aggregates: list[UUID]


async def fill(folder: Path, streams: int) -> Filled:
    """Streams of 20 events each, in all three files."""
    names = [f"gathering-{new_id()}" for _ in range(streams)]
    aggregates = [uuid4() for _ in range(streams)]
    await fill_ours(folder, names)
    fill_raw(folder, names)
    fill_peer(folder, aggregates)
    return Filled(folder, names, aggregates)


async def fill_ours(folder: Path, names: list[str]) -> None:
    async with ours.opened(folder) as store:
        for some in _batches(names):
            events = [to_event(payload(number)) for number in range(STREAM_LENGTH)]
            appends = [Append(name, _with_new_ids(events)) for name in some]
            await store.commit(Commit(appends=appends))


def fill_raw(folder: Path, names: list[str]) -> None:
    db = log.open_log(folder / "raw.db")
    for some in _batches(names):
        with db:
            db.executemany(
                log.INSERT,
                [
                    log.row(name, number + 1, to_event(payload(number)))
                    for name in some
                    for number in range(STREAM_LENGTH)
                ],
            )
    db.close()


def fill_peer(folder: Path, aggregates: list[UUID]) -> None:
    """Events as Application.save records them: a creation, then answers, in its own encoding."""
    app = peer.Gatherings(folder / "peer.db")
    template = peer.Gathering()
    for number in range(STREAM_LENGTH - 1):
        peer.record_answer(template, payload(number))
    states = [app.mapper.to_stored_event(event) for event in template.collect_events()]
    for some in _batches(aggregates):
        app.recorder.insert_events(
            [
                StoredEvent(aggregate, event.originator_version, event.topic, event.state)
                for aggregate in some
                for event in states
            ]
        )
    app.close()


# The whole log.


def raw_replay(filled: Filled) -> Measure:
    async def measure(_: Path) -> Figures:
        db = log.open_log(filled.folder / "raw.db")
        seen = 0
        with Stopwatch() as watch:
            for row in db.execute(log.REPLAY, (0,)):
                decode(row[7])
                seen += 1
        db.close()
        return watch.figures(seen)

    return measure


def raw_pages(filled: Filled) -> Measure:
    async def measure(_: Path) -> Figures:
        db = log.open_log(filled.folder / "raw.db")
        make: Callable[..., Recorded] = Recorded
        after: Any = 0
        seen = 0
        with Stopwatch() as watch:
            while page := db.execute(log.REPLAY + " LIMIT ?", (after, PAGE)).fetchall():
                for row in page:
                    decode(make(0, *row).data)
                seen += len(page)
                after = page[-1][0]
        db.close()
        return watch.figures(seen)

    return measure


def ours_replay(filled: Filled) -> Measure:
    async def measure(_: Path) -> Figures:
        async with ours.opened(filled.folder) as store:
            with Stopwatch() as watch:
                seen = await ours.replay(store, lambda _: None)
            return watch.figures(seen)

    return measure


def peer_rows(filled: Filled) -> Measure:
    async def measure(_: Path) -> Figures:
        recorder = peer.open_recorder(filled.folder / "peer.db")
        seen, start = 0, 1
        with Stopwatch() as watch:
            while rows := recorder.select_notifications(start, PAGE):
                seen += len(rows)
                start = rows[-1].id + 1
        recorder.datastore.close()
        return watch.figures(seen)

    return measure


def peer_events(filled: Filled) -> Measure:
    async def measure(_: Path) -> Figures:
        app = peer.Gatherings(filled.folder / "peer.db")
        seen, start = 0, 1
        with Stopwatch() as watch:
            while rows := app.recorder.select_notifications(start, PAGE):
                for row in rows:
                    app.mapper.to_domain_event(row)
                seen += len(rows)
                start = rows[-1].id + 1
        app.close()
        return watch.figures(seen)

    return measure


async def prepare_replay(size: Size, folder: Path) -> Plan:
    filled = await fill(folder, size.replay // STREAM_LENGTH)
    return Plan(
        [
            Contender("raw", "apsw rows, payload decoded, nothing kept", raw_replay(filled)),
            Contender("raw pages", "pages of 5,000, envelope and payload", raw_pages(filled)),
            Contender("gatherlog", "read_feed, Codec.decode_all", ours_replay(filled)),
            Contender("eventsourcing rows", "notifications, not decoded", peer_rows(filled)),
            Contender("eventsourcing events", "domain events", peer_events(filled)),
        ],
        [
            Target("gatherlog", "rate", "raw", at_least=0.8),
            Target("gatherlog", "rate", "eventsourcing events", at_least=5.0),
        ],
    )


# One stream.


def raw_stream(filled: Filled, reads: int) -> Measure:
    async def measure(_: Path) -> Figures:
        db = log.open_log(filled.folder / "raw.db")

        def read(name: str) -> list[RsvpSubmitted]:
            return [decode(row[7]) for row in db.execute(log.STREAM, (name,))]

        found = timed(read, shuffled(filled.names, reads), reads)
        db.close()
        return found

    return measure


def ours_stream(filled: Filled, reads: int) -> Measure:
    async def measure(_: Path) -> Figures:
        async with ours.opened(filled.folder) as store:
            next_name = shuffled(filled.names, reads)
            with Stopwatch() as watch:
                for _turn in range(reads):
                    events = await store.read_stream(next_name(), limit=STREAM_LENGTH)
                    payloads = CODEC.decode_all(events)
                    _check_length(len(payloads))
            return watch.figures(reads)

    return measure


def peer_stream(filled: Filled, reads: int) -> Measure:
    async def measure(_: Path) -> Figures:
        app = peer.Gatherings(filled.folder / "peer.db")
        found = timed(
            lambda id: list(app.events.get(id)), shuffled(filled.aggregates, reads), reads
        )
        app.close()
        return found

    return measure


async def prepare_stream(size: Size, folder: Path) -> Plan:
    filled = await fill(folder, size.streams)
    reads = size.streams * 2
    return Plan(
        [
            Contender("raw", "apsw rows, payloads decoded", raw_stream(filled, reads)),
            Contender("gatherlog", "read_stream, Codec.decode_all", ours_stream(filled, reads)),
            Contender("eventsourcing", "domain events of an aggregate", peer_stream(filled, reads)),
        ],
        [
            Target("gatherlog", "rate", "raw", at_least=0.8),
            Target("gatherlog", "rate", "eventsourcing", at_least=3.0),
        ],
    )


def timed(read: Callable[[T], Sequence[object]], next_item: Callable[[], T], reads: int) -> Figures:
    with Stopwatch() as watch:
        for _ in range(reads):
            _check_length(len(read(next_item())))
    return watch.figures(reads)


BENCHMARKS = [
    Benchmark(
        "replay",
        "the whole log in order, typed",
        prepare_replay,
        cited="NATS JetStream 171,000/s, Redis Streams 89,000",
    ),
    Benchmark("read-stream", "one stream of 20 events, typed", prepare_stream),
]


def _with_new_ids(events: list[Event]) -> list[Event]:
    """The same events under new ids."""
    return [msgspec.structs.replace(event, id=new_id()) for event in events]


def _check_length(found: int) -> None:
    if found != STREAM_LENGTH:
        raise RuntimeError(f"a stream of {STREAM_LENGTH} events came back with {found}")


def _batches(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), STREAMS_PER_COMMIT):
        yield items[start : start + STREAMS_PER_COMMIT]
