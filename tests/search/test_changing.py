"""Pages while things change: nothing that stays as it is is missed or listed twice."""

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatherlog.core.search import SearchDocument, SearchQuery
from tests.search.indexes import Indexed, indexed
from tests.search.oracle import expected
from tests.search.strategies import NOW, documents, queries


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), documents(), queries(), st.booleans(), st.data())
def test_what_does_not_change_is_listed_once_and_in_order_whatever_else_does(
    lasting: list[SearchDocument],
    changing: list[SearchDocument],
    query: SearchQuery,
    backwards: bool,
    data: st.DataObject,
) -> None:
    stay = {document.id for document in lasting}
    others = [document for document in changing if document.id not in stay]
    begin = data.draw(st.lists(st.sampled_from(others), unique_by=_id)) if others else []
    with indexed([*lasting, *begin]) as index:
        seen = walk(index, query, others, backwards, data)

    whole = [one.id for one in expected(lasting, query, NOW)]
    assert [id for id in seen if id in stay] == (whole[::-1] if backwards else whole)


def walk(
    index: Indexed,
    query: SearchQuery,
    others: list[SearchDocument],
    backwards: bool,
    data: st.DataObject,
) -> list[str]:
    """Go through all pages, and put or remove one of the others before each but the first."""
    size, edge = ("last", "before") if backwards else ("first", "after")
    asked = msgspec.structs.replace(query, **{size: 2})
    seen: list[str] = []
    while True:
        page = index.find(asked)
        found = page.found[::-1] if backwards else page.found
        seen += [one.id for one in found]
        if not found or not (page.has_previous if backwards else page.has_next):
            return seen
        asked = msgspec.structs.replace(asked, **{edge: found[-1].cursor})
        if others:
            one, is_removed = data.draw(st.sampled_from(others)), data.draw(st.booleans())
            if is_removed:
                index.remove(one.id)
            else:
                index.put(one)


def _id(document: SearchDocument) -> str:
    return document.id
