"""The page on which somebody lands who has signed in and came from no page in particular."""

from typing import Final

from gatherlog.apps.people import Actor, Role
from gatherlog.core.commands.slices import Window
from gatherlog.interfaces.platform import Platform

__all__ = ["HOME", "first_page"]

HOME: Final = "/host"
"""The page of members of whom nothing else is known, and of whoever has no account."""
_OF_ROLES: Final = {Role.REVIEWER: "/review", Role.ORGANISER: "/desk"}


async def first_page(platform: Platform, actor: Actor | None) -> str:
    """Where the work of reviewers and organisers is; of others, what they have: gatherings first,
    then bookings, children and favourites of things to do."""
    if actor is None or actor.account_id is None:
        return HOME
    for role, path in _OF_ROLES.items():
        if role in actor.roles:
            return path
    account = actor.account_id
    if (await platform.guests.gatherings_of(account, limit=1)).items:
        return HOME
    return "/things" if await _uses_things(platform, account) else HOME


async def _uses_things(platform: Platform, account: str) -> bool:
    """Whether the account has ever booked or kept a thing to do, or has told of a child."""
    things, one = platform.things, Window(limit=1)
    return bool(
        (await things.bookings(account, one)).items
        or (await things.favourites(account, one)).items
        or await things.children(account)
    )
