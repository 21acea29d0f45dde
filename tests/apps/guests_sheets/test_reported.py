"""Files that were read wrong: one for each kind of report, made up for these tests."""

import pytest

from gatherlog.apps.guests.sheets import Sheet, read_sheet
from tests.apps.guests_sheets.cells_becoming import line_by_line
from tests.apps.guests_sheets.reported_files import BECOMES, REPORTED


def reported(name: str) -> Sheet:
    return read_sheet((REPORTED / f"{name}.csv").read_bytes())


def test_no_file_is_without_a_test() -> None:
    assert sorted(path.stem for path in REPORTED.iterdir()) == sorted(BECOMES)


@pytest.mark.parametrize("name", list(BECOMES))
def test_a_file_is_read_right(name: str) -> None:
    assert line_by_line(reported(name)) == BECOMES[name]
