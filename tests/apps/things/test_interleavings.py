"""The invariants of bookings hold in every order of the store calls of concurrent commands.

Hypothesis chooses the commands before, the concurrent commands, and the order of the store calls.
Each command has a service of its own, as if it ran in a process of its own.
"""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.apps.things import VIEWS, BookingWish, Thing, ThingService
from gatherlog.apps.things.views import BOOKED_BY, booked_by_document
from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Busy, GatherlogError
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, Interleaved, StandingClock, run_instantly
from tests.apps.things.booking_invariants import check_bookings, check_rebuild
from tests.apps.things.sample_things import NOW, OLGA, SATURDAY, SUNDAY, Town, content

PARENTS = st.sampled_from(["p1", "p2", "p3", "p4"])
DATES = st.sampled_from([SATURDAY, SUNDAY])
Command = tuple[str, Any, Any, Any]
COMMAND: st.SearchStrategy[Command] = st.one_of(
    st.tuples(st.just("book"), PARENTS, DATES, st.integers(1, 3)),
    st.tuples(st.just("cancel"), PARENTS, DATES, st.none()),
    st.tuples(st.just("off"), st.none(), DATES, st.none()),
    st.tuples(st.just("capacity"), st.none(), st.none(), st.sampled_from([1, 3, 5, None])),
)
ORDER = st.integers(0, 2**32)


class Runner:
    """Carries out commands on one published thing with three places."""

    def __init__(self, store: Store, ids: CountingIds) -> None:
        self.store = store
        self._ids = ids
        self.town = Town(ThingService(store, clock=StandingClock(NOW), ids=ids))
        self.thing: Thing

    def on(self, store: Any) -> "Runner":
        other = Runner(store, self._ids)
        other.thing = self.thing
        return other

    async def begin(self) -> None:
        self.thing = await self.town.published(content(capacity=3))

    async def carry_out(self, command: Command) -> str:
        try:
            await self._do(*command)
        except Busy:
            raise
        except GatherlogError as error:
            return error.code
        return "done"

    async def _do(self, what: str, who: Any, date: Any, number: Any) -> None:
        service, thing = self.town.service, self.thing
        match what:
            case "book":
                wish = BookingWish(date=date, people=number)
                await service.book(thing.id, wish, who, actor="cli")
            case "cancel":
                ref = BOOKED_BY.ref(booked_by_document(thing.id, date, who))
                [document] = await self.store.get([ref])
                if (held := BOOKED_BY.read(document)) is not None:
                    await service.cancel_booking(held.booking_id, who, actor="cli")
            case "off":
                await service.cancel_occurrence(thing.id, date, "ill", OLGA, actor="cli")
            case "capacity":
                await self.town.replaced(thing, capacity=number)


@pytest.mark.parametrize("url", ["memory:", "hostile:1"])
@settings(max_examples=100)
@given(
    before=st.lists(COMMAND, max_size=8),
    at_once=st.lists(COMMAND, min_size=2, max_size=5),
    order=ORDER,
)
def test_every_invariant_holds_after_every_commit(
    url: str, before: list[Command], at_once: list[Command], order: int
) -> None:
    async def story() -> None:
        store = await open_store(url, views=VIEWS)
        runner = Runner(store, CountingIds())
        await runner.begin()
        for command in before:
            await runner.carry_out(command)
            await check_bookings(store)

        async def check() -> None:
            # With more places, or a date that is off, further commits do the rest.
            await check_bookings(store, promoted=False)

        interleaved = Interleaved(store, Random(order).randrange, check)
        await interleaved.run(*(runner.on(interleaved).carry_out(one) for one in at_once))
        await check_bookings(store)
        await check_rebuild(store)

    run_instantly(story())
