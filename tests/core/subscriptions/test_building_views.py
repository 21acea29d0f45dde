"""Views of a newer release are built in the background, by one process at a time, and once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from gatherlog.core import Change, Codec, Commit, Happened, Ref, Store, View, event_type
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.engine import RecordedView
from gatherlog.core.eventstore.errors import ViewNotBuilt, ViewOutdated
from gatherlog.core.projections.building import BuildProgress
from gatherlog.core.projections.folds import Category
from gatherlog.core.subscriptions.checkpoints import stream_of
from gatherlog.core.subscriptions.leases import LeaseHolder
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.view_builder import (
    BUILDINGS,
    LEASE_SECONDS,
    Unbuilt,
    ViewBuilder,
    what_is_unbuilt,
)
from gatherlog.core.subscriptions.worker import VIEWS
from tests.core.subscriptions.followers import (
    COUNTS,
    ENGINES,
    IDS,
    Counting,
    Distant,
    bodies,
    chosen,
    eventually,
    happened,
    new_store,
    run_scenario,
    say,
    working,
)
from tests.stores import events_of, scanned


@event_type("tests.chair_sold")
class ChairSold(msgspec.Struct, frozen=True):
    chair: str


class Chair(msgspec.Struct, frozen=True):
    chair: str
    sold: int = 0


class Note(msgspec.Struct, frozen=True):
    """A document that follows from no event."""

    text: str


CHAIRS = View("chair", Chair, version=2, by_all=lambda one: ("all", one.chair))
NOTES = View("note", Note, version=2, by_text=lambda one: ("all", one.text))
CODEC = Codec([ChairSold])


class Selling:
    """The fold of a shop."""

    views: tuple[View[Any], ...] = (CHAIRS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [CHAIRS.ref(happened.payload.chair)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        name = happened.payload.chair
        before = documents[CHAIRS.ref(name)] or Chair(name)
        return [Change(CHAIRS, name, Chair(name, before.sold + 1))]


SHOP = Category("shop", CODEC, Selling())


class OldSelling(Selling):
    """As the release before folded it: nothing was counted, and the index was not there."""

    views: tuple[View[Any], ...] = (View("chair", Chair),)

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        name = happened.payload.chair
        return [Change(self.views[0], name, Chair(name))]


def outdated(store: Any, *views: View[Any]) -> None:
    """Have the store say that a release before this one made the documents of these views."""
    engine = store.engine
    recorded = getattr(engine, "data", engine).recorded
    for view in views:
        recorded[view.name] = RecordedView(view.name, view.version - 1, frozenset())


async def old_store(chairs: Sequence[str] = ("red", "red", "blue")) -> Any:
    """A store with documents of the release before, none of which any index lists."""
    _, make = ENGINES[chosen[-1]]
    limits = ENGINES[chosen[-1]][0]
    store: Any = make([*VIEWS, CHAIRS, NOTES, COUNTS], limits)
    outdated(store, CHAIRS, NOTES)
    handler = CommandHandler(store, CODEC, OldSelling(), clock=system_clock, ids=IDS)
    for chair in chairs:

        async def attempt(unit: UnitOfWork, chair: str = chair) -> list[Decided]:
            return [Decided(ChairSold(chair))]

        await handler.handle("shop-1", attempt)
    note = View("note", Note).write("n", "kept-1", Note("hello"), expects=0, at=1)
    await store.commit(Commit(writes=[note]))
    return store


def builder(store: Store, told: list[str], categories: Sequence[Category] = (SHOP,)) -> ViewBuilder:
    async def all_categories(store: Store) -> Sequence[Category]:
        return categories

    return ViewBuilder(store, all_categories, [NOTES], tell=told.append)


async def listed(store: Store) -> dict[str, int]:
    """The chairs that the index lists, once it lists as many as there are."""
    query = CHAIRS.query("by_all", "all")

    async def both() -> dict[str, int] | None:
        page = await store.query(query)
        found = [CHAIRS.read(document) for document in page.documents]
        return {one.chair: one.sold for one in found if one is not None} if found[1:] else None

    chairs: dict[str, int] = await eventually(both)
    return chairs


async def _has(read: Any, count: int) -> bool:
    return len(await read()) == count


def test_documents_are_folded_again_and_kept_ones_are_listed() -> None:
    async def scenario() -> None:
        store = await old_store()
        with pytest.raises(ViewNotBuilt) as refused:
            await store.query(CHAIRS.query("by_all", "all"))
        assert refused.value.view == "chair"
        assert await what_is_unbuilt(store) == Unbuilt(("chair", "note"))
        told: list[str] = []

        await builder(store, told).build()

        assert await what_is_unbuilt(store) == Unbuilt()
        assert told == ["Views were built for this release: chair, note."]
        assert await listed(store) == {"blue": 1, "red": 2}
        await eventually(lambda: _has(lambda: notes(store), 1))
        assert [one.version for one in await scanned(store, "note")] == [1]

    run_scenario(scenario())


async def notes(store: Store) -> Sequence[Any]:
    return (await store.query(NOTES.query("by_text", "all"))).documents


def test_two_processes_that_start_together_build_once() -> None:
    async def scenario() -> None:
        store = await old_store()
        told: list[str] = []
        builders = [builder(Distant(store, seed), told) for seed in range(2)]

        await asyncio.gather(*(one.build() for one in builders))

        assert len(told) == 1
        assert await what_is_unbuilt(store) == Unbuilt()
        assert await scanned(store, BUILDINGS.name) == []

    run_scenario(scenario())


def test_after_an_interruption_another_begins_at_once() -> None:
    async def scenario() -> None:
        store = await old_store()
        slow: Any = Distant(store)
        building = asyncio.create_task(builder(slow, []).build())
        await eventually(lambda: scanned(store, BUILDINGS.name))
        building.cancel()
        await asyncio.wait([building])
        assert (await what_is_unbuilt(store)).progress is None
        began = asyncio.get_running_loop().time()

        await builder(store, []).build()

        assert asyncio.get_running_loop().time() - began < LEASE_SECONDS
        assert await listed(store) == {"blue": 1, "red": 2}

    run_scenario(scenario())


def test_another_takes_over_from_a_process_that_was_killed() -> None:
    async def scenario() -> None:
        store = await old_store()
        assert await LeaseHolder(store, "_views", 0, "killed", LEASE_SECONDS).take()
        note = BUILDINGS.write("_views", stream_of("_views"), BuildProgress(1, 3), expects=0, at=1)
        await store.commit(Commit(writes=[note]))
        assert str(await what_is_unbuilt(store)) == "chair, note (1 of 3 events)"

        await builder(store, []).build()

        assert await what_is_unbuilt(store) == Unbuilt()

    run_scenario(scenario())


def test_what_cannot_be_read_is_reported_and_its_view_stays_unbuilt() -> None:
    async def scenario() -> None:
        store = await old_store()
        await store.commit(_unknown_event())
        reported: list[BaseException] = []

        async def categories(store: Store) -> Sequence[Category]:
            return [SHOP]

        running = asyncio.create_task(ViewBuilder(store, categories, report=reported.append).run())
        await eventually(lambda: _has_reported(reported))
        running.cancel()
        await asyncio.wait([running])

        assert type(reported[0]).__name__ == "EventUnknown"
        assert (await what_is_unbuilt(store)).views == ("chair", "note")

    run_scenario(scenario())


async def _has_reported(reported: Sequence[BaseException]) -> bool:
    return len(reported) > 1  # it was tried again


def _unknown_event() -> Commit:
    from gatherlog.core import Append

    return Commit(appends=[Append("shop-1", [happened("x", type="tests.unheard_of")])])


def test_a_process_of_an_older_release_is_told_so() -> None:
    async def scenario() -> None:
        store = await old_store()
        recorded = getattr(store.engine, "data", store.engine).recorded
        recorded["chair"] = RecordedView("chair", 3, frozenset())

        with pytest.raises(ViewOutdated):
            await what_is_unbuilt(store)

    run_scenario(scenario())


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_projection_of_a_newer_version_folds_the_log_again_by_itself(partitions: int) -> None:
    async def scenario() -> None:
        store = new_store(partitions)
        for stream in ("card-1", "card-2", "sheet-1"):
            await say(store, stream, "a", "b", subject=stream)
        async with working(store, Projection("counts", Counting(total=False))):
            await eventually(lambda: _has(lambda: bodies(store, COUNTS), 3))
        outdated(store, COUNTS)
        await asyncio.sleep(2)  # virtual: until what is recorded is looked at again
        assert (await what_is_unbuilt(store)).views == ("count",)

        newer = [Projection("counts", Counting()) for _ in range(2)]
        async with working(store, newer[0]), working(store, newer[1]):
            await eventually(lambda: _is_built(store))
            found = await bodies(store, COUNTS)

        assert found["all"].events == 6
        assert sorted(found) == ["all", "card-1/card-1", "card-2/card-2", "sheet-1/sheet-1"]
        async with working(store, Projection("counts", Counting())):
            await eventually(lambda: _is_built(store))
        commands = [event.type for event in await events_of(store, stream_of("counts"))]
        assert commands == ["subscription.reset"]

    run_scenario(scenario())


async def _is_built(store: Store) -> bool:
    return await what_is_unbuilt(store) == Unbuilt()
