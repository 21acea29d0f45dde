"""Booking, waiting and cancelling on a service."""

from typing import Any

import msgspec
import pytest

from gatherlog.apps.things import (
    AlreadyBooked,
    Booking,
    BookingWish,
    Full,
    Hours,
    IntRange,
    Thing,
    When,
    WrongState,
    coming,
)
from gatherlog.core import Once, Store
from gatherlog.core.commands.service import Repeated
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.testing import StandingClock
from tests.apps.things.sample_things import (
    OLGA,
    OTTO,
    PAUL,
    PIA,
    RITA,
    SATURDAY,
    SUNDAY,
    Town,
    content,
    event,
)
from tests.stores import events_of, eventually


async def refused(town: Town, thing_id: str, wish: BookingWish, parent: str = PIA) -> list[Flaw]:
    with pytest.raises(Invalid) as error:
        await town.service.book(thing_id, wish, parent, actor="cli")
    return list(error.value.flaws)


async def test_a_booking_takes_places_for_children_and_others(town: Town) -> None:
    thing = await town.published(content(capacity=4))
    mia = await town.child()

    booking = await town.book(thing, people=1, children=(mia.id,))

    places = await town.service.places_left(thing.id, SATURDAY)
    assert (booking.status, booking.places) == ("BOOKED", 2)
    assert (places.left, places.booked, places.bookings) == (2, 2, 1)


