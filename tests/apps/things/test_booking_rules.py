"""Who gets places, who waits, and who may not book: decided without a store."""

from datetime import datetime
from typing import Any

import pytest

from gatherlog.apps.things import BookingWish, Full, IntRange, Thing, WrongState
from gatherlog.apps.things import booking as b
from gatherlog.apps.things.events import BookingCancelled, BookingMade, BookingPromoted
from gatherlog.apps.things.folds import OccurrenceFold
from gatherlog.apps.things.occurrences import occurrence_on
from gatherlog.apps.things.views import BOOKED_BY, BOOKINGS, OCCURRENCES, WAITING, Booking
from gatherlog.core import Decided
from gatherlog.core.commands.places import Placed, Room, Unit, WaitingList
from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.testing import SpecEvent, State, after
from tests.apps.things.sample_things import (
    NOW,
    PAUL,
    PIA,
    SATURDAY,
    child,
    content,
    event,
    thing,
)

HERE = to_micros(datetime.fromisoformat(NOW))
ON_THE_DAY = to_micros(datetime.fromisoformat("2027-04-03T10:00:00+02:00"))
ID = f"t1/{SATURDAY}"


def wish(people: int = 1, *children: str) -> BookingWish:
    return BookingWish(date=SATURDAY, people=people, children=children)


def made(people: int = 1, *children: str, waits: bool = False, parent: str = PIA) -> BookingMade:
    return BookingMade(account_id=parent, children=children, people=people, waits=waits)


def cancelled(waited: bool = False, parent: str = PIA) -> BookingCancelled:
    return BookingCancelled(account_id=parent, by="parent", reason=None, waited=waited)


def given(*events: tuple[str, Any]) -> State:
    """The occurrence after events of bookings, each with the booking's id."""
    known = [SpecEvent(payload, id, time) for time, (id, payload) in enumerate(events, start=1)]
    return after(OccurrenceFold(), f"occurrence-{ID}", known)


def waiting(*units: tuple[str, int]) -> WaitingList:
    return WaitingList(tuple(Unit(id, ((id, people),)) for id, people in units))


def booking(state: State, id: str) -> Booking:
    return state.of(BOOKINGS, id)


# Wishes.


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        (wish(0), "/people"),
        (wish(-1), "/people"),
        (wish(100), "/people"),
        (wish(0, "c1", "c1"), "/children"),
        (wish(0, *[f"c{n}" for n in range(21)]), "/children"),
    ],
)
def test_a_wish_is_for_somebody_and_for_each_child_once(asked: BookingWish, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        b.check_wish(asked)

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]


@pytest.mark.parametrize(
    ("born", "day", "fits"),
    [
        ("2022-04-03", "2027-04-03", True),  # five on that very day
        ("2022-04-04", "2027-04-03", False),
        ("2018-04-04", "2027-04-03", True),  # nine the day after
        ("2018-04-03", "2027-04-03", False),
        ("2020-02-29", "2025-02-28", False),
        ("2020-02-29", "2025-03-01", True),
    ],
)
def test_ages_count_on_the_day_of_the_activity(born: str, day: str, fits: bool) -> None:
    children = [child(birth_date=born)]

    if fits:
        b.check_ages(children, IntRange(5, 8), day)
    else:
        with pytest.raises(Invalid):
            b.check_ages(children, IntRange(5, 8), day)


def test_every_child_of_another_age_is_named() -> None:
    baby, big = (
        child(name="Tim", birth_date="2026-01-01"),
        child(name="Ada", birth_date="2010-01-01"),
    )

    with pytest.raises(Invalid) as refused:
        b.check_ages([baby, child(), big], IntRange(5, 8), SATURDAY)

    assert refused.value.flaws == (
        Flaw("/children/0", "Tim is 1 on that day; it is for ages 5 to 8"),
        Flaw("/children/2", "Ada is 17 on that day; it is for ages 5 to 8"),
    )


def bookable(known: Thing, date: str, now: int) -> bool:
    one = occurrence_on(known.content, (), date, now=HERE)
    return b.is_bookable(known, one, now)


def test_a_class_is_booked_until_it_begins_and_a_place_while_it_is_open() -> None:
    place = thing(content=content(kind="PLACE"))

    assert bookable(thing(), SATURDAY, ON_THE_DAY - 1)
    assert not bookable(thing(), SATURDAY, ON_THE_DAY)
    assert bookable(place, SATURDAY, ON_THE_DAY)
    assert not bookable(place, SATURDAY, ON_THE_DAY + 2 * 3600 * 1_000_000)


