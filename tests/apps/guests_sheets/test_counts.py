"""How many people a line is for: seats, plus ones and children, in columns of their own."""

import pytest

from tests.apps.guests_sheets.sheets import read, reasons, row


@pytest.mark.parametrize("header", ["Plus ones", "Plus one", "+1", "Begleitung", "Acompañantes"])
@pytest.mark.parametrize(
    ("cell", "seats"),
    [("2", 3), ("+1", 2), ("0", 1), ("yes", 2), ("nein", 1), ("keine", 1), ("", None), ("-", None)],
)
def test_plus_ones_have_a_seat_each_beside_the_guest(
    header: str, cell: str, seats: int | None
) -> None:
    assert row(f"Name,{header}\nAda Lovelace,{cell}\n").expected_guests == seats


@pytest.mark.parametrize(
    ("header", "cells", "seats", "children"),
    [
        ("Kinder", "2", 3, 2),
        ("Children", "0", 1, 0),
        ("Kids", "keine", 1, 0),
        ("Kids", "-", None, None),
        ("davon Kinder", "1", None, 1),
        ("Seats,Children", "4,2", 4, 2),
        ("Plätze,davon Kinder", "4,2", 4, 2),
        ("Begleitung,Kinder", "1,2", 4, 2),
        ("Begleitung,davon Kinder", "3,2", 4, 2),
        ("Seats,Plus ones", "2,1", 2, None),
        ("Seats,Plus ones,Children", "4,1,2", 4, 2),
        ("Child,Children", "no,1", 2, 1),
        ("Child,davon Kinder", "8,", None, None),
    ],
)
def test_children_are_among_the_seats_or_beside_the_guest(
    header: str, cells: str, seats: int | None, children: int | None
) -> None:
    only = row(f"Name,{header}\nAda Lovelace,{cells}\n")

    assert (only.expected_guests, only.children) == (seats, children)


@pytest.mark.parametrize(
    ("header", "cells", "reason"),
    [
        (
            "Begleitung",
            "Max Müller",
            "plus ones is 'Max Müller': write a number, and give whom you know a line of their own",
        ),
        ("Seats,Plus ones", "2,3", "places is 2, but with the plus ones it would be 4"),
        ("Seats,Children", "2,3", "children is 3, more than there are places for"),
        ("Children", "Mia and Tom", "children is 'Mia and Tom': write a number"),
        (
            "Seats,Plus ones,Children",
            "two,one,Mia",
            "places is 'two': write a number; plus ones is 'one': write a number, and give whom "
            "you know a line of their own; children is 'Mia': write a number",
        ),
        ("Plus ones", "99", "places should be a whole number from 0 to 99"),
    ],
)
def test_numbers_that_contradict_each_other_are_bad_lines(
    header: str, cells: str, reason: str
) -> None:
    assert reasons(read(f"Name,{header}\nAda Lovelace,{cells}\n")) == [(2, reason)]


@pytest.mark.parametrize("header", ["Plus ones", "Kids", "Seats"])
def test_a_question_mark_is_no_number(header: str) -> None:
    sheet = read(f"Name,{header}\nAda Lovelace,?\n")

    assert [line for line, _ in reasons(sheet)] == [2]


@pytest.mark.parametrize("cell", ["Ada Lovelace (+1?)", "Ada Lovelace +1/+2", "Ada Lovelace + 1-2"])
def test_a_count_in_a_name_that_is_not_sure_is_asked_about(cell: str) -> None:
    [first, *_] = read(f"Name\n{cell}\n").rows
    assert "seats" in [doubt.kind for doubt in first.doubts]


def test_a_guest_without_a_seat_is_asked_about() -> None:
    assert [doubt.kind for doubt in row("Name,Seats\nAda Lovelace,0\n").doubts] == ["seats"]


def test_a_couple_shares_its_plus_ones_and_children() -> None:
    sheet = read("Name,Plus ones,Kids\nAda & Ben Lovelace,1,2\nCas Day + 1,1,\n")

    assert [(row.expected_guests, row.children) for row in sheet.rows] == [
        (4, 2),
        (1, None),
        (2, None),
    ]
    assert (sheet.seats, sheet.children) == (7, 2)
