"""Who gets a place and who waits for one, decided without a store."""

from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import GatheringFull, Guest
from gatherlog.apps.guests.events import (
    GuestChanged,
    GuestRemoved,
    Promoted,
    RsvpCleared,
    WaitlistLeft,
)
from gatherlog.apps.guests.places import Wish, all_fit, place
from gatherlog.core import Decided
from gatherlog.core.commands.places import Placed, Room, Unit, WaitingList
from tests.apps.guests.guest_lists import answered, guest, submitted, waitlisted, waits


def known(id: str, *events: Any) -> Guest:
    return msgspec.structs.replace(guest(*events), id=id)


def yes(id: str, people: int) -> Wish:
    return Wish(known(id), [submitted(True, people)])


def queue(*units: tuple[str, int]) -> WaitingList:
    """A waiting list of units of one guest each, by the guest's id."""
    return WaitingList(tuple(Unit(f"u-{id}", ((id, people),)) for id, people in units))


def placed(
    capacity: int | None,
    taken: int,
    waiting: WaitingList,
    *wishes: Wish,
    most: int = 100,
) -> Placed:
    return place(Room(capacity, taken), waiting, wishes, unit="new", most=most)


@pytest.mark.parametrize(
    ("capacity", "taken", "wishes", "fits"),
    [
        (10, 7, [yes("ada", 3)], True),
        (10, 8, [yes("ada", 3)], False),
        (10, 8, [yes("ada", 1), yes("bob", 2)], False),
        (None, 10**6, [yes("ada", 99)], True),
        (0, 0, [Wish(known("ada"), [submitted(None, 5)])], True),
        (1, 3, [Wish(known("ada", answered(True, 3)), [submitted(True, 2)])], True),
        (4, 4, [Wish(known("ada", answered(True, 2)), [submitted(False)]), yes("bob", 2)], True),
        (2, 4, [Wish(known("ada", answered(True, 2)), [submitted(False)]), yes("bob", 2)], False),
    ],
)
def test_whether_all_fit(capacity: int | None, taken: int, wishes: list[Wish], fits: bool) -> None:
    assert all_fit(Room(capacity, taken), wishes) is fits


@pytest.mark.parametrize("event", [submitted(True, 5), GuestChanged(num_guests=5)])
def test_a_guest_who_comes_and_wants_more_places_than_are_left_is_refused(event: Any) -> None:
    ada = known("ada", answered(True, 3))

    with pytest.raises(GatheringFull, match=r"^1 of 10 places are left; 2 are needed$"):
        all_fit(Room(10, 9), [Wish(ada, [event])])
    assert all_fit(Room(10, 8), [Wish(ada, [event])])


def test_within_a_household_places_can_change_hands() -> None:
    wishes = [
        Wish(known("ada", answered(True, 2)), [submitted(True, 3)]),
        Wish(known("bob", answered(True, 1)), [submitted(False)]),
    ]

    assert all_fit(Room(3, 3), wishes)


def test_those_who_find_no_room_wait_as_one_unit() -> None:
    assert placed(4, 2, queue(), yes("ada", 2), yes("bob", 1)) == Placed(
        [Decided(waits(2, "new"), "ada"), Decided(waits(1, "new"), "bob")], 0
    )


def test_while_somebody_waits_a_new_yes_goes_behind() -> None:
    assert placed(4, 2, queue(("eve", 2)), yes("ada", 2)) == Placed(
        [Decided(waits(2, "new"), "ada"), Decided(Promoted(unit="u-eve"), "eve")], 2, ("eve",)
    )


def test_a_new_yes_that_fits_comes_although_a_larger_unit_waits() -> None:
    assert placed(4, 2, queue(("eve", 3)), yes("ada", 2)) == Placed(
        [Decided(submitted(True, 2), "ada")], 2
    )


def test_freed_places_go_to_the_first_who_fit_whole() -> None:
    leaving = Wish(known("ada", answered(True, 4)), [submitted(False)])
    waiting = queue(("b", 5), ("c", 2), ("d", 3), ("e", 2), ("f", 1))

    assert placed(4, 4, waiting, leaving) == Placed(
        [
            Decided(submitted(False), "ada"),
            Decided(Promoted(unit="u-c"), "c"),
            Decided(Promoted(unit="u-e"), "e"),
        ],
        0,
        ("c", "e"),
    )


def test_a_unit_moves_up_together() -> None:
    waiting = WaitingList((Unit("u", (("b", 2), ("c", 1))),))

    assert placed(3, 0, waiting) == Placed(
        [Decided(Promoted(unit="u"), "b"), Decided(Promoted(unit="u"), "c")], 3, ("b", "c")
    )
    assert placed(2, 0, waiting) == Placed([], 0)


def test_without_a_limit_everybody_moves_up() -> None:
    assert placed(None, 9, queue(("b", 50), ("c", 99))).promoted == ("b", "c")


def test_no_more_move_up_than_fit_into_one_commit_and_nobody_overtakes() -> None:
    waiting = WaitingList((Unit("u", (("b", 1), ("c", 1))), Unit("v", (("d", 1),))))

    assert placed(9, 0, waiting, most=1).promoted == ()
    assert placed(9, 0, waiting, most=2).promoted == ("b", "c")


@pytest.mark.parametrize(
    "event", [submitted(False), submitted(None, 2), GuestRemoved(group_id=None, link=None)]
)
def test_a_waiting_guest_who_does_not_come_after_all_leaves_the_unit(event: Any) -> None:
    waiting = WaitingList((Unit("u1", (("ada", 2), ("bob", 1))),))
    ada = known("ada", waitlisted(2))

    assert placed(1, 0, waiting, Wish(ada, [event])) == Placed(
        [
            Decided(WaitlistLeft(unit="u1"), "ada"),
            Decided(event, "ada"),
            Decided(Promoted(unit="u1"), "bob"),
        ],
        1,
        ("bob",),
    )


def test_a_waiting_guest_who_changes_the_number_keeps_the_place_and_may_fit_now() -> None:
    waiting = WaitingList((Unit("u1", (("ada", 3),)), Unit("u2", (("bob", 1),))))
    ada = known("ada", waitlisted(3))
    decided = [Decided(waits(1, "u1"), "ada")]

    assert placed(5, 5, waiting, Wish(ada, [submitted(True, 1)])) == Placed(decided, 0)
    assert placed(6, 5, waiting, Wish(ada, [submitted(True, 1)])) == Placed(
        [*decided, Decided(Promoted(unit="u1"), "ada")], 1
    )


def test_a_yes_that_is_taken_back_makes_room() -> None:
    cleared = Wish(known("ada", answered(True, 2)), [RsvpCleared()])

    assert placed(2, 2, queue(("b", 2)), cleared).promoted == ("b",)


def test_the_waiting_list_has_a_limit() -> None:
    full = queue(*((f"g{number}", 1) for number in range(2000)))

    with pytest.raises(GatheringFull, match=r"^the waiting list is full: 2,000 guests$"):
        placed(0, 0, full, yes("ada", 1))
    assert placed(0, 0, WaitingList(full.units[1:]), yes("ada", 1)).more == 0
