"""The examples of docs/search.md, which the search and its oracle answer as the page says."""

import re
from pathlib import Path

import pytest

from gatherlog.core.search import SearchDocument, SearchQuery, Text
from gatherlog.search.orderings import _ByRelevance
from tests.search.indexes import Indexed
from tests.search.oracle import score_of

PAGE = Path(__file__).parents[2] / "docs" / "search.md"
ROW = re.compile(r"^\| `(.+?)` \| (.+?) \| (\d+|not found) \|$", re.MULTILINE)


def examples() -> list[tuple[str, str, int]]:
    """What is asked, the text, and the score, 0 for what is not found."""
    found = ROW.findall(PAGE.read_text())
    return [
        (asked, text, 0 if score == "not found" else int(score)) for asked, text, score in found
    ]


def test_there_are_examples_of_every_kind() -> None:
    assert {score for _, _, score in examples()} == {0, 5, 10, 20, 40, 80, 120}


@pytest.mark.parametrize(("asked", "text", "score"), examples())
def test_a_text_is_found_as_the_page_says(
    asked: str, text: str, score: int, tmp_path: Path
) -> None:
    document = SearchDocument(id="one", texts=[Text(text, 5)])
    index = Indexed(tmp_path / "index", [document])

    page = index.find(SearchQuery(text=asked))

    assert (page.total, score_of(document, asked)) == (int(score > 0), score)
    assert [score_in_index(index, asked)] == [score]
    index.index.close()


def score_in_index(index: Indexed, asked: str) -> int:
    """The score by which the index would sort the document; 0 if it is not found."""
    from gatherlog.search.texts import TextQuery, all_of

    snapshot = index.index.snapshot
    text = TextQuery(asked, snapshot.vocabulary)
    _, found = _ByRelevance(snapshot, text).some(all_of(text.filters), 1)
    return -int(found[0].key) if found else 0
