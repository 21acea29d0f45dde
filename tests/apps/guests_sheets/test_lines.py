"""Bad lines are named with their number and reason; the others are read."""

import pytest

from tests.apps.guests_sheets.sheets import names, read, reasons, row

HEADER = "First,Last,Email,Household,Child,Seats,Diet\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",,a@example.org,,,,", "the name is missing"),
        (
            "Ada,Lovelace,nowhere,,,,",
            "the email 'nowhere' is not an email address; one looks like ada@example.org",
        ),
        ("Ada,Lovelace,,,maybe,,", "child is 'maybe': write yes or no, or the age"),
        ("Ada,Lovelace,,,,two,", "places is 'two': write a number"),
        ("Ada,Lovelace,,,,-5,", "places is '-5': write a number"),
        ("Ada,Lovelace,,,,1000,", "places should be a whole number from 0 to 99"),
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


def test_one_name_is_enough() -> None:
    sheet = read(f"{HEADER}Grandma,,,,,,\nCher,\u3164,,,,,\n,King,,,,,\n")

    assert names(sheet) == [("Grandma", ""), ("Cher", ""), ("King", "")]
    assert reasons(sheet) == []


@pytest.mark.parametrize("header", ["First name", "Surname", "Name"])
def test_one_column_of_names_is_enough(header: str) -> None:
    sheet = read(f"{header},Email\nGrandma,g@example.org\n")

    assert (names(sheet), reasons(sheet)) == ([("Grandma", "")], [])


def test_every_reason_of_a_bad_line_is_named() -> None:
    assert reasons(read(f"{HEADER},King,nowhere,,maybe,two,\n")) == [
        (
            2,
            "the email 'nowhere' is not an email address; one looks like ada@example.org; "
            "child is 'maybe': write yes or no, or the age; places is 'two': write a number",
        )
    ]


def test_the_same_address_and_name_twice_is_a_bad_line() -> None:
    sheet = read("Name,Email\nAda Lovelace,ada@example.org\nada lovelace,ADA@example.org\n")

    assert reasons(sheet) == [
        (3, "ada lovelace with the address ADA@example.org stands on line 2 already")
    ]


def test_a_couple_may_share_an_address() -> None:
    sheet = read("Name,Email\nAda Lovelace,l@example.org\nBen Lovelace,l@example.org\n")

    assert (names(sheet), sheet.bad) == ([("Ada", "Lovelace"), ("Ben", "Lovelace")], ())


def test_the_same_name_at_two_homes_is_two_people() -> None:
    sheet = read("Name,Address\nJo Smith,1 Main Road\nJo Smith,2 Main Road\nJo Smith,1 MAIN Road")

    assert ([row.line for row in sheet.rows], reasons(sheet)) == (
        [2, 3],
        [(4, "Jo Smith stands on line 2 already")],
    )


def test_the_same_name_in_the_same_household_twice_is_a_bad_line() -> None:
    sheet = read("Name,Family\nAda Lovelace,L\nada lovelace,L\nAda Lovelace,M\n")

    assert reasons(sheet) == [(3, "ada lovelace stands on line 2 already")]
    assert [row.group_id for row in sheet.rows] == ["L", "M"]


def test_two_of_one_name_with_different_addresses_are_two_people() -> None:
    sheet = read("Name,Email\nJo Smith,jo@example.org\nJo Smith,joan@example.org\n")

    assert (len(sheet.rows), sheet.bad) == (2, ())


def test_an_address_may_be_in_angle_brackets_as_mail_programs_copy_it() -> None:
    only = row("Name,Email\nAda Lovelace,Ada Lovelace <ada@example.org>\n")

    assert only.email == "ada@example.org"
