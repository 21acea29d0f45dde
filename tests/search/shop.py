"""A small app for tests of following the log: shops that offer things, which can be searched.

A thing is a document of its shop's owner; a shop that is renamed changes the texts of its things.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from uuid import uuid4

import msgspec

from gatherlog.core import Append, Commit, Event, Recorded, Store, View
from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.errors import SearchNotReady
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.projections.paging import all_documents
from gatherlog.core.search import SearchDocument, SearchQuery, Text, Touched
from gatherlog.search import IndexedSearch


class Thing(msgspec.Struct, frozen=True):
    name: str
    shop: str
    weight: int = 5
    """6 is not a weight, so the index cannot take it."""


class Shop(msgspec.Struct, frozen=True):
    name: str


THINGS = View("thing", Thing)
SHOPS = View("shop", Shop)
VIEWS = (THINGS, SHOPS)


class Things:
    """The source: a document of each thing."""

    name = "things"

    def __init__(self, store: Store, version: int = 1) -> None:
        self._store = store
        self.version = version
        self.builds = 0
        self.reads: list[list[str]] = []
        """The ids that were asked for at a time."""
        self.note = ""
        """A word that all documents have, and of which no event tells."""
        self.renew_on: date | None = None

    def touched(self, event: Recorded) -> Touched | None:
        category, _, id = event.stream.partition("-")
        if event.type == "things.unreadable":
            raise ValueError("unreadable")
        if event.type == "things.everything_changed":
            return Touched(everything=True)
        if category == "thing":
            return Touched(ids=[id])
        return Touched(owners=[id]) if category == "shop" else None

    async def read(self, ids: Sequence[str]) -> Sequence[SearchDocument | None]:
        self.reads.append([*ids])
        things = [THINGS.read(one) for one in await self._store.get([THINGS.ref(id) for id in ids])]
        return [
            None if thing is None else await self._document(id, thing)
            for id, thing in zip(ids, things, strict=True)
        ]

    async def everything(self) -> AsyncIterator[SearchDocument]:
        self.builds += 1
        async for document in all_documents(self._store, "thing"):
            if (thing := THINGS.read(document)) is not None:
                yield await self._document(document.id, thing)

    async def _document(self, id: str, thing: Thing) -> SearchDocument:
        [shop] = await self._store.get([SHOPS.ref(thing.shop)])
        named = SHOPS.read(shop)
        texts = [
            Text(thing.name, thing.weight),
            Text(named.name if named else "", 2),
            Text(self.note),
        ]
        return SearchDocument(id=id, owner=thing.shop, texts=texts, renew_on=self.renew_on)


class Desk:
    """Changes shops and things in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._series, self._number = uuid4().hex, 0

    async def thing(self, id: str, name: str, shop: str = "corner", weight: int = 5) -> None:
        body = Thing(name, shop, weight)
        await self._commit(f"thing-{id}", THINGS, id, body)

    async def remove(self, id: str) -> None:
        await self._commit(f"thing-{id}", THINGS, id, DELETE)

    async def shop(self, id: str, name: str) -> None:
        await self._commit(f"shop-{id}", SHOPS, id, Shop(name))

    async def event(self, stream: str, type: str) -> None:
        await self._store.commit(Commit(appends=[Append(stream, [self._event(type)])]))

    async def _commit(self, stream: str, view: View, id: str, body: object) -> None:  # type: ignore[type-arg]
        write = view.write(id, stream, body)
        append = Append(stream, [self._event("things.changed")])
        await self._store.commit(Commit(appends=[append], writes=[write]))

    def _event(self, type: str) -> Event:
        self._number += 1
        return Event(id=f"{self._series}-{self._number}", type=type, time=1, recorded=1, data=b"{}")


def searching(
    store: Store,
    folder: Path | None,
    failures: list[Exception],
    source: Things | None = None,
    clock: Clock = system_clock,
) -> IndexedSearch:
    """A search of the store's things, which was started."""
    search = IndexedSearch(
        store, source or Things(store), folder=folder, clock=clock, report=failures.append
    )
    search.start()
    return search


async def ids(search: IndexedSearch, text: str = "") -> list[str] | str:
    """What is found, by id, or the code of the error."""
    try:
        page = await search.find(SearchQuery(text=text, first=500))
    except SearchNotReady as error:
        return error.code
    return sorted(found.id for found in page.found)
