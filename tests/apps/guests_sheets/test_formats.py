"""The files of other programs, and sheets made by hand: one small made-up sample for each."""

from pathlib import Path

import pytest

from gatherlog.apps.guests.sheets import FORMATS, Sheet, SheetFormat, read_sheet
from gatherlog.core.eventstore.errors import Invalid
from tests.apps.guests_sheets.sheets import read, reasons

SAMPLES = Path(__file__).parent / "samples"
Row = tuple[int, str, str, str | None, str | None]


def sample(name: str, format: SheetFormat = "auto") -> Sheet:
    return read_sheet((SAMPLES / name).read_bytes(), format)


def guests(sheet: Sheet) -> list[Row]:
    return [
        (row.line, row.first_name, row.last_name, row.email, row.group_id) for row in sheet.rows
    ]


def left_out(sheet: Sheet) -> list[tuple[int, str]]:
    return [(line.line, line.reason) for line in sheet.left_out]


@pytest.mark.parametrize(
    ("name", "recognised"),
    [
        ("google.csv", ("google", "UTF-8", "comma")),
        ("google-older.csv", ("google", "UTF-16", "comma")),
        ("outlook.csv", ("outlook", "UTF-8", "comma")),
        ("outlook-deutsch.csv", ("outlook", "Windows-1252", "semicolon")),
        ("outlook-francais.csv", ("outlook", "Windows-1252", "comma")),
        ("eventbrite.csv", ("eventbrite", "UTF-8", "comma")),
        ("by-hand.csv", ("sheet", "UTF-8 with BOM", "semicolon")),
        ("by-hand-utf-16.txt", ("sheet", "UTF-16 without BOM", "tab")),
    ],
)
def test_every_sample_is_recognised(name: str, recognised: tuple[str, str, str]) -> None:
    sheet = sample(name)

    assert (sheet.format, sheet.encoding, sheet.delimiter) == recognised
    assert sample(name, sheet.format) == sheet


def test_no_sample_is_without_a_test() -> None:
    assert len(list(SAMPLES.iterdir())) == 8


def test_google_contacts_live_together_at_home_and_not_at_work() -> None:
    sheet = sample("google.csv")

    assert guests(sheet) == [
        (2, "Mira", "Albrecht", "mira@example.org", "Lindenweg 5, Berlin"),
        (5, "Tom", "Keller", "tom@example.org", "Lindenweg 5, Berlin"),
        (9, "Jules", "Renaud", "renaud@example.org", "Jules & Inès Renaud"),
        (9, "Inès", "Renaud", "renaud@example.org", "Jules & Inès Renaud"),
        (10, "Paul", "van der Meer Jr.", "paul@example.org", None),
        (13, "Ruth", "Okafor", "ruth@example.org", None),
    ]
    assert (sheet.households, sheet.guessed, sheet.bad) == (2, 1, ())
    assert left_out(sheet) == [(16, "has no person's name")]
    assert sheet.ignored == (
        "Organization Name",
        "Notes",
        "Labels",
        "E-mail 1 - Label",
        "Address 1 - Country",
    )


def test_older_google_contacts_may_have_their_name_in_one_column() -> None:
    sheet = sample("google-older.csv")

    home = "12 Harbour Street, Bristol BS1 0AA, GB"
    assert guests(sheet) == [
        (2, "Zoë", "Ivanova", "zoe@example.org", home),
        (5, "Olek", "Ivanov", None, home),
        (8, "Dana", "Quist", None, None),
        (9, "Granny", "", None, None),
    ]
    assert reasons(sheet) == []


def test_outlook_contacts_live_together_by_address_or_else_by_last_name_and_phone() -> None:
    sheet = sample("outlook.csv")

    assert guests(sheet) == [
        (2, "Aoife", "Byrne", "byrnes@example.org", "3 Quay Lane, Cork"),
        (3, "Conor", "Byrne", "byrnes@example.org", "3 Quay Lane, Cork"),
        (4, "Aoife", "Byrne", "aoife@example.com", None),
        (5, "Niamh", "Walsh", "niamh@example.org", "Walsh, +353 21 000 0005"),
        (6, "Eoin", "Walsh", None, "Walsh, +353 21 000 0005"),
    ]
    assert (sheet.households, sheet.guessed) == (2, 2)
    assert left_out(sheet) == [(7, "has no person's name")]


def test_outlook_contacts_in_german_and_french_are_read() -> None:
    assert guests(sample("outlook-deutsch.csv")) == [
        (2, "Jürgen", "Müller", "juergen@example.org", "Hauptstraße 7, Köln"),
        (3, "Änne", "Müller", None, "Hauptstraße 7, Köln"),
        (4, "Björn", "Müller", None, None),
    ]
    assert guests(sample("outlook-francais.csv")) == [
        (2, "Hélène", "Lefèvre", "helene@example.org", "8, rue des Œillets, Lyon"),
        (3, "Noël", "D'Arcy", None, "8, rue des Œillets, Lyon"),
    ]


