"""The Python library `eventsourcing` on SQLite: only its recorder, and a whole application.

It uses the standard library's sqlite3 with WAL. Its connections keep SQLite's default for
`synchronous`, and it is checked that this is FULL, as for all contenders. Its transcoder is the
default one (JSON).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from benchmarks.measuring import Figures, Stopwatch, percentile
from benchmarks.workload import STREAM_LENGTH, RsvpSubmitted

Call = Callable[[], object]
TOPIC = "benchmarks.peers.pyeventsourcing:Gathering.Answered"
FULL = 2


class Gathering(Aggregate):
    """An aggregate that records answers, written as in the library's documentation."""

    @event("Created")
    def __init__(self) -> None:
        self.answers = 0

    @event("Answered")
    def answer(
        self,
        guest_id: str,
        attending: bool,
        num_guests: int,
        dietary: str,
        dietary_tags: list[str],
        note: str,
    ) -> None:
        self.answers += 1


class Gatherings(Application[UUID]):
    """An application on one SQLite file."""

    def __init__(self, file: Path) -> None:
        super().__init__({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(file)})
        recorder = self.recorder
        if not isinstance(recorder, SQLiteApplicationRecorder):
            raise TypeError(f"{recorder!r} does not record in SQLite")
        _check_durability(recorder.datastore)


def open_recorder(file: Path) -> SQLiteApplicationRecorder:
    """The library's SQLite recorder, which many threads may use, as durable as all contenders."""
    store = SQLiteDatastore(str(file), pool_timeout=60.0)
    recorder = SQLiteApplicationRecorder(store)
    recorder.create_table()
    _check_durability(store)
    return recorder


def record_answer(gathering: Gathering, item: RsvpSubmitted) -> None:
    """Trigger the event that holds this payload."""
    gathering.answer(
        guest_id=item.guest_id,
        attending=item.attending,
        num_guests=item.num_guests,
        dietary=item.dietary,
        dietary_tags=list(item.dietary_tags),
        note=item.note,
    )


def stored(stream: UUID, version: int, state: bytes) -> StoredEvent:
    """An event in the form that the recorder stores: encoded beforehand."""
    return StoredEvent(stream, version, TOPIC, state)


def places() -> Iterator[tuple[UUID, int]]:
    """The stream and version, from 1, of each event in turn."""
    while True:
        stream = uuid4()
        for version in range(1, STREAM_LENGTH + 1):
            yield stream, version


def timed_threads(callers: int, calls: int, make: Callable[[], Call]) -> Figures:
    """Divide `calls` calls among threads; `make` creates the call of each thread."""
    share = -(-calls // callers)

    def work(call: Call) -> list[float]:
        times = []
        for _ in range(share):
            begun = perf_counter()
            call()
            times.append(perf_counter() - begun)
        return times

    calls_of_all = [make() for _ in range(callers)]
    with ThreadPoolExecutor(callers) as threads, Stopwatch() as watch:
        times = [time for part in threads.map(work, calls_of_all) for time in part]
    return {
        **watch.figures(len(times)),
        "p50_us": percentile(times, 0.5) * 1e6,
        "p99_us": percentile(times, 0.99) * 1e6,
    }


def _check_durability(store: SQLiteDatastore) -> None:
    with store.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA synchronous")
        synchronous = cursor.fetchone()[0]
        cursor.execute("PRAGMA journal_mode")
        journal = cursor.fetchone()[0]
    if (synchronous, journal) != (FULL, "wal"):
        raise RuntimeError(f"eventsourcing runs with synchronous={synchronous}, {journal}")
