"""How events change documents and counters, and that `after` is as strict as a store."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from gatherlog.apps.guests.events import (
    GuestChanged,
    GuestMoved,
    GuestRemoved,
    LinkIssued,
    Promoted,
    RsvpCleared,
    SettingsChanged,
    WaitlistLeft,
)
from gatherlog.apps.guests.fold import FOLD, GuestListFold, tally
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GUEST_LINKS,
    GUESTS,
    WAITING_LISTS,
    Group,
    GuestLink,
)
from gatherlog.core.commands.places import Unit, WaitingList
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.projections.folds import Change, Happened
from gatherlog.testing import SpecEvent, State, after
from tests.apps.guests.guest_lists import (
    ADA,
    BOB,
    STREAM,
    added,
    answered,
    created,
    guest,
    happened,
    list_after,
    waitlisted,
)

COUNTERS = ("gathering", "default")


def figures(state: State) -> dict[str, int]:
    counters = state.counters[COUNTERS]
    return {name: count for name, count in counters.items() if count and name != "edits"}


def take(state: State, event: SpecEvent) -> None:
    state.take(FOLD, Happened(STREAM, event.subject, event.time, event.payload))


def test_a_guest_who_comes_counts_in_every_figure() -> None:
    ada = guest(answered(True, 4, children=2, dietary_tags=("vegan", "halal")), expected_guests=3)

    assert tally(ada) == {
        "guests": 1,
        "expected": 3,
        "coming": 1,
        "seats": 4,
        "children": 2,
        "allergies": 1,
        "meal_vegan": 4,
        "meal_halal": 4,
    }


def test_there_are_never_more_children_than_people() -> None:
    assert tally(guest(answered(True, 1, children=3)))["children"] == 1


@pytest.mark.parametrize(("attending", "counter"), [(False, "declined"), (None, "undecided")])
def test_who_does_not_come_takes_no_place(attending: bool | None, counter: str) -> None:
    ada = guest(answered(attending, children=2, dietary="no nuts"))

    assert tally(ada) == {"guests": 1, "expected": 1, counter: 1}


def test_an_answer_that_is_taken_back_does_not_count_in_the_figures() -> None:
    state = list_after(
        created(),
        added(group_id="Byron"),
        added(BOB, group_id="Byron"),
        answered(True, 3, children=1, dietary="no nuts", dietary_tags=("vegan",)),
        happened(GuestChanged(num_guests=5, dietary_tags=("kosher",))),
        happened(RsvpCleared()),
        answered(None, 2),
        happened(GuestRemoved(group_id="Byron", link=None)),
    )

    assert figures(state) == {"guests": 1, "expected": 1}
    assert state.bodies["group", "default/Byron"] == Group(
        gathering_id="default", group_id="Byron", members=(BOB,)
    )


def test_a_household_without_members_is_no_document() -> None:
    moved = GuestMoved(from_group="Byron", to_group="King")

    state = list_after(created(), added(group_id="Byron"), happened(moved))

    groups = [id for view, id in state.bodies if view == "group"]
    assert groups == ["default/King"]


def test_a_link_belongs_to_one_guest_and_ends_with_the_next() -> None:
    state = list_after(
        created(),
        added(),
        happened(LinkIssued(link="h1", replaces=None)),
        happened(LinkIssued(link="h2", replaces="h1")),
    )

    assert [id for view, id in state.bodies if view == "guest_link"] == ["h2"]
    assert state.of(GUEST_LINKS, "h2") == GuestLink(gathering_id="default", guest_id=ADA)
    assert state.of(GUESTS, ADA).updated_at == 2


def test_settings_that_are_not_given_stay_as_they_are() -> None:
    state = list_after(
        created(location="The mill", max_guests=5),
        happened(SettingsChanged(max_guests=None), "", 9),
    )

    body = state.of(GATHERINGS, "default")
    assert (body.location, body.max_guests, body.created_at, body.updated_at) == (
        "The mill",
        None,
        1,
        9,
    )


class Forgetful(GuestListFold):
    """Names none of the documents that it changes."""

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return []


class Deleting(GuestListFold):
    """Deletes the gathering, whose document has counters."""

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        if documents.get(COUNTERS) is None:
            return super().evolve(documents, happened)
        return [
            Change(GATHERINGS, "default", adds={"guests": 1}),
            Change(GATHERINGS, "default", DELETE),
        ]


def test_a_fold_that_changes_a_document_it_did_not_name_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"^\('gathering', 'default'\) changes, but keys\(\)"):
        after(Forgetful(), STREAM, [created()])


def test_a_fold_that_deletes_a_document_with_counters_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"has counters; it cannot be deleted$"):
        after(Deleting(), STREAM, [created(), added()])


def test_every_view_of_the_fold_is_declared() -> None:
    assert [view.name for view in FOLD.views] == [
        "gathering",
        "guest",
        "group",
        "guest_link",
        "waiting_list",
    ]


def test_a_unit_waits_in_its_place_until_the_last_member_has_left() -> None:
    state = list_after(
        created(),
        added(),
        added(BOB),
        added("cas"),
        waitlisted(2, "u1"),
        waitlisted(5, "u2", "cas"),
        waitlisted(1, "u1", BOB, time=9),
    )
    assert state.of(WAITING_LISTS, "default") == WaitingList(
        (Unit("u1", ((ADA, 2), (BOB, 1))), Unit("u2", (("cas", 5),)))
    )
    assert figures(state) == {"guests": 3, "expected": 3, "waiting": 3, "queued": 2}

    for event in (
        waitlisted(4, "u1", time=10),
        happened(WaitlistLeft(unit="u1"), BOB),
        answered(False, subject=BOB),
        happened(Promoted(unit="u2"), "cas"),
    ):
        take(state, event)

    assert state.of(WAITING_LISTS, "default") == WaitingList((Unit("u1", ((ADA, 4),)),))
    assert (state.of(GUESTS, ADA).waiting_since, state.of(GUESTS, ADA).rsvp_at) == (3, 10)
    assert [state.of(GUESTS, id).status for id in (ADA, BOB, "cas")] == [
        "waiting",
        "declined",
        "coming",
    ]
    assert figures(state) == {
        "guests": 3,
        "expected": 3,
        "waiting": 1,
        "declined": 1,
        "coming": 1,
        "seats": 5,
        "queued": 1,
    }

    take(state, happened(WaitlistLeft(unit="u1")))
    take(state, happened(GuestRemoved(group_id=None, link=None)))
    assert state.of(WAITING_LISTS, "default") == WaitingList()
    assert figures(state) == {"guests": 2, "expected": 2, "declined": 1, "coming": 1, "seats": 5}
