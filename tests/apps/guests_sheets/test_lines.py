"""Bad lines are named with their number and reason; the others are read."""

import pytest

from gatherlog.apps.guests.sheets import read_sheet, write_sheet
from gatherlog.apps.guests.views import Guest
from tests.apps.guests_sheets.sheets import names, read, reasons, row

HEADER = "First,Last,Email,Household,Child,Seats,Diet\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Ada,,,,,,", "the last name is missing or blank"),
        (",,a@example.org,,,,", "the name is missing"),
        (
            "Ada,Lovelace,nowhere,,,,",
            "the email 'nowhere' is no e-mail address; one looks like ada@example.org",
        ),
        ("Ada,Lovelace,,,maybe,,", "child is 'maybe': write yes or no"),
        ("Ada,Lovelace,,,,two,", "seats is 'two': write a number"),
        ("Ada,Lovelace,,,,-5,", "seats is '-5': write a number"),
        ("Ada,Lovelace,,,,1000,", "seats should be a whole number from 0 to 99"),
        (f"{'A' * 10_000},Lovelace,,,,,", "the first name has 10,000 characters; at most 100 fit"),
        (
            "Ada\x07,Lovelace,,,,,",
            "the first name holds the character U+0007, which is not allowed here",
        ),
        (
            "Ada,Lovelace,,,,,vegan,halal",
            "has 8 cells where the header has 7: a cell that holds the separator needs "
            "quotation marks around it",
        ),
    ],
)
def test_a_bad_line_is_named_with_its_reason(line: str, reason: str) -> None:
    sheet = read(f"{HEADER}Grace,Hopper,,,,,\n{line}\nAlan,Turing,,,,,\n")

    assert reasons(sheet) == [(3, reason)]
    assert names(sheet) == [("Grace", "Hopper"), ("Alan", "Turing")]


@pytest.mark.parametrize("name", ["Anna & Ben Miller", "Anna und Ben Miller", "Cher"])
def test_a_name_that_cannot_be_split_is_a_bad_line(name: str) -> None:
    assert [bad.line for bad in read(f"Name\n{name}\n").bad] == [2]


def test_the_same_address_twice_is_a_bad_line() -> None:
    sheet = read("Name,Email\nAda Lovelace,ada@example.org\nA. Lovelace,ADA@example.org\n")

    assert reasons(sheet) == [(3, "the address ADA@example.org stands on line 2 already")]


def test_the_same_name_in_the_same_household_twice_is_a_bad_line() -> None:
    sheet = read("Name,Family\nAda Lovelace,L\nADA Lovelace,L\nAda Lovelace,M\n")

    assert reasons(sheet) == [(3, "ADA Lovelace stands on line 2 already")]
    assert [row.group_id for row in sheet.rows] == ["L", "M"]


def test_two_of_one_name_with_different_addresses_are_two_people() -> None:
    sheet = read("Name,Email\nJo Smith,jo@example.org\nJo Smith,joan@example.org\n")

    assert (len(sheet.rows), sheet.bad) == (2, ())


def test_an_address_may_stand_in_brackets_as_mail_programs_copy_it() -> None:
    only = row("Name,Email\nAda Lovelace,Ada Lovelace <ada@example.org>\n")

    assert only.email == "ada@example.org"


def guest(**fields: object) -> Guest:
    given = {"first_name": "Ada", "last_name": "Lovelace", "email": None, "group_id": None}
    times = {"created_at": 0, "updated_at": 0}
    return Guest(id="1", gathering_id="default", **(given | times | fields))  # type: ignore[arg-type]


HOSTILE = ["=1+1", "+49", "-1", "@SUM(A1)", "'=quoted", "''-twice", "'t Hooft", 'Q"uote;,']


@pytest.mark.parametrize("name", HOSTILE)
def test_an_exported_name_is_no_formula_and_comes_back_as_it_was(name: str) -> None:
    data = write_sheet([guest(first_name=name, dietary=f"{name}\nand more")])

    first_cell = data.decode("utf-8-sig").splitlines()[1].lstrip('"')
    assert not first_cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    [read_back] = read_sheet(data).rows
    assert (read_back.first_name, read_back.dietary) == (name, f"{name}\nand more")


def test_an_export_is_read_back_whole_and_its_answers_are_left_out() -> None:
    exported = guest(
        first_name="Zoë",
        email="zoe@example.org",
        group_id="D, 1",
        expected_guests=1,
        children=1,
        attending=True,
        num_guests=1,
        rsvp_at=1,
        dietary_tags=("vegan", "gluten_free", "nut_allergy"),
        dietary="vegan, no celery",
    )
    sheet = read_sheet(write_sheet([exported]))

    assert (sheet.encoding, sheet.bad) == ("UTF-8 with BOM", ())
    assert sheet.ignored == ("Status", "People", "Children", "Answered")
    [only] = sheet.rows
    assert (only.first_name, only.email, only.group_id) == ("Zoë", "zoe@example.org", "D, 1")
    assert (only.child, only.expected_guests) == (True, 1)
    assert (only.dietary_tags, only.dietary) == (exported.dietary_tags, exported.dietary)


def test_every_diet_tag_is_read_back_from_an_export() -> None:
    from gatherlog.apps.guests.inputs import DIETARY_TAGS

    [only] = read_sheet(write_sheet([guest(dietary_tags=DIETARY_TAGS)])).rows

    assert (only.dietary_tags, only.dietary) == (DIETARY_TAGS, None)
