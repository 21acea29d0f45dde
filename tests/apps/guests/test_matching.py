"""Which guest a row of a sheet is about, and what it may change in a guest who exists."""

from typing import Any

import msgspec

from gatherlog.apps.guests import Guest, GuestPatch
from gatherlog.apps.guests.matching import matching_rows, new_guest, patch
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.core.eventstore.giving_way import at_once
from tests.apps.guests.guest_lists import answered, guest


def row(first: str = "Ada", last: str = "Lovelace", **given: Any) -> SheetRow:
    return SheetRow(line=2, first_name=first, last_name=last, **given)


def known(id: str, first: str = "Ada", last: str = "Lovelace", **given: Any) -> Guest:
    return msgspec.structs.replace(guest(), id=id, first_name=first, last_name=last, **given)


def found(rows: list[SheetRow], guests: list[Guest]) -> list[str | None]:
    return [None if guest is None else guest.id for guest in at_once(matching_rows(rows, guests))]


def test_the_address_finds_a_guest_whose_name_has_changed() -> None:
    guests = [known("1"), known("2", email="Ada@example.org")]

    assert found([row(last="King", email="ada@EXAMPLE.org")], guests) == ["2"]


def test_a_family_may_share_one_address() -> None:
    guests = [known("1", "Ada", email="f@x.org"), known("2", "Bob", email="f@x.org")]
    rows = [row("Bob", email="f@x.org"), row("Cas", email="f@x.org"), row("Ada", email="f@x.org")]

    assert found(rows, guests) == ["2", None, "1"]


def test_a_new_member_with_the_family_address_is_not_taken_for_another_member() -> None:
    guests = [known("1", "Ada", email="f@x.org")]
    rows = [row("Cas", email="f@x.org"), row("Ada", email="f@x.org")]

    assert found(rows, guests) == [None, "1"]


def test_name_and_household_find_a_guest_without_an_address() -> None:
    guests = [known("1", group_id="King"), known("2", group_id="Byron")]

    assert found([row("ADA", "Lovelacé", group_id="Byron")], guests) == ["2"]


def test_the_same_name_in_another_household_is_another_guest() -> None:
    assert found([row(group_id="King")], [known("1", group_id="Byron")]) == [None]


def test_a_guest_without_a_household_is_found_by_the_name() -> None:
    assert found([row(group_id="King")], [known("1")]) == ["1"]
    assert found([row()], [known("1", group_id="King")]) == ["1"]


def test_a_name_that_two_guests_have_finds_neither() -> None:
    guests = [known("1", group_id="King"), known("2", group_id="Byron")]

    assert found([row()], guests) == [None]


def test_two_of_the_same_name_are_two_guests_also_the_second_time() -> None:
    guests = [known("1"), known("2")]

    assert found([row(), row(), row()], guests) == ["1", "2", None]


def test_an_empty_cell_changes_nothing() -> None:
    ada = known("1", email="ada@example.org", group_id="Byron", dietary="no nuts")

    assert patch(row(), ada) == GuestPatch(first_name="Ada", last_name="Lovelace")


def test_what_guests_said_about_themselves_is_not_changed_by_a_sheet() -> None:
    ada = guest(answered(True, 1, dietary="no nuts"))
    said = row(dietary="none", dietary_tags=("vegan",), child=True, expected_guests=2)

    assert patch(said, ada) == GuestPatch(first_name="Ada", last_name="Lovelace", expected_guests=2)


def test_a_child_counts_as_one_child() -> None:
    assert new_guest(row(child=True)).children == 1
    assert [new_guest(row(child=child)).children for child in (False, None)] == [0, 0]
    assert patch(row(child=True), guest(children=2, expected_guests=3)).children == 2
    assert patch(row(child=False), guest(children=1)).children == 0
    assert patch(row(child=False), guest(children=2, expected_guests=3)).children == 2


def test_guests_of_one_name_and_address_are_distinguished_by_their_households() -> None:
    guests = [known("1", email="f@x.org", group_id="A"), known("2", email="f@x.org", group_id="B")]

    assert found([row(email="f@x.org", group_id="B")], guests) == ["2"]


def test_a_guessed_household_never_moves_a_guest_who_has_one() -> None:
    guess = row(group_id="Lovelace", household_guessed=True)

    assert patch(guess, known("1", group_id="Byron")).group_id is msgspec.UNSET
    assert patch(guess, known("1")).group_id == "Lovelace"
    assert patch(row(group_id="King"), known("1", group_id="Byron")).group_id == "King"
