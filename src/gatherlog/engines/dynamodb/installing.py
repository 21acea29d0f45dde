"""The table of a store, made and recognised."""

import uuid
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.errors import Busy, NotAStore, StoreFailed
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.items import number, text
from gatherlog.engines.dynamodb.keys import (
    FEED,
    INDEXES,
    index_name,
    index_names,
    partition_key,
    store_key,
)
from gatherlog.engines.dynamodb.protecting import protect, until
from gatherlog.engines.dynamodb.table import Table
from gatherlog.engines.dynamodb_address import PARTITIONS, DynamoPlace

__all__ = [
    "LAYOUT",
    "StoreRecord",
    "TableDescription",
    "describe",
    "existing",
    "new_record",
    "prepare",
    "read_record",
]

LAYOUT: Final = 1


class StoreRecord(msgspec.Struct, frozen=True):
    """What the store says of itself."""

    id: str
    partitions: int
    table_id: str
    """Of the table in which it was made. A table that was restored from a backup has another."""


class _Key(msgspec.Struct, frozen=True, rename="pascal"):
    attribute_name: str
    key_type: str


class _Index(msgspec.Struct, frozen=True, rename="pascal"):
    index_name: str
    key_schema: list[_Key]
    index_status: str = ""


class TableDescription(msgspec.Struct, frozen=True, rename="pascal"):
    """What the service says of a table."""

    table_status: str
    key_schema: list[_Key]
    table_id: str = ""
    table_arn: str = ""
    global_secondary_indexes: list[_Index] = []
    deletion_protection_enabled: bool = False


class _Described(msgspec.Struct, frozen=True, rename="pascal"):
    table: TableDescription


_USABLE: Final = ("", "ACTIVE", "UPDATING")
"""The states of tables and indexes that can be read and written."""


async def prepare(client: Client, place: DynamoPlace, *, create: bool) -> StoreRecord:
    """The record of the store, which is made with its table if it is missing and `create` is set.

    Raises NotAStore, and changes nothing, for a table of something else, for a newer layout, for
    another number of partitions, and for a table that was restored from a backup.
    """
    described = await (_made_table(client, place) if create else existing(client, place))
    table = Table(client, place.table)
    record = await read_record(table, place)
    if record is None and create:
        await protect(client, place)
        record = await _made(table, place, described)
    return _checked(place, described, record)


async def existing(client: Client, place: DynamoPlace) -> TableDescription:
    """The table. Raises NotAStore if it is missing, not usable, or one of another program."""
    described = await describe(client, place)
    if described is None:
        raise NotAStore(
            f"there is no table {place.table!r} in {client.region};"
            f" make it: gatherlog init --store '{place.shown}'"
        )
    if described.table_status not in _USABLE:
        raise NotAStore(f"{place.shown} is {described.table_status}, as AWS calls it: try later")
    _check_shape(place, described)
    return described


async def read_record(table: Table, place: DynamoPlace) -> StoreRecord | None:
    """What the store in a table says of itself; None if there is none.

    Raises NotAStore for a newer layout.
    """
    item = await table.get_one(store_key())
    if item is None:
        return None
    layout = int(item["layout"].N)
    if layout > LAYOUT:
        raise NotAStore(
            f"{place.shown} was made or upgraded by a newer version of Gatherlog (layout {layout};"
            f" this version uses {LAYOUT}): use that version"
        )
    return StoreRecord(item["id"].S, int(item["partitions"].N), item["table"].S)


async def describe(client: Client, place: DynamoPlace) -> TableDescription | None:
    """The table, or None if there is none. Raises NotAStore if it may not be looked at."""
    try:
        asked = {"TableName": place.table}
        return (await client.ask("DescribeTable", asked, _Described)).table
    except NotAStore:
        return None
    except StoreFailed as error:
        raise NotAStore(f"{place.shown} cannot be looked at: {error}") from error


