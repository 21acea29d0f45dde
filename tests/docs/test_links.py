"""No page of the documentation has a broken link, and every page is linked."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if "://" not in link and "NNNN" not in link]

    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_page_is_linked_from_another() -> None:
    text = {page: page.read_text() for page in PAGES}
    lost = [
        page
        for page in PAGES[2:]
        if not any(f"{page.name})" in words for other, words in text.items() if other != page)
    ]

    assert lost == []
