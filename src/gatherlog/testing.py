"""For tests of programs that are built on Gatherlog: a fake clock and ids, given-when-then specs,
and concurrent commands whose calls to the store come in an order that the test chooses.

A spec of a decision, given the events before:

    given = after(FOLD, "gathering-1", [SpecEvent(created), SpecEvent(added, subject="ada")])
    decided = decisions.answer(given.of(GATHERINGS, "1"), given.of(GUESTS, "ada"), ...)
    assert decided == [...]
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.eventstore.events import Codec
from gatherlog.core.eventstore.store import (
    DELETE,
    KEEP,
    Commit,
    Committed,
    Document,
    Recalled,
    Ref,
    Store,
)
from gatherlog.core.projections.folds import Fold, Happened
from gatherlog.core.projections.views import View

__all__ = [
    "CountingIds",
    "Interleaved",
    "SpecEvent",
    "StandingClock",
    "State",
    "after",
    "replayed",
    "run_instantly",
]

B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T")


class StandingClock:
    """A `Clock` that gives the same time until `set` or `advance` is called."""

    def __init__(self, now: str = "2026-05-01T12:00:00Z") -> None:
        self._now = 0
        self.set(now)

    def __call__(self) -> int:
        return self._now

    def set(self, now: str) -> None:
        """Set the time, given in RFC 3339 with an offset."""
        self._now = to_micros(datetime.fromisoformat(now))

    def advance(self, *, days: int = 0, hours: int = 0, seconds: float = 0) -> None:
        """Move the time forward; negative amounts move it back."""
        self._now += round(((days * 24 + hours) * 3600 + seconds) * 1_000_000)


class CountingIds:
    """An id source that counts. Its ids have the form of a UUIDv7."""

    def __init__(self) -> None:
        self._given = 0

    def __call__(self) -> str:
        self._given += 1
        return self.nth(self._given)

    @staticmethod
    def nth(number: int) -> str:
        """The id that the call with this number returns, from 1."""
        return f"00000000-0000-7000-8000-{number:012d}"


class SpecEvent(msgspec.Struct, frozen=True):
    """An event that is given to a spec."""

    payload: msgspec.Struct
    subject: str = ""
    time: int = 0
    """Microseconds since the epoch."""


class State:
    """The documents and counters that result from events."""

    def __init__(self) -> None:
        self.bodies: dict[Ref, Any] = {}
        self.counters: dict[Ref, dict[str, int]] = {}

    def of(self, view: View[B], id: str) -> B:
        """The body of a document. Raises KeyError where there is none."""
        body: B = self.bodies[view.ref(id)]
        return body

    def encoded(self) -> dict[Ref, bytes]:
        """Every body, encoded as a store holds it."""
        return {ref: msgspec.json.encode(body) for ref, body in self.bodies.items()}

    def take(self, fold: Fold[Happened], happened: Happened) -> None:
        """Fold one more event into the documents.

        Raises AssertionError where a store would fail: if the fold changes a document that its
        `keys` do not name, or deletes a document that has counters.
        """
        named = set(fold.keys(happened))
        shown = {ref: self.bodies.get(ref) for ref in named}
        for change in fold.evolve(shown, happened):
            ref = change.view.ref(change.id)
            assert ref in named, f"{ref} changes, but keys() of {happened.payload!r} lack it"
            for counter, amount in change.adds.items():
                counters = self.counters.setdefault(ref, {})
                counters[counter] = counters.get(counter, 0) + amount
            if change.body is DELETE:
                assert ref not in self.counters, f"{ref} has counters; it cannot be deleted"
                self.bodies.pop(ref, None)
            elif change.body is not KEEP:
                self.bodies[ref] = change.body


def after(fold: Fold[Happened], stream: str, events: Iterable[SpecEvent]) -> State:
    """The state that results from `events` of one stream."""
    state = State()
    for event in events:
        state.take(fold, Happened(stream, event.subject, event.time, event.payload))
    return state


async def replayed(store: Store, codec: Codec, fold: Fold[Happened], stream: str) -> State:
    """The state that results from the events of a stored stream, as a rebuild would make it."""
    state = State()
    version, page = 0, min(1000, store.limits.page)
    while events := await store.read_stream(stream, after=version, limit=page):
        for event in events:
            payload = codec.decode(event)
            state.take(fold, Happened(stream, event.subject, event.time, payload))
        version = events[-1].version
    return state


class Interleaved:
    """A store whose calls are carried out one at a time, in an order that a test chooses.

    `get`, `recall` and `commit` wait until `run` chooses them: of n commands that wait, `choose(n)`
    gives the number of the one that continues, from 0. `committed` is awaited after every commit
    that was accepted. To be used within `run_instantly`, so that pauses between retries take no
    time.
    """

    def __init__(
        self,
        store: Store,
        choose: Callable[[int], int],
        committed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._choose = choose
        self._committed = committed
        self._waiting: dict[asyncio.Task[Any], asyncio.Future[None]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        await self._turn()
        return await self._store.get(refs)

    async def recall(self, key: str) -> Recalled | None:
        await self._turn()
        return await self._store.recall(key)

    async def commit(self, commit: Commit) -> Committed:
        await self._turn()
        committed = await self._store.commit(commit)
        await self._committed()
        return committed

    async def run(self, *commands: Coroutine[Any, Any, T]) -> list[T]:
        """Run all commands concurrently; their results. Raises what the first failed one raises."""
        tasks = [asyncio.ensure_future(command) for command in commands]
        while open := [task for task in tasks if not task.done()]:
            if all(task in self._waiting for task in open):
                chosen = open[self._choose(len(open))]
                self._waiting.pop(chosen).set_result(None)
            await asyncio.sleep(0.0001)  # until commands that pause wake up and wait here, too
        return [task.result() for task in tasks]

    async def _turn(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._waiting[task] = asyncio.get_running_loop().create_future()
            await self._waiting[task]


def run_instantly(story: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on an event loop with simulated time, and return its result.

    When nothing else can run, the time jumps to the next timer. So sleeping takes no real time, and
    the same coroutine always runs in the same order.
    """
    with asyncio.Runner(loop_factory=_InstantLoop) as runner:
        return runner.run(story)


class _InstantSelector(selectors.DefaultSelector):
    """Never waits; it adds up the seconds that it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            self.now += timeout or 0
        return ready


class _InstantLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._instant = _InstantSelector()
        super().__init__(self._instant)
        self._threads = ThreadPoolExecutor()
        self.set_default_executor(self._threads)

    def time(self) -> float:
        return self._instant.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads in real time: simulated time would be over at once."""
        self._threads.shutdown(wait=True)
