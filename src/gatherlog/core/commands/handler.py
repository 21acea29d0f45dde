"""How a command becomes a commit: load, decide, evolve, commit; again if the ground moved.

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        guest = await unit.get(GUESTS, guest_id)
        return rules.answer(guest, command)          # pure

    handled = await handler.handle("gathering-0198", attempt)

The commit demands the version of every document that the attempt loaded, so a decision never
rests on anything that has changed since; nor does a refusal.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import (
    Busy,
    Conflict,
    CounterOutOfBounds,
    GatherlogError,
    KeyReused,
)
from gatherlog.core.eventstore.events import Codec, Event
from gatherlog.core.eventstore.store import (
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
from gatherlog.core.projections.views import Change, Fold, Happened, View

__all__ = ["CommandHandler", "Decided", "Handled", "Once", "UnitOfWork"]

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
    """Of the same documents; 0 where there is none. Not known yet when an answer is made."""
    repeated: bool = False
    answer: bytes = b""


class Once(msgspec.Struct, frozen=True):
    """How a command is carried out once, however often it arrives.

    Repeating `key` within 24 hours gives the answer stored with it; with another `fingerprint` it
    is KeyReused. `answer` is called before the commit: it knows bodies, but no versions. Where
    `versioned` names a document, the store puts its version behind the answer: `Commit.versioned`.
    """

    key: str
    fingerprint: bytes
    answer: Callable[[Handled], bytes]
    versioned: Callable[[Handled], Ref | None] = lambda handled: None


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
        ref = (view.name, id)
        if ref not in self.documents:
            [document] = await self._store.get(view.name, [id])
            self.documents[ref] = document
            self.bodies[ref] = view.read(document)
        body: B | None = self.bodies[ref]
        return body

    async def load(self, view: View[B], ids: Sequence[str]) -> list[B | None]:
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
        return _version(self.documents[view.name, id])

    def counters(self, view: View[Any], id: str) -> Mapping[str, int]:
        """The counters of a loaded document; demand bounds on those that matter."""
        document = self.documents[view.name, id]
        return {} if document is None else document.counters

    def demand(
        self,
        view: View[Any],
        id: str,
        *,
        at_most: Mapping[str, int] = {},
        at_least: Mapping[str, int] = {},
    ) -> None:
        """Bounds that a loaded document's counters must keep once this command's adds are in."""
        ref = (view.name, id)
        if ref not in self.documents:
            raise ValueError(f"{view.name}/{id} was not loaded: there is nothing to demand of it")
        self.at_most[ref] = {**self.at_most.get(ref, {}), **at_most}
        self.at_least[ref] = {**self.at_least.get(ref, {}), **at_least}

    def versions(self) -> dict[Ref, int]:
        """The versions of all loaded documents; 0 where there is none."""
        return {ref: _version(document) for ref, document in self.documents.items()}

    async def has_moved(self) -> bool:
        """Whether any loaded document has another version by now: what was read may be torn."""
        for (view, id), document in self.documents.items():
            [present] = await self._store.get(view, [id])
            if _version(present) != _version(document):
                return True
        return False


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
        once: Once | None = None,
    ) -> Handled:
        """Decide and commit events of `stream`; an attempt that decides nothing appends nothing.

        `attempt` may run several times and must have no effect but its answer. Raises what the
        attempt and the store raise, KeyReused, and Busy if the ground still moves after DEADLINE
        seconds.
        """
        if once is not None and (recalled := await self.store.recall(once.key)) is not None:
            if recalled.fingerprint != once.fingerprint:
                raise KeyReused(f"the key {once.key!r} was used before, for another command")
            return Handled(repeated=True, answer=recalled.answer)
        deadline: float | None = None
        for tries in itertools.count():
            unit = UnitOfWork(self.store, self.clock())
            try:
                decided, changes = await self._decide(unit, stream, attempt)
            except (GatherlogError, LookupError, TypeError, AttributeError) as error:
                if not await unit.has_moved():
                    raise
                moved: Exception = error  # what it saw may never have stood together
            else:
                if not decided and once is None:
                    return Handled((), unit.bodies, unit.versions())
                try:
                    return await self._commit(unit, stream, decided, changes, meta, once)
                except (Conflict, CounterOutOfBounds) as error:
                    moved = error
            now = asyncio.get_running_loop().time()
            deadline = now + DEADLINE if deadline is None else deadline
            if now > deadline:
                raise Busy(f"gave up after {DEADLINE:g} s: {moved}") from moved
            await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.001 * 2**tries)))
        raise AssertionError("unreachable")

    async def _decide(
        self,
        unit: UnitOfWork,
        stream: str,
        attempt: Callable[[UnitOfWork], Awaitable[Sequence[Decided]]],
    ) -> tuple[Sequence[Decided], dict[Ref, Change]]:
        decided = await attempt(unit)
        return decided, await self._evolve(unit, stream, decided) if decided else {}

    async def _commit(
        self,
        unit: UnitOfWork,
        stream: str,
        decided: Sequence[Decided],
        changes: dict[Ref, Change],
        meta: bytes,
        once: Once | None,
    ) -> Handled:
        appends = [Append(stream, self._events(decided, unit.now, meta), ANY)] if decided else ()
        writes = [
            self._write(unit, stream, ref, document, changes.get(ref))
            for ref, document in unit.documents.items()
        ]
        if once is None:
            commit = Commit(appends=appends, writes=writes)
        else:
            handled = Handled(decided, unit.bodies)
            commit = Commit(
                appends=appends,
                writes=writes,
                key=once.key,
                fingerprint=once.fingerprint,
                answer=once.answer(handled),
                versioned=once.versioned(handled),
            )
        committed = await self.store.commit(commit)
        if committed.repeated:
            return Handled(repeated=True, answer=committed.answer)
        versions = unit.versions()
        versions.update(committed.documents)
        return Handled(decided, unit.bodies, versions, False, committed.answer)

    async def _evolve(
        self, unit: UnitOfWork, stream: str, decided: Sequence[Decided]
    ) -> dict[Ref, Change]:
        """Evolve the loaded documents through the events; the net change of each."""
        net: dict[Ref, Change] = {}
        for event in decided:
            happened = Happened(stream, event.subject, unit.now, event.payload)
            for view, id in self._fold.keys(happened):
                if (view, id) not in unit.documents:
                    await unit.get(self._views[view], id)
            for change in self._fold.evolve(unit.bodies, happened):
                ref = (change.view.name, change.id)
                if ref not in unit.documents:
                    raise ValueError(f"{ref} is changed by the fold, but not named by its keys")
                earlier = net.get(ref)
                net[ref] = change if earlier is None else _merge(earlier, change)
                if change.body is not KEEP:
                    unit.bodies[ref] = None if change.body is DELETE else change.body
        return net

    def _events(self, decided: Sequence[Decided], now: int, meta: bytes) -> list[Event]:
        events = []
        for event in decided:
            type, schema, data = self._codec.encode(event.payload)
            events.append(Event(self.ids(), type, now, now, data, schema, event.subject, meta))
        return events

    def _write(
        self,
        unit: UnitOfWork,
        stream: str,
        ref: Ref,
        document: Document | None,
        change: Change | None,
    ) -> Write:
        return self._views[ref[0]].write(
            ref[1],
            stream,
            KEEP if change is None else change.body,
            expects=0 if document is None else document.version,
            adds={} if change is None else change.adds,
            at_most=unit.at_most.get(ref, {}),
            at_least=unit.at_least.get(ref, {}),
        )


def _version(document: Document | None) -> int:
    return 0 if document is None else document.version


def _merge(earlier: Change, later: Change) -> Change:
    adds = dict(earlier.adds)
    for counter, amount in later.adds.items():
        adds[counter] = adds.get(counter, 0) + amount
    body = earlier.body if later.body is KEEP else later.body
    return Change(later.view, later.id, body, adds)
