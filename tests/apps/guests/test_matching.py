"""Which guest a row of a sheet is about, and what it may change in a guest who exists."""

from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import Guest, GuestPatch
from gatherlog.apps.guests.matching import Match, matching_rows
from gatherlog.apps.guests.renamed_households import spelling_as_listed
from gatherlog.apps.guests.row_changes import Change, changes_of, new_guest, patch
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.core.eventstore.giving_way import at_once
from tests.apps.guests.guest_lists import answered, guest


def row(first: str = "Ada", last: str = "Lovelace", **given: Any) -> SheetRow:
    return SheetRow(line=2, first_name=first, last_name=last, **given)


def known(id: str, first: str = "Ada", last: str = "Lovelace", **given: Any) -> Guest:
    return msgspec.structs.replace(guest(), id=id, first_name=first, last_name=last, **given)


def matched(rows: list[SheetRow], guests: list[Guest]) -> list[Match]:
    return at_once(matching_rows(rows, guests))


def found(rows: list[SheetRow], guests: list[Guest]) -> list[str | None]:
    """Whom the rows surely are about: ids, None for somebody new, and "asked"."""
    return [
        "asked" if match.candidates else None if match.guest is None else match.guest.id
        for match in matched(rows, guests)
    ]


def asked(row: SheetRow, *guests: Guest) -> tuple[list[str], list[str]]:
    """The candidates of a row and the kinds of its doubts."""
    [match] = matched([row], list(guests))
    assert match.guest is None
    return [guest.id for guest in match.candidates], [doubt.kind for doubt in match.doubts]


def test_name_and_address_are_the_person() -> None:
    guests = [known("1"), known("2", email="Ada@example.org")]

    assert found([row(email="ada@EXAMPLE.org")], guests) == ["2"]


def test_the_same_address_with_another_name_is_a_question() -> None:
    ada = known("1", email="family@example.org")

    assert asked(row("Ben", email="family@example.org"), ada) == (["1"], ["address"])


def test_the_same_name_with_another_address_is_a_question() -> None:
    assert asked(row(email="b@example.org"), known("1", email="a@example.org")) == (["1"], ["name"])
    [match] = matched([row(email="b@x.org")], [known("1", email="a@x.org")])
    assert [doubt.reason for doubt in match.doubts] == [
        "Ada Lovelace is on the list with another address: a@x.org."
    ]


def test_father_and_son_of_one_name_are_two_once_the_sheet_has_both() -> None:
    rows = [row(email="son@x.org"), row(email="father@x.org")]

    assert found(rows, [known("1", email="father@x.org")]) == [None, "1"]
    assert found(rows, [known("1")]) == ["asked", "asked"]


def test_a_family_may_share_one_address() -> None:
    guests = [known("1", "Ada", email="f@x.org"), known("2", "Bob", email="f@x.org")]
    rows = [row("Bob", email="f@x.org"), row("Cas", email="f@x.org"), row("Ada", email="f@x.org")]

    assert found(rows, guests) == ["2", None, "1"]


def test_twins_with_one_address_are_told_apart_by_their_middle_names() -> None:
    guests = [known("1", "Anna Maria", "Koch", email="k@x.org")]
    rows = [
        row("Anna Luise", "Koch", email="k@x.org"),
        row("Anna Maria", "Koch", email="k@x.org"),
    ]

    assert found(rows, guests) == [None, "1"]


def test_the_other_half_of_a_couple_with_one_address_is_somebody_new() -> None:
    rows = [row("Ada", email="a@x.org"), row("Charles", email="a@x.org")]

    assert found(rows, [known("1", email="a@x.org")]) == ["1", None]


def test_a_new_last_name_is_a_question_by_address_and_by_household() -> None:
    ada = known("1", email="ada@x.org", group_id="Byron")

    assert asked(row(last="King", email="ada@x.org"), ada) == (["1"], ["address"])
    assert asked(row(last="King", group_id="Byron"), ada) == (["1"], ["changed_name"])


def test_a_nickname_is_a_question() -> None:
    robert = known("1", "Robert", "Winter", email="r@x.org")

    assert asked(row("Bob", "Winter"), robert) == (["1"], ["changed_name"])
    assert asked(row("Bob", "Winter", email="r@x.org"), robert) == (["1"], ["address"])
    assert found([row("Bob", "Winter", email="bob@x.org")], [robert]) == [None]


def test_swapped_first_and_last_name_is_a_question() -> None:
    assert asked(row("Winter", "Ada"), known("1", "Ada", "Winter")) == (["1"], ["swapped"])


