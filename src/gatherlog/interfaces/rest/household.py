"""Endpoints for guests who have logged in: their own household, and their answer."""

from gatherlog.apps.guests import OwnAnswer, RsvpClosed
from gatherlog.apps.guests.households import household_of
from gatherlog.core.commands.handler import Handled
from gatherlog.interfaces.rest.answers import json
from gatherlog.interfaces.rest.camel import of_household
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = ["answer_invitation", "read_household"]


async def read_household(call: Call[None, Nothing]) -> Reply:
    assert call.actor is not None
    household = await call.platform.guests.household(call.gathering_id, call.actor.id)
    return json(of_household(household))


async def answer_invitation(call: Call[OwnAnswer, Nothing]) -> Reply:
    assert call.actor is not None
    platform, guest_id = call.platform, call.actor.id
    call.rate_limiter.answer(guest_id)

    def answered(handled: Handled) -> Reply:
        now = platform.clock()
        return json(of_household(household_of(handled, call.gathering_id, guest_id, now)))

    try:
        household = await platform.guests.respond(
            call.gathering_id,
            guest_id,
            call.body,
            actor=call.by,
            once=call.once(answered),
        )
    except RsvpClosed:
        raise RsvpClosed("RSVP is closed") from None
    return json(of_household(household))
