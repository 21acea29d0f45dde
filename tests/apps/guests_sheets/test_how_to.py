"""The reader understands the columns and formats that the how-to documents."""

import re
from pathlib import Path

import pytest

from gatherlog.apps.guests.sheet_headers import ADDRESS
from gatherlog.apps.guests.sheet_words import HEADERS
from gatherlog.apps.guests.sheets import ENCODINGS, FORMATS, SheetColumn
from tests.apps.guests_sheets.sheets import names, read

HOW_TO = (Path(__file__).parents[3] / "docs/how-to/import-a-guest-list.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \| (.+?) \|", HOW_TO, re.MULTILINE)
COLUMNS = {field: headers.split(", ") for field, headers in ROWS if field not in FORMATS}


def test_the_how_to_names_every_format_and_every_field() -> None:
    assert {field for field, _ in ROWS} - set(COLUMNS) == set(FORMATS)
    assert set(COLUMNS) == set(HEADERS)


def test_the_how_to_names_every_encoding_that_may_be_chosen() -> None:
    assert [name for name in ENCODINGS if name != "auto" and f"`{name}`" not in HOW_TO] == []


@pytest.mark.parametrize(
    ("field", "header"), [(field, header) for field in COLUMNS for header in COLUMNS[field]]
)
def test_a_header_of_the_how_to_is_understood(field: str, header: str) -> None:
    others = {"name": [], "first_name": ["last name"], "last_name": ["first name"]}
    beside = others.get(field, ["first name", "last name"])
    named = "address" if field in ADDRESS else field

    sheet = read(";".join([*beside, header]) + "\n")

    assert (sheet.format, sheet.columns[-1]) == ("sheet", SheetColumn(header, named))


def test_the_example_of_the_how_to_is_read_as_described() -> None:
    [example] = re.findall(r"```csv\n(.*?)```", HOW_TO, re.DOTALL)

    sheet = read(example)

    assert (sheet.bad, names(sheet)) == (
        (),
        [
            ("Ada", "Lovelace"),
            ("Charles", "Lovelace"),
            ("Alan", "Turing"),
            ("Anna", "van der Berg"),
        ],
    )
    assert [row.expected_guests for row in sheet.rows] == [1, 1, 1, 2]
