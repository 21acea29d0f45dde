"""What a process caches of a store's rows: what was committed last, within bounds."""

from typing import Any, NoReturn

from gatherlog.core import Document
from gatherlog.core.eventstore.known_rows import KnownRows
from gatherlog.core.eventstore.planner import Changes, Wanted
from gatherlog.core.eventstore.row_cache import MAX_BODY, MAX_DOCUMENTS, MAX_STREAMS, RowCache
from tests.contracts.commits import document


def changed(*documents: Document) -> Changes:
    return Changes([1], documents={(one.view, one.id): one for one in documents})


def ids(cache: RowCache) -> list[str]:
    return [id for _, id in cache.documents]


def test_it_has_what_was_committed_last() -> None:
    cache = RowCache()
    gone, stays = document("gone", b"1", version=1), document("stays", b"1", version=1)
    cache.apply(Changes([2, 5], streams={"card-1": 1}, documents={("card", "gone"): gone}))

    newer = Changes([3, 5], streams={"card-1": 2, "card-2": 1})
    newer.documents = {("card", "gone"): None, ("card", "stays"): stays}
    cache.apply(newer)

    assert cache.positions == (3, 5)
    assert cache.streams == {"card-1": 2, "card-2": 1}
    assert cache.documents == {("card", "stays"): stays, ("card", "gone"): None}


def test_an_empty_cache_knows_nothing() -> None:
    cache = RowCache()
    cache.apply(Changes([2], streams={"card-1": 1}))
    cache.keep(document("a", b"1", version=1))

    cache.empty()

    assert (cache.positions, cache.streams, cache.documents) == (None, {}, {})


def test_a_long_body_is_not_cached_nor_is_the_shorter_one_before_it() -> None:
    cache = RowCache()
    cache.apply(changed(document("a", bytes(MAX_BODY), version=1)))
    assert ids(cache) == ["a"]

    cache.apply(changed(document("a", bytes(MAX_BODY + 1), version=2)))

    assert ids(cache) == []


def test_beyond_its_bounds_it_drops_what_was_changed_the_longest_ago() -> None:
    cache = RowCache()
    cache.apply(changed(*[document(f"{n}", b"", version=1) for n in range(MAX_DOCUMENTS)]))
    cache.apply(Changes([1], streams={f"card-{n}": 1 for n in range(MAX_STREAMS)}))
    cache.apply(changed(document("0", b"", version=2)))
    cache.apply(Changes([1], streams={"card-0": 2}))

    cache.apply(changed(document("new", b"", version=1)))
    cache.apply(Changes([1], streams={"card-new": 1}))

    assert ids(cache) == [*[f"{n}" for n in range(2, MAX_DOCUMENTS)], "0", "new"]
    assert list(cache.streams)[-2:] == ["card-0", "card-new"]
    assert (len(cache.streams), next(iter(cache.streams))) == (MAX_STREAMS, "card-2")


class Large(dict[Any, Any]):
    """So many rows that nobody may go through them."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("all that is known was gone through")

    keys = items = values = __iter__


def test_what_is_unknown_is_told_without_going_through_all_that_is_known() -> None:
    known = KnownRows()
    known.streams = Large({"card-1": 1})
    known.documents = Large({("card", "a"): None})

    wanted = Wanted(set(), {"card-1", "card-2"}, {("card", "a"), ("card", "b")})

    assert known.unknown(wanted) == ({"card-2"}, {("card", "b")})
