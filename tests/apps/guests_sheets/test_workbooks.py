"""Excel workbooks, as spreadsheets write them and as nobody should."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests.sheets import Sheet, read_sheet, reading_sheet
from gatherlog.core.eventstore.errors import Invalid
from tests.apps.guests_sheets.cells_becoming import line_by_line

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/texts.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(*rows: Sequence[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_hand(rows: str, texts: str = "") -> bytes:
    """A workbook with these rows and shared texts, in XML, with prefixes as some programs write."""
    parts = {
        "xl/workbook.xml": f'<x:workbook xmlns:x="{MAIN}" xmlns:r="{OFFICE}"><x:sheets>'
        '<x:sheet name="Guests" sheetId="1" r:id="rId1"/></x:sheets></x:workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships>"
        f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="/{SHEET}"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="texts.xml"/>'
        "</Relationships>",
        TEXTS: f'<sst xmlns="{MAIN}">{texts}</sst>',
        SHEET: f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return archive(parts)


def archive(parts: dict[str, str], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def text_of(*values: str) -> str:
    """Cells with text, in XML."""
    return "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in values)


def lines(data: bytes) -> list[str]:
    return line_by_line(read_sheet(data))


def test_a_workbook_is_read_as_a_sheet_is() -> None:
    sheet = read_sheet(
        workbook(
            ["Guest list 2026"],
            [],
            ["Name", "Email", "Seats", "Birthday"],
            ["Ada Winter", "a@example.org", 2, None],
            ["Jürgen Müller & Eva Roth", None, 3.0, True],
        )
    )

    assert (sheet.format, sheet.encoding, sheet.encodings, sheet.ignored) == (
        "sheet",
        "XLSX",
        (),
        ("Birthday",),
    )
    assert line_by_line(sheet) == [
        "1: left out: is above the header",
        "4: Winter, Ada <a@example.org>, 2 places",
        "5: Müller, Jürgen, 2 places",
        "5: Roth, Eva",
    ]


def test_the_first_sheet_that_is_shown_and_has_cells_is_read() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Name"])
    book.active.append(["Hidden Person"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.create_sheet("Gäste").append(["Ada Winter"])

    assert lines(saved(book)) == ["1: Winter, Ada"]


def test_a_formula_is_its_last_result_and_a_bad_line_without_one() -> None:
    data = by_hand(
        f"<row>{text_of('Name', 'Seats', 'Sum')}</row>"
        '<row><c t="str"><f>A9</f><v>Ada Winter</v></c><c><f>1+1</f><v>2</v></c>'
        "<c><f>B2</f></c></row>"
        f"<row>{text_of('Ben Roth')}<c><f>1+1</f></c></row>"
        f'<row>{text_of("Cas Day")}<c t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    )

    assert lines(data) == [
        "2: Winter, Ada, 2 places",
        "3: bad line: cell B3 is a formula without a result: write the value",
        "4: bad line: cell B4 has the error #DIV/0!: write the value",
    ]


def test_texts_that_cells_share_are_read_without_how_they_are_spoken() -> None:
    data = by_hand(
        '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'
        '<row><c t="s"><v>2</v></c></row>',
        "<si><t>Name</t></si><si><r><t>Ada </t></r><r><t>Winter</t></r></si>"
        "<si><t>山田 太郎</t><rPh><t>ヤマダ</t></rPh></si>",
    )

    assert lines(data) == ["2: Winter, Ada", "3: 山田, 太郎"]


def test_numbers_stay_as_they_were_typed() -> None:
    data = by_hand(
        f"<row>{text_of('Name', 'Seats', 'Household')}</row>"
        f"<row>{text_of('Ada Winter')}<c><v>2.0</v></c><c><v>4.930123456E9</v></c></row>"
    )

    [only] = read_sheet(data).rows
    assert (only.last_name, only.expected_guests, only.group_id) == ("Winter", 2, "4930123456")


def test_lines_have_the_numbers_of_the_rows() -> None:
    book = openpyxl.Workbook()
    book.active["B3"], book.active["B7"] = "Name", "Ada Winter"

    assert [row.line for row in read_sheet(saved(book)).rows] == [7]


def refusal(data: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read_sheet(data)
    return refused.value.flaws[0].detail.split(". In any order")[0]


PLAIN = workbook(["Name"], ["Ada Winter"])
TOO_LARGE = "this workbook is too large once it is unpacked: save the list as CSV (UTF-8)"
DAMAGED = "this workbook is damaged: save it again as Excel workbook (.xlsx) or as CSV (UTF-8)"


@pytest.mark.parametrize("size", [30_000_000, 60_000_000])
@pytest.mark.parametrize("is_shared", [True, False])
def test_a_workbook_that_unpacks_to_very_much_is_refused(size: int, is_shared: bool) -> None:
    bomb = "A" * size
    data = by_hand("", f"<si><t>{bomb}</t></si>") if is_shared else by_hand(text_of(bomb))

    assert len(data) < 100_000
    assert refusal(data) == TOO_LARGE


def test_parts_are_refused_by_what_they_unpack_to_together_whatever_they_are_called() -> None:
    """An empty sheet is read to its end, and then the next one."""
    white = f'<worksheet xmlns="{MAIN}"><sheetData>{" " * 20_000_000}</sheetData></worksheet>'
    sheets = "".join(f'<sheet r:id="{n}"/>' for n in range(3))
    relations = "".join(f'<Relationship Id="{n}" Target="worksheets/{n}.data"/>' for n in range(3))
    parts = {f"xl/worksheets/{n}.data": white for n in range(3)}
    parts["xl/workbook.xml"] = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{sheets}</workbook>'
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{relations}</Relationships>"

    assert refusal(archive(parts)) == TOO_LARGE


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_that_is_packed_as_none_is_refused(packed: int) -> None:
    """Python unpacks these without a bound: 50 bytes of bzip2 may be a megabyte."""
    assert refusal(archive({"xl/workbook.xml": "<workbook/>"}, packed)).startswith(
        "this workbook is packed in an unusual way"
    )


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        (f'<row x="{"a" * 200_000}"/>', "DAMAGED"),  # else read again with every piece
        (f"<!--{'a' * 200_000}-->", "DAMAGED"),
        ("<a>" * 200_000, "DAMAGED"),  # else all kept in memory
        ('<row><c r="ALL1"><v>1</v></c></row>' * 30_000, "TOO_LARGE"),
    ],
)
def test_what_costs_more_than_it_unpacks_to_is_refused(rows: str, refused: str) -> None:
    assert refusal(by_hand(rows)) == {"DAMAGED": DAMAGED, "TOO_LARGE": TOO_LARGE}[refused]


def test_cells_in_any_order_stay_where_they_are() -> None:
    data = by_hand(
        f"<row>{text_of('Name', 'Email')}</row>"
        '<row><c r="B2" t="str"><v>a@x.org</v></c><c r="A2" t="str"><v>Ada Winter</v></c></row>'
    )

    assert lines(data) == ["2: Winter, Ada <a@x.org>"]


def test_a_workbook_with_entities_is_refused() -> None:
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'

    assert "declares a document type" in refusal(archive({"xl/workbook.xml": entities}))


def test_what_is_no_workbook_is_refused_with_a_sentence() -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")

    assert refusal(other.getvalue()).startswith(
        "this is a compressed file and no workbook of Excel"
    )
    assert refusal(PLAIN[:-40]) == DAMAGED
    assert refusal(by_hand("<row>")) == DAMAGED
    assert refusal(workbook()) == "the file is empty"


def test_a_cell_far_to_the_right_is_a_bad_line() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Name"])
    book.active.append(["Ada Winter"])
    book.active["XFD2"] = "x"

    assert lines(saved(book)) == ["2: bad line: cell XFD2 is beyond column 1,000"]


def test_a_cell_without_end_is_a_bad_line() -> None:
    data = by_hand(f"<row>{text_of('Name')}</row><row>{text_of('A' * 40_000)}</row>")

    assert lines(data) == ["2: bad line: cell A2 has more than 32,767 characters"]


def test_reading_gives_way_between_pieces() -> None:
    data = workbook(["Name"], *([f"Familie Müller {n}"] for n in range(2000)))

    assert sum(1 for _ in reading_sheet(data)) > 2000


def readable(data: bytes) -> Sheet | None:
    try:
        return read_sheet(data)
    except Invalid:
        return None


@given(st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=4))
def test_a_broken_workbook_is_a_sheet_or_refused(at: int, other: bytes) -> None:
    readable(PLAIN[:at] + other + PLAIN[at + len(other) :])


TAGS = st.sampled_from(
    ["<row>", "</row>", '<c t="s"><v>', "<c><v>", "</v></c>", '<c r="ZZZ9" t="b">', "<f>", "</f>"]
)
WORDS = st.sampled_from(["0", "9999999", "1E999", "nan", "_xD800_", "_x0000_", "Name", "Ada Roth"])


@given(st.lists(st.one_of(TAGS, WORDS), max_size=12).map("".join))
def test_cells_of_any_shape_are_a_sheet_or_refused(rows: str) -> None:
    readable(by_hand(rows, rows))
