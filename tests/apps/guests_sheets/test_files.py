"""Encodings, separators, quotes and line ends, as spreadsheets write them."""

import pytest

from gatherlog.apps.guests.sheets import read_sheet
from gatherlog.core.eventstore.errors import Invalid
from tests.apps.guests_sheets.sheets import names, read, reasons

LIST = "Vorname;Nachname\r\nJürgen;Müller\r\n"


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16 without BOM"),
        ("utf-16-be", "UTF-16 without BOM"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_an_encoding_is_recognised_and_named(encoding: str, named: str) -> None:
    sheet = read(LIST, encoding)

    assert (sheet.encoding, names(sheet)) == (named, [("Jürgen", "Müller")])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_bom_is_recognised_in_any_script(encoding: str) -> None:
    sheet = read("Name;Haushalt\r\nІван Петренко;Родина Петренків\r\n" * 40, encoding)

    assert (sheet.encoding, names(sheet)[:1]) == ("UTF-16 without BOM", [("Іван", "Петренко")])


@pytest.mark.parametrize(
    ("separator", "named"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")]
)
def test_a_separator_is_recognised_and_named(separator: str, named: str) -> None:
    sheet = read(separator.join(["Last name", "First name"]) + "\nLovelace" + separator + "Ada")

    assert (sheet.delimiter, names(sheet)) == (named, [("Ada", "Lovelace")])


def test_commas_inside_a_semicolon_sheet_do_not_mislead() -> None:
    sheet = read("Name;Email, if any;Diet\nLovelace, Ada;;vegan, halal\n")

    assert (sheet.delimiter, names(sheet)) == ("semicolon", [("Ada", "Lovelace")])
    assert sheet.rows[0].dietary_tags == ("vegan", "halal")


def test_a_separator_that_the_first_line_declares_is_used() -> None:
    for declared in ("sep=;", '"sep=;"', '"sep=;";;', "SEP=;\r\n"):
        sheet = read(f"{declared}\nFirst;Last\nAda;Lovelace\n")

        assert (names(sheet), sheet.delimiter) == ([("Ada", "Lovelace")], "semicolon")


def test_a_single_column_needs_no_separator() -> None:
    sheet = read("Name\nLovelace, Ada\nAlan Turing\n")

    assert (sheet.delimiter, names(sheet)) == ("nothing", [("Ada", "Lovelace"), ("Alan", "Turing")])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(end: str) -> None:
    sheet = read(end.join(["", "First,Last", "Ada,Lovelace", ",", "Alan,Turing", ""]))

    assert names(sheet) == [("Ada", "Lovelace"), ("Alan", "Turing")]
    assert [row.line for row in sheet.rows] == [3, 5]


def test_a_quoted_cell_may_span_lines_and_hold_quotes_and_separators() -> None:
    sheet = read('First,Last,Diet\n"Ada ""A""","Love\nlace","no eggs,\nplease"\nAlan,Turing,\n')

    assert names(sheet) == [('Ada "A"', "Love lace"), ("Alan", "Turing")]
    assert sheet.rows[0].dietary == "no eggs,\nplease"
    assert [row.line for row in sheet.rows] == [2, 5]


def test_a_stray_quotation_mark_makes_only_its_own_line_bad() -> None:
    sheet = read('First,Last\n"Ada,Lovelace\nAlan,Turing\nGrace,"Hopper"\n"Bad"x,Quote\nKurt,Gödel')

    assert names(sheet) == [("Alan", "Turing"), ("Grace", "Hopper"), ("Kurt", "Gödel")]
    assert [line for line, _ in reasons(sheet)] == [2, 5]


def test_a_record_without_end_makes_only_its_own_line_bad() -> None:
    long = "x" * 70_000
    sheet = read(f'First,Last\n"Ada,Lovelace\n{long},Turing\nAlan,Turing\n')

    assert names(sheet) == [("Alan", "Turing")]
    assert reasons(sheet) == [
        (2, "a quotation mark is opened and not closed, or stands inside a cell"),
        (3, "has 70,008 characters; at most 65,536 fit"),
    ]


def test_quotes_that_open_on_every_line_do_not_hang_the_reader() -> None:
    """Each line, read alone, opens a quotation mark that goes on to the end of the file."""
    with pytest.raises(Invalid, match="quotation marks are broken on 100 lines"):
        read("First,Last\n" + 'x",y,"\n' * 200_000)


def test_a_list_that_is_too_long_is_refused() -> None:
    tickets = "Order #,First Name,Last Name,Attendee Status\n" + ",,,Refunded\n" * 10_001

    with pytest.raises(Invalid, match="the file has more than 10,000 lines"):
        read(tickets)
    assert len(read_sheet(tickets.encode(), most_lines=20_000).left_out) == 10_001


def test_a_file_of_empty_lines_is_refused() -> None:
    with pytest.raises(Invalid, match="the file has more than 1,000,000 lines"):
        read("First,Last" + "\n" * 1_000_001)


def test_a_file_of_bad_lines_is_refused_with_the_first_of_them() -> None:
    reason = "more than 1,000 lines are bad, line 2 first: places is 'x': write a number"
    with pytest.raises(Invalid, match=reason):
        read("First,Last,Seats\n" + "Ada,King,x\n" * 1001)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n ,,\n", "the file is empty"),
        (b"Ada,Lovelace\nAlan,Turing\n", "the sheet has no header"),
        (b"Email,Diet\na@example.org,\n", "the sheet has no column for names"),
        (b"PK\x03\x04rest", "this workbook is damaged"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x81", "this is not a text file but a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "this is not a text file but a picture"),
        (b"GIF89a\x01\x00", "this is not a text file but a picture"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "this is not a text file but a picture"),
        (b"\x00\x00\x00\x18ftypheic", "this is not a text file but a picture"),
        (b"%PDF-1.7\nName", "this is not a text file but a PDF document"),
        (b"{\\rtf1 Name", "this is not a text file but a text document"),
        (b"\x1f\x8b\x08Name", "this is not a text file but a compressed file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is a workbook of an old kind (.xls)"),
        (
            b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"),
            "this workbook is protected with a password",
        ),
        (b"<html><table><tr><td>Name", "this is a page of the web"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><Workbook>", "this is a page of the web"),
        (b"BEGIN:VCARD\nFN:Ada\n", "this file has contacts (vCard)"),
        (b"BEGIN:VCALENDAR\n", "this file has a calendar"),
        (b"Name\x00\x01\x02\x03,", "this is not a text file"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_with_the_usual_columns(
    data: bytes, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read_sheet(data)

    [flaw] = refused.value.flaws
    assert flaw.detail.startswith(reason)
    assert "first name, last name, email, household, child, seats, diet" in flaw.detail
