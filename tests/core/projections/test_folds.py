"""Several folds as one: each event is folded by the category of its stream."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pytest

from gatherlog.core import View
from gatherlog.core.eventstore.events import Codec
from gatherlog.core.eventstore.store import Ref
from gatherlog.core.projections.folds import Category, Change, Happened, Together


class Note(msgspec.Struct, frozen=True):
    text: str


class Writing:
    """Makes one document of each event, in a view of its own."""

    def __init__(self, name: str) -> None:
        self._view = View(name, Note)
        self.views: tuple[View[Any], ...] = (self._view,)

    def keys(self, event: Happened) -> Iterable[Ref]:
        return [self._view.ref(event.subject)]

    def evolve(self, documents: Mapping[Ref, Any], event: Happened) -> Iterable[Change]:
        return [Change(self._view, event.subject, Note(event.payload))]


TOGETHER = Together(*(Category(name, Codec([]), Writing(name)) for name in ("red", "blue")))


def test_the_views_of_all_are_those_of_each() -> None:
    assert [view.name for view in TOGETHER.views] == ["red", "blue"]


@pytest.mark.parametrize("category", ["red", "blue"])
def test_an_event_is_folded_by_the_category_of_its_stream(category: str) -> None:
    event = Happened(f"{category}-1", "a", 1, "hello")

    assert list(TOGETHER.keys(event)) == [(category, "a")]
    [change] = TOGETHER.evolve({}, event)
    assert (change.view.name, change.body) == (category, Note("hello"))


def test_an_event_of_another_category_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError, match="green"):
        TOGETHER.keys(Happened("green-1", "a", 1, "hello"))
