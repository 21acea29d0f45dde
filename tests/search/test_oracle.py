"""Whatever is asked of whichever documents, the search finds what the oracle finds."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatherlog.core.search import Occurrence, SearchDocument, SearchPage, SearchQuery
from gatherlog.search import orderings
from tests.search.indexes import indexed
from tests.search.oracle import expected
from tests.search.strategies import NOW, documents, queries

Shown = tuple[str, int, int | None, Occurrence | None]


@pytest.fixture(params=["sorted", "cut"], autouse=True, scope="module")
def few(request: pytest.FixtureRequest) -> Iterator[None]:
    """Either all documents are read and sorted, or the index has to cut them into bands."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "cut":
            patch.setattr(orderings, "_FEW", 1)
            for ordering in (
                orderings._ByTie,
                orderings._ByPrice,
                orderings._ByDistance,
                orderings._BySoonest,
            ):
                patch.setattr(ordering, "few", 1)
        yield


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.lists(queries(), min_size=1, max_size=6))
def test_a_query_finds_what_the_oracle_finds_in_the_same_order(
    found_in: list[SearchDocument], asked: list[SearchQuery]
) -> None:
    with indexed(found_in) as index:
        for query in asked:
            page = index.find(msgspec.structs.replace(query, first=500))

            assert (shown(page), page.total) == as_expected(found_in, query)
            assert (page.has_next, page.has_previous) == (False, False)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), queries(), st.integers(1, 4), st.booleans())
def test_pages_in_either_direction_are_parts_of_the_whole(
    found_in: list[SearchDocument], query: SearchQuery, size: int, backwards: bool
) -> None:
    with indexed(found_in) as index:
        pages = index.pages(query, size, backwards=backwards)

    whole, total = as_expected(found_in, query)
    in_order = pages[::-1] if backwards else pages
    assert [one for page in in_order for one in shown(page)] == whole
    assert {page.total for page in pages} == {total}
    assert [page.has_next for page in in_order] == [True] * (len(pages) - 1) + [False]
    assert [page.has_previous for page in in_order] == [False] + [True] * (len(pages) - 1)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), queries(), st.data())
def test_what_is_between_two_cursors_is_listed_without_them(
    found_in: list[SearchDocument], query: SearchQuery, data: st.DataObject
) -> None:
    with indexed(found_in) as index:
        whole = index.find(msgspec.structs.replace(query, first=500)).found
        if len(whole) < 2:
            return
        low, high = sorted(
            data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=2, max_size=2))
        )
        bounds = {"after": whole[low].cursor, "before": whole[high].cursor}
        size = data.draw(st.sampled_from([{"first": 2}, {"last": 2}]))

        page = index.find(msgspec.structs.replace(query, **bounds, **size))

    between = [found.id for found in whole[low + 1 : high]]
    assert [found.id for found in page.found] == (between[:2] if "first" in size else between[-2:])


def shown(page: SearchPage) -> list[Shown]:
    return [(one.id, one.version, one.distance, one.occurrence) for one in page.found]


def as_expected(found_in: list[SearchDocument], query: SearchQuery) -> tuple[list[Shown], int]:
    versions = {document.id: document.version for document in found_in}
    found = expected(found_in, query, NOW)
    return [(one.id, versions[one.id], one.distance, one.occurrence) for one in found], len(found)
