"""How a command becomes a commit: load, decide, evolve, commit; again if the ground moved.

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        guest = await unit.get(GUESTS, guest_id)
        return rules.answer(guest, command)          # pure

    handled = await handler.handle("gathering-0198", attempt)

The commit demands the version of every document that the attempt loaded, so a decision never
rests on anything that has changed since.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from gatherlog.core.clock import Clock, Ids
from gatherlog.core.errors import Busy, Conflict, CounterOutOfBounds, KeyReused
from gatherlog.core.events import Codec, Event
from gatherlog.core.store import (
    ANY,
    DELETE,
    KEEP,
    Append,
    Commit,
    Document,
    Ref,
    Store,
    Write,
)
from gatherlog.core.views import Change, Fold, Happened, View

__all__ = ["CommandHandler", "Decided", "Handled", "UnitOfWork"]

DEADLINE = 5.0
"""Seconds during which a command is decided again after a conflict; then Busy."""
LONGEST_PAUSE = 0.1
"""Seconds; pauses between tries are drawn evenly up to a bound that doubles up to this."""

B = TypeVar("B", bound=msgspec.Struct)


class Decided(msgspec.Struct, frozen=True):
    """One event that a decision came to: its payload, and whom it is about."""

    payload: msgspec.Struct
    subject: str = ""


class Handled(msgspec.Struct, frozen=True):
    """What a command came to. When `repeated`, nothing happened now and only `answer` is filled."""

    events: Sequence[Decided] = ()
    bodies: Mapping[Ref, Any] = {}
    """Typed bodies of all documents loaded or changed, as they are after the commit."""
    versions: Mapping[Ref, int] = {}
    """Of the same documents; 0 where there is none. A deleted one keeps its last."""
    counters: Mapping[Ref, Mapping[str, int]] = {}
    """Counters as they were when loaded."""
    repeated: bool = False
    answer: bytes = b""


class UnitOfWork:
    """What one attempt at a command loads and demands."""

    def __init__(self, store: Store, now: int) -> None:
        self._store = store
        self.now = now
        """When the attempt is made, and its events happen: microseconds since the epoch."""
        self.documents: dict[Ref, Document | None] = {}
        self.bodies: dict[Ref, Any] = {}
        self.at_most: dict[Ref, Mapping[str, int]] = {}
        self.at_least: dict[Ref, Mapping[str, int]] = {}

    async def get(self, view: View[B], id: str) -> B | None:
        """The typed body of a document, from now on demanded at the version it has."""
        ref = view.ref(id)
        if ref not in self.documents:
            await self.load(view, [id])
        body: B | None = self.bodies[ref]
        return body

    async def load(self, view: View[Any], ids: Sequence[str]) -> list[Any]:
        """Several documents of a view at once; see `get`."""
        missing = [id for id in dict.fromkeys(ids) if (view.name, id) not in self.documents]
        if missing:
            for id, document in zip(
                missing, await self._store.get(view.name, missing), strict=True
            ):
                ref = (view.name, id)
                self.documents[ref] = document
                self.bodies[ref] = view.read(document)
        return [self.bodies[view.name, id] for id in ids]

    def version(self, view: View[Any], id: str) -> int:
        """The version of a loaded document; 0 where there is none."""
        document = self.documents[view.ref(id)]
        return 0 if document is None else document.version

    def counters(self, view: View[Any], id: str) -> Mapping[str, int]:
        """The counters of a loaded document; demand bounds on those that matter."""
        document = self.documents[view.ref(id)]
        return {} if document is None else document.counters

    def versions(self) -> dict[Ref, int]:
        """The versions of all loaded documents; 0 where there is none."""
        return {ref: doc.version if doc else 0 for ref, doc in self.documents.items()}

    def all_counters(self) -> dict[Ref, Mapping[str, int]]:
        """The counters of all loaded documents that have any."""
        return {ref: doc.counters for ref, doc in self.documents.items() if doc and doc.counters}

    def demand(
        self,
        view: View[Any],
        id: str,
        *,
        at_most: Mapping[str, int] = {},
        at_least: Mapping[str, int] = {},
    ) -> None:
        """Bounds that a loaded document's counters must keep once this command's adds are in."""
        ref = view.ref(id)
        if ref not in self.documents:
            raise ValueError(f"{view.name}/{id} was not loaded: there is nothing to demand of it")
        self.at_most[ref] = {**self.at_most.get(ref, {}), **at_most}
        self.at_least[ref] = {**self.at_least.get(ref, {}), **at_least}


class CommandHandler:
    """Runs commands of one app against a store: one codec, one fold, one clock, one id source."""

    def __init__(self, store: Store, codec: Codec, fold: Fold, *, clock: Clock, ids: Ids) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self._codec = codec
        self._fold = fold
        self._views = {view.name: view for view in fold.views}

    async def handle(
        self,
        stream: str,
        attempt: Callable[[UnitOfWork], Awaitable[Sequence[Decided]]],
        *,
        meta: bytes = b"",
        key: str | None = None,
        fingerprint: bytes = b"",
        answer: Callable[[Handled], bytes] = lambda handled: b"",
    ) -> Handled:
        """Decide and commit events of `stream`; an attempt that decides nothing writes nothing.

        `attempt` may run several times and must have no effect but its answer. Repeating a `key`
        gives the answer stored with it and does nothing. Raises what the attempt and the store
        raise, and Busy if the ground still moves after DEADLINE seconds.
        """
        if key is not None and (recalled := await self.store.recall(key)) is not None:
            if recalled.fingerprint != fingerprint:
                raise KeyReused(f"the key {key!r} was used before, for another command")
            return Handled(repeated=True, answer=recalled.answer)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DEADLINE
        for tries in itertools.count():
            unit = UnitOfWork(self.store, self.clock())
            decided = await attempt(unit)
            changes = await self._fold_all(unit, stream, decided)
            handled = Handled(decided, unit.bodies, unit.versions(), unit.all_counters())
            if not decided:
                return handled
            given = answer(handled)
            commit = Commit(
                appends=[Append(stream, self._events(decided, unit.now, meta), ANY)],
                writes=self._writes(unit, stream, changes),
                key=key,
                fingerprint=fingerprint,
                answer=given,
            )
            try:
                committed = await self.store.commit(commit)
            except (Conflict, CounterOutOfBounds) as moved:
                if loop.time() > deadline:
                    raise Busy(f"gave up after {DEADLINE:g} s: {moved}") from moved
                await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.001 * 2**tries)))
                continue
            if committed.repeated:
                return Handled(repeated=True, answer=committed.answer)
            return Handled(
                decided,
                unit.bodies,
                {**handled.versions, **committed.documents},
                handled.counters,
                False,
                given,
            )
        raise AssertionError("unreachable")

    async def _fold_all(
        self, unit: UnitOfWork, stream: str, decided: Sequence[Decided]
    ) -> dict[Ref, Change]:
        """Evolve the loaded documents through the events; the net change of each."""
        net: dict[Ref, Change] = {}
        for event in decided:
            happened = Happened(stream, event.subject, unit.now, event.payload)
            for view, id in self._fold.keys(happened):
                if (view, id) not in unit.documents:
                    await unit.load(self._views[view], [id])
            for change in self._fold.evolve(unit.bodies, happened):
                ref = change.view.ref(change.id)
                if ref not in unit.documents:
                    raise ValueError(f"{ref} is changed by the fold, but not named by its keys")
                net[ref] = _merge(net.get(ref), change)
                if change.body is not KEEP:
                    unit.bodies[ref] = None if change.body is DELETE else change.body
        return net

    def _events(self, decided: Sequence[Decided], now: int, meta: bytes) -> list[Event]:
        events = []
        for event in decided:
            type, schema, data = self._codec.encode(event.payload)
            events.append(Event(self.ids(), type, now, now, data, schema, event.subject, meta))
        return events

    def _writes(self, unit: UnitOfWork, stream: str, changes: dict[Ref, Change]) -> list[Write]:
        writes = []
        for ref, document in unit.documents.items():
            view, id = ref
            change = changes.get(ref)
            writes.append(
                self._views[view].write(
                    id,
                    stream,
                    KEEP if change is None else change.body,
                    expects=0 if document is None else document.version,
                    adds={} if change is None else change.adds,
                    at_most=unit.at_most.get(ref, {}),
                    at_least=unit.at_least.get(ref, {}),
                )
            )
        return writes


def _merge(earlier: Change | None, later: Change) -> Change:
    if earlier is None:
        return later
    adds = dict(earlier.adds)
    for counter, amount in later.adds.items():
        adds[counter] = adds.get(counter, 0) + amount
    body = earlier.body if later.body is KEEP else later.body
    return Change(later.view, later.id, body, adds)
