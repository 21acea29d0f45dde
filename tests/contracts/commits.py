"""What the contract suite writes: plain events, cards (documents) and commits of both."""

import itertools
from collections.abc import Mapping, Sequence

import msgspec

from gatherlog.core import (
    ANY,
    DELETE,
    NEW,
    Append,
    Commit,
    Document,
    Event,
    Heads,
    Query,
    Recorded,
    Store,
    StreamHead,
    View,
    Write,
)
from gatherlog.core.eventstore.store import IndexKey
from tests.stores import SOON, eventually

NOON = 1_790_000_000_000_000
"""A moment, in microseconds; stores take times as they are given."""
_numbers = itertools.count(1)


class Card(msgspec.Struct, frozen=True):
    """The body of a document, where a test cares for it at all."""

    name: str = ""
    table: str | None = None


CARDS = View(
    "card",
    Card,
    version=1,
    by_name=lambda card: ("all", card.name),
    by_table=lambda card: None if card.table is None else (card.table, card.name),
)


def event(
    data: bytes = b"{}", *, id: str | None = None, subject: str = "", meta: bytes = b""
) -> Event:
    """An event with an id of its own."""
    id = id or f"event-{next(_numbers):06}"
    return Event(id, "tests.happened", NOON, NOON + 1, data, 1, subject, meta)


def cards_view(version: int, *, more: bool = False) -> View[Card]:
    """The view `card` at another version, or with one more index."""
    by_name = CARDS.patterns["by_name"]
    if more:
        return View("card", Card, version=version, by_name=by_name, by_first=by_name)
    return View("card", Card, version=version, by_name=by_name)


def append(stream: str, *events: Event, expected: int = ANY) -> Append:
    """An append of the events given, or of one."""
    return Append(stream, events or (event(),), expected)


def commit(*streams: str, expected: int = ANY, events: int = 1, key: str | None = None) -> Commit:
    """A commit of some events to each of the streams."""
    appends = [append(s, *[event() for _ in range(events)], expected=expected) for s in streams]
    return Commit(appends=appends, key=key)


def put(
    id: str,
    body: bytes,
    *,
    stream: str = "card-1",
    expects: int | None = None,
    index_keys: Mapping[str, IndexKey] = {},
) -> Write:
    """A card with a raw body."""
    return Write(
        view="card",
        id=id,
        stream=stream,
        body=body,
        expects=expects,
        index_keys=index_keys,
        indexes=max(len(CARDS.indexes), len(index_keys)),
    )


def delete(id: str, *, stream: str = "card-1", expects: int | None = None) -> Write:
    """The deletion of a card."""
    return Write(
        view="card",
        id=id,
        stream=stream,
        body=DELETE,
        expects=expects,
        indexes=len(CARDS.indexes),
    )


def count(
    id: str,
    named: Mapping[str, int] = {},
    /,
    *,
    stream: str = "card-1",
    at_most: Mapping[str, int] = {},
    at_least: Mapping[str, int] = {},
    expects: int | None = None,
    **adds: int,
) -> Write:
    """Adds to the counters of a card, and bounds on them; `named` takes names of any kind."""
    return Write(
        view="card",
        id=id,
        stream=stream,
        adds={**named, **adds},
        at_most=at_most,
        at_least=at_least,
        expects=expects,
    )


def writing(*writes: Write, key: str | None = None) -> Commit:
    """A commit of the writes, with one event for every stream that owns one of them."""
    streams = dict.fromkeys(write.stream for write in writes)
    return Commit(appends=[append(stream) for stream in streams], writes=writes, key=key)


def demand(id: str, expects: int, *, stream: str = "card-1") -> Write:
    """Only the demand that a card is at a version."""
    return Write(view="card", id=id, stream=stream, expects=expects)


def excluding_documents(turn: str, number: int) -> Commit:
    """Make a card, if that of the other of two is absent."""
    mine, other = f"{turn}-{number}", f"{turn}-{1 - number}"
    made = put(mine, b"{}", stream=f"card-{mine}")
    absent = demand(other, NEW, stream=f"card-{other}")
    return Commit(appends=[append(made.stream)], writes=[made, absent])


def excluding_streams(turn: str, number: int) -> Commit:
    """Append to a stream, if that of the other of two has no event."""
    mine, other = f"card-{turn}-{number}", f"card-{turn}-{1 - number}"
    return Commit(appends=[append(mine), Append(other, (), NEW)])


