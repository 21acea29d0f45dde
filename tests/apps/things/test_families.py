"""Children, favourites, and what visitors may ask and write."""

import asyncio

import pytest

from gatherlog.apps.things import ChildDetails, ChildIsBooked, Enquiry, ThingService, WrongState
from gatherlog.apps.things.booking import MOST_CHILDREN
from gatherlog.apps.things.events import CODEC, EnquiryMade
from gatherlog.core import Store
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.errors import Conflict, Invalid, NotFound
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.things.sample_things import OLGA, PAUL, PIA, SATURDAY, SUNDAY, Town, content
from tests.interfaces.watched import Watched
from tests.stores import events_of, eventually, streams_of

TOLD = ChildDetails(name="Mia", birth_date="2020-06-15", allergies="nuts", pick_up="Gran")


# Children.


async def test_children_are_listed_at_once_in_the_order_in_which_they_were_added(
    town: Town,
) -> None:
    names = ["Zoe", "Adam", "Mia"]
    for name in names:
        await town.child(name=name)
    await town.child(PAUL, name="Tom")

    assert [child.name for child in await town.service.children(PIA)] == names


async def test_two_changes_at_once_of_what_each_of_them_tells_are_both_kept(town: Town) -> None:
    child = await town.service.add_child(TOLD, PIA, actor="cli")
    name, born = TOLD.name, TOLD.birth_date

    await asyncio.gather(
        *(
            town.service.change_child(child.id, told, PIA, actor="cli")
            for told in (
                ChildDetails(name=name, birth_date=born, allergies="milk"),
                ChildDetails(name=name, birth_date=born, emergency_contact="Gran, 030 1"),
                ChildDetails(name=name, birth_date=born, pick_up=None),
            )
        )
    )

    after = (await town.service.child(child.id, PIA)).body
    told = (after.allergies, after.emergency_contact, after.pick_up)
    assert told == ("milk", "Gran, 030 1", None)


async def test_a_change_of_what_was_changed_since_is_refused(town: Town) -> None:
    child = await town.service.add_child(TOLD, PIA, actor="cli")
    seen = (await town.service.child(child.id, PIA)).version
    other = ChildDetails(name="Mia Winter", birth_date=TOLD.birth_date)
    await town.service.change_child(child.id, other, PIA, actor="cli", expects=seen)

    with pytest.raises(Conflict):
        await town.service.change_child(child.id, TOLD, PIA, actor="cli", expects=seen)


async def test_what_is_told_of_a_child_is_replaced_as_a_whole(town: Town, store: Store) -> None:
    child = await town.service.add_child(TOLD, PIA, actor="cli")
    none = dict.fromkeys(("allergies", "emergency_contact", "pick_up"))
    plain = ChildDetails(name="Mia", birth_date="2020-06-16", **none)

    for _ in range(2):
        await town.service.change_child(child.id, plain, PIA, actor="cli")

    after = (await town.service.child(child.id, PIA)).body
    assert (after.birth_date, after.allergies, after.pick_up) == ("2020-06-16", None, None)
    assert len(await events_of(store, f"family-{PIA}")) == 2


async def test_another_parents_child_is_not_found(town: Town) -> None:
    child = await town.service.add_child(TOLD, PIA, actor="cli")

    for asked in (
        town.service.child(child.id, PAUL),
        town.service.change_child(child.id, TOLD, PAUL, actor="cli"),
        town.service.remove_child(child.id, PAUL, actor="cli"),
    ):
        with pytest.raises(NotFound):
            await asked

    assert (await town.service.child(child.id, PIA)).body == child


async def test_a_removed_child_is_gone(town: Town) -> None:
    child, other = await town.child(), await town.child(name="Tom")

    await town.service.remove_child(child.id, PIA, actor="cli")

    assert await town.service.children(PIA) == [other]
    with pytest.raises(NotFound):
        await town.service.child(child.id, PIA)


async def test_a_child_with_a_coming_booking_stays_until_that_is_over_or_cancelled(
    town: Town, clock: StandingClock
) -> None:
    thing, child = await town.published(), await town.child()
    booking = await town.book(thing, children=(child.id,))
    await town.book(thing, date=SUNDAY)

    async def removed() -> bool:
        try:
            await town.service.remove_child(child.id, PIA, actor="cli")
        except ChildIsBooked:
            return False
        return True

    async def knows() -> int:
        return len((await town.service.bookings(PIA, Window(limit=5))).items)

    await eventually(knows, 2)
    assert not await removed()
    await town.service.cancel_booking(booking.id, PIA, actor="cli")
    await eventually(removed, True)


