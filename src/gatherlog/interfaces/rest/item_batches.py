"""Many items in one request: each is appended by itself, and answered for itself.

Items of one stream are appended in their order, those of different streams at the same time.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from gatherlog.core.commands.appending import Appended
from gatherlog.core.commands.handler import Once
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import Conflict, GatherlogError, Invalid, LimitExceeded
from gatherlog.core.eventstore.giving_way import gently
from gatherlog.interfaces.problems import Malformed
from gatherlog.interfaces.rest.batches import FaultAnswer, results_reply
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.items import MadeItem, made_item, read_item

__all__ = ["ItemsAnswer", "append_batch"]

AT_ONCE: Final = 32
"""Streams that are appended to at the same time."""


class ItemResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item; `sk` is the version that its event has."""

    index: int
    status: Literal["accepted", "rejected"]
    pk: str | None
    sk: int | None
    errors: list[FaultAnswer]


class ItemsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many items were appended, and what became of each, in the order in which they came."""

    accepted: int
    rejected: int
    results: list[ItemResult]


async def append_batch(call: Call[Any, Any], texts: Sequence[bytes]) -> Reply:
    """Append what can be appended. Under an Idempotency-Key, each item is appended once, also if
    the request ends early and is sent again."""
    results: dict[int, ItemResult] = {}
    streams: dict[str, list[tuple[int, MadeItem]]] = {}
    async for number, text in gently(enumerate(texts)):
        try:
            made = made_item(call.id, read_item(text))
        except (Invalid, Malformed) as wrong:
            results[number] = _rejected(number, wrong)
        else:
            streams.setdefault(made.stream, []).append((number, made))
    places = asyncio.Semaphore(AT_ONCE)

    async def append_all(items: list[tuple[int, MadeItem]]) -> None:
        async with places:
            for number, made in items:
                results[number] = await _append(call, number, made)

    try:
        async with asyncio.TaskGroup() as group:
            for items in streams.values():
                group.create_task(append_all(items))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    in_order = [results[number] for number in range(len(texts))]
    accepted = sum(result.status == "accepted" for result in in_order)
    counts = {"accepted": accepted, "rejected": len(in_order) - accepted}
    return await call.remember(await results_reply(counts, in_order))


async def _append(call: Call[Any, Any], number: int, made: MadeItem) -> ItemResult:
    once = None
    if (key := call.key) is not None:

        def once(appended: Appended) -> Once:
            return key.part(number, b"%d" % appended.version)

    try:
        appended = await call.platform.appender.append(
            made.stream, [made.event], by=call.by, expected=made.expected, once=once
        )
    except (Invalid, Conflict, LimitExceeded) as wrong:
        return _rejected(number, wrong)
    except Repeated as repeated:
        return _accepted(number, made, int(repeated.answer))
    return _accepted(number, made, appended.version)


def _accepted(number: int, made: MadeItem, version: int) -> ItemResult:
    return ItemResult(index=number, status="accepted", pk=made.pk, sk=version, errors=[])


def _rejected(number: int, error: GatherlogError) -> ItemResult:
    faults = [FaultAnswer(error.code, "", str(error))]
    if isinstance(error, Invalid):
        faults = [FaultAnswer(error.code, flaw.pointer, flaw.detail) for flaw in error.flaws]
    return ItemResult(index=number, status="rejected", pk=None, sk=None, errors=faults)