def test_an_eventbrite_order_is_a_household_without_cancelled_tickets() -> None:
    sheet = sample("eventbrite.csv")

    assert guests(sheet) == [
        (2, "Lena", "Faber", "lena@example.org", "Faber, order 1001"),
        (3, "Timo", "Faber", "lena@example.org", "Faber, order 1001"),
        (4, "Omar", "Haddad", "omar@example.org", "Haddad, order 1002"),
        (8, "Yuki", "Tanaka", "yuki@example.org", "Tanaka, order 1005"),
        (10, "Cher", "", "cher@example.org", "Cher, order 1006"),
    ]
    assert [row.expected_guests for row in sheet.rows] == [1, 1, 3, 2, 1]
    assert (sheet.households, sheet.guessed) == (4, 0)
    assert left_out(sheet) == [
        (5, "is one more ticket of Omar Haddad, line 4"),
        (6, "is not attending"),
        (7, "is refunded"),
        (9, "is one more ticket of Yuki Tanaka, line 8"),
    ]
    assert reasons(sheet) == []


def test_a_ticket_of_an_order_without_any_name_is_a_bad_line() -> None:
    header = "Order #,First Name,Last Name,Ticket Type,Attendee Status\n"
    sheet = read(f"{header}7,Info Requested,Info Requested,Adult,Attending\n")

    assert (sheet.format, reasons(sheet)) == ("eventbrite", [(2, "the name is missing")])


def test_attendees_are_read_where_the_last_name_is_called_surname() -> None:
    sheet = read("Order #,First Name,Surname,Attendee Status\n7,Ada,King,Attending\n")

    assert (sheet.format, sheet.bad, sheet.ignored) == ("eventbrite", (), ())
    assert [(row.first_name, row.last_name) for row in sheet.rows] == [("Ada", "King")]


def test_an_order_is_named_by_its_first_guest_within_the_length_of_a_name() -> None:
    header = "Order #,First Name,Last Name,Attendee Status\n"
    sheet = read(f"{header}1001,Ada,{'K' * 80},Attending\n1001,Ben,Day,Attending\n")

    assert [row.group_id for row in sheet.rows] == ["K" * 52 + ", order 1001"] * 2


def test_tickets_beyond_what_one_guest_may_have_are_a_bad_line() -> None:
    header = "Order #,First Name,Last Name,Quantity,Attendee Status\n"
    sheet = read(f"{header}7,Ada,King,60,Attending\n7,Ada,King,60,Attending\n")

    assert [row.expected_guests for row in sheet.rows] == [60]
    assert reasons(sheet) == [(3, "gives line 2 more than 99 places")]


def test_columns_that_a_host_added_to_exported_contacts_are_read() -> None:
    sheet = read(
        "First Name,Last Name,E-mail 1 - Value,Address 1 - Street,Household,Seats,Diet\n"
        "Ada,King,a@example.org,1 Main Road,Kings,2,vegan\n"
        "Ben,Byron,,1 Main Road,,,\n"
    )

    assert (sheet.format, sheet.guessed, sheet.ignored) == ("google", 0, ("Address 1 - Street",))
    assert guests(sheet) == [
        (2, "Ada", "King", "a@example.org", "Kings"),
        (3, "Ben", "Byron", None, None),
    ]
    assert (sheet.rows[0].expected_guests, sheet.rows[0].dietary_tags) == (2, ("vegan",))


def test_eventbrites_question_about_diets_is_read() -> None:
    header = "Order #,First Name,Last Name,Quantity,Group,Attendee Status,Dietary requirements\n"
    sheet = read(f"{header}7,Ada,King,1,Friends,Attending,vegan\n")

    assert [(row.group_id, row.dietary_tags) for row in sheet.rows] == [
        ("King, order 7", ("vegan",))
    ]
    assert sheet.ignored == ("Group",)


def test_a_sheet_made_by_hand_may_have_names_in_one_column_and_guessed_households() -> None:
    sheet = sample("by-hand.csv")

    assert guests(sheet) == [
        (2, "Ada", "Lovelace", None, "Ada & Charles Lovelace"),
        (2, "Charles", "Lovelace", None, "Ada & Charles Lovelace"),
        (3, "Byron", "Lovelace", None, "Ada & Charles Lovelace"),
        (4, "Anna", "van der Berg", "berg@example.org", "van der Berg, berg@example.org"),
        (5, "Pieter", "van der Berg", "berg@example.org", "van der Berg, berg@example.org"),
        (7, "Maria", "de la Cruz", None, "Seestrasse 1, 8002 Zürich"),
        (8, "Juan", "de la Cruz", None, "Seestrasse 1, 8002 Zürich"),
        (9, "Sammy", "Davis Jr.", None, None),
        (10, "Eva", "Brandt", None, None),
    ]
    assert (sheet.households, sheet.guessed, sheet.ignored) == (3, 3, ("Tisch",))
    assert (sheet.rows[4].dietary, sheet.rows[-1].expected_guests) == (
        "vegan; bitte ohne\nKoriander",
        2,
    )


@pytest.mark.parametrize(
    ("name", "format"),
    [("outlook-deutsch.csv", "google"), ("by-hand.csv", "outlook"), ("by-hand.csv", "eventbrite")],
)
def test_a_file_of_another_program_is_refused(name: str, format: SheetFormat) -> None:
    with pytest.raises(Invalid, match=f"read as {format}, the sheet has no"):
        sample(name, format)


def test_the_formats_that_callers_may_name() -> None:
    assert FORMATS == ("auto", "google", "outlook", "eventbrite", "meetup", "sheet")
