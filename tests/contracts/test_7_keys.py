"""Promise 7: index keys and cursors, and the partition in which a stream lands."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

import msgspec
import pytest

from gatherlog.core import Commit, Limits, Query, Store, Write
from gatherlog.core.eventstore.errors import Conflict, CursorInvalid, NotAStore
from gatherlog.core.eventstore.store import IndexKey, KeepsIndexRows
from gatherlog.engines import open_store
from tests.contracts.commits import (
    CARDS,
    append,
    cards,
    commit,
    delete,
    feeds,
    lag,
    listed,
    lists,
    put,
    settled,
    shows,
    writing,
)
from tests.contracts.engines import Place, chunks
from tests.stores import eventually


def put_at(id: str, *key: str) -> Write:
    """A card in the index `by_table` under this key."""
    return put(id, b"{}", index_keys={"by_table": key})


def tables(partition: str, **more: object) -> Query:
    """A query of that index."""
    return msgspec.structs.replace(CARDS.query("by_table", partition), **more)


async def fill(store: Store, keys: Sequence[tuple[str, IndexKey]]) -> None:
    """Cards under these keys."""
    for some in chunks(keys, 15):
        await store.commit(writing(*[put_at(id, *key) for id, key in some]))


async def test_a_query_returns_whole_documents_of_one_partition_key(store: Store) -> None:
    await fill(store, [("a", ("t1", "x")), ("b", ("t2", "x")), ("c", ("t1", "w"))])

    c, a = await cards(store, ["c", "a"])
    assert c
    assert a
    await shows(store, tables("t1"), c, a)
    await lists(store, tables("t"))
    await lists(store, CARDS.query("by_name", "t1"))


async def test_sort_keys_are_compared_part_by_part(store: Store) -> None:
    keys = [("a", "b"), ("a", "b", ""), ("a", "b", "c"), ("a", "ba"), ("a ", ""), ("ab", "a")]
    await fill(store, [(f"{9 - i}", ("t", *key)) for i, key in enumerate(keys)])

    await lists(store, tables("t"), "9", "8", "7", "6", "5", "4")


async def test_text_is_compared_by_its_utf8_bytes(store: Store) -> None:
    texts = [
        "",
        " ",
        "A",
        "Z",
        "a",
        "z",
        "é",
        "ÿ",
        "\u0101",
        "\ue000",
        "\uffff",
        "\U00010000",
        "🎉",
    ]
    shuffled = random.Random(7).sample(texts, len(texts))
    await fill(store, [(f"id-{texts.index(text):02}", ("t", text)) for text in shuffled])

    await lists(store, tables("t"), *[f"id-{i:02}" for i in range(len(texts))])
    assert texts == sorted(texts, key=str.encode)


async def test_equal_keys_are_ordered_by_id(store: Store) -> None:
    await fill(store, [(id, ("t", "same")) for id in ("b", "🎉", "a", "\uffff", "A")])

    await lists(store, tables("t"), "A", "a", "b", "\uffff", "🎉")
    await lists(store, tables("t", backwards=True), "🎉", "\uffff", "b", "a", "A")
    await lists(store, tables("t", limit=1), "A", "a", "b", "\uffff", "🎉")


async def test_control_characters_are_removed_from_keys(store: Store) -> None:
    await fill(store, [("a", ("t\x01x", "x\x00y\x01\x1f\x7f\x9fz")), ("b", ("tx", "xyza"))])

    await lists(store, tables("tx"), "a", "b")
    await lists(store, tables("t\nx", prefix=("xy\x02z",)), "a")


async def test_the_partition_key_and_the_sort_key_are_cut_to_512_bytes_together(
    store: Store,
) -> None:
    long = "x" * 510
    await fill(
        store,
        [("c", ("t", long + "éa")), ("b", ("t", long + "éb")), ("a", ("t", long + "z"))],
    )

    await lists(store, tables("t"), "a", "b", "c")
    await lists(store, tables("t", prefix=(long + "é",)), "b", "c")
    await lists(store, tables("t" * 600))


async def test_two_long_partition_keys_with_the_same_beginning_are_two_lists(store: Store) -> None:
    for end in ("", "a", "b"):
        await fill(store, [(f"of-{end}", ("t" * 400 + end, "x"))])

    for end in ("", "a", "b"):
        await lists(store, tables("t" * 400 + end), f"of-{end}")


async def test_a_document_without_a_key_is_not_listed_in_that_index(store: Store) -> None:
    await store.commit(
        writing(put("a", b"{}", index_keys={"by_name": ("all", "A")}), put_at("b", "t", "B"))
    )

    await lists(store, CARDS.query("by_name", "all"), "a")
    await lists(store, tables("t"), "b")


async def test_a_new_body_moves_the_document_in_its_indexes(store: Store) -> None:
    both = {"by_name": ("all", "A"), "by_table": ("t1", "A")}
    await store.commit(writing(put("a", b"1", index_keys=both)))

    await store.commit(writing(put("a", b"2", index_keys={"by_table": ("t2", "A")})))

    await lists(store, tables("t1"))
    await lists(store, tables("t2"), "a")
    await lists(store, CARDS.query("by_name", "all"))


async def test_counters_do_not_move_a_document_in_its_indexes(store: Store) -> None:
    await fill(store, [("a", ("t", "x"))])
    await store.commit(writing(Write(view="card", id="a", stream="card-1", adds={"n": 1})))

    [a] = await cards(store, ["a"])
    assert a
    assert a.counters == {"n": 1}
    await shows(store, tables("t"), a)


async def test_a_deleted_document_is_not_listed(store: Store) -> None:
    await fill(store, [("a", ("t", "x")), ("b", ("t", "y"))])
    await store.commit(writing(delete("a")))

    await lists(store, tables("t"), "b")
    await fill(store, [("a", ("t", "z"))])
    await lists(store, tables("t"), "b", "a")


async def test_of_several_changes_at_the_same_time_the_last_one_is_listed(store: Store) -> None:
    steps = [
        writing(put_at("a", "t", "1")),
        writing(put_at("a", "t", "2")),
        writing(delete("a")),
        writing(put_at("a", "t", "3"), put_at("b", "t", "0")),
        writing(put_at("b", "u", "0")),
    ]
    await asyncio.gather(*[store.commit(step) for step in steps])

    await lists(store, tables("t", prefix=("3",)), "a")
    await lists(store, tables("t"), "a")
    await lists(store, tables("u"), "b")


async def test_a_refused_commit_does_not_change_indexes(store: Store) -> None:
    await fill(store, [("a", ("t", "x"))])
    late = msgspec.structs.replace(put_at("a", "u", "x"), expects=9)

    with pytest.raises(Conflict):
        await store.commit(writing(late, put_at("b", "t", "y")))
    await fill(store, [("c", ("t", "z"))])

    await lists(store, tables("t"), "a", "c")
    await lists(store, tables("u"))


async def misindexed(store: Store, limit: int = 1000) -> list[str]:
    """Ids whose index rows do not agree with their document."""
    assert isinstance(store, KeepsIndexRows)
    found, cursor = [], None
    while True:
        ids, cursor = await store.misindexed("card", cursor=cursor, limit=limit)
        found += ids
        if cursor is None:
            return found


async def repair(store: Store, ids: Sequence[str]) -> None:
    """Have index rows written again."""
    assert isinstance(store, KeepsIndexRows)
    await store.reindex("card", ids)


async def test_indexes_agree_with_the_documents_if_nothing_has_damaged_them(indexed: Place) -> None:
    store = await indexed.open()
    cards = [f"{n:02}" for n in range(40)]

    async def go_on() -> None:
        for round in range(20):
            some = [put_at(id, f"t{round}", id) for id in cards[round:]]
            await store.commit(writing(*some))

    async def look() -> list[str]:
        return [id for _ in range(20) for id in await misindexed(store)]

    _, found = await asyncio.gather(go_on(), look())
    assert found == []


async def test_a_missing_index_row_is_reported_and_written_again(indexed: Place) -> None:
    store = await indexed.open()
    await fill(store, [(id, ("t", id)) for id in "abc"])
    indexed.damage.unlist("card", "b")

    assert await misindexed(store) == ["b"]
    await lists(store, tables("t"), "a", "c")
    await repair(store, ["b"])
    assert await misindexed(store) == []
    await lists(store, tables("t"), "a", "b", "c")


async def test_an_index_row_that_should_not_exist_is_reported_and_removed(indexed: Place) -> None:
    store = await indexed.open()
    await fill(store, [(id, ("t", id)) for id in "ab"])
    indexed.damage.list_also("card", "by_table", ("t", "z"), "a")
    indexed.damage.list_also("card", "by_table", ("t", "z"), "nobody")

    assert await misindexed(store) == ["a", "nobody"]
    assert await misindexed(store, limit=1) == ["a", "nobody"]
    await repair(store, ["a", "nobody"])
    assert await misindexed(store) == []
    await lists(store, tables("t"), "a", "b")


async def test_index_rows_of_a_missing_document_are_reported_and_list_nothing(
    indexed: Place,
) -> None:
    store = await indexed.open()
    await fill(store, [(id, ("t", id)) for id in "ab"])
    indexed.damage.lose("card", "a")

    assert await misindexed(store) == ["a"]
    await lists(store, tables("t"), "b")
    await repair(store, ["a"])
    assert await misindexed(store) == []


async def test_damaged_indexes_do_not_make_commits_fail(indexed: Place) -> None:
    store = await indexed.open()
    await fill(store, [(id, ("t", id)) for id in "abc"])
    indexed.damage.lose("card", "a")
    indexed.damage.unlist("card", "b")
    indexed.damage.list_also("card", "by_table", ("u", "c"), "c")

    await fill(store, [("a", ("t", "a")), ("b", ("u", "b")), ("c", ("u", "c"))])

    assert await misindexed(store) == []
    await lists(store, tables("t"), "a")
    await lists(store, tables("u"), "b", "c")


async def test_prefix_since_and_until_select_a_range(store: Store) -> None:
    await fill(
        store,
        [(d + h, ("t", d, h)) for d in ("mon", "tue", "wed") for h in ("08", "12", "18")],
    )

    await lists(store, tables("t", prefix=("tue",)), "tue08", "tue12", "tue18")
    await lists(store, tables("t", prefix=("tu",)))
    await lists(store, tables("t", prefix=("tue", "12")), "tue12")
    await lists(store, tables("t", prefix=("tue",), since=("12",)), "tue12", "tue18")
    await lists(store, tables("t", prefix=("tue",), until=("12",)), "tue08")
    await lists(
        store,
        tables("t", since=("tue", "12"), until=("wed", "12")),
        "tue12",
        "tue18",
        "wed08",
    )
    await lists(store, tables("t", since=("wed",)), "wed08", "wed12", "wed18")
    await lists(
        store,
        tables("t", until=("tue",), backwards=True),
        "mon18",
        "mon12",
        "mon08",
    )
    await lists(store, tables("t", since=("wed",), until=("mon",)))


async def test_until_leaves_out_nothing_that_comes_before_it_even_if_keys_are_cut(
    store: Store,
) -> None:
    long = "x" * 512
    await fill(store, [("a", ("t", long + "a")), ("b", ("t", long + "b"))])

    await lists(store, tables("t"), "a", "b")
    assert "a" in [found.id for found in await listed(store, tables("t", until=(long + "b",)))]


PARTS = ["", "a", "a ", "ab", "b", "é", "🎉", "\uffff", "B"]


def _asked(key: IndexKey, query: Query) -> bool:
    """What a query means, said without strings joined or cut."""
    sort = tuple(part.encode() for part in key[1:])
    prefix, since, until = (
        tuple(part.encode() for part in parts)
        for parts in (query.prefix, query.prefix + query.since, query.prefix + query.until)
    )
    return (
        key[0] == query.partition
        and sort[: len(prefix)] == prefix
        and (not query.since or sort >= since)
        and (not query.until or sort < until)
    )


@pytest.mark.parametrize("seed", range(4))
async def test_paging_is_complete_and_repeats_nothing(store: Store, seed: int) -> None:
    chance = random.Random(seed)

    def parts(least: int, most: int) -> IndexKey:
        return tuple(chance.choice(PARTS) for _ in range(chance.randint(least, most)))

    keys = {f"{i:02}": (chance.choice("tu"), *parts(1, 3)) for i in range(80)}
    await fill(store, list(keys.items()))
    for table in "tu":
        await lists(store, tables(table), *sorted_by_key(keys, tables(table)))
    for _ in range(40):
        query = tables(
            chance.choice("tu"),
            prefix=parts(0, 2),
            since=parts(0, 1),
            until=parts(0, 1),
            backwards=chance.random() < 0.5,
            limit=chance.choice([1, 2, 7, 100]),
        )
        found = [document.id for document in await listed(store, query)]
        assert found == sorted_by_key(keys, query)


def sorted_by_key(keys: Mapping[str, IndexKey], query: Query) -> list[str]:
    """The ids that a query asks for, in its order."""
    asked = [id for id, key in keys.items() if _asked(key, query)]
    asked.sort(key=lambda id: ([part.encode() for part in keys[id][1:]], id))
    return asked[::-1] if query.backwards else asked


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
async def test_a_list_whose_last_page_is_full_ends_too(store: Store, limit: int) -> None:
    await fill(store, [(id, ("t", id)) for id in "abcd"])

    await lists(store, tables("t", limit=limit), *"abcd")


async def test_a_cursor_keeps_its_place_while_documents_come_and_go(store: Store) -> None:
    await fill(store, [(id, ("t", id)) for id in "bdfh"])
    await lists(store, tables("t"), *"bdfh")
    cursor = None
    for id in "bd":
        page = await store.query(tables("t", limit=1, cursor=cursor))
        assert [document.id for document in page.documents] == [id]
        cursor = page.cursor

    await store.commit(writing(delete("d")))
    await fill(store, [(id, ("t", id)) for id in "aceg"])

    await lists(store, tables("t", limit=2, cursor=cursor), *"efgh")


async def test_the_page_size_may_change_from_page_to_page(store: Store) -> None:
    await fill(store, [(id, ("t", id)) for id in "abcdef"])
    cursor = await after_the_first(store, tables("t"))

    await lists(store, tables("t", limit=4, cursor=cursor), *"bcdef")


async def after_the_first(store: Store, query: Query) -> str:
    """The cursor after the first document of a query that gives more of them, maybe soon."""
    first = msgspec.structs.replace(query, limit=1)

    async def leads_on() -> bool:
        return len(await listed(store, query)) > 1

    await eventually(leads_on, True, lag(store))
    cursor = (await store.query(first)).cursor
    assert cursor
    return cursor


async def test_a_cursor_of_another_store_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    elsewhere = Place(place.engine, tmp_path / "elsewhere")
    here, there = await place.open(), await elsewhere.open()
    for store in (here, there):
        await fill(store, [(id, ("t", id)) for id in "abc"])
    cursor = await after_the_first(there, tables("t"))

    with pytest.raises(CursorInvalid):
        await here.query(tables("t", limit=1, cursor=cursor))
    await elsewhere.close()


async def test_a_cursor_is_still_valid_when_the_store_is_closed_and_opened_again(
    durable: Place,
) -> None:
    first = await durable.open()
    await fill(first, [(id, ("t", id)) for id in "abc"])
    cursor = await after_the_first(first, tables("t"))
    await first.close()

    again = await durable.open()

    await lists(again, tables("t", cursor=cursor), "b", "c")


@pytest.mark.parametrize(
    "other",
    [
        tables("u", limit=1),
        tables("t", limit=1, backwards=True),
        tables("t", limit=1, prefix=("b",)),
        tables("t", limit=1, since=("b",)),
        tables("t", limit=1, until=("b",)),
        CARDS.query("by_name", "t", limit=1),
    ],
    ids=["partition", "direction", "prefix", "since", "until", "index"],
)
async def test_a_cursor_of_another_query_is_refused(store: Store, other: Query) -> None:
    await fill(store, [(id, ("t", id)) for id in "abc"])
    cursor = await after_the_first(store, tables("t"))

    with pytest.raises(CursorInvalid):
        await store.query(msgspec.structs.replace(other, cursor=cursor))


@pytest.mark.parametrize("cursor", ["", "?", "a", "abcd", "🎉", "WzEsMl0", "bnVsbA", "x" * 10_000])
async def test_a_malformed_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        await store.query(tables("t", cursor=cursor))


# Partitions.


async def test_the_partition_of_a_stream_follows_from_the_checksum_of_its_name(
    store: Store,
) -> None:
    names = [f"card-{i}-🎉" for i in range(20)]
    for name in names:
        await store.commit(commit(name))

    landed = {
        e.stream: partition for partition, feed in enumerate(await feeds(store)) for e in feed
    }
    assert landed == {name: crc32(name.encode()) % store.limits.partitions for name in names}


async def test_one_commit_may_append_to_several_partitions(store: Store) -> None:
    names = [f"card-{i}" for i in range(16)]

    done = await store.commit(Commit(appends=[append(name) for name in names]))

    assert sorted(done.positions) == list(range(store.limits.partitions))
    assert tuple(done.positions[p] for p in sorted(done.positions)) == await settled(store)


async def test_a_store_cannot_be_opened_with_another_number_of_partitions(durable: Place) -> None:
    store = await durable.open()
    other = Limits(partitions=store.limits.partitions + 1)
    await store.close()

    with pytest.raises(NotAStore, match="partition"):
        await open_store(durable.url, views=[CARDS], limits=other)
