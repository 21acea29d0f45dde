"""What protects the table of a store, and lets its keys expire."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb_address import DynamoPlace

__all__ = ["protect", "protect_from_deletion", "until"]

T = TypeVar("T")

PATIENCE: Final = 120.0
"""Seconds that are waited for what takes a while, such as a new table."""
_LOOK_SECONDS: Final = 0.5


async def protect(client: Client, place: DynamoPlace) -> None:
    """Let keys expire, and let the table be restored to any second of the last 35 days."""
    expiry = {"AttributeName": "x", "Enabled": True}
    asked = {"TableName": place.table, "TimeToLiveSpecification": expiry}
    await client.does("UpdateTimeToLive", asked, unless="ValidationException")  # it is so already
    unknown = "UnknownOperationException"  # of an emulator that has no backups
    if not await client.does(
        "DescribeContinuousBackups", {"TableName": place.table}, unless=unknown
    ):
        return
    recovery = {"PointInTimeRecoveryEnabled": True}
    asked = {"TableName": place.table, "PointInTimeRecoverySpecification": recovery}
    unless = "ContinuousBackupsUnavailableException"  # as for a while after a table was made

    async def recoverable() -> bool | None:
        return await client.does("UpdateContinuousBackups", asked, unless=unless) or None

    await until(recoverable, f"the backups of {place.shown} are not ready yet")


async def protect_from_deletion(client: Client, place: DynamoPlace) -> None:
    """Let nobody delete the table by mistake. A new table is made so."""
    asked = {"TableName": place.table, "DeletionProtectionEnabled": True}
    unless = "ResourceInUseException"  # while the table is being changed

    async def protected() -> bool | None:
        return await client.does("UpdateTable", asked, unless=unless) or None

    await until(protected, f"{place.shown} is being changed")


async def until(look: Callable[[], Awaitable[T | None]], why: str) -> T:
    """What `look` gives as soon as it gives something. Raises NotAStore after PATIENCE."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while (found := await look()) is None:
        if loop.time() > end:
            raise NotAStore(f"{why}, after {PATIENCE:g} s; try again later")
        await asyncio.sleep(_LOOK_SECONDS)
    return found
