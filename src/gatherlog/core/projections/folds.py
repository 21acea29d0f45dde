"""Folds: how events become documents. A fold is pure, and the only way in which documents change.

A `Category` joins the streams of one kind to their codec and their fold. The same fold serves the
commit, which changes documents at once, and the rebuild, which makes them again from the log.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from gatherlog.core.eventstore.events import Codec, Recorded
from gatherlog.core.eventstore.store import KEEP, Body, Ref
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.views import View

__all__ = ["Category", "Change", "EventFold", "Fold", "Happened", "NoDocuments", "Together"]

E_contra = TypeVar("E_contra", contravariant=True)


class Happened(msgspec.Struct, frozen=True):
    """An event as the fold of a category sees it: typed, without position or recorded time.

    A commit folds an event before the event has a position, so none may be relied on.
    """

    stream: str
    subject: str
    time: int
    """When it happened: microseconds since the epoch."""
    payload: Any
    """The event as the codec decodes it."""


class Change(msgspec.Struct, frozen=True):
    """What an event does to one document."""

    view: View[Any]
    id: str
    body: msgspec.Struct | Literal[Body.KEEP, Body.DELETE] = KEEP
    adds: Mapping[str, int] = {}
    """What is added to the document's counters, by name."""


class Fold(Protocol[E_contra]):
    """How events become documents.

    The fold of a category sees every event as `Happened`, that of a projection as `Recorded`.
    """

    views: tuple[View[Any], ...]
    """The views whose documents this fold changes."""

    def keys(self, event: E_contra) -> Iterable[Ref]:
        """The documents that `evolve` has to be shown, at least those that it changes.

        None where the event does not concern the fold. Raises EventUnknown for a type of event
        that the fold ought to know and does not.
        """
        ...

    def evolve(self, documents: Mapping[Ref, Any], event: E_contra) -> Iterable[Change]:
        """The changes that the event makes.

        `documents` holds the typed body of every document that `keys` named, or None where there
        is none. The result may depend on these and on the event alone.
        """
        ...


EventFold = Fold[Recorded]
"""The fold of a projection, which sees events as the log holds them. It may not use counters."""


class NoDocuments:
    """The fold of a category that has no documents which follow from its events alone."""

    views: tuple[View[Any], ...] = ()

    def keys(self, event: Happened) -> Iterable[Ref]:
        return ()

    def evolve(self, documents: Mapping[Ref, Any], event: Happened) -> Iterable[Change]:
        return ()


def _nothing(event: Recorded) -> msgspec.Struct | None:
    return None


class Category(msgspec.Struct, frozen=True):
    """How the streams of one category are decoded and folded, and what a blank event does to it.

    An event is blank once it has expired, or once somebody whom it was about was erased. Nobody may
    let events expire whose type is not in `may_expire`: documents, or decisions, rest on them.
    """

    name: str
    codec: Codec
    fold: Fold[Happened]
    may_expire: frozenset[str] = frozenset()
    """The types of events without whose bodies every document stays right, also after a rebuild."""
    blank_as: Callable[[Recorded], msgspec.Struct | None] = _nothing
    """What a blank event is folded as; None, and by default: it changes nothing. Events of subjects
    that are erased are folded as this, too."""
    erases_subjects: bool = True
    """Whether no event of a subject changes anything once the first one is blank. All events of a
    subject that is erased become blank, one after the other, and meanwhile none may be folded
    without those before it."""


class Together:
    """The folds of several categories as one, for commands that append to streams of each.

    An event is folded by its stream's category. Raises KeyError for a stream of any other.
    """

    def __init__(self, *categories: Category) -> None:
        self._folds = {category.name: category.fold for category in categories}
        self.views = tuple(view for fold in self._folds.values() for view in fold.views)

    def keys(self, event: Happened) -> Iterable[Ref]:
        return self._folds[category_of(event.stream)].keys(event)

    def evolve(self, documents: Mapping[Ref, Any], event: Happened) -> Iterable[Change]:
        return self._folds[category_of(event.stream)].evolve(documents, event)
