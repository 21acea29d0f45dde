"""Promise 6: reads. `get` is consistent, pages are exact, and views say when they cannot serve."""

import asyncio
from collections import Counter

import pytest

from gatherlog.core import NEW, Commit, Committed, Query, Store, StreamHead, View
from gatherlog.core.eventstore.errors import Conflict, LimitExceeded, ViewNotBuilt, ViewOutdated
from gatherlog.core.eventstore.planner import partition_of
from gatherlog.core.projections.paging import documents
from tests.contracts.commits import (
    CARDS,
    Card,
    append,
    card,
    cards,
    commit,
    document,
    documents_of,
    event,
    put,
    streams_of,
    whole_feed,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place


async def test_get_answers_in_the_order_asked_with_none_for_what_is_missing(store: Store) -> None:
    await store.commit(writing(put("a", b"A"), put("b", b"B")))
    a, b = document("a", b"A", version=1), document("b", b"B", version=1)

    assert await cards(store, ["b", "missing", "a", "b"]) == [b, None, a, b]
    assert await cards(store, []) == []
    assert await store.get([("no_such_view", "a")]) == [None]


async def test_get_takes_hundreds_of_ids_at_once(store: Store) -> None:
    ids = [f"{i:04}" for i in range(90)]
    await store.commit(writing(*[put(id, id.encode()) for id in ids]))

    asked = [id for id in reversed(ids) for id in (id, "x" + id)] * 3

    found = await cards(store, asked)
    assert [d and d.id for d in found] == [None if id[0] == "x" else id for id in asked]


async def test_everyone_sees_a_commit_once_it_is_acknowledged(store: Store) -> None:
    for i in range(50):
        await store.commit(writing(put("a", b"%d" % i)))
        assert await card(store, "a") == document("a", b"%d" % i, version=i + 1)
        assert len(await store.read_stream("card-1", after=i)) == 1


async def test_what_another_process_committed_is_seen(shared: Place) -> None:
    here, there = await shared.open(), await shared.open()
    for i in range(20):
        await there.commit(writing(put("a", b"%d" % i)))
        assert await card(here, "a") == document("a", b"%d" % i, version=i + 1)
        assert len(await here.read_stream("card-1")) == i + 1
        assert len(await documents_of(here, "card")) == 1


async def test_of_many_who_claim_one_name_exactly_one_gets_it(store: Store) -> None:
    claims = [
        store.commit(writing(put("ada@example.org", b"%d" % i, expects=NEW, stream=f"card-{i}")))
        for i in range(16)
    ]

    done = await asyncio.gather(*claims, return_exceptions=True)

    assert Counter(map(type, done)) == {Committed: 1, Conflict: 15}


@pytest.mark.parametrize(
    ("after", "before", "limit", "backwards", "versions"),
    [
        (0, None, 100, False, [1, 2, 3, 4, 5]),
        (0, None, 100, True, [5, 4, 3, 2, 1]),
        (0, None, 2, False, [1, 2]),
        (0, None, 2, True, [5, 4]),
        (2, None, 100, False, [3, 4, 5]),
        (2, None, 100, True, [5, 4, 3]),
        (2, None, 1, True, [5]),
        (0, 3, 100, False, [1, 2]),
        (0, 3, 100, True, [2, 1]),
        (0, 3, 1, True, [2]),
        (1, 4, 100, False, [2, 3]),
        (1, 4, 1, False, [2]),
        (3, 4, 100, False, []),
        (4, 2, 100, False, []),
        (4, 2, 100, True, []),
        (5, None, 100, False, []),
        (99, None, 100, True, []),
        (0, 99, 100, True, [5, 4, 3, 2, 1]),
        (0, 1, 100, False, []),
        (0, 0, 100, False, []),
        (-7, None, 2, False, [1, 2]),
        (0, -7, 2, True, []),
    ],
)
async def test_a_stream_is_read_between_its_bounds(
    store: Store, after: int, before: int | None, limit: int, backwards: bool, versions: list[int]
) -> None:
    await store.commit(commit("card-1", events=5))
    await store.commit(commit("card-11"))

    found = await store.read_stream(
        "card-1", after=after, before=before, limit=limit, backwards=backwards
    )

    assert [(e.stream, e.version) for e in found] == [("card-1", v) for v in versions]


async def test_a_missing_stream_reads_as_empty(store: Store) -> None:
    assert await store.read_stream("card-1") == []
    assert await store.read_stream("card-1", backwards=True) == []


async def test_streams_of_a_category_are_listed_once_each(store: Store) -> None:
    names = ["card-b", "card-a", "card-Z", "card-é", "card-🎉", "card-\uffff", "card-a-1"]
    for name in [*names, "cards-a", "car-a", "card_x-a", "zebra-1"]:
        await store.commit(commit(name))
    await store.commit(commit("card-a", events=2))
    versions = dict.fromkeys(names, 1) | {"card-a": 3}
    heads = [StreamHead(name, versions[name]) for name in sorted(names)]

    assert await streams_of(store, "card") == heads
    assert await streams_of(store, "card", limit=2) == heads
    assert len((await store.streams("card", limit=2)).streams) <= 2
    assert await streams_of(store, "nothing") == []


async def test_a_scan_gives_each_document_once(store: Store) -> None:
    ids = ["b", "a", "Z", "é", "🎉", "\uffff", "a-1", "a\x01b"]
    for id in ids:
        await store.commit(writing(put(id, id.encode())))
    ids.sort()

    assert [d.id for d in await documents_of(store, "card")] == ids
    assert [d.id for d in await documents_of(store, "card", limit=3)] == ids
    assert len((await store.scan("card", limit=3)).documents) <= 3
    assert await documents_of(store, "no_such_view") == []


async def test_a_scan_gives_whole_documents(store: Store) -> None:
    keys = {"by_name": ("all", "Ada")}
    await store.commit(writing(put("a", b"A", index_keys=keys)))

    assert await documents_of(store, "card") == [document("a", b"A", version=1, index_keys=keys)]


async def test_a_page_has_a_least_and_a_greatest_size(store: Store) -> None:
    most = store.limits.page
    query = CARDS.query("by_name", "all")

    for wrong in (0, -1):
        with pytest.raises(ValueError, match="limit"):
            await store.read_stream("card-1", limit=wrong)
        with pytest.raises(ValueError, match="limit"):
            await store.read_feed(0, after=0, limit=wrong)
        with pytest.raises(ValueError, match="limit"):
            await store.streams("card", limit=wrong)
        with pytest.raises(ValueError, match="limit"):
            await store.scan("card", limit=wrong)
    with pytest.raises(LimitExceeded):
        await store.read_stream("card-1", limit=most + 1)
    with pytest.raises(LimitExceeded):
        await store.read_feed(0, after=0, limit=most + 1)
    assert await store.read_stream("card-1", limit=most) == []
    assert (await store.query(query)).documents == []


async def test_long_pages_are_as_exact_as_short_ones(store: Store) -> None:
    for _ in range(9):
        await store.commit(commit("card-1", events=50))
    every = list(range(1, 451))

    forth = await store.read_stream("card-1", limit=449)
    back = await store.read_stream("card-1", limit=449, backwards=True)

    assert [e.version for e in forth] == every[:449]
    assert [e.version for e in back] == every[:0:-1]


# What a store knows of the views.


def cards_view(version: int, *, more: bool = False) -> View[Card]:
    """The view `card` at another version, or with one more index."""
    by_name = CARDS.patterns["by_name"]
    if more:
        return View("card", Card, version=version, by_name=by_name, by_first=by_name)
    return View("card", Card, version=version, by_name=by_name)


async def test_a_process_that_knows_an_older_version_of_a_view_is_refused(durable: Place) -> None:
    await (await durable.open(cards_view(2))).close()

    with pytest.raises(ViewOutdated):
        await durable.open(cards_view(1))
    await durable.open(cards_view(2))


async def test_a_new_version_of_an_empty_view_serves_at_once(durable: Place) -> None:
    await (await durable.open(cards_view(1))).close()

    store = await durable.open(cards_view(2))

    assert (await store.query(CARDS.query("by_name", "all"))).documents == []


async def test_a_new_version_of_a_filled_view_serves_nothing_until_it_is_built(
    durable: Place,
) -> None:
    first = await durable.open(cards_view(1))
    await first.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "Ada")})))
    await first.close()

    store = await durable.open(cards_view(2))

    with pytest.raises(ViewNotBuilt):
        await store.query(CARDS.query("by_name", "all"))
    assert (await cards(store, ["a"]))[0] is not None


