"""Reading one table: by keys, and by ranges of keys."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.errors import Busy
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.items import Item, Value, text
from gatherlog.engines.dynamodb.keys import ItemKey

__all__ = ["Range", "Table"]

BATCH: Final = 100
"""The most items that one request may ask for by their keys."""
_UNMET: Final = "ConditionalCheckFailedException"


class _Page(msgspec.Struct, frozen=True, rename="pascal"):
    items: list[dict[str, Value]] = []
    last_evaluated_key: dict[str, dict[str, str]] | None = None


class _Batch(msgspec.Struct, frozen=True, rename="pascal"):
    responses: dict[str, list[dict[str, Value]]] = {}
    unprocessed_keys: dict[str, dict[str, Any]] = {}


class _One(msgspec.Struct, frozen=True, rename="pascal"):
    item: dict[str, Value] | None = None


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Items with one partition key, in the order of their sort keys."""

    partition: str
    low: dict[str, str] | None = None
    """The least sort key, as an attribute; None: from the first."""
    high: dict[str, str] | None = None
    """The greatest one."""
    is_after: bool = False
    """Whether an item with the sort key `low` is left out. Only without `high`."""
    index: str | None = None
    """An index of the table. What it shows may lag."""
    attributes: tuple[str, str] = ("pk", "sk")
    backwards: bool = False

    def request(self, table: str, limit: int | None) -> dict[str, Any]:
        """The first request for it."""
        partition, sort = self.attributes
        values: dict[str, Any] = {":p": text(self.partition)}
        condition = f"{partition} = :p"
        if self.low is not None:
            values[":l"] = self.low
        if self.high is not None:
            values[":h"] = self.high
        if self.low is not None and self.high is not None:
            condition += f" AND {sort} BETWEEN :l AND :h"
        elif self.low is not None:
            condition += f" AND {sort} {'>' if self.is_after else '>='} :l"
        elif self.high is not None:
            condition += f" AND {sort} <= :h"
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        if self.index is None:
            request["ConsistentRead"] = True
        else:
            request["IndexName"] = self.index
        if self.backwards:
            request["ScanIndexForward"] = False
        if limit is not None:
            request["Limit"] = limit
        return request


class Table:
    """The items of one table. Reads are consistent, except those of its indexes."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    async def get_one(self, key: ItemKey) -> Item | None:
        """The item with a key, or None."""
        request = {"TableName": self.name, "Key": key.attributes, "ConsistentRead": True}
        return (await self.client.ask("GetItem", request, _One)).item

    async def get(self, keys: Iterable[ItemKey], *, consistent: bool = True) -> list[Item]:
        """The items that there are of these keys, in any order, each once.

        A list that others change meanwhile may name a document twice, and a batch must not.
        """
        asked = [key.attributes for key in dict.fromkeys(keys)]
        batches = [asked[start : start + BATCH] for start in range(0, len(asked), BATCH)]
        if len(batches) == 1:
            return await self._batch(batches[0], consistent)
        found = await asyncio.gather(*[self._batch(one, consistent) for one in batches])
        return [item for items in found for item in items]

    async def _batch(self, keys: Sequence[dict[str, Any]], consistent: bool) -> list[Item]:
        """The items of up to BATCH keys. Those that were left out are asked for again."""
        asked: dict[str, Any] = {self.name: {"Keys": keys, "ConsistentRead": consistent}}
        items: list[Item] = []
        backoff = Backoff(hurries=False)
        while True:
            found = await self.client.ask("BatchGetItem", {"RequestItems": asked}, _Batch)
            items += found.responses.get(self.name, [])
            asked = found.unprocessed_keys
            if not asked:
                return items
            if not found.responses.get(self.name):
                await backoff.pause(Busy("DynamoDB leaves out the items that it is asked for"))

    async def put_if(self, item: dict[str, Any], condition: dict[str, Any]) -> None:
        """Write an item if a condition holds; nothing happens otherwise."""
        request = {"TableName": self.name, "Item": item, **condition}
        await self.client.does("PutItem", request, unless=_UNMET)

    async def change_if(
        self, key: ItemKey, change: str, condition: str, values: dict[str, Any]
    ) -> bool:
        """Change an item if a condition holds; whether it held. Repeating it does nothing."""
        request = {
            "TableName": self.name,
            "Key": key.attributes,
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        return await self.client.does("UpdateItem", request, unless=_UNMET)

    async def delete_if(self, key: ItemKey, condition: str, values: dict[str, Any]) -> None:
        """Delete an item if a condition holds; nothing happens otherwise."""
        request = {
            "TableName": self.name,
            "Key": key.attributes,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        await self.client.does("DeleteItem", request, unless=_UNMET)

    async def page(self, asked: Range, limit: int | None = None) -> tuple[list[Item], bool]:
        """The first items of a range, up to a page of the service, and whether they are all."""
        found = await self.client.ask("Query", asked.request(self.name, limit), _Page)
        return list(found.items), found.last_evaluated_key is None

    async def items(self, asked: Range, limit: int | None = None) -> AsyncGenerator[Item, None]:
        """All items of a range, read page by page of up to `limit` items."""
        request = asked.request(self.name, limit)
        while True:
            found = await self.client.ask("Query", request, _Page)
            for item in found.items:
                yield item
            if found.last_evaluated_key is None:
                return
            request["ExclusiveStartKey"] = found.last_evaluated_key
