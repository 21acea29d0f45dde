"""A table that was restored from a backup, taken as the store from now on."""

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.installing import existing, new_record, read_record
from gatherlog.engines.dynamodb.items import text
from gatherlog.engines.dynamodb.protecting import protect, protect_from_deletion
from gatherlog.engines.dynamodb.table import Table
from gatherlog.engines.dynamodb_address import DynamoPlace

__all__ = ["accept_restored"]


async def accept_restored(client: Client, place: DynamoPlace) -> bool:
    """Let a restored table be the store; False if it is the one that the store was made in.

    It gets an id of its own, so that places in lists and in the feed that were handed out before
    are refused, and the protection that AWS does not restore. Raises NotAStore if there is no
    store.
    """
    described = await existing(client, place)
    table = Table(client, place.table)
    record = await read_record(table, place)
    if record is None:
        raise NotAStore(f"{place.shown} holds no store, so none was restored")
    if record.table_id == described.table_id:
        return False
    await protect(client, place)
    if not described.deletion_protection_enabled:
        await protect_from_deletion(client, place)
    same = {":id": text(record.id)}  # unless somebody else has just done the same
    condition = {"ConditionExpression": "id = :id", "ExpressionAttributeValues": same}
    await table.put_if(new_record(record.partitions, described), condition)
    return True
