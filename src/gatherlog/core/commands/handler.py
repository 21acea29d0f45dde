"""The command handler: it loads documents, decides, folds the events into the documents, commits.

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        guest = await unit.get(GUESTS, guest_id)
        return [Decided(event, guest_id) for event in decisions.answer(guest, command)]

    handled = await handler.handle("gathering-0198", attempt)

This is optimistic concurrency: the commit demands the version of every document and stream that
the attempt loaded. If one of them has changed since, the command starts again with what is there
now. So no decision is committed, and no refusal is raised, that rests on outdated documents.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import (
    Conflict,
    CounterOutOfBounds,
    GatherlogError,
    KeyReused,
    StoreError,
)
from gatherlog.core.eventstore.events import Codec, Event
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import (
    ANY,
    DELETE,
    KEEP,
    Append,
    Commit,
    Document,
    Recalled,
    Ref,
    Store,
    Write,
)
from gatherlog.core.projections.folds import Change, Fold, Happened

__all__ = ["Attempt", "CommandHandler", "Decided", "Handled", "Once"]


class Decided(msgspec.Struct, frozen=True):
    """One event of a decision, and its subject: the id of what it is about."""

    payload: msgspec.Struct
    subject: str = ""
    stream: str = ""
    """The stream it belongs to; empty: that of the command."""


Attempt = Callable[[UnitOfWork], Awaitable[Sequence[Decided]]]
"""Loads documents and decides a command. It may be called several times for one command, so it
has no effect but its result. None counts as no events, as an empty list does."""


class Handled(msgspec.Struct, frozen=True):
    """The result of a command. If `repeated`, nothing was done now, and only `answer` is set."""

    events: Sequence[Decided] = ()
    bodies: Mapping[Ref, Any] = {}
    """The typed bodies of all documents loaded or changed, as they are after the commit, and of
    those that were only shown."""
    versions: Mapping[Ref, int] = {}
    """The versions of the same documents, 0 where there is none. Empty within `Once.answer`."""
    repeated: bool = False
    answer: bytes = b""
    """With `Once`: the answer that is stored with the key."""


class Once(msgspec.Struct, frozen=True):
    """An idempotency key, by which a command is carried out once, however often it arrives.

    Within 24 hours, a command with the same `key` gets the stored answer, and one with the same key
    and another `fingerprint` is KeyReused. `answer` is called before the commit, so bodies are
    known to it and versions are not. Where `versioned` names a document, the store appends that
    document's version to the stored answer; see `Commit.versioned`.
    """

    key: str
    fingerprint: bytes
    answer: Callable[[Handled], bytes]
    versioned: Callable[[Handled], Ref | None] = lambda handled: None


FEW: Final = 10
"""Events of one command that are folded and written without giving way."""
_NONE: Final[Mapping[str, int]] = {}
Changes = dict[Ref, tuple[Change, str]]
"""What becomes of documents, and the stream whose events change each."""


class CommandHandler:
    """Carries out commands against a store, with one codec and one fold."""

    def __init__(
        self, store: Store, codec: Codec, fold: Fold[Happened], *, clock: Clock, ids: Ids
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self._codec = codec
        self._fold = fold
        self._views = {view.name: view for view in fold.views}

    async def handle(
        self,
        stream: str,
        attempt: Attempt,
        *,
        meta: bytes = b"",
        once: Once | None = None,
    ) -> Handled:
        """Append the events that `attempt` decides, and write what they change in documents.

        They are appended to `stream` or to the stream that they name themselves, all in one commit.
        A document is changed by events of one stream only. An attempt that decides no events writes
        nothing, except the answer of `once`. `meta` is stored with every event.

        Raises what the attempt and the store raise, KeyReused, and Busy if concurrent commands keep
        changing what was loaded for `retrying.DEADLINE` seconds. Only a GatherlogError of the
        attempt is decided again if it came of outdated documents: other exceptions are mistakes of
        the program, and are raised at once.
        """
        unit, confirmed = self._unit(), None
        backoff: Backoff | None = None
        while True:
            try:
                decided = await attempt(unit)
                changes = await self._evolve(unit, stream, decided) if decided else {}
            except GatherlogError as refusal:
                if isinstance(refusal, StoreError) and not isinstance(refusal, Conflict):
                    raise
                if once is not None and (recalled := await self._recall(once)) is not None:
                    return Handled(repeated=True, answer=recalled.answer)
                again = await unit.reread(self.clock())
                if await unit.is_current(again):
                    if not unit.reads_counters or confirmed == unit.versions():
                        raise
                    if unit.has_counters_of(again):
                        raise
                    unit, confirmed = again, again.versions()
                    continue
                reason: Exception = refusal
            else:
                if not decided and once is None:
                    return Handled((), unit.bodies, unit.versions_of_bodies())
                try:
                    return await self._commit(unit, stream, decided, changes, meta, once)
                except (Conflict, CounterOutOfBounds) as collision:
                    reason = collision
            backoff = backoff or Backoff()
            await backoff.pause(reason)
            unit, confirmed = self._unit(), None

    def _unit(self) -> UnitOfWork:
        return UnitOfWork(self.store, self._codec, self.clock())

    async def _recall(self, once: Once) -> Recalled | None:
        """What was answered under the key before; None if it is new. Raises KeyReused."""
        recalled = await self.store.recall(once.key)
        if recalled is not None and recalled.fingerprint != once.fingerprint:
            raise KeyReused(f"the key {once.key!r} was used before, for another command")
        return recalled

    async def _commit(
        self,
        unit: UnitOfWork,
        stream: str,
        decided: Sequence[Decided],
        changes: Changes,
        meta: bytes,
        once: Once | None,
    ) -> Handled:
        pace = Pace() if len(decided) > FEW else None
        appends = self._appends(unit, stream, decided, meta)
        if pace is not None:
            await pace.give_way()
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
        versions = unit.versions_of_bodies()
        versions.update(committed.documents)
        return Handled(decided, unit.bodies, versions, False, committed.answer)

    async def _evolve(self, unit: UnitOfWork, stream: str, decided: Sequence[Decided]) -> Changes:
        """Fold the events into the loaded documents; what changes in each of them altogether."""
        happened = [
            Happened(event.stream or stream, event.subject, unit.now, event.payload)
            for event in decided
        ]
        known, bodies = unit.documents, unit.bodies
        new = [ref for one in happened for ref in self._fold.keys(one) if ref not in known]
        if new:
            await unit.load(*[(self._views[view], id) for view, id in new])
        net: Changes = {}
        pace = Pace() if len(decided) > FEW else None
        for one in happened:
            if pace is not None:
                await pace.give_way()
            stream = one.stream
            for change in self._fold.evolve(bodies, one):
                ref, body = (change.view.name, change.id), change.body
                if ref not in known:
                    raise ValueError(f"{ref} is changed by the fold, but not named by its keys")
                net[ref] = _merge(net[ref], change, stream) if ref in net else (change, stream)
                if body is not KEEP:
                    bodies[ref] = None if body is DELETE else body
        return net

    def _appends(
        self, unit: UnitOfWork, stream: str, decided: Sequence[Decided], meta: bytes
    ) -> list[Append]:
        """The events by stream, and a demand on every stream that was read."""
        now, ids, encode = unit.now, self.ids, self._codec.encode
        events: dict[str, list[Event]] = {name: [] for name in unit.streams}
        for one in decided:
            type, schema, data = encode(one.payload)
            made = Event(ids(), type, now, now, data, schema, one.subject, meta)
            events.setdefault(one.stream or stream, []).append(made)
        read = unit.streams
        return [Append(name, some, read.get(name, ANY)) for name, some in events.items()]

    def _write(
        self,
        unit: UnitOfWork,
        stream: str,
        ref: Ref,
        document: Document | None,
        change: tuple[Change, str] | None,
    ) -> Write:
        """The change of a loaded document, or without one a demand that it stays as it is."""
        view, id = ref
        expects = 0 if document is None else document.version
        most, least = unit.at_most.get(ref, _NONE), unit.at_least.get(ref, _NONE)
        what, stream = change or (None, stream)
        if what is not None and what.body is not KEEP:
            return what.view.write(
                id,
                stream,
                what.body,
                expects=expects,
                adds=what.adds,
                at_most=most,
                at_least=least,
            )
        return Write(
            view=view,
            id=id,
            stream=stream,
            expects=expects,
            adds=_NONE if what is None else what.adds,
            at_most=most,
            at_least=least,
        )


def _merge(before: tuple[Change, str], later: Change, stream: str) -> tuple[Change, str]:
    earlier, owner = before
    if owner != stream:
        ref = later.view.ref(later.id)
        raise ValueError(f"{ref} is changed by events of {owner!r} and {stream!r}")
    adds = dict(earlier.adds)
    for counter, amount in later.adds.items():
        adds[counter] = adds.get(counter, 0) + amount
    body = earlier.body if later.body is KEEP else later.body
    return Change(later.view, later.id, body, adds), owner
