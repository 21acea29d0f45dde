"""Endpoints of the trail: what happened in a gathering or to a guest, and who read data."""

from typing import Annotated

import msgspec
from msgspec import Meta

from gatherlog.interfaces.rest.answers import Time, answer_from, page
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Paging

__all__ = ["ActivityAnswer", "ActivityQuery", "list_activities", "list_guest_activities"]


class ActivityAnswer(msgspec.Struct, frozen=True):
    """A change, or an access to data, noted once per hour, actor, guest and kind of access."""

    id: Annotated[str, Meta(description="Of the event.")]
    gathering_id: str
    guest_id: str | None
    action: Annotated[str, Meta(description="Type of the event, or kind of access.")]
    actor: str
    timestamp: Annotated[Time, Meta(description="When it happened.")]
    created_at: Annotated[Time, Meta(description="When it was recorded.")]


class ActivityQuery(Paging, frozen=True):
    """Which activities are listed: those that match all given parameters."""

    action: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                description="Only activities of this kind, as `action` names it in the answer.",
            ),
        ]
        | None
    ) = None
    guest_id: (
        Annotated[
            str, Meta(min_length=1, max_length=64, description="Only activities about this guest.")
        ]
        | None
    ) = None
    actor: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="Only by this actor: `guest:0198…`, `account:0198…`, `key:0198…`.",
            ),
        ]
        | None
    ) = None


async def list_activities(call: Call[None, ActivityQuery]) -> Reply:
    query = call.query
    await call.platform.guests.gathering(call.gathering_id)
    found = await call.platform.trail.activities(
        call.gathering_id,
        guest_id=None if query.guest_id is None else query.guest_id.lower(),
        actor=query.actor,
        action=query.action,
        limit=query.limit,
        cursor=query.cursor,
    )
    return await page(call.path, query, map(_shown, found.items), found.cursor)


async def list_guest_activities(call: Call[None, Paging]) -> Reply:
    """Also of a guest who was removed; NotFound for one who never was in this gathering."""
    query = call.query
    await call.platform.guests.gathering(call.gathering_id)
    found = await call.platform.trail.activities(
        call.gathering_id, guest_id=call.id, limit=query.limit, cursor=query.cursor
    )
    if not found.items and query.cursor is None:  # too new to be in the trail yet, or unknown
        await call.platform.guests.guest(call.gathering_id, call.id)
    return await page(call.path, query, map(_shown, found.items), found.cursor)


_shown = answer_from(ActivityAnswer)
