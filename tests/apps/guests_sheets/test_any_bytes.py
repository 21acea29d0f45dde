"""Reading any file ends soon, with a sheet or with Invalid."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests.matching import checking_rows
from gatherlog.apps.guests.sheet_files import Unreadable
from gatherlog.apps.guests.sheet_headers import EXPORT
from gatherlog.apps.guests.sheet_sources import reading_source
from gatherlog.apps.guests.sheets import FORMATS, Sheet, read_sheet
from gatherlog.core.commands.cells import unguarded, write_cells
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.giving_way import at_once

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
HEADERS = [
    "First name,Last name,Email,Household,Child,Seats,Diet",
    "Name;Address;Phone;Email;Seats",
    "Name\tStreet\tCity",
    "First Name,Last Name,Labels,E-mail 1 - Value,Address 1 - Label,Address 1 - Formatted",
    "Vorname;Nachname;Straße privat;Ort privat;E-Mail-Adresse",
    "Order #,First Name,Last Name,Email,Quantity,Attendee Status",
    "Name,RSVP,Guests,RSVPed on,Event Host",
    "First Name,Middle Name,Last Name,Partner First Name,Children's names,Absage,How many come?",
    "Party 2026\n\nName;Status;Plus one name",
    ",".join(EXPORT),
]
WORDS = st.one_of(
    st.sampled_from(["Ada", "Ben Byron", " & ", " + 1", "King, ", ", Jr.", "van der ", "é", "山"]),
    st.sampled_from(['"', '""', ",", ";", "\t", "\n", "\r", "\r\n", "=", "'", "<", ">", " ::: "]),
    st.sampled_from(["a@x.org", "1 Road", "Home", "work", "2", "7", "yes", "maybe", "Refunded"]),
    st.sampled_from(
        ["Familie ", "Mr. & Mrs. ", " (+1)", " und ", " / ", " - ", " x 2", "2 kids", "("]
    ),
    st.sampled_from(["JÃ¼", "?", "£", "🎉", "*", "\ud800", "Waitlist", "no", "n/a", "TBD", "MIA "]),
    st.sampled_from(["Info Requested", "\x07", "\u00ad", "\u202e"]),
)
FORMAT = st.sampled_from(FORMATS)


def readable(data: bytes, format: str) -> Sheet | None:
    """The sheet, or None if it is Invalid."""
    try:
        return read_sheet(data, format)  # type: ignore[arg-type]
    except Invalid:
        return None


@given(st.sampled_from(["", *HEADERS]), st.binary(max_size=300), FORMAT)
def test_bytes_are_a_sheet_that_can_be_told_or_refused(
    header: str, data: bytes, format: str
) -> None:
    msgspec.json.encode(readable(header.encode() + data, format))


@given(
    st.sampled_from(HEADERS),
    st.lists(WORDS, max_size=40).map("".join),
    st.sampled_from(ENCODINGS),
    FORMAT,
)
def test_every_row_that_is_read_can_be_imported(
    header: str, body: str, encoding: str, format: str
) -> None:
    sheet = readable(f"{header}\n{body}".encode(encoding, "replace"), format)

    if sheet is not None:
        at_once(checking_rows(sheet.rows))
        lines = [bad.line for bad in (*sheet.bad, *sheet.left_out)]
        assert len(lines) == len(set(lines))
        assert set(lines).isdisjoint(row.line for row in sheet.rows)


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6))
def test_cells_that_are_written_are_read_back(records: list[list[str]]) -> None:
    data = write_cells([["a", "b"], *records])

    [table, *_] = at_once(reading_source(data)).tables
    _, *read = [record for _, record in table.records if not isinstance(record, Unreadable)]
    assert [list(map(unguarded, record)) for record in read] == records


@given(st.text(st.sampled_from(",;\t\n'=+-@＝ab\""), max_size=12), st.sampled_from(",;\t"))
def test_no_cell_is_a_formula_at_whichever_separator_the_file_is_split(
    text: str, separator: str
) -> None:
    written = write_cells([[f"a{text}", "b"]]).decode("utf-8-sig").replace('"', "")

    for line in written.splitlines():
        for cell in line.split(separator):
            assert not cell.startswith(("=", "+", "-", "@", "＝"))


def test_long_cells_of_every_kind_are_read_in_no_time() -> None:
    """Each of these would take minutes if time grew with the square of the length."""
    many = 60_000
    for cell in [" " * many, "<" * many, "a \n" * (many // 3), "\u0301\u0323" * (many // 2)]:
        readable(f'Name;Email;Child;Address;Diet\n"a{cell}b";"a{cell}b";"{cell}x"'.encode(), "auto")
        readable(f'Name;Adresse\nAda King;"1{cell}a"\nBen King;"1{cell}a"'.encode(), "auto")
        readable(f"{cell};Name\nAda;King".encode(), "auto")
    readable((";" * many + "\nAda").encode(), "auto")
    readable(("Name;" * (many // 5) + "\nAda King").encode(), "auto")
    for cell in [", " * many, "()" * many, "É" * many, "é?" * many, "- " * many, "mit " * many]:
        readable(f"Name;Email\n{cell};a\nAda;{cell}\nAda King;{cell}@\n".encode(), "auto")
    names = " & ".join(["Ada"] * (many // 6))
    readable(f"Name;Seats\n{names} King;1\n{names};1\n".encode(), "auto")
