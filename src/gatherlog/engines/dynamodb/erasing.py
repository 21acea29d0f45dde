"""Events that are made blank, and keys that are forgotten."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from gatherlog.core.eventstore.engine import Collision
from gatherlog.core.eventstore.events import Recorded
from gatherlog.engines.dynamodb.items import Item, events_of, number, packed_events
from gatherlog.engines.dynamodb.keys import (
    FEED,
    KEY_SHARDS,
    ItemKey,
    bucket_key,
    keys_of_shard,
)
from gatherlog.engines.dynamodb.table import Range, Table

__all__ = ["blank_events", "forget_keys"]


async def blank_events(table: Table, partition: int, positions: Iterable[int]) -> None:
    """Empty data and meta of the events at these positions, each of which has one.

    Raises Collision if the index of the feed does not show one of them yet, or if somebody else has
    just changed an item.
    """
    left = sorted(set(positions))
    while left:
        key, last = await _item_with(table, partition, left[0])
        inside = [position for position in left if position <= last]
        await _blank_in(table, key, set(inside))
        left = left[len(inside) :]


async def _item_with(table: Table, partition: int, position: int) -> tuple[ItemKey, int]:
    """The key of the item with the event at a position, and the last position that it has."""
    for beyond in (0, 1):  # an item is found by its last position, which may be in the next bucket
        asked = Range(
            partition=bucket_key(partition, position, beyond),
            low=number(position),
            index=FEED,
            attributes=("g", "s"),
        )
        found, _ = await table.page(asked, 1)
        if found:
            events = events_of(found[0])
            if events[0].position <= position:
                return _key_of(found[0]), events[-1].position
    raise Collision(f"the feed does not show the event at position {position} yet")


async def _blank_in(table: Table, key: ItemKey, positions: set[int]) -> None:
    item = await table.get_one(key)
    if item is None:
        raise Collision("the item of an event is not there")
    before = events_of(item)
    after = [_blanked(one) if one.position in positions else one for one in before]
    if after != before:
        changed = {":b": {"B": item["e"].B}, ":a": {"B": packed_events(after)}}
        if not await table.change_if(key, "SET e = :a", "e = :b", changed):
            raise Collision("somebody else has changed the item of an event")


def _blanked(event: Recorded) -> Recorded:
    return msgspec.structs.replace(event, data=b"", meta=b"")


async def forget_keys(table: Table, text: str) -> None:
    """Delete every key whose answer holds the bytes of this text."""
    sought = text.encode()
    for shards in _in_parts(range(KEY_SHARDS), 8):
        await asyncio.gather(*[_forget_in(table, shard, sought) for shard in shards])


async def _forget_in(table: Table, shard: int, sought: bytes) -> None:
    async for item in table.items(Range(partition=keys_of_shard(shard))):
        if sought in item["r"].B:
            answer = {":r": {"B": item["r"].B}}
            await table.delete_if(_key_of(item), "r = :r", answer)


def _in_parts(numbers: range, size: int) -> Iterable[Sequence[int]]:
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


def _key_of(item: Item) -> ItemKey:
    return ItemKey(item["pk"].S, item["sk"].S)
