"""Pages of the feed, of streams, of lists and of documents, with no more bytes than allowed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from gatherlog.core.eventstore.engine import IndexPage
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.page_sizes import (
    bytes_of_events,
    bytes_of_rows,
    cut_page,
)
from gatherlog.core.eventstore.store import Document, Ref, StreamHead
from gatherlog.engines.dynamodb.items import Item, documents_of, events_of, number, text
from gatherlog.engines.dynamodb.keys import (
    BUCKET,
    FEED,
    SHARDS,
    bucket_key,
    counters_key,
    index_name,
    index_names,
    index_partition,
    index_sort,
    list_key,
    version_text,
)
from gatherlog.engines.dynamodb.table import Range, Table

__all__ = ["Reader"]

LAST: Final = 2**63 - 1


class Reader:
    """Reads one table in pages of at most `most` bytes."""

    def __init__(self, table: Table, most: int) -> None:
        self._table = table
        self._most = most

    async def feed(self, partition: int, after: int, head: int, limit: int) -> list[Recorded]:
        """Events after a position, up to the head or to the first that the index lacks.

        A transaction may be seen in parts in the index, and late. What is taken of it follows on
        without a hole, so nothing is passed over.
        """
        page: list[Recorded] = []
        size = 0
        for bucket in range((after + 1) // BUCKET, head // BUCKET + 1):
            asked = Range(
                partition=bucket_key(partition, bucket * BUCKET),
                low=number(after + len(page)),
                is_after=True,
                index=FEED,
                attributes=("g", "s"),
            )
            async with aclosing(self._table.items(asked, limit)) as items:
                async for item in items:
                    found = events_of(item)
                    start = after + len(page) + 1
                    if found[0].position > min(start, head):
                        return self._cut(page, limit)
                    found = found[start - found[0].position :]
                    page += found
                    size += bytes_of_events(found)
                    if len(page) >= limit or size > self._most:
                        return self._cut(page, limit)
        return page

    async def stream(self, stream: str, after: int, before: int, limit: int) -> list[Recorded]:
        """Events of a stream between two versions, oldest first."""
        page: list[Recorded] = []
        size = 0
        low = text(version_text(after))
        asked = Range(partition="e#" + stream, low=low, is_after=True)
        async with aclosing(self._table.items(asked, limit)) as items:
            async for item in items:
                found = [one for one in events_of(item) if after < one.version < before]
                page += found
                size += bytes_of_events(found)
                if not found or len(page) >= limit or size > self._most:
                    break
        return self._cut(page, limit)

    async def stream_backwards(
        self, stream: str, after: int, before: int, limit: int
    ) -> list[Recorded]:
        """As `stream`, newest first. An item is found by the version of its last event, so the one
        in the midst of which `before` is has to be asked for by itself."""
        page: list[Recorded] = []
        size = 0
        straddling: list[Item] = []
        if before <= LAST - 1:
            low = text(version_text(before))
            straddling, _ = await self._table.page(Range(partition="e#" + stream, low=low), 1)
        asked = Range(
            partition="e#" + stream,
            low=text(version_text(after + 1)),
            high=text(version_text(max(before - 1, after + 1))),
            backwards=True,
        )
        async with aclosing(_chained(straddling, self._table.items(asked, limit))) as items:
            async for item in items:
                found = [one for one in events_of(item) if after < one.version < before]
                page += found[::-1]
                size += bytes_of_events(found)
                if len(page) >= limit or size > self._most:
                    break
        return self._cut(page, limit)

    def _cut(self, page: list[Recorded], limit: int) -> list[Recorded]:
        return list(cut_page(page[:limit], self._most, bytes_of_events))

    async def listed(self, wanted: IndexRange, place: int) -> IndexPage:
        """Documents of one list. An index of the table holds the bodies too; counters are read."""
        asked = _range_of(wanted, place)
        if asked is None:
            return IndexPage([], True)
        items: list[Item] = []
        size, is_last = 0, True
        beyond = None if wanted.beyond is None else index_sort(*wanted.beyond)
        async with aclosing(self._table.items(asked, wanted.limit + 1)) as found:
            async for item in found:
                if beyond == item[f"b{place}"].S:
                    continue
                size += len(item["b"].B)
                if len(items) == wanted.limit or (items and size > self._most):
                    is_last = False
                    break
                items.append(item)
        rows = await self._rows(items, place)
        return IndexPage(list(cut_page(rows, self._most, bytes_of_rows)), is_last)

    async def _rows(self, items: Sequence[Item], place: int) -> list[tuple[str, Document]]:
        """The sort key and the document of each item, with its counters."""
        refs = [(item["pk"].S.split("#")[1], item["sk"].S) for item in items]
        keys = [counters_key(ref) for ref, item in zip(refs, items, strict=True) if "t" in item]
        counters = await self._table.get(keys, consistent=False) if keys else []
        documents = documents_of([*items, *counters])
        return [
            (item[f"b{place}"].S.partition("\0")[0], documents[ref])
            for ref, item in zip(refs, items, strict=True)
        ]

    async def streams(
        self, category: str, after: str, limit: int
    ) -> tuple[list[StreamHead], str | None]:
        """Streams of a category beyond a place, which is a shard and a name in it."""
        page: list[StreamHead] = []
        last_shard = 0
        async with aclosing(self._shards("h", category, after, limit + 1)) as items:
            async for shard, item in items:
                if len(page) == limit:
                    return page, _place(last_shard, page[-1].stream)
                last_shard = shard
                page.append(StreamHead(item["sk"].S, int(item["v"].N)))
        return page, None

    async def documents(
        self, view: str, after: str, limit: int
    ) -> tuple[list[Document], str | None]:
        """Documents of a view beyond a place, which is a shard and an id in it."""
        items: list[Item] = []
        refs: list[Ref] = []
        size, place = 0, None
        async with aclosing(self._shards("d", view, after, 2 * limit + 1)) as found:
            async for shard, item in found:
                id = item["sk"].S
                if not id.endswith("\0"):
                    size += len(item["b"].B) if "b" in item else 0
                    if len(refs) == limit or (refs and size > self._most):
                        break
                    refs.append((view, id))
                    place = _place(shard, id)
                items.append(item)
            else:
                place = None
        documents = documents_of(items)
        return [documents[ref] for ref in refs], place

    async def _shards(
        self, kind: str, name: str, after: str, limit: int
    ) -> AsyncGenerator[tuple[int, Item], None]:
        """All items of all shards beyond a place, each with its shard."""
        first, _, last = after.partition("#")
        if first not in ("", *map(str, range(SHARDS))):
            raise CursorInvalid("the cursor is malformed")
        for shard in range(int(first or 0), SHARDS):
            low = text(last + "\0\0") if last and shard == int(first) else None
            asked = Range(partition=list_key(kind, name, shard), low=low)
            async with aclosing(self._table.items(asked, limit)) as items:
                async for item in items:
                    yield shard, item

    async def has_documents(self, view: str) -> bool:
        """Whether a view has any document."""
        ranges = [Range(partition=list_key("d", view, shard)) for shard in range(SHARDS)]
        found = await asyncio.gather(*[self._table.page(one, 1) for one in ranges])
        return any(items for items, _ in found)


def _place(shard: int, name: str) -> str:
    return f"{shard}#{name}"


def _range_of(wanted: IndexRange, place: int) -> Range | None:
    """The range of an index of the table; None if nothing can be in it."""
    low, high = wanted.low or "\0", wanted.high
    if wanted.beyond is not None:
        at = index_sort(*wanted.beyond)
        if wanted.backwards:
            high = at if high is None else min(high, at, key=str.encode)
        else:
            low = max(low, at, key=str.encode)
    if high is not None and high.encode() < low.encode():
        return None
    return Range(
        partition=index_partition(wanted.view, wanted.index, wanted.partition),
        low=text(low),
        high=None if high is None else text(high),
        index=index_name(place),
        attributes=index_names(place),
        backwards=wanted.backwards,
    )


async def _chained(
    first: Sequence[Item], rest: AsyncGenerator[Item, None]
) -> AsyncGenerator[Item, None]:
    for item in first:
        yield item
    async for item in rest:
        yield item
