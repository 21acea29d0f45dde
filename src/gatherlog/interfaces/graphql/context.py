"""What resolvers know of one request: the services, who asks, and the loaders of this request."""

import asyncio
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any, Final

from gatherlog.apps.people.policy import Action, Actor, Verdict, decide
from gatherlog.apps.things import Child, Organiser, Thing, ThingService
from gatherlog.core.commands.handler import Once
from gatherlog.core.eventstore.errors import Denied, Invalid, NotFound, Unauthenticated
from gatherlog.interfaces.graphql.loaders import Loader
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rates import RateLimiter

__all__ = ["Context", "RosterKey"]

SOMEBODY: Final = ""
"""Stands for the account of another organiser."""
_OF_OTHERS: Final = frozenset({Action.DECIDE_REVIEW, Action.WITHDRAW_THING})
RosterKey = tuple[str, str, str]
"""An occurrence: the thing's id, the local date, and the local time at which it begins."""


class Context:
    """One request to one API."""

    def __init__(
        self,
        platform: Platform,
        rate_limiter: RateLimiter,
        actor: Actor | None,
        scope: Mapping[str, Any] | MutableMapping[str, Any],
        once: Once | None = None,
    ) -> None:
        self.platform = platform
        self.things: ThingService = platform.things
        self.rate_limiter = rate_limiter
        self.scope = scope
        self.actor = actor
        self.once = once
        """What makes the one command of the request idempotent."""
        self.by = "nobody" if actor is None else actor.name
        self.hides = False
        """Whether something that was asked for does not exist, or not for this actor."""

    @property
    def account_id(self) -> str:
        """The account for which is acted; Denied for a credential without one."""
        if self.actor is None or self.actor.account_id is None:
            raise Denied("This credential acts for no account.")
        return self.actor.account_id

    @property
    def reader_id(self) -> str | None:
        """The account of who only reads, which may be none."""
        return None if self.actor is None else self.actor.account_id

    def permit(self, action: Action) -> None:
        """Return if the policy allows the action; else raise Unauthenticated, NotFound or Denied.

        Organisers and parents act on what is their own: to the services everything else does not
        exist. Reviewers act on what is somebody else's, which the service makes sure of.
        """
        own = None if self.actor is None else self.actor.account_id
        of_others = action in _OF_OTHERS
        verdict = decide(
            self.actor, action, account_id=own, organiser_id=SOMEBODY if of_others else own
        )
        if verdict is Verdict.IDENTIFY:
            raise Unauthenticated("Send a key or a session: `Authorization: Bearer …`.")
        if verdict is Verdict.HIDE:
            raise NotFound("There is nothing here.")
        if verdict is Verdict.DENY:
            raise Denied("Your credential does not allow this.")

    @cached_property
    def organisers(self) -> Loader[str, Organiser | None]:
        """Profiles by the account's id."""
        return Loader(self.things.profiles)

    @cached_property
    def favourites(self) -> Loader[str, bool]:
        """Whether things are among one's own favourites."""

        async def read(ids: list[str]) -> list[bool]:
            return await self.things.are_favourites(ids, self.account_id)

        return Loader(read)

    @cached_property
    def published(self) -> Loader[str, Thing | None]:
        """Published things by their ids."""
        return Loader(self.things.published_things)

    @cached_property
    def rosters(self) -> Loader[RosterKey, Mapping[str, Sequence[Child]]]:
        """Who comes to occurrences of one's own things: the children by the booking's id."""

        async def read(keys: list[RosterKey]) -> list[Mapping[str, Sequence[Child]]]:
            return list(await asyncio.gather(*(self._roster(key) for key in keys)))

        return Loader(read)

    async def _roster(self, key: RosterKey) -> Mapping[str, Sequence[Child]]:
        thing_id, date, start = key
        try:
            roster = await self.things.roster(thing_id, date, self.account_id, start)
        except (Invalid, NotFound):  # it is over, or not planned any more
            return {}
        return {row.booking.id: row.children for row in roster.rows}
