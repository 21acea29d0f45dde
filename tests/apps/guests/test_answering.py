"""A guest's own answer: how many people it counts, when it is refused, and repetitions."""

from datetime import datetime
from typing import Any

import pytest

from gatherlog.apps.guests import Rsvp, RsvpClosed
from gatherlog.apps.guests.decisions import answer
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.eventstore.errors import Flaw, Invalid
from tests.apps.guests.guest_lists import answered, gathering, guest, submitted, waitlisted

OPEN = gathering()


def decided(rsvp: Rsvp, who: Guest, where: Gathering = OPEN, *, now: int = 10) -> list[Any]:
    return answer(where, who, rsvp, now=now)


def micros(moment: str) -> int:
    return to_micros(datetime.fromisoformat(moment))


def test_coming_without_a_number_counts_one() -> None:
    assert decided(Rsvp(attending=True), guest()) == [submitted(True, 1)]


def test_coming_without_a_number_counts_the_seats_that_were_reserved() -> None:
    assert decided(Rsvp(attending=True), guest(expected_guests=4)) == [submitted(True, 4)]


def test_coming_where_no_seat_was_reserved_still_counts_oneself() -> None:
    assert decided(Rsvp(attending=True), guest(expected_guests=0)) == [submitted(True, 1)]


def test_coming_again_without_a_number_keeps_the_number_given_before() -> None:
    ada = guest(answered(True, 3), expected_guests=5)

    assert decided(Rsvp(attending=True, dietary="no nuts"), ada) == [
        submitted(True, 3, dietary="no nuts")
    ]


def test_declining_counts_nobody() -> None:
    assert decided(Rsvp(attending=False), guest(answered(True, 3))) == [submitted(False, 0)]


def test_undecided_keeps_the_number_for_later() -> None:
    assert decided(Rsvp(attending=None), guest(answered(True, 3))) == [submitted(None, 3)]


def test_who_declined_and_comes_after_all_counts_as_expected() -> None:
    ada = guest(answered(True, 3), answered(False, 0), expected_guests=2)

    assert decided(Rsvp(attending=True), ada) == [submitted(True, 2)]


def test_what_an_answer_leaves_out_stays() -> None:
    ada = guest(answered(True, 2, children=1, dietary="no nuts", dietary_tags=("vegan",)))

    assert decided(Rsvp(attending=True, num_guests=3), ada) == [
        submitted(True, 3, children=1, dietary="no nuts", dietary_tags=("vegan",))
    ]


def test_null_clears_dietary_text_and_tags() -> None:
    ada = guest(answered(True, 1, dietary="no nuts", dietary_tags=("vegan",)))

    assert decided(Rsvp(attending=True, dietary=None, dietary_tags=None), ada) == [
        submitted(True, 1)
    ]


@pytest.mark.parametrize(
    ("before", "again"),
    [
        (answered(True, 2), Rsvp(attending=True, num_guests=2)),
        (answered(True, 2), Rsvp(attending=True)),
        (answered(False), Rsvp(attending=False)),
        (answered(None), Rsvp(attending=None)),
    ],
)
def test_giving_the_same_answer_twice_records_nothing(before: Any, again: Rsvp) -> None:
    assert decided(again, guest(before)) == []


def test_undecided_is_an_answer_although_pending_looks_the_same() -> None:
    assert decided(Rsvp(attending=None), guest()) == [submitted(None, 0)]


@pytest.mark.parametrize(
    ("rsvp", "pointer"),
    [
        (Rsvp(attending=True, num_guests=-5), "/num_guests"),
        (Rsvp(attending=True, num_guests=100), "/num_guests"),
        (Rsvp(attending=True, num_guests=10**9), "/num_guests"),
        (Rsvp(attending=True, num_guests=0), "/num_guests"),
        (Rsvp(attending=False, num_guests=2), "/num_guests"),
        (Rsvp(attending=True, children=-1), "/children"),
        (Rsvp(attending=True, num_guests=2, children=3), "/children"),
        (Rsvp(attending=True, dietary="x" * 1001), "/dietary"),
        (Rsvp(attending=True, dietary="nul\x00"), "/dietary"),
        (Rsvp(attending=True, dietary_tags=("vegan", "paleo")), "/dietary_tags/1"),
    ],
)
def test_each_flaw_of_an_answer_names_its_field(rsvp: Rsvp, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        decided(rsvp, guest())

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]


def test_every_flaw_of_an_answer_is_named_at_once() -> None:
    rsvp = Rsvp(attending=True, num_guests=100, dietary_tags=("paleo",))

    with pytest.raises(Invalid) as refused:
        decided(rsvp, guest())

    assert refused.value.flaws == (
        Flaw("/num_guests", "should be a whole number from 0 to 99"),
        Flaw(
            "/dietary_tags/0",
            "should be one of vegetarian, vegan, gluten_free, lactose_free, halal, kosher, "
            "nut_allergy, other",
        ),
    )


def test_after_the_deadline_nobody_answers() -> None:
    closing = gathering(rsvp_deadline="2026-06-01", time_zone="Europe/Paris")
    rsvp = Rsvp(attending=False)

    assert decided(rsvp, guest(), closing, now=micros("2026-06-01T23:59:59.999999+02:00")) == [
        submitted(False)
    ]
    with pytest.raises(RsvpClosed, match=r"^RSVP is closed$"):
        decided(rsvp, guest(), closing, now=micros("2026-06-02T00:00:00+02:00"))


def test_repeating_the_yes_of_a_waiting_guest_records_nothing_and_changing_it_does() -> None:
    ada = guest(waitlisted(3, dietary="no nuts"))

    assert decided(Rsvp(attending=True), ada) == []
    assert decided(Rsvp(attending=True, num_guests=2), ada) == [
        submitted(True, 2, dietary="no nuts")
    ]
    assert decided(Rsvp(attending=None), ada) == [submitted(None, 3, dietary="no nuts")]
    assert decided(Rsvp(attending=False), ada) == [submitted(False, dietary="no nuts")]


def test_children_given_before_are_never_more_than_the_people() -> None:
    ada = guest(answered(True, 4, children=3))

    assert decided(Rsvp(attending=True, num_guests=2), ada) == [submitted(True, 2, children=2)]
    assert decided(Rsvp(attending=True), guest(children=2)) == [submitted(True, 1, children=1)]
    assert decided(Rsvp(attending=False), ada) == [submitted(False, children=3)]


def test_a_list_of_tags_may_not_be_too_long() -> None:
    with pytest.raises(Invalid) as refused:
        decided(Rsvp(attending=True, dietary_tags=("x",) * 100_000), guest())

    assert refused.value.flaws == (Flaw("/dietary_tags", "has 100,000 entries; at most 20 fit"),)
