"""What becomes of each kind of cell."""

import pytest

from gatherlog.apps.guests.sheet_names import named_in_full, named_in_two
from gatherlog.apps.guests.sheet_persons import Person
from gatherlog.apps.guests.sheets import read_sheet
from tests.apps.guests_sheets.cells import KINDS
from tests.apps.guests_sheets.cells_becoming import becomes, sheet_with
from tests.apps.guests_sheets.sheets import read, row

CELLS = [(kind.header, cell, outcome) for kind in KINDS for cell, outcome in kind.cells.items()]


@pytest.mark.parametrize(("header", "cell", "outcome"), CELLS)
def test_a_cell_becomes_what_the_table_says(header: str, cell: str, outcome: str) -> None:
    assert becomes(sheet_with(header, cell)) == outcome


@pytest.mark.parametrize(
    ("cell", "people", "reason"),
    [
        ("Total", [("Total", "")], "stands in place of a name"),
        ("Gesamt", [("Gesamt", "")], "stands in place of a name"),
        ("N.N.", [("N.N.", "")], "stands in place of a name"),
        ("TBD", [("TBD", "")], "stands in place of a name"),
        ("Begleitung", [("Begleitung", "")], "stands in place of a name"),
        ("Gästeliste", [("Gästeliste", "")], "stands in place of a name"),
        ("Ada & Ben", [("Ada", ""), ("Ben", "")], "does not say who has which last name"),
        (
            "Ada Lovelace & Ben",
            [("Ada", "Lovelace"), ("Ben", "")],
            "does not say who has which last name",
        ),
    ],
)
def test_words_and_people_without_a_last_name_are_asked_about(
    cell: str, people: list[tuple[str, str]], reason: str
) -> None:
    named = named_in_full(cell)

    assert [(person.first, person.last) for person in named.people] == people
    assert [doubt.kind for doubt in named.doubts] == ["name"]
    assert reason in named.doubts[0].reason


def test_one_name_is_a_first_name_without_doubt() -> None:
    assert named_in_full("Cher").people == [Person("Cher", "")]
    assert named_in_full("Cher").doubts == ()


@pytest.mark.parametrize(
    ("first", "last", "people", "kinds"),
    [
        ("Mr. & Mrs.", "Smith", [("Mr. & Mrs.", "Smith")], ["household"]),
        ("Familie", "Müller", [("Familie", "Müller")], ["household"]),
        ("The", "Smith Family", [("Family", "Smith")], ["household"]),
        ("Frau", "Müller", [("Frau", "Müller")], ["name"]),
        ("Dr. Ada", "King", [("Ada", "King")], []),
        ("Ada & Ben", "King & Byron", [("Ada", "King"), ("Ben", "Byron")], []),
        ("Ada Lovelace", "", [("Ada Lovelace", "")], ["name"]),
        ("Cher", "", [("Cher", "")], []),
        ("Ada", "King 🎉", [("Ada", "King")], ["name"]),
    ],
)
def test_two_cells_become_people_and_doubts(
    first: str, last: str, people: list[tuple[str, str]], kinds: list[str]
) -> None:
    named = named_in_two(first, last)

    assert [(person.first, person.last) for person in named.people] == people
    assert [doubt.kind for doubt in named.doubts] == kinds


@pytest.mark.parametrize(
    ("first", "last", "companions"),
    [("Ada (+1)", "King", 1), ("Ada", "King (+2)", 2), ("Ada & Partner", "King", 1)],
)
def test_two_cells_may_have_counts(first: str, last: str, companions: int) -> None:
    assert named_in_two(first, last).companions == companions


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        ("First name,Middle name,Last name", "Karin,Maria,Kron", ("Karin Maria", "Kron")),
        ("Vorname,Weitere Vornamen,Nachname", "Adrian,von,Gunten", ("Adrian", "von Gunten")),
        ("Nome,Secondo nome,Cognome", "Ada,Maria van der,Sol", ("Ada Maria", "van der Sol")),
        ("First name,Last name,Suffix", "Ada,King,Jr.", ("Ada", "King Jr.")),
    ],
)
def test_middle_names_and_particles_are_kept(
    header: str, cells: str, name: tuple[str, str]
) -> None:
    only = row(f"{header}\n{cells}\n")

    assert ((only.first_name, only.last_name), only.doubts) == (name, ())


def test_the_reason_says_what_a_row_would_become() -> None:
    [only] = read("Name\nFamilie Müller (4)\n").rows

    [doubt] = only.doubts
    assert doubt.reason == (
        "'Familie Müller (4)' is a household, and would become one guest with 4 places"
    )
    assert (only.group_id, only.expected_guests) == ("Familie Müller", 4)


def test_the_column_for_seats_counts_where_the_name_says_another_number() -> None:
    [only] = read("Name,Seats\nSmith Family (4),3\n").rows

    assert only.expected_guests == 3
    assert [doubt.kind for doubt in only.doubts] == ["household", "seats"]


def test_the_cells_of_our_own_export_are_asked_about_only_where_letters_are_damaged() -> None:
    header = "First name,Last name,Email,Household,Child,Seats,Diet,Diet notes,Status,People,"
    lines = "Familie,Müller,,,,4,,,declined,0,0,\nuser_1,+1,,,,,,,,,,\nJÃ¼rgen,Roth,,,,1,,,,,,\n"

    sheet = read_sheet(f"{header}Children,Answered\n{lines}".encode())

    assert [[doubt.kind for doubt in row.doubts] for row in sheet.rows] == [[], [], ["encoding"]]
    assert sheet.rows[2].first_name == "JÃ¼rgen"


def test_a_sheet_of_doubtful_rows_gives_way_after_each_of_them() -> None:
    from gatherlog.apps.guests.sheets import reading_sheet

    lines = "".join(f"Familie Müller;a{n}@example.org, b{n}@example.org\n" for n in range(2000))

    steps = sum(1 for _ in reading_sheet(f"Name;Email\n{lines}".encode()))

    assert steps > 4 * 2000