async def _made_table(client: Client, place: DynamoPlace) -> TableDescription:
    """The table, made if it is missing, as soon as it can be used."""
    described = await describe(client, place)
    if described is None:
        await client.does("CreateTable", _table(place.table), unless="ResourceInUseException")
    elif _is_usable(described):
        _check_shape(place, described)
        return described

    async def usable() -> TableDescription | None:
        described = await describe(client, place)
        return described if described is not None and _is_usable(described) else None

    described = await until(usable, f"{place.shown} is not active yet")
    _check_shape(place, described)
    return described


def _is_usable(described: TableDescription) -> bool:
    states = [one.index_status for one in described.global_secondary_indexes]
    return all(state in _USABLE for state in (described.table_status, *states))


def _table(name: str) -> dict[str, Any]:
    """The request that makes the table."""
    keys = _index_keys()
    types = {"pk": "S", "sk": "S", "g": "S", "s": "N"}
    types |= {one: "S" for index, pair in keys.items() if index != FEED for one in pair}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "KeySchema": _schema("pk", "sk"),
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": type} for attribute, type in types.items()
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _schema(*pair),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, pair in keys.items()
        ],
    }


def _index_keys() -> dict[str, tuple[str, str]]:
    """The attributes of the key of each index of the table."""
    places = {index_name(place): index_names(place) for place in range(INDEXES)}
    return {FEED: ("g", "s"), **places}


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _check_shape(place: DynamoPlace, described: TableDescription) -> None:
    """Raise NotAStore if the table is one of another program."""
    found = {
        index.index_name: tuple(key.attribute_name for key in index.key_schema)
        for index in described.global_secondary_indexes
    }
    keys = tuple(key.attribute_name for key in described.key_schema)
    if keys != ("pk", "sk") or not _index_keys().items() <= found.items():
        raise NotAStore(
            f"the table {place.table!r} has other keys or indexes than a store; it was not changed:"
            " name another table"
        )


def new_record(partitions: int, described: TableDescription) -> dict[str, Any]:
    """The item that says what a store is, which is new in this table."""
    return {
        **store_key().attributes,
        "id": text(str(uuid.uuid4())),
        "layout": number(LAYOUT),
        "partitions": number(partitions),
        "table": text(described.table_id),
    }


async def _made(table: Table, place: DynamoPlace, described: TableDescription) -> StoreRecord:
    """The record of a store that is made now. If others make it as well, one of them succeeds."""
    backoff = Backoff()
    while True:
        await _make_store(table, place, described)
        record = await read_record(table, place)
        if record is not None:
            return record
        await backoff.pause(Busy(f"{place.shown} is being made by somebody else"))


async def _make_store(table: Table, place: DynamoPlace, described: TableDescription) -> None:
    """Write what the store is, with the first positions, unless somebody else has done so."""
    partitions = place.partitions or PARTITIONS
    items = [new_record(partitions, described)]
    items += [{**partition_key(one).attributes, "p": number(0)} for one in range(partitions)]
    put = [
        {
            "Put": {
                "TableName": table.name,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for item in items
    ]
    request = {"TransactItems": put}
    await table.client.does("TransactWriteItems", request, unless="TransactionCanceledException")


def _checked(
    place: DynamoPlace, described: TableDescription, record: StoreRecord | None
) -> StoreRecord:
    """The record. Raises NotAStore if there is none, or if it is not one of this table."""
    if record is None:
        raise NotAStore(f"{place.shown} holds no store yet: gatherlog init --store '{place.shown}'")
    if place.partitions not in (None, record.partitions):
        raise NotAStore(
            f"{place.shown}: the log has {record.partitions} partitions, not {place.partitions}"
        )
    if record.table_id != described.table_id:
        raise NotAStore(
            f"{place.shown} was restored from a backup: positions that were given after that moment"
            " would be given again. If the store is to go on with it:"
            f" gatherlog init --restored --store '{place.shown}'; docs/engines.md says what to mind"
        )
    return record
