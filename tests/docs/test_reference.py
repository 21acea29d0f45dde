"""The generated pages of the reference are those that the code gives."""

import runpy
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGES = runpy.run_path(str(REFERENCE / "generate.py"))["PAGES"]


@pytest.mark.parametrize("page", list(PAGES))
def test_a_generated_page_is_up_to_date(page: str) -> None:
    assert (REFERENCE / page).read_text() == PAGES[page](), "run python docs/reference/generate.py"
