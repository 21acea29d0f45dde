"""Which views a store has recorded as complete, and which indexes serve because of that."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from gatherlog.core import Limits
from gatherlog.core.eventstore.engine import RecordedView
from gatherlog.core.eventstore.errors import ViewNotBuilt, ViewOutdated
from gatherlog.core.eventstore.view_catalogue import (
    LOOK_SECONDS,
    ViewCatalogue,
    declare_views,
    record_of,
)
from gatherlog.engines.memory import MemoryEngine
from gatherlog.testing import run_instantly


def view(version: int, *indexes: str, name: str = "card") -> RecordedView:
    """A view, declared or recorded: both have a name, a version and indexes."""
    return RecordedView(name, version, frozenset(indexes))


class ViewsEngine(MemoryEngine):
    """Counts how often the views are read, and lets others record just before this process."""

    def __init__(self, *recorded: RecordedView, documents: Sequence[str] = ()) -> None:
        super().__init__(Limits())
        self.recorded = {one.name: one for one in recorded}
        self.filled = set(documents)
        self.looks = 0
        self.seconds = 0.0
        """How long it takes to read the views."""
        self.before_recording: Callable[[], None] = lambda: None

    async def views(self) -> dict[str, RecordedView]:
        self.looks += 1
        found = dict(self.recorded)
        await asyncio.sleep(self.seconds)
        return found

    async def record_views(
        self,
        views: Sequence[tuple[RecordedView, RecordedView | None]],
        *,
        only_if_empty: bool,
    ) -> None:
        self.before_recording()
        self.before_recording = lambda: None
        for one, before in views:
            is_passed_over = only_if_empty and one.name in self.filled
            if not is_passed_over and self.recorded.get(one.name) == before:
                self.recorded[one.name] = one


def declared(engine: ViewsEngine, *views: RecordedView, complete: bool = False) -> None:
    """Declare views, and check that what is answered is what is recorded then."""
    answer = run_instantly(declare_views(engine, views, complete=complete))
    assert answer == engine.recorded


def test_a_view_without_documents_is_recorded_and_one_with_documents_is_not() -> None:
    engine = ViewsEngine(view(1, "a"), documents=["card"])

    declared(engine, view(2, "a"), view(1, "b", name="badge"))

    assert engine.recorded == {"card": view(1, "a"), "badge": view(1, "b", name="badge")}


def test_a_complete_view_is_recorded_whatever_it_holds() -> None:
    engine = ViewsEngine(view(1, "a"), documents=["card"])

    declared(engine, view(1, "a", "b"), complete=True)

    assert engine.recorded == {"card": view(1, "a", "b")}


def test_a_view_that_is_recorded_with_more_indexes_stays_so() -> None:
    engine = ViewsEngine(view(1, "a", "b"))

    declared(engine, view(1, "a"))

    assert engine.recorded == {"card": view(1, "a", "b")}


@pytest.mark.parametrize("complete", [False, True])
def test_where_a_newer_version_is_recorded_nothing_is(complete: bool) -> None:
    engine = ViewsEngine(view(2, "a"))

    with pytest.raises(ViewOutdated):
        declared(engine, view(1, "b", name="badge"), view(1, "a"), complete=complete)

    assert engine.recorded == {"card": view(2, "a")}


def test_a_process_that_others_forestall_records_on_what_they_recorded() -> None:
    engine = ViewsEngine()
    engine.before_recording = lambda: engine.recorded.update(card=view(1, "a"))

    declared(engine, view(1, "a", "b"))

    assert engine.recorded == {"card": view(1, "a", "b")}


def test_a_process_that_a_newer_version_forestalls_is_refused() -> None:
    engine = ViewsEngine()
    engine.before_recording = lambda: engine.recorded.update(card=view(2, "a"))

    with pytest.raises(ViewOutdated):
        declared(engine, view(1, "a"))


def catalogue(engine: ViewsEngine, *views: RecordedView) -> ViewCatalogue:
    return ViewCatalogue(engine, views, dict(engine.recorded))


async def serves(catalogue: ViewCatalogue, index: str) -> bool:
    try:
        await catalogue.check("card", index)
    except ViewNotBuilt:
        return False
    return True


def test_an_index_serves_if_it_is_recorded_with_this_version_of_its_view() -> None:
    async def story() -> None:
        engine = ViewsEngine(view(1, "a", "b"))
        assert await serves(catalogue(engine, view(1, "a", "c")), "a")
        assert not await serves(catalogue(engine, view(1, "a", "c")), "c")
        assert not await serves(catalogue(engine, view(2, "a")), "a")

    run_instantly(story())


def test_an_index_that_is_not_declared_is_a_mistake_though_it_is_recorded() -> None:
    engine = ViewsEngine(view(1, "a", "b"))

    with pytest.raises(ValueError, match=r"card\.b"):
        run_instantly(catalogue(engine, view(1, "a")).check("card", "b"))


def test_what_another_process_has_built_serves_after_a_second_at_most() -> None:
    async def story() -> None:
        engine = ViewsEngine(view(1, "a"))
        known = catalogue(engine, view(2, "a"))
        assert not await serves(known, "a")
        engine.recorded["card"] = view(2, "a")
        await asyncio.sleep(LOOK_SECONDS)
        assert await serves(known, "a")

    run_instantly(story())


def test_a_newer_version_that_another_process_has_built_is_noticed_after_a_second_at_most() -> None:
    async def story() -> None:
        engine = ViewsEngine(view(1, "a"))
        known = catalogue(engine, view(1, "a"))
        assert await serves(known, "a")
        engine.recorded["card"] = view(2, "a")
        await asyncio.sleep(LOOK_SECONDS)
        with pytest.raises(ViewOutdated, match="'card' is at version 2"):
            await known.check("card", "a")

    run_instantly(story())


def test_the_store_is_asked_once_per_second_of_queries() -> None:
    async def story() -> None:
        engine = ViewsEngine(view(1, "a"))
        known = catalogue(engine, view(1, "a", "b"))
        for _ in range(3):
            await asyncio.sleep(LOOK_SECONDS)
            for _ in range(100):
                assert await serves(known, "a")
                assert not await serves(known, "b")
        assert engine.looks == 3

    run_instantly(story())


def test_what_this_process_has_completed_outlasts_a_look_that_began_before() -> None:
    async def story() -> None:
        engine = ViewsEngine(view(1, "a"), documents=["card"])
        known = catalogue(engine, view(2, "a"))
        engine.seconds = 0.5
        looking = asyncio.create_task(serves(known, "a"))
        await asyncio.sleep(0)
        engine.seconds = 0.0
        await known.complete([view(2, "a")])
        await looking
        assert await serves(known, "a")

    run_instantly(story())


def test_a_view_that_this_process_has_completed_serves_at_once() -> None:
    async def story() -> None:
        engine = ViewsEngine(view(1, "a"), documents=["card"])
        known = catalogue(engine, view(2, "a"))
        await known.complete([view(2, "a")])
        assert await serves(known, "a")

    run_instantly(story())
    assert record_of(view(2, "a")) == view(2, "a")


def test_a_view_without_indexes_is_unbuilt_only_if_an_earlier_version_is_recorded() -> None:
    engine = ViewsEngine(view(1), view(1, "by_name", name="board"))
    engine.filled = {"card", "board", "note"}
    views = [view(2), view(2, "by_name", name="board"), view(1, name="note")]
    catalogue = ViewCatalogue(engine, views, engine.recorded)

    assert run_instantly(catalogue.unbuilt()) == ["board", "card"]


def test_a_process_of_an_older_release_finds_that_out() -> None:
    engine = ViewsEngine(view(2), view(1, name="board"))
    catalogue = ViewCatalogue(engine, [view(1)], engine.recorded)

    assert run_instantly(catalogue.undeclared()) == ["board"]
    with pytest.raises(ViewOutdated):
        run_instantly(catalogue.unbuilt())