async def test_a_new_index_serves_nothing_until_it_is_built(durable: Place) -> None:
    first = await durable.open(cards_view(1))
    await first.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "Ada")})))
    await first.close()

    widened = cards_view(1, more=True)
    for _ in range(2):
        store = await durable.open(widened)
        with pytest.raises(ViewNotBuilt):
            await store.query(widened.query("by_first", "all"))
        assert len((await store.query(widened.query("by_name", "all"))).documents) == 1
        await store.close()


async def test_an_index_that_no_view_declares_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="by_moon"):
        await store.query(Query(view="card", index="by_moon", partition="x"))
    with pytest.raises(ValueError, match="moons"):
        await store.query(Query(view="moons", index="by_name", partition="x"))


async def test_reading_while_others_write_gives_whole_commits(store: Store) -> None:
    done = asyncio.Event()

    async def write() -> None:
        for i in range(60):
            await store.commit(writing(put("a", b"%d" % i)))
        done.set()

    writing_ = asyncio.create_task(write())
    while not done.is_set():
        found = await card(store, "a")
        if found is not None:
            assert found.body == b"%d" % (found.version - 1)
            assert len(await store.read_stream("card-1")) >= found.version
        await asyncio.sleep(0)
    await writing_


async def test_a_page_ends_by_count_or_by_bytes(store: Store) -> None:
    size = min(store.limits.event_bytes, store.limits.page_bytes // 3)
    for number in range(9):
        write = put(f"{number}", b"x" * size, index_keys={"by_name": ("all", f"{number}")})
        appends = [append("card-1", event(b"x" * size))]
        await store.commit(Commit(appends=appends, writes=[write]))
    most = min(9, 1 + store.limits.page_bytes // size)

    stream = await store.read_stream("card-1")
    backwards = await store.read_stream("card-1", backwards=True)
    query = await store.query(CARDS.query("by_name", "all"))
    scan = await store.scan("card")

    assert all(1 <= len(page) <= most for page in (stream, backwards, query.documents))
    assert 1 <= len(scan.documents) <= most
    assert [e.version for e in stream] == list(range(1, len(stream) + 1))
    assert [e.version for e in backwards] == list(range(9, 9 - len(backwards), -1))


async def test_short_pages_lead_to_the_end_all_the_same(store: Store) -> None:
    size = min(store.limits.event_bytes, store.limits.page_bytes // 3)
    for number in range(9):
        write = put(f"{number}", b"x" * size, index_keys={"by_name": ("all", f"{number}")})
        appends = [append("card-1", event(b"x" * size))]
        await store.commit(Commit(appends=appends, writes=[write]))

    versions = [e.version for e in await whole_stream(store, "card-1")]
    partition = partition_of("card-1", store.limits.partitions)
    in_feed = [e.version for e in await whole_feed(store, partition)]
    query = CARDS.query("by_name", "all")
    listed = [document.id async for document in documents(store, query)]
    scanned = [document.id for document in await documents_of(store, "card")]

    assert versions == in_feed == list(range(1, 10))
    assert listed == scanned == [f"{number}" for number in range(9)]