def test_two_questions_about_one_row_are_asked_together() -> None:
    guests = [known("1", email="a@x.org"), known("2", "Bob", email="b@x.org")]

    assert asked(row(email="b@x.org"), *guests) == (["1", "2"], ["name", "address"])


def test_addresses_that_two_guests_exchanged_are_asked_about() -> None:
    guests = [known("1", email="a@x.org"), known("2", "Bob", email="b@x.org")]
    rows = [row(email="b@x.org"), row("Bob", email="a@x.org")]

    assert found(rows, guests) == ["asked", "asked"]


def test_a_question_has_five_candidates_at_most() -> None:
    office = [known(str(n), f"Guest{n}", email="office@x.org") for n in range(9)]

    [match] = matched([row(email="office@x.org")], office)
    assert [guest.id for guest in match.candidates] == ["0", "1", "2", "3", "4"]
    assert [doubt.reason for doubt in match.doubts] == [
        "9 guests on the list have this address, under other names."
    ]


def test_name_and_household_find_a_guest_without_an_address() -> None:
    guests = [known("1", group_id="King"), known("2", group_id="Byron")]

    assert found([row("ADA", "Lovelacé", group_id="Byron")], guests) == ["2"]


def test_a_household_that_was_renamed_is_the_same_people() -> None:
    guests = [known("1", group_id="W"), known("2", "Ben", group_id="W")]
    rows = [row(group_id="W2"), row("Ben", group_id="W2"), row("Cas", group_id="W2")]

    assert found(rows, guests) == ["1", "2", None]
    assert found(rows[:1], guests[:1]) == ["1"]


def test_the_same_name_in_a_household_of_others_is_a_question() -> None:
    ada, ben = known("1", group_id="Byron"), known("2", "Ben", group_id="Byron")
    here = [row(group_id="King"), row("Cas", group_id="King")]

    assert found(here, [ada, ben]) == ["asked", None]
    assert found([row(group_id="King"), row("Ben", group_id="Byron")], [ada, ben]) == ["asked", "2"]
    assert asked(row(group_id="King"), ada, known("3", "Cas", group_id="King"))[1] == ["name"]


def test_a_guest_without_a_household_is_found_by_the_name() -> None:
    assert found([row(group_id="King")], [known("1")]) == ["1"]
    assert found([row()], [known("1", group_id="King")]) == ["1"]


def test_a_name_that_two_guests_have_is_a_question_if_one_of_them_would_change() -> None:
    guests = [known("1", group_id="King"), known("2", group_id="Byron")]

    assert found([row(email="a@x.org")], guests) == ["asked"]
    assert found([row()], guests) == ["1"]


def test_two_of_the_same_name_are_two_guests_also_the_second_time() -> None:
    guests = [known("1"), known("2")]

    assert found([row(), row(), row()], guests) == ["1", "2", None]


SPELLINGS = [
    ("Conan O\u2019Brien", "Conan O'Brien"),
    ("Jean\u2011Luc Picard", "Jean-Luc Picard"),
    ("Jean\u2013Luc Picard", "Jean Luc Picard"),
    ("St. John Rivers", "St John Rivers"),
    ("Zoe\u0308 Gru\u0308n", "Zo\u00eb Gr\u00fcn"),
    ("ZO\u00cb GR\u00dcN", "Zo\u00eb Gr\u00fcn"),
    ("Zoe Grun", "Zo\u00eb Gr\u00fcn"),
    ("Zoe Gruen", "Zo\u00eb Gr\u00fcn"),
    ("Peter Aagaard", "Peter \u00c5gaard"),
    ("Hans Stra\u00dfer", "Hans STRASSER"),
    ("Zo\u00c3\u00ab Gr\u00c3\u00bcn", "Zo\u00eb Gr\u00fcn"),
    ("Zo? Gr?n", "Zo\u00eb Gr\u00fcn"),
    ("Zo\ufffd Gr\ufffd\ufffdn", "Zo\u00eb Gr\u00fcn"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_ways_to_spell_a_name_are_one_name(one: str, other: str) -> None:
    assert found([row(*one.rsplit(" ", 1))], [known("1", *other.rsplit(" ", 1))]) == ["1"]
    assert found([row(*other.rsplit(" ", 1))], [known("1", *one.rsplit(" ", 1))]) == ["1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Michael Koch", "Michal Koch"), ("Samuel Roe", "Samul Roe"), ("Anna M?ller", "Anna Moller")],
)
def test_names_that_only_look_alike_are_two(one: str, other: str) -> None:
    assert found([row(*one.split())], [known("1", *other.split())]) == [None]


