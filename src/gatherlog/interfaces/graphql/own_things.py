"""The organiser's own things as a list that is searched and sorted here: it has no index for that.

All things of one organiser are read for it, which are few; requests of others go first meanwhile. A
cursor holds the place of its item in the order, so that it stays right while things come and go.
"""

import base64
import binascii
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from gatherlog.apps.things import Content, ThingService, coming
from gatherlog.core.commands.slices import Window
from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.errors import CursorInvalid, Flaw, Invalid
from gatherlog.core.eventstore.giving_way import gently
from gatherlog.interfaces.graphql.connections import Connection, Edge
from gatherlog.interfaces.graphql.fields import ShownThing

__all__ = ["LONGEST_SEARCH", "own_things_found"]

LONGEST_SEARCH: Final = 500
"""Characters of a text that is searched for."""
_PAGE: Final = 500
_NEVER: Final = 2**62
"""Sorts what has no coming occurrence behind all that has."""
Place = tuple[float, int, str]
"""What a thing is sorted by: its rank, the newest first, and its id."""
_decode = msgspec.json.Decoder(tuple[int, float, int, str]).decode


async def own_things_found(
    things: ThingService,
    organiser_id: str,
    window: Window,
    *,
    search: str,
    sort: Mapping[str, Any] | None,
    now: int,
) -> Connection[ShownThing]:
    """The things that have every word of `search`, sorted. Raises Invalid and CursorInvalid."""
    if len(search) > LONGEST_SEARCH:
        raise Invalid(Flaw("/search", f"has {len(search):,} characters; {LONGEST_SEARCH} fit"))
    words = frozenset(folded(search).split())
    by = "RELEVANCE" if sort is None else sort["sortBy"]
    if by == "GEO_DISTANCE":
        raise Invalid(Flaw("/sort/sortBy", "needs a place from which distances are measured"))
    turned = sort is not None and (sort["direction"] == "DESC") is not (by == "RELEVANCE")
    found: list[tuple[Place, ShownThing]] = []
    async for shown in gently(await _all(things, organiser_id)):
        if _has(shown.thing.content, words):
            rank = _rank(by, shown, words, now)
            place = (-rank if turned else rank, -shown.thing.created_at, shown.thing.id)
            found.append((place, shown))
    found.sort(key=lambda one: one[0])
    list_id = zlib.crc32(msgspec.json.encode((organiser_id, search, by, turned)))
    return _part(list_id, found, window)


async def _all(things: ThingService, organiser_id: str) -> list[ShownThing]:
    found: list[ShownThing] = []
    window = Window(limit=_PAGE)
    while True:
        part = await things.own_things(organiser_id, window)
        found += [ShownThing(item.body, item.version) for item in part.items]
        if not part.has_next or not part.items:
            return found
        window = Window(limit=_PAGE, after=part.items[-1].cursor)


def _has(content: Content, words: Collection[str]) -> bool:
    """Whether every word is somewhere in the texts."""
    if not words:
        return True
    text = folded(f"{content.name}\n{content.description}\n{content.where.address}")
    return all(word in text for word in words)


def _rank(by: str, shown: ShownThing, words: Collection[str], now: int) -> float:
    content = shown.thing.content
    if by == "PRICE":
        return content.price.start
    if by == "SOONEST":
        dates = coming(content, shown.thing.altered, now=now)
        return dates[0].starts_at if dates else _NEVER
    name = folded(content.name)
    return -sum(word in name for word in words)


def _part(
    list_id: int, found: Sequence[tuple[Place, ShownThing]], window: Window
) -> Connection[ShownThing]:
    places = [place for place, _ in found]
    low, high = 0, len(found)
    if window.after is not None:
        low = bisect_right(places, _place(list_id, window.after))
    if window.before is not None:
        high = max(low, bisect_left(places, _place(list_id, window.before)))
    if window.last:
        begin, end = max(low, high - window.limit), high
    else:
        begin, end = low, min(high, low + window.limit)
    edges = [Edge(shown, _cursor(list_id, place)) for place, shown in found[begin:end]]
    return Connection(edges, begin > 0, end < len(found), lambda: len(found))


def _cursor(list_id: int, place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((list_id, *place))).decode()


def _place(list_id: int, cursor: str) -> Place:
    try:
        of, rank, created, id = _decode(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise CursorInvalid("the cursor is malformed") from None
    if of != list_id:
        raise CursorInvalid("the cursor is of another list")
    return rank, created, id
