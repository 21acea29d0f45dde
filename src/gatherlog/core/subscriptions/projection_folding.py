"""Folding events into the documents of a projection: which writes a page of events comes to.

Nothing is written here: `projection_runner.py` commits the writes together with the checkpoint.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.commit_checks import actions_of, check_commit
from gatherlog.core.eventstore.errors import (
    Conflict,
    EventExpired,
    HasCounters,
    OwnedElsewhere,
)
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import (
    DELETE,
    KEEP,
    Commit,
    Document,
    Limits,
    Ref,
    Store,
    Write,
)
from gatherlog.core.projections.folds import Change, EventFold
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.blocked_key import OrderingKey, ordering_key
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, CHECKPOINTS, stream_of
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.failure_texts import failure_of
from gatherlog.core.subscriptions.fenced_commits import RESERVED_ACTIONS

__all__ = ["EventWithRefs", "FoldResult", "first_version", "fold_events", "slices"]

_EPOCH_SHIFT: Final = 32
"""Low bits of a document's version, which count its changes; those above are the epoch."""


class EventWithRefs:
    """An event and the documents that its fold asks for; or why it failed to name them.

    An event that does not concern the projection has no documents.
    """

    __slots__ = ("error", "event", "refs")

    def __init__(self, fold: EventFold, event: Recorded, *, concerns: bool = True) -> None:
        self.event = event
        self.refs: list[Ref] = []
        self.error: DeliveryFailed | None = None
        try:
            if concerns:
                self.refs = _checked(fold, fold.keys(event))
        except EventExpired:
            self.refs = []  # it says nothing any more, so it changes nothing
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - it may raise anything
            self.error = failure_of(raised)


