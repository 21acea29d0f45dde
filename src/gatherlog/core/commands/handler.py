"""The command handler: it loads documents, decides, folds the events into the documents, commits.

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        guest = await unit.get(GUESTS, guest_id)
        return [Decided(event, guest_id) for event in decisions.answer(guest, command)]

    handled = await handler.handle("gathering-0198", attempt)

This is optimistic concurrency: the commit demands the version of every document that the attempt
loaded. If one of them has changed since, the command starts again with the present documents. So no
decision is committed, and no refusal is raised, that rests on outdated documents.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import (
    Conflict,
    CounterOutOfBounds,
    GatherlogError,
    KeyReused,
)
from gatherlog.core.eventstore.events import Codec, Event
from gatherlog.core.eventstore.retrying import Backoff
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
from gatherlog.core.projections.folds import Change, Fold, Happened

__all__ = ["Attempt", "CommandHandler", "Decided", "Handled", "Once"]


class Decided(msgspec.Struct, frozen=True):
    """One event of a decision, and its subject: the id of what it is about."""

    payload: msgspec.Struct
    subject: str = ""


Attempt = Callable[[UnitOfWork], Awaitable[Sequence[Decided]]]
"""Loads documents and decides a command. It may be called several times for one command, so it
has no effect but its result."""


class Handled(msgspec.Struct, frozen=True):
    """The result of a command. If `repeated`, nothing was done now, and only `answer` is set."""

    events: Sequence[Decided] = ()
    bodies: Mapping[Ref, Any] = {}
    """The typed bodies of all documents loaded or changed, as they are after the commit."""
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
        """Append the events that `attempt` decides to `stream`, and write the documents' changes.

        An attempt that decides no events writes nothing, except the answer of `once`. `meta` is
        stored with every event. Raises what the attempt and the store raise, KeyReused, and Busy if
        concurrent commands keep changing the loaded documents for `retrying.DEADLINE` seconds.
        """
        if once is not None and (recalled := await self.store.recall(once.key)) is not None:
            if recalled.fingerprint != once.fingerprint:
                raise KeyReused(f"the key {once.key!r} was used before, for another command")
            return Handled(repeated=True, answer=recalled.answer)
        backoff = Backoff()
        while True:
            unit = UnitOfWork(self.store, self.clock())
            try:
                decided, changes = await self._decide(unit, stream, attempt)
            except (GatherlogError, LookupError, TypeError, AttributeError) as error:
                if not await unit.is_outdated():
                    raise
                reason: Exception = error  # it came of documents that have changed meanwhile
            else:
                if not decided and once is None:
                    return Handled((), unit.bodies, unit.versions())
                try:
                    return await self._commit(unit, stream, decided, changes, meta, once)
                except (Conflict, CounterOutOfBounds) as error:
                    reason = error
            await backoff.pause(reason)

    async def _decide(
        self,
        unit: UnitOfWork,
        stream: str,
        attempt: Attempt,
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
        """Fold the events into the loaded documents; what changes in each of them altogether."""
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


def _merge(earlier: Change, later: Change) -> Change:
    adds = dict(earlier.adds)
    for counter, amount in later.adds.items():
        adds[counter] = adds.get(counter, 0) + amount
    body = earlier.body if later.body is KEEP else later.body
    return Change(later.view, later.id, body, adds)
