"""Endpoints for erasing one's own account: ask, see what is pending, and think again."""

from typing import Any

import msgspec

from gatherlog.apps.people.own_erasure_views import OwnErasure
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.interfaces.rest.answers import Time, json, no_content
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = ["OwnErasureAnswer", "ask_for_erasure", "cancel_erasure", "read_erasure"]

Plain = Call[None, Nothing]


class OwnErasureAnswer(msgspec.Struct, frozen=True):
    """When one's own account is erased; null: it is not."""

    due_at: Time | None


async def ask_for_erasure(call: Plain) -> Reply:
    """Mail a link to confirm it; nothing else happens."""
    await call.platform.own_erasures.ask(_account(call))
    return await call.remember(no_content())


async def read_erasure(call: Plain) -> Reply:
    return json(_answer(await call.platform.own_erasures.pending(_account(call))))


async def cancel_erasure(call: Plain) -> Reply:
    await call.platform.own_erasures.cancel(_account(call))
    return await call.remember(no_content())


def _account(call: Call[Any, Any]) -> str:
    assert call.actor is not None
    return call.actor.account_id or ""


def _answer(pending: OwnErasure | None) -> OwnErasureAnswer:
    return OwnErasureAnswer(None if pending is None else rfc3339(pending.due_at))
