"""Taking documents back that a projection has made of events that say nothing any more.

A projection may be behind, and may have read an event before it became blank. So where its
checkpoint is before the event, a document that means nothing is put in the place of the one that it
may be about to write: its commit is refused then, and it reads the event again, as it is now.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import DELETE, NEW, Document, Store, Write
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.checkpoints import (
    CHECKPOINTS,
    Checkpoint,
    checkpoint_id,
    stream_of,
)
from gatherlog.core.subscriptions.projection_folding import first_version

__all__ = ["taken_back"]

B = TypeVar("B", bound=msgspec.Struct)


async def taken_back(
    store: Store, subscription: str, view: View[B], events: Mapping[str, Recorded], gone: B
) -> list[Write]:
    """The writes that take back what the projection of this name has made of blank events.

    `events` has the event that each document is made of, by the document's id. `gone` is the
    document that means nothing. The fold of the projection has to delete what it finds in the place
    of a blank event. A commit of the writes raises Conflict if the projection wrote since: then
    they are to be found again.
    """
    checkpoints = await _checkpoints(
        store, subscription, {one.partition for one in events.values()}
    )
    documents = await store.get([view.ref(id) for id in events])
    writes = []
    for (id, event), document in zip(events.items(), documents, strict=True):
        checkpoint = checkpoints.get(event.partition)
        if checkpoint is not None and checkpoint.position < event.position:
            if view.read(document) != gone:
                version = 0 if document is None else document.version
                at = max(version, first_version(checkpoint.epoch)) + 1
                writes.append(
                    view.write(id, stream_of(subscription), gone, expects=version or NEW, at=at)
                )
        elif document is not None:
            writes.append(_deleted(view, document))
    return writes


def _deleted(view: View[B], document: Document) -> Write:
    version = document.version
    return view.write(document.id, document.stream, DELETE, expects=version, at=version + 1)


async def _checkpoints(
    store: Store, subscription: str, partitions: set[int]
) -> Mapping[int, Checkpoint]:
    """By partition. It has none where nobody has begun to read for the projection."""
    names = sorted(partitions)
    found = await store.get([CHECKPOINTS.ref(checkpoint_id(subscription, one)) for one in names])
    read = [CHECKPOINTS.read(document) for document in found]
    return {name: one for name, one in zip(names, read, strict=True) if one is not None}