async def test_every_occurrence_has_its_own_places(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    await town.book(thing)

    assert (await town.book(thing, PAUL, date=SUNDAY)).status == "BOOKED"

    left = [one.left for one in await town.service.coming_places(thing.id)]
    assert left[:3] == [0, 0, 1]


async def test_who_does_not_fit_waits_and_moves_up_when_somebody_cancels(town: Town) -> None:
    thing = await town.published(content(capacity=2))
    first = await town.book(thing, PIA, people=2)
    second = await town.book(thing, PAUL, people=2)
    assert second.status == "WAITING"

    await town.service.cancel_booking(first.id, PIA, actor="cli")

    assert [await town.status(first), await town.status(second)] == ["CANCELLED", "BOOKED"]


async def test_all_children_of_a_booking_wait_together(town: Town) -> None:
    thing = await town.published(content(capacity=2))
    other = await town.book(thing, PAUL)
    mia, tom = await town.child(), await town.child(name="Tom", birth_date="2021-01-01")

    booking = await town.book(thing, people=0, children=(mia.id, tom.id))

    details = await town.service.booking(booking.id, PIA)
    assert (details.booking.status, details.place) == ("WAITING", 1)
    assert (await town.service.places_left(thing.id, SATURDAY)).left == 1
    await town.service.cancel_booking(other.id, PAUL, actor="cli")
    assert await town.status(booking) == "BOOKED"


async def test_leaving_the_waiting_list_frees_the_way(town: Town) -> None:
    thing = await town.published(content(capacity=3))
    await town.book(thing, "a", people=2)
    family = await town.book(thing, "b", people=2)

    await town.service.cancel_booking(family.id, "b", actor="cli")

    assert await town.status(family) == "CANCELLED"
    assert (await town.service.places_left(thing.id, SATURDAY)).waiting == 0


async def test_more_places_by_a_new_version_let_those_who_wait_move_up(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    await town.book(thing, "a")
    waits = [await town.book(thing, who, date=date) for who, date in WAITING]

    await town.replaced(thing, capacity=3)

    assert [await town.status(booking) for booking in waits] == ["BOOKED"] * 3


WAITING = [("b", SATURDAY), ("c", SATURDAY), ("d", SUNDAY)]


async def test_many_who_wait_move_up_in_as_many_commits_as_it_takes(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    bookings = [await town.book(thing, f"p{n}") for n in range(40)]

    await town.replaced(thing, capacity=None)

    assert {await town.status(booking) for booking in bookings} == {"BOOKED"}


async def test_own_bookings_of_several_dates_are_told_by_the_date(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    booked = await town.book(thing, PIA, date=SATURDAY)
    gone = await town.book(thing, PIA, date="2027-04-10")
    await town.book(thing, PAUL, date=SUNDAY)
    waits = await town.book(thing, PIA, date=SUNDAY)
    await town.service.cancel_booking(gone.id, PIA, actor="cli")

    found = await town.service.bookings_at(
        thing.id, [SATURDAY, SUNDAY, "2027-04-10", "2027-04-11"], PIA
    )

    assert {key: (one.id, one.status) for key, one in found.items()} == {
        SATURDAY: (booked.id, "BOOKED"),
        SUNDAY: (waits.id, "WAITING"),
    }


async def test_places_of_several_things_are_told_in_the_order_asked_for(
    town: Town, clock: StandingClock
) -> None:
    small, wide = await town.published(content(capacity=2)), await town.published(content())
    await town.book(small, date=SUNDAY)
    wanted = [
        (thing, one) for thing in (wide, small) for one in coming(thing.content, now=clock())[:2]
    ]

    found = await town.service.places_at(wanted)

    assert [(one.key, one.left) for one in found] == [
        (SATURDAY, None),
        (SUNDAY, None),
        (SATURDAY, 2),
        (SUNDAY, 1),
    ]


# Refusals.


async def test_a_second_booking_of_an_occurrence_is_refused_until_the_first_is_cancelled(
    town: Town,
) -> None:
    thing = await town.published(content(capacity=1))
    first = await town.book(thing)
    with pytest.raises(AlreadyBooked):
        await town.book(thing)

    await town.service.cancel_booking(first.id, PIA, actor="cli")

    assert (await town.book(thing)).status == "BOOKED"


async def test_who_waits_does_not_wait_twice(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    await town.book(thing, PAUL)
    await town.book(thing)

    with pytest.raises(AlreadyBooked):
        await town.book(thing)


@pytest.mark.parametrize(
    ("date", "flaw"),
    [
        ("2027-03-28", Flaw("/date", "is over")),
        ("2027-04-05", Flaw("/date", "has no occurrence")),
        ("2027-09-04", Flaw("/date", "has no occurrence")),
        ("1 May", Flaw("/date", "should be a date like 2027-05-01")),
    ],
)
async def test_a_date_without_a_coming_occurrence_is_not_booked(
    town: Town, date: str, flaw: Flaw
) -> None:
    thing = await town.published()

    assert await refused(town, thing.id, BookingWish(date=date, people=1)) == [flaw]


async def test_what_has_begun_is_not_booked(town: Town, clock: StandingClock) -> None:
    thing = await town.published()
    clock.set("2027-04-03T10:30:00+02:00")

    flaws = await refused(town, thing.id, BookingWish(date=SATURDAY, people=1))

    assert flaws == [Flaw("/date", "is over, or has begun")]


async def test_somebody_elses_child_is_not_found_as_if_there_were_none(town: Town) -> None:
    thing = await town.published()
    pauls = await town.child(PAUL)

    errors = []
    for id in (pauls.id, "00000000-0000-7000-8000-000000009999"):
        with pytest.raises(NotFound) as error:
            await town.book(thing, PIA, children=(id,))
        errors.append(str(error.value).replace(id, "…"))

    assert errors == ["there is no child '…'"] * 2


async def test_ages_are_those_on_the_day_of_the_activity(town: Town) -> None:
    thing = await town.published(event(ages=IntRange(7, 8)))
    seven = await town.child(birth_date="2020-05-01")
    too_late = await town.child(name="Tom", birth_date="2020-05-02")

    booking = await town.book(thing, date="2027-05-01", children=(seven.id,))
    assert booking.status == "BOOKED"
    wish = BookingWish(date="2027-05-01", children=(too_late.id,))
    [flaw] = await refused(town, thing.id, wish)
    assert flaw.pointer == "/children/0"


async def test_more_than_there_are_altogether_is_full_at_once(town: Town) -> None:
    thing = await town.published(content(capacity=3))

    with pytest.raises(Full):
        await town.book(thing, people=4)

    assert (await town.service.places_left(thing.id, SATURDAY)).waiting == 0


async def test_what_is_not_published_is_not_booked(town: Town) -> None:
    unpublished = [await town.draft(), await town.pending(), await town.rejected()]
    withdrawn = await town.published()
    await town.service.withdraw_thing(withdrawn.id, "ill", OLGA, actor="cli")

    for thing in (*unpublished, withdrawn):
        with pytest.raises(NotFound):
            await town.book(thing)


async def test_a_booking_is_cancelled_once_and_only_by_its_owner(town: Town) -> None:
    thing = await town.published()
    booking = await town.book(thing)
    with pytest.raises(NotFound):
        await town.service.cancel_booking(booking.id, PAUL, actor="cli")

    await town.service.cancel_booking(booking.id, PIA, actor="cli")

    with pytest.raises(WrongState):
        await town.service.cancel_booking(booking.id, PIA, actor="cli")


async def test_what_is_over_is_not_cancelled(town: Town, clock: StandingClock) -> None:
    booking = await town.book(await town.published())
    clock.set("2027-04-03T12:00:00+02:00")

    with pytest.raises(WrongState):
        await town.service.cancel_booking(booking.id, PIA, actor="cli")


async def test_nobody_moves_up_into_what_has_begun(town: Town, clock: StandingClock) -> None:
    thing = await town.published(content(capacity=1))
    first, second = await town.book(thing), await town.book(thing, PAUL)
    clock.set("2027-04-03T10:30:00+02:00")

    await town.service.cancel_booking(first.id, PIA, actor="cli")

    assert await town.status(second) == "WAITING"


async def test_a_repeated_booking_with_the_same_key_books_once(town: Town, store: Store) -> None:
    thing = await town.published()
    once = Once("k1", b"print", lambda handled: b"done")
    wish = BookingWish(date=SATURDAY, people=1)
    await town.service.book(thing.id, wish, PIA, actor="cli", once=once)

    with pytest.raises(Repeated) as repeated:
        await town.service.book(thing.id, wish, PIA, actor="cli", once=once)

    assert repeated.value.answer == b"done"
    assert len(await events_of(store, f"occurrence-{thing.id}/{SATURDAY}")) == 1


# What is cancelled or moved by the organiser.


async def test_a_cancelled_date_cancels_its_bookings_and_no_others(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    booked, waits = await town.book(thing), await town.book(thing, PAUL)
    sunday = await town.book(thing, date=SUNDAY)

    await town.service.cancel_occurrence(thing.id, SATURDAY, "ill", OLGA, actor="cli")

    found = [await town.service.booking(one.id, one.account_id) for one in (booked, waits, sunday)]
    told = [(one.booking.status, one.booking.cancelled_by) for one in found]
    assert told == [("CANCELLED", "organiser"), ("CANCELLED", "organiser"), ("BOOKED", None)]
    assert (found[0].booking.cancelled_because, found[0].occurrence) == ("ill", None)
    wish = BookingWish(date=SATURDAY, people=1)
    assert await refused(town, thing.id, wish) == [Flaw("/date", "has no occurrence")]


async def test_a_moved_date_keeps_its_bookings(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    booking = await town.book(thing)

    await town.service.move_occurrence(thing.id, SATURDAY, "2027-04-06T15:00", OLGA, actor="cli")

    details = await town.service.booking(booking.id, PIA)
    assert details.booking.status == "BOOKED"
    assert details.occurrence is not None
    assert details.occurrence.start == "2027-04-06T15:00:00"
    assert (await town.book(thing, PAUL, date="2027-04-06")).status == "WAITING"


async def test_a_withdrawn_thing_cancels_all_its_coming_bookings(town: Town) -> None:
    thing = await town.published(content(capacity=2))
    bookings = [await town.book(thing, f"p{n}", date=day) for n, day in enumerate(DATES)]

    await town.service.withdraw_as_reviewer(thing.id, "not safe", RITA, actor="cli")

    assert {await town.status(booking) for booking in bookings} == {"CANCELLED"}


DATES = [SATURDAY] * 30 + [SUNDAY, "2027-04-10"]


async def test_a_new_plan_cancels_what_it_has_not_any_more(town: Town) -> None:
    thing = await town.published()
    gone, stays = await town.book(thing), await town.book(thing, date=SUNDAY)

    await town.replaced(thing, when=SUNDAYS)

    assert [await town.status(gone), await town.status(stays)] == ["CANCELLED", "BOOKED"]


FAR = "2027-09-06"
"""More than 90 days ahead."""


async def moved_far(town: Town) -> tuple[Thing, Booking]:
    """A thing, and a booking of a date that was moved far ahead then."""
    thing = await town.published()
    booking = await town.book(thing)
    await town.service.move_occurrence(thing.id, SATURDAY, FAR, OLGA, actor="cli")
    return thing, booking


async def test_what_was_moved_far_ahead_is_cancelled_with_its_thing(town: Town) -> None:
    thing, booking = await moved_far(town)

    await town.service.withdraw_thing(thing.id, "closed", OLGA, actor="cli")

    assert await town.status(booking) == "CANCELLED"


async def test_what_was_moved_far_ahead_ends_with_a_plan_that_has_it_no_more(town: Town) -> None:
    thing, booking = await moved_far(town)

    await town.replaced(thing, when=SUNDAYS)

    assert await town.status(booking) == "CANCELLED"


async def test_an_organiser_looks_after_a_date_however_far_it_is(town: Town) -> None:
    thing, booking = await moved_far(town)

    roster = await town.service.roster(thing.id, FAR, OLGA)
    await town.service.move_occurrence(thing.id, FAR, "2027-09-07", OLGA, actor="cli")
    await town.service.cancel_occurrence(thing.id, "2027-09-07", "ill", OLGA, actor="cli")

    assert [row.booking.id for row in roster.rows] == [booking.id]
    assert await town.status(booking) == "CANCELLED"
    with pytest.raises(Invalid):
        await town.book(thing, PAUL, date="2027-09-11")


SUNDAYS = When(
    start="2027-03-01T00:00:00", end="2027-12-31T00:00:00", hours=content().when.hours[1:]
)


async def test_bookings_follow_hours_to_another_time_and_stay_where_hours_are_added(
    town: Town,
) -> None:
    thing = await town.published()
    booking = await town.book(thing)
    early = Hours(day="SAT", start="08:00:00", end="09:00:00")
    moved = [
        msgspec.structs.replace(one, start="11:00:00", end="12:00:00")
        for one in thing.content.when.hours
    ]

    async def begins() -> str | None:
        one = (await town.service.booking(booking.id, PIA)).occurrence
        return None if one is None else one.start

    when = thing.content.when
    await town.replaced(thing, when=msgspec.structs.replace(when, hours=(early, *when.hours)))
    assert await begins() == "2027-04-03T10:00:00"
    await town.replaced(thing, when=msgspec.structs.replace(when, hours=(early, *moved)))
    assert await begins() == "2027-04-03T11:00:00"

    assert await town.status(booking) == "BOOKED"
    assert (await town.book(thing, PAUL, start="08:00")).key == f"{SATURDAY}.1"


async def test_an_organiser_cancels_a_booking_of_their_own_things_only(town: Town) -> None:
    thing = await town.published(content(capacity=1))
    booking, waits = await town.book(thing), await town.book(thing, PAUL)
    with pytest.raises(NotFound):
        await town.service.cancel_booking_as_organiser(booking.id, "no", OTTO, actor="cli")

    done = await town.service.cancel_booking_as_organiser(booking.id, "too loud", OLGA, actor="cli")

    assert (done.body.cancelled_by, done.body.cancelled_because) == ("organiser", "too loud")
    assert await town.status(waits) == "BOOKED"


# Questions.


async def test_my_bookings_are_listed_newest_first_and_nobody_elses(town: Town) -> None:
    thing = await town.published()
    mine = [await town.book(thing), await town.book(thing, date=SUNDAY)]
    await town.book(thing, PAUL)

    async def listed() -> list[str]:
        found = await town.service.bookings(PIA, Window(limit=10))
        return [item.body.id for item in found.items]

    await eventually(listed, [mine[1].id, mine[0].id])


async def test_an_organiser_sees_the_bookings_of_a_date_without_the_children(town: Town) -> None:
    thing = await town.published()
    mia = await town.child()
    booking = await town.book(thing, people=0, children=(mia.id,))
    await town.book(thing, PAUL, date=SUNDAY)

    async def shown() -> list[Any]:
        found = await town.service.bookings_on(thing.id, SATURDAY, OLGA)
        return [(one.booking.id, one.children) for one in found]

    await eventually(shown, [(booking.id, [])])
    with pytest.raises(NotFound):
        await town.service.bookings_on(thing.id, SATURDAY, OTTO)


async def test_a_roster_has_what_is_told_of_the_children_who_have_places(town: Town) -> None:
    thing = await town.published(content(capacity=2))
    mia = await town.child(allergies="nuts", emergency_contact="Gran 0170 1", pick_up="Gran")
    await town.book(thing, people=1, children=(mia.id,))
    await town.book(thing, PAUL, children=((await town.child(PAUL)).id,), people=0)

    roster = await town.service.roster(thing.id, SATURDAY, OLGA)

    assert [[child.allergies for child in row.children] for row in roster.rows] == [["nuts"]]
    with pytest.raises(NotFound):
        await town.service.roster(thing.id, SATURDAY, OTTO)


async def test_a_roster_ends_with_the_booking_and_with_the_activity(
    town: Town, clock: StandingClock
) -> None:
    thing = await town.published()
    mia = await town.child(allergies="nuts")
    booking = await town.book(thing, people=0, children=(mia.id,))
    await town.book(thing, PAUL)
    await town.service.cancel_booking(booking.id, PIA, actor="cli")
    assert [row.children for row in (await town.service.roster(thing.id, SATURDAY, OLGA)).rows] == [
        []
    ]
    clock.set("2027-04-03T12:00:00+02:00")

    with pytest.raises(Invalid):
        await town.service.roster(thing.id, SATURDAY, OLGA)


async def test_figures_are_numbers_of_every_occurrence(town: Town) -> None:
    thing = await town.published(content(capacity=2))
    await town.book(thing, people=2)
    await town.book(thing, PAUL)
    await town.service.add_favourite(thing.id, PAUL, actor="cli")

    async def shown() -> Any:
        found = await town.service.figures(thing.id, OLGA)
        figures = [(one.key, one.booked, one.bookings, one.waiting) for one in found.occurrences]
        return found.favourites, figures

    await eventually(shown, (1, [(SATURDAY, 2, 1, 1)]))
    with pytest.raises(NotFound):
        await town.service.figures(thing.id, OTTO)


async def test_families_are_written_to_by_the_organiser_only(town: Town, store: Store) -> None:
    thing = await town.published()
    await town.book(thing)
    write = town.service.write_to_families
    with pytest.raises(NotFound):
        await write(thing.id, SATURDAY, "Hello", "Bring boots", OTTO, actor="cli")

    await write(thing.id, SATURDAY, "Hello", "Bring boots", OLGA, actor="cli")

    events = await events_of(store, f"occurrence-{thing.id}/{SATURDAY}")
    assert [event.type for event in events] == ["things.booking_made", "things.families_written"]