def test_a_name_that_is_parted_elsewhere_is_the_same() -> None:
    assert found([row("Anna", "Maria Koch")], [known("1", "Anna Maria", "Koch")]) == ["1"]


def test_guests_of_rows_that_are_settled_are_no_candidates_of_others() -> None:
    guests = [known("1", email="a@x.org")]
    rows = [row(email="new@x.org"), row("Ben", email="a@x.org")]

    matches = at_once(matching_rows(rows, guests, {0: "1"}))
    assert [match.guest and match.guest.id for match in matches] == ["1", None]
    assert [match.candidates for match in matches] == [(), ()]


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


@pytest.mark.parametrize(
    ("kept", "given", "then"),
    [
        ("M\u00fcller", "Mueller", "M\u00fcller"),
        ("M\u00fcller", "Muller", "M\u00fcller"),
        ("M\u00fcller", "M\u00c3\u00bcller", "M\u00fcller"),
        ("M\u00fcller", "M?ller", "M\u00fcller"),
        ("M\u00fcller", "M\ufffdller", "M\u00fcller"),
        ("M\u00fcller", "M\u00dcLLER", "M\u00fcller"),
        ("M\u00fcller", "Mu\u0308ller", "M\u00fcller"),
        ("O\u2019Brien", "O'Brien", "O\u2019Brien"),
        ("St. John", "St John", "St. John"),
        ("muller", "MULLER", "MULLER"),
        ("Mueller", "M\u00fcller", "M\u00fcller"),
        ("M\u00c3\u00bcller", "M\u00fcller", "M\u00fcller"),
        ("M?ller", "M\u00fcller", "M\u00fcller"),
        ("MULLER", "Muller", "Muller"),
        ("Mcdonald", "McDonald", "McDonald"),
    ],
)
def test_a_name_is_never_replaced_by_a_worse_copy_of_itself(
    kept: str, given: str, then: str
) -> None:
    assert patch(row(last=given), known("1", last=kept)).last_name == then
    assert patch(row(given, ""), known("1", kept, "")).first_name == then


def test_a_name_in_one_cell_does_not_undo_the_name_in_two() -> None:
    anna = known("1", "Anna Maria", "Koch")

    assert [change.field for change in changes_of(row("Anna Maria Koch", ""), anna)] == []
    assert [change.field for change in changes_of(row("Anna", "Maria Koch"), anna)] == [
        "first_name",
        "last_name",
    ]


def test_changes_have_the_old_beside_the_new() -> None:
    ada = known("1", email="ada@example.org", group_id="Byron")
    said = row(email="ADA@example.org", group_id="King", expected_guests=2, dietary_tags=("vegan",))

    assert changes_of(said, ada) == [
        Change("group_id", "Byron", "King"),
        Change("expected_guests", 1, 2),
        Change("dietary_tags", (), ("vegan",)),
    ]


def test_guests_of_one_name_and_address_are_distinguished_by_their_households() -> None:
    guests = [known("1", email="f@x.org", group_id="A"), known("2", email="f@x.org", group_id="B")]

    assert found([row(email="f@x.org", group_id="B")], guests) == ["2"]


def test_a_guessed_household_never_moves_a_guest_who_has_one() -> None:
    guess = row(group_id="Lovelace", household_guessed=True)

    assert patch(guess, known("1", group_id="Byron")).group_id is msgspec.UNSET
    assert patch(guess, known("1")).group_id == "Lovelace"
    assert patch(row(group_id="King"), known("1", group_id="Byron")).group_id == "King"


def spelt(households: list[str | None], on_list: list[str | None]) -> list[str | None]:
    rows = [row(group_id=group) for group in households]
    guests = [known(str(n), group_id=group) for n, group in enumerate(on_list)]
    return [row.group_id for row in at_once(spelling_as_listed(rows, guests))]


def test_a_household_is_spelt_as_on_the_list_unless_the_sheet_spells_it_better() -> None:
    on_list: list[str | None] = ["Familie M\u00fcller", "O'Brien", "roth", None]
    worse: list[str | None] = [
        *("Familie Mueller", "FAMILIE M\u00dcLLER", "Familie M?ller", "O\u2019Brien"),
        *("Roth", "Koch", None),
    ]

    assert spelt(worse, on_list) == [
        *["Familie M\u00fcller"] * 3,
        *("O'Brien", "Roth", "Koch", None),
    ]
    assert spelt(["Smith", "SMITH", "smith"], ["Smith", "SMITH"]) == ["Smith", "SMITH", "smith"]
