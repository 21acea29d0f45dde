"""Rebuild and verify: documents become the fold of their events, however they were damaged."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import (
    ANY,
    DELETE,
    Append,
    Change,
    Codec,
    CommandHandler,
    Commit,
    Decided,
    Event,
    Happened,
    Ref,
    Store,
    UnitOfWork,
    View,
    Write,
    event_type,
)
from gatherlog.core.eventstore.errors import EventUnknown, ViewNotBuilt
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.rebuild import Difference, Progress, rebuild, verify
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds
from tests.contracts.engines import ENGINES, SQLITE, Place, chunks, empty_place


@event_type("tests.item_sold")
class ItemSold(msgspec.Struct, frozen=True):
    item: str
    pieces: int


@event_type("tests.item_dropped")
class ItemDropped(msgspec.Struct, frozen=True):
    item: str


class Item(msgspec.Struct, frozen=True):
    item: str
    sold: int


class Shop(msgspec.Struct, frozen=True):
    name: str


ITEMS = View("item", Item, by_shop=lambda item: ("all", item.item))
SHOPS = View("shop", Shop)


class Shopping:
    """A document per item with the pieces sold, and a counter of the pieces sold by the shop."""

    def __init__(self, items: View[Any] = ITEMS) -> None:
        self.items = items
        self.views: tuple[View[Any], ...] = (items, SHOPS)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [("item", happened.payload.item), ("shop", happened.stream)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        event = happened.payload
        before = documents["item", event.item]
        if isinstance(event, ItemDropped):
            return [Change(self.items, event.item, DELETE)]
        sold = event.pieces + (0 if before is None else before.sold)
        return [
            Change(self.items, event.item, self.items.body(item=event.item, sold=sold)),
            Change(SHOPS, happened.stream, adds={"pieces": event.pieces}),
        ]


CODEC = Codec([ItemSold, ItemDropped])
SHOP = Category("shop", CODEC, Shopping())


@pytest.fixture(params=["memory", "sqlite", "hostile"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    [engine] = [engine for engine in ENGINES if engine.name == request.param]
    async with empty_place(engine, tmp_path) as place:
        yield place


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open(ITEMS, SHOPS)


def selling(store: Store, fold: Shopping = SHOP.fold) -> CommandHandler:  # type: ignore[assignment]
    return CommandHandler(store, CODEC, fold, clock=lambda: 1, ids=CountingIds())


async def sell(handler: CommandHandler, *events: msgspec.Struct, shop: str = "shop-1") -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        return [Decided(event) for event in events]

    await handler.handle(shop, attempt)


async def found(store: Store, category: Category = SHOP) -> list[Difference]:
    return [difference async for difference in verify(store, [category])]


async def mended(store: Store, category: Category = SHOP) -> list[Difference]:
    return [difference async for difference in rebuild(store, [category])]


async def spoil(store: Store, view: str, id: str, shop: str = "shop-1", **write: Any) -> None:
    """Change a document behind the back of its events."""
    indexes = {ITEMS.name: len(ITEMS.indexes), SHOPS.name: 0}
    spoilt = Write(view=view, id=id, stream=shop, at=1, indexes=indexes[view], **write)
    await store.commit(Commit(writes=[spoilt]))


async def test_documents_that_came_from_their_events_differ_in_nothing(store: Store) -> None:
    await sell(selling(store), ItemSold("lamp", 2), ItemSold("desk", 1), ItemDropped("desk"))
    await sell(selling(store), ItemSold("lamp", 3), shop="shop-1")

    assert await found(store) == []
    assert await mended(store) == []


@pytest.mark.parametrize(
    ("what", "spoilt"),
    [
        ("body", {"body": b'{"item":"lamp","sold":7}', "index_keys": {"by_shop": ("all", "lamp")}}),
        ("index", {"body": b'{"item":"lamp","sold":2}', "index_keys": {"by_shop": ("all", "x")}}),
        ("missing", {"body": DELETE}),
        ("counters", {"adds": {"odd": 1}, "counted": 0}),
    ],
)
async def test_a_spoilt_document_is_found_and_mended(
    store: Store, what: str, spoilt: dict[str, Any]
) -> None:
    await sell(selling(store), ItemSold("lamp", 2))
    before = await store.get([("item", "lamp")])
    await spoil(store, "item", "lamp", **spoilt)

    assert await found(store) == [Difference("item", "lamp", "shop-1", what)]
    assert await mended(store) == [Difference("item", "lamp", "shop-1", what)]

    [after] = await store.get([("item", "lamp")])
    assert before[0] is not None
    assert after is not None
    assert (after.body, after.index_keys) == (before[0].body, before[0].index_keys)
    assert not any(after.counters.values())
    assert await found(store) == []


async def test_wrong_counters_are_found_and_mended(store: Store) -> None:
    await sell(selling(store), ItemSold("lamp", 2))
    await spoil(store, "shop", "shop-1", adds={"pieces": 40}, counted=1)

    assert await mended(store) == [Difference("shop", "shop-1", "shop-1", "counters")]

    [shop] = await store.get([("shop", "shop-1")])
    assert shop is not None
    assert shop.counters == {"pieces": 2}


async def test_a_document_of_which_no_event_speaks_is_deleted(store: Store) -> None:
    await sell(selling(store), ItemSold("lamp", 2))
    await spoil(store, "item", "ghost", body=b'{"item":"ghost","sold":1}')

    assert await mended(store) == [Difference("item", "ghost", "shop-1", "orphan")]
    assert await store.get([("item", "ghost")]) == [None]


async def listed(store: Store) -> list[str]:
    return [d.id for d in (await store.query(ITEMS.query("by_shop", "all"))).documents]


async def test_rows_of_an_index_that_are_lost_or_made_up_are_found_and_mended(
    tmp_path: Path,
) -> None:
    place = Place(SQLITE, tmp_path)  # which keeps index rows apart from its documents
    store = await place.open(ITEMS, SHOPS)
    await sell(selling(store), ItemSold("desk", 1), ItemSold("lamp", 2))
    place.damage.unlist("item", "desk")
    place.damage.list_also("item", "by_shop", ("all", "a lamp"), "lamp")
    place.damage.list_also("item", "by_shop", ("all", "sofa"), "sofa")
    wrong = [Difference("item", id, "", "index") for id in ("desk", "lamp", "sofa")]

    assert await listed(store) == ["lamp", "lamp"]
    assert await found(store) == wrong
    assert await mended(store) == wrong
    assert (await listed(store), await found(store)) == (["desk", "lamp"], [])
    await place.close()


async def test_a_lost_document_whose_rows_are_left_is_made_again(tmp_path: Path) -> None:
    place = Place(SQLITE, tmp_path)
    store = await place.open(ITEMS, SHOPS)
    await sell(selling(store), ItemSold("desk", 1), ItemSold("lamp", 2))
    place.damage.lose("item", "lamp")
    missing = Difference("item", "lamp", "shop-1", "missing")

    assert await found(store) == [missing, Difference("item", "lamp", "", "index")]
    assert await mended(store) == [missing]
    assert (await listed(store), await found(store)) == (["desk", "lamp"], [])
    await place.close()


async def test_verify_writes_nothing(store: Store) -> None:
    await sell(selling(store), ItemSold("lamp", 2))
    await spoil(store, "item", "lamp", body=DELETE)

    await found(store)

    assert await store.get([("item", "lamp")]) == [None]


async def test_a_rebuild_mends_while_commits_go_on(store: Store) -> None:
    handler = selling(store)
    names = [f"item-{n}" for n in range(60)]
    for some in chunks(names, 20):
        await sell(handler, *[ItemSold(name, 1) for name in some])
    for name in names:
        await spoil(store, "item", name, body=b'{"item":"spoilt","sold":0}')
    await spoil(store, "shop", "shop-1", adds={"pieces": 1000}, counted=60)

    async def go_on_selling() -> None:
        for round in range(40):
            await sell(handler, ItemSold(f"new-{round}", 1))
            await asyncio.sleep(0)

    _, differences = await asyncio.gather(go_on_selling(), mended(store))

    assert {d.id for d in differences if d.view == "item"} == set(names)
    assert await found(store) == []
    [shop] = await store.get([("shop", "shop-1")])
    assert shop is not None
    assert shop.counters == {"pieces": 100}


async def test_an_event_that_nobody_can_read_stops_it_loudly(store: Store) -> None:
    odd = Event("1", "tests.unheard_of", 1, 1, b"{}")
    await store.commit(Commit(appends=[Append("shop-1", [odd], ANY)]))

    with pytest.raises(EventUnknown):
        await found(store)


async def test_progress_counts_streams_events_and_documents(store: Store) -> None:
    await sell(selling(store), ItemSold("lamp", 2), ItemSold("desk", 1))
    await sell(selling(store), ItemSold("sofa", 1), shop="shop-2")
    told: list[tuple[int, int, int]] = []

    def note(progress: Progress) -> None:
        told.append((progress.streams, progress.events, progress.documents))

    assert [d async for d in verify(store, [SHOP], progress=note)] == []
    ends = [one for one in told if one[0]]  # those before tell of pages of the first stream
    assert ends[-1] == (2, 3, 5)
    assert {(1, 2, 3), (1, 1, 2)} & set(ends)  # streams have no order
    assert told == sorted(told)


async def test_a_view_of_a_new_version_serves_once_it_is_rebuilt(tmp_path: Path) -> None:
    class NewItem(msgspec.Struct, frozen=True):
        item: str
        sold: int
        size: str = "large"

    url = f"sqlite:///{tmp_path / 'log.db'}"
    old = await open_store(url, views=SHOP.fold.views)
    await sell(selling(old), ItemSold("lamp", 2), ItemSold("desk", 1))
    await old.close()
    items: View[Any] = View("item", NewItem, version=2, by_size=lambda item: (item.size, item.item))
    category = Category("shop", CODEC, Shopping(items))

    new = await open_store(url, views=category.fold.views)
    with pytest.raises(ViewNotBuilt):
        await new.query(items.query("by_size", "large"))
    await mended(new, category)

    page = await new.query(items.query("by_size", "large"))
    assert [items.read(document) for document in page.documents] == [
        NewItem("desk", 1),
        NewItem("lamp", 2),
    ]
    assert await found(new, category) == []
    await new.close()
    again = await open_store(url, views=category.fold.views)
    assert len((await again.query(items.query("by_size", "large"))).documents) == 2
    await again.close()
