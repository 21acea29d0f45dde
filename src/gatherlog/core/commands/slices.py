"""Slices of a list that is read in both directions, with a cursor for each item.

A cursor is the place of an item in the list, and not the item: it keeps its place while others come
and go, also when its own item has gone. The index that is read must have the document's id as the
last part of its key, so that every place is one of its own.
"""

import base64
import binascii
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.eventstore.store import IndexKey, Query, Store
from gatherlog.core.projections.views import View

__all__ = ["Item", "Slice", "Window", "count", "selected", "sliced"]

B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T")
N = TypeVar("N")
_FORM: Final = 1
_decode = msgspec.json.Decoder(tuple[int, int, list[str]]).decode


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list: the first `limit` items between two cursors, or the last ones."""

    limit: int
    last: bool = False
    after: str | None = None
    before: str | None = None


class Item(msgspec.Struct, Generic[T], frozen=True):
    """A document of a list, with its version and its cursor."""

    body: T
    version: int
    cursor: str


class Slice(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list, in the list's order, and whether there is more on either side."""

    items: list[Item[T]]
    has_previous: bool
    has_next: bool


async def sliced(
    store: Store,
    view: View[B],
    index: str,
    partition: str,
    window: Window,
    *,
    newest_first: bool = False,
) -> Slice[B]:
    """A slice of the documents that an index lists, by their keys, or the other way round.

    Raises CursorInvalid for a cursor of another list.
    """
    list_id = zlib.crc32("\0".join([view.name, index, partition, str(newest_first)]).encode())
    after, before = _place(list_id, window.after), _place(list_id, window.before)
    low, high = (before, after) if newest_first else (after, before)
    backwards = window.last is not newest_first
    query = view.query(
        index, partition, since=_behind(low), until=high, backwards=backwards, limit=window.limit
    )
    found = await _read(store, view, query, window.limit + 1)
    items = [_item(list_id, *one) for one in found[: window.limit]]
    more = len(found) > window.limit
    begin = high if backwards else low
    other_side = bool(begin) and await _is_any_before(store, view, query, found, begin)
    if window.last:
        return Slice(items[::-1], has_previous=more, has_next=other_side)
    return Slice(items, has_previous=other_side, has_next=more)


async def selected(
    read: Callable[[Window], Awaitable[Slice[T]]],
    select: Callable[[Sequence[T]], Awaitable[Sequence[N | None]]],
    window: Window,
) -> Slice[N]:
    """A slice of what `select` makes of a list's items, without those of which it makes None.

    It is full as long as there are more. The window begins at `after`, or with the whole list.
    """
    part = await read(window)
    found, has_previous = await _made_of(part, select), part.has_previous
    while part.has_next and part.items and len(found) <= window.limit:
        part = await read(Window(limit=window.limit, after=part.items[-1].cursor))
        found += await _made_of(part, select)
    return Slice(found[: window.limit], has_previous, len(found) > window.limit)


async def _made_of(
    part: Slice[T], select: Callable[[Sequence[T]], Awaitable[Sequence[N | None]]]
) -> list[Item[N]]:
    made = await select([item.body for item in part.items])
    return [
        Item(body, item.version, item.cursor)
        for item, body in zip(part.items, made, strict=True)
        if body is not None
    ]


async def count(store: Store, view: View[B], index: str, partition: str) -> int:
    """How many documents an index lists, by reading all of them."""
    query = view.query(index, partition, limit=min(1000, store.limits.page))
    found = 0
    while True:
        page = await store.query(query)
        found += len(page.documents)
        if page.cursor is None:
            return found
        query = msgspec.structs.replace(query, cursor=page.cursor)


async def _read(
    store: Store, view: View[B], query: Query, most: int
) -> list[tuple[Stored[B], IndexKey]]:
    """The first documents that a query finds, each with its sort key."""
    found: list[tuple[Stored[B], IndexKey]] = []
    query = msgspec.structs.replace(query, limit=min(most, store.limits.page))
    while True:
        page = await store.query(query)
        for document in page.documents:
            if (body := view.read(document)) is not None:
                key = document.index_keys[query.index][1:]
                found.append((Stored(body, document.version), key))
        if page.cursor is None or len(found) >= most:
            return found[:most]
        query = msgspec.structs.replace(query, cursor=page.cursor)


async def _is_any_before(
    store: Store,
    view: View[B],
    query: Query,
    found: list[tuple[Stored[B], IndexKey]],
    begin: IndexKey,
) -> bool:
    """Whether the list has documents before the first that was found; `begin` is where the slice
    begins, which counts itself."""
    if query.backwards:
        since = _behind(found[0][1]) if found else begin
        other = msgspec.structs.replace(query, since=since, until=(), backwards=False)
    else:
        until = found[0][1] if found else _behind(begin)
        other = msgspec.structs.replace(query, since=(), until=until, backwards=True)
    return bool(await _read(store, view, other, 1))


def _behind(place: IndexKey) -> IndexKey:
    """A key between a place and the next one: no key of the index has so many parts."""
    return (*place, "~") if place else ()


def _item(list_id: int, stored: Stored[B], key: IndexKey) -> Item[B]:
    written = msgspec.json.encode((_FORM, list_id, list(key)))
    return Item(stored.body, stored.version, base64.urlsafe_b64encode(written).decode())


def _place(list_id: int, cursor: str | None) -> IndexKey:
    """The sort key of a cursor; empty where there is none."""
    if cursor is None:
        return ()
    try:
        form, of, key = _decode(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise CursorInvalid("the cursor is malformed") from None
    if form != _FORM or of != list_id or not key:
        raise CursorInvalid("the cursor is of another list")
    return tuple(key)
