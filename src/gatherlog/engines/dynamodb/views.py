"""Which views are recorded as complete, and at which place each of their indexes is.

The table has INDEXES indexes, which all views share. The first index of a view that is used gets
the first place, and so on; it keeps that for good, so that a process never has to ask twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gatherlog.core.eventstore.engine import RecordedView
from gatherlog.engines.dynamodb.items import Item, number, text
from gatherlog.engines.dynamodb.keys import INDEXES, PLACES, VIEWS, ItemKey
from gatherlog.engines.dynamodb.reading import Reader
from gatherlog.engines.dynamodb.table import Range, Table

__all__ = ["IndexPlaces", "read_views", "save_views"]


async def read_views(table: Table) -> dict[str, RecordedView]:
    """The views that are recorded, by name."""
    return {item["sk"].S: _view(item) async for item in table.items(Range(partition=VIEWS))}


def _view(item: Item) -> RecordedView:
    names = frozenset(value.S for value in item["i"].L)
    return RecordedView(item["sk"].S, int(item["v"].N), names)


async def save_views(
    table: Table,
    reader: Reader,
    views: Sequence[tuple[RecordedView, RecordedView | None]],
    *,
    only_if_empty: bool,
) -> None:
    """Record each view, unless another record has come, or it has documents and must not."""
    for view, before in views:
        if not (only_if_empty and await reader.has_documents(view.name)):
            await _save(table, view, before)


async def _save(table: Table, view: RecordedView, before: RecordedView | None) -> None:
    item = {
        **ItemKey(VIEWS, view.name).attributes,
        "v": number(view.version),
        "i": _names(sorted(view.indexes)),
    }
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if before is not None:
        condition = {
            "ConditionExpression": "v = :v AND i = :i",
            "ExpressionAttributeValues": {
                ":v": number(before.version),
                ":i": _names(sorted(before.indexes)),
            },
        }
    await table.put_if(item, condition)


def _names(names: Iterable[str]) -> dict[str, Any]:
    return {"L": [text(name) for name in names]}


class IndexPlaces:
    """The places of indexes, as far as this process knows them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.known: dict[tuple[str, str], int | None] = {}
        """By view and index; None for an index that came when no place was left."""

    async def find(self, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], int | None]:
        """Places of at least the wanted indexes, some of which are new."""
        for view, index in wanted:
            if (view, index) not in self.known:
                await self._learn(view, index)
        return self.known

    async def _learn(self, view: str, index: str) -> None:
        """Learn the places of a view, and give the index one if it has none."""
        while True:
            item = await self._table.get_one(ItemKey(PLACES, view))
            names = [] if item is None else [value.S for value in item["i"].L]
            self.known |= {(view, name): place for place, name in enumerate(names)}
            if index in names:
                return
            if len(names) == INDEXES:
                self.known[view, index] = None
                return
            await self._give(view, names, index)

    async def _give(self, view: str, names: list[str], index: str) -> None:
        item = {**ItemKey(PLACES, view).attributes, "i": _names([*names, index])}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if names:
            condition = {
                "ConditionExpression": "i = :i",
                "ExpressionAttributeValues": {":i": _names(names)},
            }
        await self._table.put_if(item, condition)