class FoldResult:
    """What events came to: writes, and the first failure of each stream and subject."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.failures: dict[OrderingKey, tuple[Recorded, DeliveryFailed]] = {}
        self.processed = 0
        """How many of the events that covers, from the first one on."""


def first_version(epoch: int) -> int:
    """The lowest version of documents of this epoch; those below were made before a reset."""
    return epoch << _EPOCH_SHIFT


def slices(
    fold: EventFold, events: Iterable[tuple[Recorded, bool]], most: int
) -> Iterator[list[EventWithRefs]]:
    """The events in slices that touch at most `most` documents, or have only one event.

    Each event comes with whether it concerns the projection.
    """
    slice: list[EventWithRefs] = []
    refs: set[Ref] = set()
    for event, concerns in events:
        with_refs = EventWithRefs(fold, event, concerns=concerns)
        if slice and len(refs.union(with_refs.refs)) > most:
            yield slice
            slice, refs = [], set()
        slice.append(with_refs)
        refs.update(with_refs.refs)
    if slice:
        yield slice


async def fold_events(
    store: Store,
    fold: EventFold,
    subscription: str,
    events: Sequence[EventWithRefs],
    *,
    epoch: int = 0,
    most_failures: int = 1,
    blocked: Container[OrderingKey] = (),
) -> FoldResult:
    """The writes that bring the documents up to date with these events, but those `blocked`.

    An event that cannot be folded, or whose documents the store would refuse, changes nothing, nor
    do the later events of its stream and subject. The result covers no event after `most_failures`
    failures, and none that would make it too large for a commit. Raises Conflict for documents of a
    later epoch, and what the store raises.
    """
    documents = await _documents(store, (ref for one in events for ref in one.refs))
    folded = _FoldedDocuments(fold, subscription, documents, epoch, store.limits)
    result = FoldResult()
    for one in events:
        key, error = ordering_key(one.event), one.error
        if key not in result.failures and key not in blocked:
            if error is None and one.refs:
                error = folded.apply(one.event, one.refs)
            if folded.is_full or len(result.failures) >= most_failures:
                break
            if error is not None:
                result.failures[key] = (one.event, error)
        result.processed += 1
    result.writes = folded.writes()
    return result


class _FoldedDocuments:
    """The documents as they are after each event, and the writes that this takes."""

    def __init__(
        self,
        fold: EventFold,
        subscription: str,
        documents: dict[Ref, Document | None],
        epoch: int,
        limits: Limits,
    ) -> None:
        self._fold = fold
        self._stream = stream_of(subscription)
        self._views: dict[str, View[Any]] = {view.name: view for view in fold.views}
        self._documents = documents
        self._limits = _for_documents(limits)
        self._size = 0
        self.is_full = False
        """Whether the changes of the last event were left out: they do not fit into the commit."""
        self._first = first_version(epoch)
        self._bodies = {ref: self._body(ref, document) for ref, document in documents.items()}
        self._writes: dict[Ref, Write] = {}

    def apply(self, event: Recorded, refs: Sequence[Ref]) -> DeliveryFailed | None:
        """Fold one more event; if it fails, the reason is returned and nothing has changed."""
        try:
            bodies = {ref: self._bodies[ref] for ref in refs}
            changes = [c for c in self._fold.evolve(bodies, event) if c.body is not KEEP]
            writes = {self._ref(change, refs): self._write(change) for change in changes}
            size = check_commit(Commit(writes=[*writes.values()]), self._limits)[0] if writes else 0
        except EventExpired:
            return None
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - it may raise anything
            return failure_of(raised)
        if self._writes and self._size + size > self._limits.commit_bytes:
            self.is_full = True
            return None
        self._size += size
        for change in changes:
            ref = change.view.ref(change.id)
            self._bodies[ref] = None if change.body is DELETE else change.body
        self._writes.update(writes)
        return None

    def writes(self) -> list[Write]:
        """The writes that bring the stored documents up to date."""
        return [
            write
            for ref, write in self._writes.items()
            if self._documents[ref] is not None or write.body is not DELETE
        ]

    def _body(self, ref: Ref, document: Document | None) -> Any:
        if document is None or document.version < self._first:
            return None
        if document.version >= self._first + first_version(1):
            raise Conflict("document", "/".join(ref), self._first, document.version)
        return self._views[ref[0]].read(document)

    def _ref(self, change: Change, refs: Sequence[Ref]) -> Ref:
        ref = change.view.ref(change.id)
        if ref not in refs:
            raise ValueError(f"{change.view.name}/{change.id} changes, but keys() did not name it")
        if change.adds:
            raise ValueError(f"{change.view.name}/{change.id}: a projection has no counters")
        return ref

    def _write(self, change: Change) -> Write:
        before = self._documents[change.view.ref(change.id)]
        version = 0 if before is None else before.version
        if before is not None and before.stream != self._stream:
            raise OwnedElsewhere(f"{change.view.name}/{change.id}", before.stream, self._stream)
        if before is not None and before.counters and change.body is DELETE:
            raise HasCounters(f"{change.view.name}/{change.id} has counters; it cannot be deleted")
        at, body = max(version, self._first) + 1, change.body
        return change.view.write(change.id, self._stream, body, expects=version, at=at)


def _checked(fold: EventFold, refs: Iterable[Ref]) -> list[Ref]:
    views, checked = {view.name for view in fold.views}, list(refs)
    for view, id in checked:
        if view not in views:
            raise ValueError(f"{view}/{id} is of no view of this projection")
    return checked


def _for_documents(limits: Limits) -> Limits:
    """What is left of a commit beside the fence, the checkpoint and the backlog."""
    others = RESERVED_ACTIONS + actions_of(limits, views=[CHECKPOINTS, BACKLOGS])
    return msgspec.structs.replace(
        limits,
        commit_actions=max(1, limits.commit_actions - others),
        commit_bytes=max(limits.body_bytes, limits.commit_bytes - 2 * limits.body_bytes),
    )


async def _documents(store: Store, refs: Iterable[Ref]) -> dict[Ref, Document | None]:
    names = list(dict.fromkeys(refs))
    return dict(zip(names, await store.get(names), strict=True)) if names else {}
