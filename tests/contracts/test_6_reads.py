"""Promise 6: reads. `get` is consistent, pages are exact, and views say when they cannot serve."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from gatherlog.core import (
    NEW,
    Commit,
    Committed,
    Document,
    Query,
    Recorded,
    Store,
    StreamHead,
    View,
)
from gatherlog.core.eventstore.errors import (
    Conflict,
    CursorInvalid,
    LimitExceeded,
    ViewNotBuilt,
    ViewOutdated,
)
from gatherlog.core.eventstore.planner import partition_of
from tests.contracts.commits import (
    CARDS,
    Card,
    append,
    card,
    cards,
    cards_view,
    commit,
    delete,
    document,
    documents_of,
    event,
    feeds,
    listed,
    lists,
    put,
    settled,
    stream_part,
    streams_of,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place, chunks
from tests.stores import eventually


async def test_get_returns_documents_in_the_order_asked_and_none_for_those_that_are_missing(
    store: Store,
) -> None:
    await store.commit(writing(put("a", b"A"), put("b", b"B")))
    a, b = document("a", b"A", version=1), document("b", b"B", version=1)

    assert await cards(store, ["b", "missing", "a", "b"]) == [b, None, a, b]
    assert await cards(store, []) == []
    assert await store.get([("no_such_view", "a")]) == [None]


async def test_get_takes_names_of_documents_of_several_views_in_any_order(store: Store) -> None:
    badge = msgspec.structs.replace(put("a", b"badge"), view="badge")
    await store.commit(writing(put("a", b"A"), put("b", b"B"), badge))
    names = [("badge", "a"), ("card", "b"), ("badge", "b"), ("card", "a")]
    bodies = [b"badge", b"B", None, b"A"]

    for order in permutations(range(4)):
        found = await store.get([names[n] for n in order])
        assert [one and one.body for one in found] == [bodies[n] for n in order]


async def test_get_is_one_round_trip_however_many_documents_are_asked_for(counted: Place) -> None:
    store = await counted.open()
    await store.commit(writing(put("a", b"A"), put("b", b"B")))

    for asked in ([], ["a"], ["a", "b", "missing"]):
        before = counted.trips
        await store.get([(view, id) for view in ("card", "badge") for id in asked])
        assert counted.trips - before == bool(asked)


async def test_get_takes_hundreds_of_names_at_once(store: Store) -> None:
    ids = [f"{i:04}" for i in range(90)]
    for some in chunks(ids, 15):
        await store.commit(writing(*[put(id, id.encode()) for id in some]))

    asked = [id for id in reversed(ids) for id in (id, "x" + id)] * 3

    found = await cards(store, asked)
    assert [d and d.id for d in found] == [None if id[0] == "x" else id for id in asked]


async def test_get_and_read_stream_see_every_acknowledged_commit(store: Store) -> None:
    async def write(stream: str) -> None:
        for i in range(20):
            await store.commit(writing(put(stream, b"%d" % i, stream=stream)))
            expected = document(stream, b"%d" % i, version=i + 1, stream=stream)
            assert await card(store, stream) == expected
            added = await stream_part(store, stream, after=i, limit=9)
            [last] = await store.read_stream(stream, limit=1, backwards=True)
            assert ([event.version for event in added], last.version) == ([i + 1], i + 1)

    await asyncio.gather(*[write(f"card-{n}") for n in range(8)])


async def test_commits_through_one_open_store_are_seen_through_another(shared: Place) -> None:
    here, there = await shared.open(), await shared.open()
    for i in range(20):
        await there.commit(writing(put("a", b"%d" % i)))
        assert await card(here, "a") == document("a", b"%d" % i, version=i + 1)
        assert len(await whole_stream(here, "card-1")) == i + 1
        assert len(await documents_of(here, "card")) == 1


async def test_of_many_commits_that_make_the_same_document_exactly_one_succeeds(
    store: Store,
) -> None:
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
async def test_read_stream_returns_the_events_between_its_bounds(
    store: Store, after: int, before: int | None, limit: int, backwards: bool, versions: list[int]
) -> None:
    await store.commit(commit("card-1", events=5))
    await store.commit(commit("card-11"))

    found = await stream_part(
        store, "card-1", after=after, before=before, limit=limit, backwards=backwards
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


async def test_a_scan_returns_each_document_once(store: Store) -> None:
    ids = ["b", "a", "Z", "é", "🎉", "\uffff", "a-1", "a\x01b"]
    for id in ids:
        await store.commit(writing(put(id, id.encode())))
    ids.sort()

    assert [d.id for d in await documents_of(store, "card")] == ids
    assert [d.id for d in await documents_of(store, "card", limit=3)] == ids
    assert len((await store.scan("card", limit=3)).documents) <= 3
    assert await documents_of(store, "no_such_view") == []


async def test_a_scan_returns_whole_documents(store: Store) -> None:
    keys = {"by_name": ("all", "Ada")}
    await store.commit(writing(put("a", b"A", index_keys=keys)))

    assert await documents_of(store, "card") == [document("a", b"A", version=1, index_keys=keys)]


async def test_the_limit_of_a_page_has_a_least_and_a_greatest_value(store: Store) -> None:
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


async def test_a_long_list_of_events_is_complete_and_in_order(store: Store) -> None:
    for _ in range(9):
        await store.commit(commit("card-1", events=50))
    every = list(range(1, 451))

    forth = await stream_part(store, "card-1", limit=449)
    back = await stream_part(store, "card-1", limit=449, backwards=True)

    assert [e.version for e in forth] == every[:449]
    assert [e.version for e in back] == every[:0:-1]


# What a store knows of the views.


async def test_a_process_that_knows_an_older_version_of_a_view_is_refused(durable: Place) -> None:
    await (await durable.open(cards_view(2))).close()

    with pytest.raises(ViewOutdated):
        await durable.open(cards_view(1))
    await durable.open(cards_view(2))


async def test_a_new_version_of_a_view_without_documents_can_be_queried_at_once(
    durable: Place,
) -> None:
    await (await durable.open(cards_view(1))).close()

    store = await durable.open(cards_view(2))

    await lists(store, CARDS.query("by_name", "all"))


async def test_a_new_version_of_a_view_with_documents_cannot_be_queried_until_it_is_built(
    durable: Place,
) -> None:
    first = await durable.open(cards_view(1))
    await first.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "Ada")})))
    await first.close()

    store = await durable.open(cards_view(2))

    with pytest.raises(ViewNotBuilt):
        await store.query(CARDS.query("by_name", "all"))
    assert (await cards(store, ["a"]))[0] is not None


async def test_a_new_index_cannot_be_queried_until_it_is_built(durable: Place) -> None:
    first = await durable.open(cards_view(1))
    await first.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "Ada")})))
    await first.close()

    widened = cards_view(1, more=True)
    for _ in range(2):
        store = await durable.open(widened)
        with pytest.raises(ViewNotBuilt):
            await store.query(widened.query("by_first", "all"))
        await lists(store, widened.query("by_name", "all"), "a")
        await store.close()


@pytest.mark.parametrize("view", [cards_view(2), cards_view(1, more=True)])
async def test_a_view_that_another_store_has_built_can_be_queried_within_seconds(
    shared: Place, view: View[Card]
) -> None:
    before = await shared.open(cards_view(1))
    key = dict.fromkeys(view.indexes, ("all", "Ada"))
    await before.commit(writing(put("a", b"A", index_keys=key)))
    running, building = await shared.open(view), await shared.open(view)
    query = view.query(next(iter(set(view.indexes) - {"by_name"}), "by_name"), "all")
    with pytest.raises(ViewNotBuilt):
        await running.query(query)

    await building.declare([view])

    assert [found.id for found in await listed(building, query)] == ["a"]
    await eventually(lambda: ids_or_none(running, query), ["a"], 3)


async def test_a_store_with_an_older_version_is_refused_within_seconds(shared: Place) -> None:
    older = await shared.open(cards_view(1))
    await older.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "Ada")})))
    await lists(older, CARDS.query("by_name", "all"), "a")
    building = await shared.open(cards_view(2))

    await building.declare([cards_view(2)])

    await eventually(lambda: is_outdated(older), True, 3)


async def is_outdated(store: Store) -> bool:
    """Whether a query is refused because another process has built a newer version of the view."""
    try:
        await store.query(CARDS.query("by_name", "all"))
    except ViewOutdated:
        return True
    return False


async def ids_or_none(store: Store, query: Query) -> list[str] | None:
    """What a query gives; None if its view is not built."""
    try:
        return [found.id for found in await listed(store, query)]
    except ViewNotBuilt:
        return None


async def test_stores_that_declare_a_view_without_documents_at_the_same_time_can_all_query_it(
    shared: Place,
) -> None:
    views = [cards_view(1), cards_view(1, more=True)] * 3

    stores = await asyncio.gather(*[shared.open(view) for view in views])

    for store, view in zip(stores, views, strict=True):
        for index in view.indexes:
            await lists(store, view.query(index, "all"))


async def test_if_stores_declare_different_versions_at_the_same_time_the_newest_one_stays(
    shared: Place,
) -> None:
    views = [cards_view(version) for version in (1, 3, 2)]

    opened = await asyncio.gather(*map(shared.open, views), return_exceptions=True)

    failures = {type(one) for one in opened if isinstance(one, BaseException)}
    assert failures <= {ViewOutdated}
    with pytest.raises(ViewOutdated):
        await shared.open(cards_view(2))
    await lists(await shared.open(cards_view(3)), CARDS.query("by_name", "all"))


async def test_an_index_that_no_view_declares_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="by_moon"):
        await store.query(Query(view="card", index="by_moon", partition="x"))
    with pytest.raises(ValueError, match="moons"):
        await store.query(Query(view="moons", index="by_name", partition="x"))


async def test_readers_see_whole_commits_while_others_write(store: Store) -> None:
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
            assert len(await whole_stream(store, "card-1")) >= found.version
        await asyncio.sleep(0)
    await writing_


# Pages.


async def fill_pages(store: Store) -> int:
    """Events and documents, more than the bytes of a page allow; the most that one may hold."""
    size = min(store.limits.event_bytes, store.limits.body_bytes)
    most = 1 + store.limits.page_bytes // size
    for number in range(most + 1):
        write = put(f"{number:02}", b"x" * size, index_keys={"by_name": ("all", f"{number:02}")})
        appends = [append("card-1", event(b"x" * size))]
        await store.commit(Commit(appends=appends, writes=[write]))
    await settled(store)
    await lists(store, CARDS.query("by_name", "all"), *[f"{n:02}" for n in range(most + 1)])
    return most


async def feed_page(store: Store, limit: int) -> list[Recorded]:
    """A page of the feed that has events; it may be read in vain at first."""
    partition = partition_of("card-1", store.limits.partitions)
    while not (page := await store.read_feed(partition, after=0, limit=limit)):
        pass
    return page


async def query_page(store: Store, limit: int) -> list[Document]:
    return (await store.query(CARDS.query("by_name", "all", limit=limit))).documents


async def scan_page(store: Store, limit: int) -> list[Document]:
    return (await store.scan("card", limit=limit)).documents


async def stream_page(store: Store, limit: int) -> list[Recorded]:
    return await store.read_stream("card-1", limit=limit)


async def stream_page_backwards(store: Store, limit: int) -> list[Recorded]:
    return await store.read_stream("card-1", limit=limit, backwards=True)


READERS: Sequence[Callable[[Store, int], Awaitable[Sequence[object]]]] = [
    feed_page,
    query_page,
    scan_page,
    stream_page,
    stream_page_backwards,
]


async def test_every_page_ends_by_count_or_by_bytes(store: Store) -> None:
    most = await fill_pages(store)

    for read in READERS:
        assert 1 <= len(await read(store, 1000)) <= most
        assert 1 <= len(await read(store, 2)) <= 2
        assert len(await read(store, 1)) == 1


async def test_reading_short_pages_to_the_end_returns_everything(store: Store) -> None:
    most = await fill_pages(store)
    versions = list(range(1, most + 2))

    backwards = await stream_part(store, "card-1", limit=1000, backwards=True)
    assert [e.version for e in await whole_stream(store, "card-1")] == versions
    assert [e.version for e in backwards] == versions[::-1]
    assert [e.version for feed in await feeds(store) for e in feed] == versions
    ids = [found.id for found in await documents_of(store, "card")]
    assert ids == [f"{number:02}" for number in range(most + 1)]
    await lists(store, CARDS.query("by_name", "all"), *ids)


async def places(store: Store, category: str, view: str) -> dict[str, str]:
    """The cursors after the first of several streams, and of several documents."""
    streams = await store.streams(category, limit=1)
    documents = await store.scan(view, limit=1)
    assert streams.cursor
    assert documents.cursor
    return {"streams": streams.cursor, "scan": documents.cursor}


async def test_cursors_of_streams_and_scan_are_refused_by_other_stores_and_for_other_lists(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    elsewhere = Place(place.engine, tmp_path / "elsewhere")
    here, there = await place.open(), await elsewhere.open()
    for store in (here, there):
        for id in "abc":
            await store.commit(writing(put(id, b"{}", stream=f"card-{id}")))
    ours, theirs = await places(here, "card", "card"), await places(there, "card", "card")

    foreign = [
        *[here.streams("card", cursor=cursor) for cursor in (theirs["streams"], ours["scan"], "x")],
        *[here.scan("card", cursor=cursor) for cursor in (theirs["scan"], ours["streams"], "x")],
        here.streams("cards", cursor=ours["streams"]),
        here.scan("cards", cursor=ours["scan"]),
        here.query(CARDS.query("by_name", "all", cursor=ours["scan"])),
    ]
    for asked in foreign:
        with pytest.raises(CursorInvalid):
            await asked
    await elsewhere.close()


async def test_what_exists_throughout_is_listed_once_while_others_come_and_go(
    store: Store,
) -> None:
    stay = [f"{n:02}" for n in range(0, 40, 2)]
    for id in stay:
        await store.commit(writing(put(id, b"{}", stream=f"card-{id}")))

    async def come_and_go() -> None:
        for n in range(1, 40, 2):
            id, stream = f"{n:02}", f"card-{n:02}"
            await store.commit(writing(put(id, b"{}", stream=stream)))
            gone = delete(id, stream=stream)
            await store.commit(writing(gone))

    changing = asyncio.create_task(come_and_go())
    ids = [found.id for found in await documents_of(store, "card", limit=3)]
    names = [head.stream for head in await streams_of(store, "card", limit=3)]
    await changing

    assert [id for id in ids if id in stay] == stay
    assert [name for name in names if name[5:] in stay] == [f"card-{id}" for id in stay]
    assert (len(set(ids)), len(set(names))) == (len(ids), len(names))