def test_more_than_there_are_altogether_never_wait() -> None:
    small = thing(content=event(capacity=3))
    one = occurrence_on(small.content, (), "2027-05-01", now=HERE)

    b.check_can_book(small, one, 3, HERE)
    with pytest.raises(Full):
        b.check_can_book(small, one, 4, HERE)


def test_what_is_over_or_cancelled_is_not_cancelled() -> None:
    one = occurrence_on(content(), (), SATURDAY, now=HERE)
    live = booking(given(("b1", made())), "b1")
    gone = booking(given(("b1", made()), ("b1", cancelled())), "b1")

    b.check_can_cancel(live, one, ON_THE_DAY)
    for known, now in (live, one.ends_at), (gone, HERE):
        with pytest.raises(WrongState):
            b.check_can_cancel(known, one, now)


# Places.


def test_who_fits_is_booked_at_once() -> None:
    placed = b.book_at_once(Room(3, 1), "b1", PIA, wish(1, "c1"))

    assert placed == Placed([Decided(made(1, "c1"), "b1")], 2)
    assert b.book_at_once(Room(3, 2), "b1", PIA, wish(1, "c1")) is None


def test_who_does_not_fit_joins_the_end_of_the_list_as_a_whole() -> None:
    placed = b.book_in_turn(Room(3, 2), WaitingList(), "b1", PIA, wish(1, "c1"), most=9)

    assert placed == Placed([Decided(made(1, "c1", waits=True), "b1")], 0)


def test_behind_those_who_wait_one_who_fits_where_they_do_not_comes_in() -> None:
    placed = b.book_in_turn(Room(3, 2), waiting(("b0", 2)), "b1", PIA, wish(1), most=9)

    assert placed == Placed([Decided(made(1), "b1")], 1)


def test_a_cancellation_lets_the_first_who_fit_move_up() -> None:
    state = given(("b1", made(3)))
    queue = waiting(("b2", 4), ("b3", 2), ("b4", 1), ("b5", 1))

    placed = b.cancel_in_turn(Room(3, 3), queue, booking(state, "b1"), "parent", None, most=9)

    assert placed == Placed(
        [
            Decided(cancelled(), "b1"),
            Decided(BookingPromoted(), "b3"),
            Decided(BookingPromoted(), "b4"),
        ],
        0,
        ("b3", "b4"),
    )


def test_leaving_the_list_may_let_others_move_up() -> None:
    state = given(("b1", made(2, waits=True)))

    placed = b.cancel_in_turn(
        Room(3, 2), waiting(("b1", 2), ("b2", 1)), booking(state, "b1"), "parent", None, most=9
    )

    assert placed == Placed(
        [Decided(cancelled(waited=True), "b1"), Decided(BookingPromoted(), "b2")], 1, ("b2",)
    )
    assert b.cancel_at_once(booking(state, "b1"), "parent", None) is None


def test_a_commit_promotes_no_more_than_it_can_hold() -> None:
    queue = waiting(("b1", 1), ("b2", 1), ("b3", 1))

    assert b.move_up(Room(9, 0), queue, most=2).promoted == ("b1", "b2")


def test_a_list_that_is_full_takes_nobody() -> None:
    queue = waiting(*[(f"w{n}", 1) for n in range(b.MOST_WAITING)])

    with pytest.raises(Full):
        b.book_in_turn(Room(1, 1), queue, "b1", PIA, wish(), most=9)


# Documents.


def test_figures_and_the_list_follow_the_bookings() -> None:
    state = given(
        ("b1", made(1, "c1", "c2")),
        ("b2", made(2, waits=True, parent=PAUL)),
        ("b1", cancelled()),
        ("b2", BookingPromoted()),
    )

    counters = state.counters[OCCURRENCES.ref(ID)]
    assert counters == {"bookings": 1, "seats": 2, "queued": 0}
    assert state.of(WAITING, ID) == WaitingList()
    assert (booking(state, "b1").status, booking(state, "b2").status) == ("CANCELLED", "BOOKED")
    assert [ref for ref in state.bodies if ref[0] == BOOKED_BY.name] == [
        BOOKED_BY.ref(f"{ID}/{PAUL}")
    ]
