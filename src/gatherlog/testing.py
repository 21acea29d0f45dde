"""For tests of what is built on Gatherlog: a standing clock, counting ids, given-when-then, and
commands whose store calls come in whatever order a test chooses.

given = after(FOLD, "gathering-1", [Said(created), Said(added, subject="ada")])
decided = rules.answer(given.of(GATHERINGS, "1"), given.of(GUESTS, "ada"), ...)
assert decided == [...]
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
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
    "Said",
    "StandingClock",
    "State",
    "after",
    "folded",
    "run_instantly",
]

B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T")


class StandingClock:
    """A `Clock` that moves only when told to."""

    def __init__(self, now: str = "2026-05-01T12:00:00Z") -> None:
        self._now = 0
        self.set(now)

    def __call__(self) -> int:
        return self._now

    def set(self, now: str) -> None:
        """Jump to a moment, told in RFC 3339 with an offset."""
        self._now = to_micros(datetime.fromisoformat(now))

    def advance(self, *, days: int = 0, hours: int = 0, seconds: float = 0) -> None:
        """Let time pass."""
        self._now += round(((days * 24 + hours) * 3600 + seconds) * 1_000_000)


class CountingIds:
    """An id source that counts; its ids have the form of a UUIDv7."""

    def __init__(self) -> None:
        self._given = 0

    def __call__(self) -> str:
        self._given += 1
        return self.nth(self._given)

    @staticmethod
    def nth(number: int) -> str:
        """The id given at the `number`th call, from 1."""
        return f"00000000-0000-7000-8000-{number:012d}"


class Said(msgspec.Struct, frozen=True):
    """An event: its payload, whom it is about, and when it happened."""

    payload: msgspec.Struct
    subject: str = ""
    time: int = 0


class State:
    """The documents and counters that events have led to."""

    def __init__(self) -> None:
        self.bodies: dict[Ref, Any] = {}
        self.counters: dict[Ref, dict[str, int]] = {}

    def of(self, view: View[B], id: str) -> B:
        """The body of a document; KeyError where there is none."""
        body: B = self.bodies[view.ref(id)]
        return body

    def encoded(self) -> dict[Ref, bytes]:
        """Every body as a store holds it."""
        return {ref: msgspec.json.encode(body) for ref, body in self.bodies.items()}

    def take(self, fold: Fold[Happened], happened: Happened) -> None:
        """Fold one more event in, strictly as a store would take it.

        AssertionError where a fold changes what its `keys` do not name, or deletes a document
        that has counters.
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


def after(fold: Fold[Happened], stream: str, events: Iterable[Said]) -> State:
    """What `events` of one stream lead to, from nothing."""
    state = State()
    for event in events:
        state.take(fold, Happened(stream, event.subject, event.time, event.payload))
    return state


async def folded(store: Store, codec: Codec, fold: Fold[Happened], stream: str) -> State:
    """What a rebuild would make of a stored stream: read from the log and folded from nothing."""
    state = State()
    version, page = 0, min(1000, store.limits.page)
    while events := await store.read_stream(stream, after=version, limit=page):
        for event in events:
            payload = codec.decode(event)
            state.take(fold, Happened(stream, event.subject, event.time, payload))
        version = events[-1].version
    return state


class Interleaved:
    """A store in memory that lets one call through at a time, in an order that a test chooses.

    Calls that load or commit wait until `run` picks them: `choose(n)` gives the one of n that goes
    next, from 0, in the order of the commands. `committed` is awaited after every commit that was
    accepted. Use within `run_instantly`, or pauses between tries take their time.
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

    async def get(self, view: str, ids: Sequence[str]) -> list[Document | None]:
        await self._turn()
        return await self._store.get(view, ids)

    async def recall(self, key: str) -> Recalled | None:
        await self._turn()
        return await self._store.recall(key)

    async def commit(self, commit: Commit) -> Committed:
        await self._turn()
        committed = await self._store.commit(commit)
        await self._committed()
        return committed

    async def run(self, *commands: Coroutine[Any, Any, T]) -> list[T]:
        """Carry out all commands at once; what they return, or the first thing they raise."""
        tasks = [asyncio.ensure_future(command) for command in commands]
        while open := [task for task in tasks if not task.done()]:
            if all(task in self._waiting for task in open):
                chosen = open[self._choose(len(open))]
                self._waiting.pop(chosen).set_result(None)
            await asyncio.sleep(0.0001)  # until whoever pauses wakes up and waits here, too
        return [task.result() for task in tasks]

    async def _turn(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._waiting[task] = asyncio.get_running_loop().create_future()
            await self._waiting[task]


def run_instantly(story: Coroutine[Any, Any, T]) -> T:
    """Run on a loop whose time jumps: what sleeps wakes as soon as nothing else can run.

    Nothing waits for real, and the same story always goes the same way.
    """
    with asyncio.Runner(loop_factory=_Instant) as runner:
        return runner.run(story)


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing; counts the seconds that it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            self.now += timeout or 0
        return ready


class _Instant(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._time = _Jumping()
        super().__init__(self._time)

    def time(self) -> float:
        return self._time.now