async def test_many_bookings_are_looked_at_in_as_many_reads_as_one(
    town: Town, store: Store, ids: CountingIds, clock: StandingClock
) -> None:
    watched = Watched(store)
    service = ThingService(watched, clock=clock, ids=ids)
    child, counted = await town.child(), []

    async def known() -> int:
        return len((await town.service.bookings(PIA, Window(limit=50))).items)

    for count in (1, 6):
        while await known() < count:
            before = await known()
            await town.book(await town.published(), children=(child.id,), people=0)
            await eventually(known, before + 1)
        watched.reads.clear()
        with pytest.raises(ChildIsBooked):
            await service.remove_child(child.id, PIA, actor="cli")
        counted.append([name for name, _ in watched.reads if name == "get"])

    assert counted == [["get", "get"]] * 2


async def test_a_family_has_so_many_children_and_no_more(town: Town) -> None:
    for number in range(MOST_CHILDREN):
        await town.child(name=f"C{number}")

    with pytest.raises(WrongState):
        await town.child(name="one more")


# Favourites.


async def kept(town: Town, who: str = PIA) -> list[str]:
    found = await town.service.favourites(who, Window(limit=10))
    return [item.body.thing_id for item in found.items]


async def test_favourites_are_added_removed_and_listed_newest_first(
    town: Town, clock: StandingClock
) -> None:
    first, second, others = [await town.published() for _ in range(3)]
    for thing, who in ((first, PIA), (second, PIA), (others, PAUL)):
        await town.service.add_favourite(thing.id, who, actor="cli")
        clock.advance(seconds=1)
    await eventually(lambda: kept(town), [second.id, first.id])
    ids = [first.id, others.id, second.id]
    assert await town.service.are_favourites(ids, PIA) == [True, False, True]

    await town.service.remove_favourite(second.id, PIA, actor="cli")

    await eventually(lambda: kept(town), [first.id])
    for asked in (
        town.service.remove_favourite(second.id, PIA, actor="cli"),
        town.service.favourite(second.id, PIA),
    ):
        with pytest.raises(NotFound):
            await asked


async def test_a_favourite_that_is_withdrawn_can_still_be_removed(town: Town) -> None:
    thing = await town.published()
    await town.service.add_favourite(thing.id, PIA, actor="cli")
    await town.service.withdraw_thing(thing.id, "ill", OLGA, actor="cli")

    await town.service.remove_favourite(thing.id, PIA, actor="cli")

    assert await town.service.are_favourites([thing.id], PIA) == [False]


# Visitors.


async def test_places_left_are_told_of_every_coming_occurrence(town: Town) -> None:
    thing = await town.published(content(capacity=5))
    await town.book(thing, people=2)

    found = await town.service.coming_places(thing.id)

    assert [(one.key, one.left) for one in found[:3]] == [
        (SATURDAY, 3),
        (SUNDAY, 5),
        ("2027-04-10", 5),
    ]
    unlimited = await town.published()
    assert (await town.service.places_left(unlimited.id, SATURDAY)).left is None


async def test_an_enquiry_is_recorded_once_it_is_well_formed(town: Town, store: Store) -> None:
    enquiry = Enquiry(subject=" Frogs ", text="Where?\r\n", sender="guest@example.org")
    with pytest.raises(Invalid) as refused:
        await town.service.enquire(Enquiry(subject="", text="", sender="me"), actor="nobody")
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/subject", "/body", "/from"]

    await town.service.enquire(enquiry, actor="nobody")

    [head] = await streams_of(store, "enquiry")
    [event] = await events_of(store, head.stream)
    assert CODEC.decode(event) == EnquiryMade(
        subject="Frogs", text="Where?", sender="guest@example.org"
    )


# When an account is removed.


async def test_with_an_account_its_children_favourites_and_bookings_go(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    child = await town.child()
    booking = await town.book(thing, people=0, children=(child.id,))
    waits = await town.book(thing, PAUL)
    await town.service.add_favourite(thing.id, PIA, actor="cli")
    await eventually(lambda: kept(town), [thing.id])

    async def known() -> int:
        return len((await town.service.bookings(PIA, Window(limit=5))).items)

    await eventually(known, 1)

    await town.service.forget_account(PIA, actor="system")

    assert await town.service.children(PIA) == []
    assert await town.service.are_favourites([thing.id], PIA) == [False]
    assert [await town.status(booking), await town.status(waits)] == ["CANCELLED", "BOOKED"]