def document(
    id: str,
    body: bytes | None,
    *,
    version: int,
    stream: str = "card-1",
    counted: int = 0,
    index_keys: Mapping[str, IndexKey] = {},
    **counters: int,
) -> Document:
    """A card as a store gives it back."""
    return Document("card", id, stream, version, counted, body, index_keys, counters)


async def card(store: Store, id: str) -> Document | None:
    """One card."""
    [found] = await cards(store, [id])
    return found


async def whole_feed(store: Store, partition: int | None = None) -> list[Recorded]:
    """All events of a partition up to its head, or of one partition after the other."""
    events: list[Recorded] = []
    if partition is None:
        for one in range(store.limits.partitions):
            events += await whole_feed(store, one)
        return events
    head = (await store.heads())[partition]
    after = 0
    while after < head:
        page = await store.read_feed(partition, after=after, limit=store.limits.page)
        events += page
        after = page[-1].position if page else after
    return events


async def settled(store: Store, category: str = "card") -> Heads:
    """The heads, as soon as they have reached every event of the category."""
    last = [0] * store.limits.partitions
    for head in await streams_of(store, category):
        [event] = await store.read_stream(head.stream, backwards=True, limit=1)
        last[event.partition] = max(last[event.partition], event.position)

    async def missing() -> list[int]:
        return [at for head, at in zip(await store.heads(), last, strict=True) if head < at]

    await eventually(missing, [])
    return await store.heads()


async def feeds(store: Store) -> list[list[Recorded]]:
    """The feed of each partition, as soon as it has every event of the category `card`."""
    await settled(store)
    return [await whole_feed(store, partition) for partition in range(store.limits.partitions)]


async def whole_stream(store: Store, stream: str) -> list[Recorded]:
    """All events of a stream."""
    events: list[Recorded] = []
    while page := await store.read_stream(
        stream, after=events[-1].version if events else 0, limit=store.limits.page
    ):
        events += page
    return events


async def stream_part(
    store: Store,
    stream: str,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int,
    backwards: bool = False,
) -> list[Recorded]:
    """Up to `limit` events of a stream between two versions, from as many pages as it takes."""
    found: list[Recorded] = []
    while left := limit - len(found):
        page = await store.read_stream(
            stream, after=after, before=before, limit=left, backwards=backwards
        )
        if not page:
            break
        assert len(page) <= left
        found += page
        after, before = (after, page[-1].version) if backwards else (page[-1].version, before)
    return found


async def listed(store: Store, query: Query) -> list[Document]:
    """The documents that a query gives, all its pages one after the other."""
    found: list[Document] = []
    while True:
        page = await store.query(query)
        assert len(page.documents) <= query.limit
        found += page.documents
        if page.cursor is None:
            return found
        assert page.documents
        query = msgspec.structs.replace(query, cursor=page.cursor)


def lag(store: Store) -> float:
    """Seconds until queries have to show what was committed: none, unless the limits say so."""
    return SOON if store.limits.queries_lag else 0


async def shows(store: Store, query: Query, *expected: Document) -> None:
    """Assert which documents a query gives, as soon as it has to."""
    await eventually(lambda: listed(store, query), list(expected), lag(store))


async def lists(store: Store, query: Query, *expected: str) -> None:
    """Assert which ids a query gives, as soon as it has to."""

    async def ids() -> list[str]:
        return [document.id for document in await listed(store, query)]

    await eventually(ids, list(expected), lag(store))


async def cards(store: Store, ids: Sequence[str]) -> list[Document | None]:
    """Documents of the view `card`, as `get` answers them."""
    return await store.get([CARDS.ref(id) for id in ids])


async def streams_of(store: Store, category: str, limit: int = 1000) -> list[StreamHead]:
    """All streams of a category, by name."""
    found: list[StreamHead] = []
    cursor = None
    while True:
        page = await store.streams(category, cursor=cursor, limit=limit)
        found += page.streams
        if (cursor := page.cursor) is None:
            return sorted(found, key=lambda head: head.stream)


async def documents_of(store: Store, view: str, limit: int = 1000) -> list[Document]:
    """All documents of a view, by id."""
    found: list[Document] = []
    cursor = None
    while True:
        page = await store.scan(view, cursor=cursor, limit=limit)
        found += page.documents
        if (cursor := page.cursor) is None:
            return sorted(found, key=lambda document: document.id)
