"""Rules of retention over HTTP: which events expire after how many days, and what that would be."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.retention import Expiring, RetentionRule
from gatherlog.interfaces.rest.answers import Time, array, json, no_content
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = [
    "RetentionAnswer",
    "RetentionOptions",
    "RetentionOutcome",
    "list_retention",
    "read_retention",
    "remove_retention",
    "set_retention",
]

Plain = Call[None, Nothing]


class RetentionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of retention, and how many events have expired by it so far."""

    name: str
    log: str
    type: str | None
    subject: str | None
    days: int
    expired: int
    created_at: Time
    updated_at: Time


class RetentionOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The rule as it is now; or, of a trial, how many events would expire, and the times at which
    the first and the last of them were recorded."""

    name: str | UnsetType = UNSET
    log: str | UnsetType = UNSET
    type: str | UnsetType | None = UNSET
    subject: str | UnsetType | None = UNSET
    days: int | UnsetType = UNSET
    expired: int | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET
    updated_at: Time | UnsetType = UNSET
    matching: int | UnsetType = UNSET
    oldest: Time | UnsetType | None = UNSET
    newest: Time | UnsetType | None = UNSET


class RetentionOptions(msgspec.Struct, frozen=True):
    """Whether a rule is only tried out."""

    dry_run: Annotated[
        bool, Meta(description="Answer what would expire at once, and write nothing.")
    ] = False


async def list_retention(call: Plain) -> Reply:
    expired = await call.platform.retention.expired()
    rules = await call.platform.retention.rules()
    return await array(retention_answer(rule, expired.get(rule.name, 0)) for rule in rules)


async def read_retention(call: Plain) -> Reply:
    return json(await _answer(call, await call.platform.retention.rule(call.id)))


async def set_retention(call: Call[Expiring, RetentionOptions]) -> Reply:
    if call.query.dry_run:
        return await call.long_read(lambda: _try_out(call))
    rule = await call.platform.retention.set(call.id, call.body, by=call.by)
    answer = msgspec.structs.asdict(await _answer(call, rule))
    return await call.remember(json(RetentionOutcome(**answer)))


async def remove_retention(call: Plain) -> Reply:
    once = call.once(lambda handled: no_content())
    await call.platform.retention.remove(call.id, by=call.by, once=once)
    return no_content()


async def _try_out(call: Call[Expiring, RetentionOptions]) -> Reply:
    tried = await call.platform.retention.try_out(call.id, call.body)
    oldest, newest = (None if at is None else rfc3339(at) for at in (tried.oldest, tried.newest))
    return json(RetentionOutcome(matching=tried.matching, oldest=oldest, newest=newest))


async def _answer(call: Call, rule: RetentionRule) -> RetentionAnswer:  # type: ignore[type-arg]
    return retention_answer(rule, await call.platform.retention.expired_by(rule))


def retention_answer(rule: RetentionRule, expired: int) -> RetentionAnswer:
    """A rule as every endpoint and the command line show it."""
    return RetentionAnswer(
        name=rule.name,
        log=rule.expiring.log,
        type=rule.expiring.type,
        subject=rule.expiring.subject,
        days=rule.expiring.days,
        expired=expired,
        created_at=rfc3339(rule.created_at),
        updated_at=rfc3339(rule.updated_at),
    )
