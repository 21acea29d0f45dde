"""Opening a store on DynamoDB."""

from collections.abc import Sequence

import msgspec

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.core.eventstore.store import DeclaredView, Limits
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.engine import LIMITS, DynamoEngine, DynamoStore
from gatherlog.engines.dynamodb.installing import existing, prepare
from gatherlog.engines.dynamodb.restoring import accept_restored
from gatherlog.engines.dynamodb.rights import rights_of
from gatherlog.engines.dynamodb.table import Table
from gatherlog.engines.dynamodb_address import read_dynamo_place

__all__ = ["open_dynamodb", "take_restored", "told_rights"]


async def open_dynamodb(
    url: str,
    views: Sequence[DeclaredView],
    *,
    create: bool,
    read_only: bool,
    limits: Limits | None,
    clock: Clock,
) -> DynamoStore:
    """Open or make the store at `url`; see `gatherlog.engines.open_store`."""
    place = read_dynamo_place(url)
    client = await Client.of(place)
    try:
        record = await prepare(client, place, create=create)
        if limits is not None and limits.partitions != record.partitions:
            wrong = f"{record.partitions} partitions, not {limits.partitions}"
            raise NotAStore(f"{place.shown}: the log has {wrong}")
    except BaseException:
        client.close()
        raise
    own = msgspec.structs.replace(limits or LIMITS, partitions=record.partitions)
    engine = DynamoEngine(Table(client, place.table), record.id, own)
    return await DynamoStore.open(engine, views, clock=clock, read_only=read_only)


async def take_restored(url: str) -> bool:
    """Let a restored table be the store; see `gatherlog.engines.accept_restored`."""
    place = read_dynamo_place(url)
    client = await Client.of(place)
    try:
        return await accept_restored(client, place)
    finally:
        client.close()


async def told_rights(url: str) -> str:
    """What the table is, and the least rights that running needs; see `needed_rights`."""
    place = read_dynamo_place(url)
    client = await Client.of(place)
    try:
        return rights_of(await existing(client, place))
    finally:
        client.close()
