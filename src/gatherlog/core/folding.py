"""Folding a page into the documents of a projection, in the commit that moves its checkpoint."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gatherlog.core.checkpoints import stream_of
from gatherlog.core.delivery import DeliveryFailed
from gatherlog.core.errors import StoreError
from gatherlog.core.events import Recorded
from gatherlog.core.hold import raised_failure
from gatherlog.core.outlets import Key, key_of
from gatherlog.core.store import DELETE, KEEP, Document, Ref, Store, Write
from gatherlog.core.subscriptions import Projection
from gatherlog.core.views import Change

__all__ = ["Folded", "fold", "slices"]


class Folded:
    """What a slice of events came to: writes, and the first failure of each stream and subject."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.failures: dict[Key, tuple[Recorded, DeliveryFailed]] = {}


def slices(
    projection: Projection, events: Iterable[Recorded], most: int
) -> Iterator[list[Recorded]]:
    """The events in runs that touch at most `most` documents, or are one event long."""
    slice: list[Recorded] = []
    refs: set[Ref] = set()
    for event in events:
        touched = set(_keys(projection, event)[0])
        if slice and len(refs | touched) > most:
            yield slice
            slice, refs = [], set()
        slice.append(event)
        refs |= touched
    if slice:
        yield slice


async def fold(
    store: Store, projection: Projection, name: str, events: Sequence[Recorded]
) -> Folded:
    """The writes that make the documents what they are after these events.

    An event that cannot be folded leaves no trace, nor do those of its stream and subject that
    follow it. Raises what the store raises.
    """
    folded = Folded()
    keys: list[tuple[Recorded, list[Ref]]] = []
    for event in events:
        refs, error = _keys(projection, event)
        if error is not None:
            folded.failures.setdefault(key_of(event), (event, error))
        keys.append((event, refs))
    documents = await _documents(store, (ref for _, refs in keys for ref in refs))
    views = {view.name: view for view in projection.views}
    bodies: dict[Ref, Any] = {ref: views[ref[0]].read(doc) for ref, doc in documents.items()}
    net: dict[Ref, Change] = {}
    for event, refs in keys:
        failed = folded.failures.get(key_of(event))
        if not refs or (failed is not None and failed[0].version <= event.version):
            continue
        try:
            changes = _evolved(projection, bodies, event, refs)
        except StoreError:
            raise
        except Exception as raised:  # noqa: BLE001 - whatever a projection raises, it fails at
            folded.failures[key_of(event)] = (event, raised_failure(raised))
            continue
        for change in changes:
            ref = change.view.ref(change.id)
            net[ref] = change
            bodies[ref] = None if change.body is DELETE else change.body
    folded.writes = [_write(change, name, documents[ref]) for ref, change in net.items()]
    return folded


def _keys(projection: Projection, event: Recorded) -> tuple[list[Ref], DeliveryFailed | None]:
    """The documents of an event; none where it does not concern the projection, or fails."""
    try:
        return (list(projection.keys(event)) if projection.takes(event) else []), None
    except Exception as raised:  # noqa: BLE001 - whatever a projection raises, it fails at
        return [], raised_failure(raised)


def _evolved(
    projection: Projection, bodies: dict[Ref, Any], event: Recorded, refs: Sequence[Ref]
) -> list[Change]:
    changes = list(projection.evolve({ref: bodies[ref] for ref in refs}, event))
    for change in changes:
        if change.view.ref(change.id) not in refs:
            raise ValueError(f"{change.view.name}/{change.id} changes, but keys() did not name it")
        if change.adds:
            raise ValueError(f"{change.view.name}/{change.id}: a projection has no counters")
    return [change for change in changes if change.body is not KEEP]


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


def _write(change: Change, name: str, before: Document | None) -> Write:
    version = 0 if before is None else before.version
    body: Any = change.body
    return change.view.write(change.id, stream_of(name), body, expects=version, at=version + 1)
