"""What the pages for parents share: for whom they act, and what was just done."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec
from starlette.requests import Request

from gatherlog.apps.people import Action, Verdict, decide
from gatherlog.apps.things import ThingService
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import Denied
from gatherlog.core.texts import N_
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rest.parameters import check_id
from gatherlog.interfaces.web.frame import Frame
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.visitors import Visitor, Visitors

__all__ = ["Parent", "ThingsFrame"]

_DONE: Final[Mapping[str, str]] = {
    "kept": N_("Added to your favourites."),
    "dropped": N_("Removed from your favourites."),
    "reported": N_("Thank you. We will look into it."),
    "added": N_("Added."),
    "saved": N_("Saved."),
    "removed": N_("Removed."),
    "booked": N_("Your booking is confirmed."),
    "waiting": N_("You have joined the waiting list."),
    "cancelled": N_("Your booking is cancelled."),
}


class Parent(msgspec.Struct, frozen=True):
    """Somebody who is signed in, with the account for which they act."""

    visitor: Visitor
    account_id: str

    @property
    def by(self) -> str:
        return self.visitor.actor.name


class ThingsFrame(Frame):
    """The frame of the pages for visitors and parents."""

    def __init__(self, platform: Platform, renderer: Renderer, visitors: Visitors) -> None:
        super().__init__(platform, renderer, visitors, done=_DONE)

    @property
    def things(self) -> ThingService:
        return self.platform.things

    async def parent(self, request: Request, action: Action) -> Parent:
        """Who acts for an account of their own. Raises Unauthenticated and Denied."""
        visitor = await self.visitor(request, action)
        if visitor.actor.account_id is None:
            raise Denied("This credential acts for no account.")
        return Parent(visitor, visitor.actor.account_id)

    def as_parent(self, visitor: Visitor | None) -> Parent | None:
        """The visitor as a parent; None for one who has no favourites, children and bookings."""
        if visitor is None or visitor.actor.account_id is None:
            return None
        allowed = decide(visitor.actor, Action.BOOK_THING) is Verdict.ALLOW
        return Parent(visitor, visitor.actor.account_id) if allowed else None

    def id(self, request: Request) -> str:
        """The id in the path, as services know it. Raises NotFound for what cannot be one."""
        return check_id(request.path_params["id"])

    @property
    def currency(self) -> str:
        """The currency of all prices; empty where the site names none."""
        return self.platform.settings.currency or ""

    @property
    def today(self) -> date:
        """The current date in UTC."""
        return to_datetime(self.platform.clock()).date()
