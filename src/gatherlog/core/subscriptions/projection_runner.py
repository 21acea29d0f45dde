"""Folding a page into the documents of a projection, in the commit that moves its checkpoint."""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.commit_checks import check_commit
from gatherlog.core.eventstore.errors import Conflict, HasCounters, OwnedElsewhere
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
from gatherlog.core.subscriptions.checkpoints import stream_of
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.destination_state import Key, key_of
from gatherlog.core.subscriptions.partition_state import raised_failure

__all__ = ["EventWithRefs", "FoldedPage", "first_version", "fold", "slices"]

_EPOCH: Final = 32
"""Bits that the versions of documents are counted in between two resets."""
_BESIDE: Final = 10
"""Actions of a commit that are not documents."""


class EventWithRefs:
    """An event and the documents it is about; or why that cannot be told."""

    __slots__ = ("error", "event", "refs")

    def __init__(self, projection: EventFold, event: Recorded, *, concerns: bool = True) -> None:
        self.event = event
        self.refs: list[Ref] = []
        self.error: DeliveryFailed | None = None
        try:
            if concerns:
                self.refs = _checked(projection, projection.keys(event))
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - it may raise anything
            self.error = raised_failure(raised)


class FoldedPage:
    """What a slice of events came to: writes, and the first failure of each stream and subject."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.failures: dict[Key, tuple[Recorded, DeliveryFailed]] = {}
        self.seen = 0
        """How many of the events were looked at: not all, where they failed or grew too much."""


def first_version(epoch: int) -> int:
    """Documents of an earlier version were made before the reset, and are as good as gone."""
    return epoch << _EPOCH


def slices(
    projection: EventFold, events: Iterable[tuple[Recorded, bool]], most: int
) -> Iterator[list[EventWithRefs]]:
    """The events in runs that touch at most `most` documents, or are one event long.

    Each event comes with whether it concerns the subscription at all.
    """
    slice: list[EventWithRefs] = []
    refs: set[Ref] = set()
    for event, concerns in events:
        named = EventWithRefs(projection, event, concerns=concerns)
        if slice and len(refs.union(named.refs)) > most:
            yield slice
            slice, refs = [], set()
        slice.append(named)
        refs.update(named.refs)
    if slice:
        yield slice


async def fold(
    store: Store,
    projection: EventFold,
    name: str,
    events: Sequence[EventWithRefs],
    *,
    epoch: int = 0,
    most: int = 1,
    waiting: Container[Key] = (),
) -> FoldedPage:
    """The writes that make the documents what they are after these events, but those `waiting`.

    An event that cannot be folded, or whose documents the store would refuse, leaves no trace, nor
    do those of its stream and subject that follow it. After `most` failures the rest is left, as
    is what does not fit into a commit. Raises Conflict for documents of a later epoch, and what
    the store raises.
    """
    documents = await _documents(store, (ref for named in events for ref in named.refs))
    folding = _Folding(projection, name, documents, epoch, store.limits)
    folded = FoldedPage()
    for named in events:
        key, error = key_of(named.event), named.error
        if key not in folded.failures and key not in waiting:
            if error is None and named.refs:
                error = folding.take(named.event, named.refs)
            if folding.is_full or len(folded.failures) >= most:
                break
            if error is not None:
                folded.failures[key] = (named.event, error)
        folded.seen += 1
    folded.writes = folding.writes()
    return folded


class _Folding:
    """Documents as they become, event by event."""

    def __init__(
        self,
        projection: EventFold,
        name: str,
        documents: dict[Ref, Document | None],
        epoch: int,
        limits: Limits,
    ) -> None:
        self._projection = projection
        self._stream = stream_of(name)
        self._views: dict[str, View[Any]] = {view.name: view for view in projection.views}
        self._documents = documents
        self._limits = _for_events(limits)
        self._size = 0
        self.is_full = False
        """Whether the last event would have made this more than a commit takes."""
        self._first = first_version(epoch)
        self._bodies = {ref: self._body(ref, document) for ref, document in documents.items()}
        self._net: dict[Ref, Write] = {}

    def take(self, event: Recorded, refs: Sequence[Ref]) -> DeliveryFailed | None:
        """Fold one more event in; or why not, and then nothing has changed."""
        try:
            shown = {ref: self._bodies[ref] for ref in refs}
            changes = [c for c in self._projection.evolve(shown, event) if c.body is not KEEP]
            writes = {self._ref(change, refs): self._write(change) for change in changes}
            size = check_commit(Commit(writes=list(writes.values())), self._limits) if writes else 0
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - it may raise anything
            return raised_failure(raised)
        if self._net and self._size + size > self._limits.commit_bytes:
            self.is_full = True
            return None
        self._size += size
        for change in changes:
            ref = change.view.ref(change.id)
            self._bodies[ref] = None if change.body is DELETE else change.body
        self._net.update(writes)
        return None

    def writes(self) -> list[Write]:
        """What makes the store's documents what they have become."""
        return [
            write
            for ref, write in self._net.items()
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


def _checked(projection: EventFold, refs: Iterable[Ref]) -> list[Ref]:
    views, checked = {view.name for view in projection.views}, list(refs)
    for view, id in checked:
        if view not in views:
            raise ValueError(f"{view}/{id} is of no view of this projection")
    return checked


def _for_events(limits: Limits) -> Limits:
    """What is left of a commit beside the checkpoint, the fence and what waits."""
    return msgspec.structs.replace(
        limits,
        commit_actions=max(1, limits.commit_actions - _BESIDE),
        commit_bytes=max(limits.body_bytes, limits.commit_bytes - 2 * limits.body_bytes),
    )


async def _documents(store: Store, refs: Iterable[Ref]) -> dict[Ref, Document | None]:
    by_view: dict[str, dict[str, None]] = {}
    for view, id in refs:
        by_view.setdefault(view, {})[id] = None
    documents: dict[Ref, Document | None] = {}
    for view, ids in by_view.items():
        names = list(ids)
        for id, document in zip(names, await store.get(view, names), strict=True):
            documents[view, id] = document
    return documents
