"""What the pages of organisers and reviewers share: the thing that a request is about."""

from datetime import date
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import Thing
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import Denied
from gatherlog.core.texts import N_
from gatherlog.interfaces.auth import permit_of_organiser
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rest.parameters import check_id
from gatherlog.interfaces.web.frame import Frame, PageHandler
from gatherlog.interfaces.web.messages import Message
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.visitors import Visitor, Visitors

__all__ = [
    "NOT_AN_ORGANISER",
    "NOT_A_REVIEWER",
    "OwnFrame",
    "OwnThing",
    "account_of",
    "thing_id_of",
]

NOT_AN_ORGANISER: Final = Message(
    N_("This is for organisers"),
    (
        N_(
            "Here organisers publish things to do and look after them. Your account does not have "
            "this role yet."
        ),
    ),
    (N_("Ask those who run this site for it. It takes effect at once: then reload this page."),),
)
NOT_A_REVIEWER: Final = Message(
    N_("This is for reviewers"),
    (N_("Here reviewers decide what is published. Your account does not have this role."),),
    (N_("If it should, ask those who run this site."),),
)
_DONE: Final = {
    "made": N_("Your draft is saved. Only you see it until it is approved."),
    "saved": N_("Saved."),
    "named": N_("Your name as an organiser is saved."),
    "submitted": N_("It is waiting for review now. You can go on changing it in the meantime."),
    "version": N_(
        "The new version is saved as a draft. The published one stays up until a reviewer "
        "has approved this one, so submit it when it is ready."
    ),
    "removed": N_("It has been removed."),
    "withdrawn": N_("It is taken down, and its bookings are cancelled."),
    "date_cancelled": N_("The date is cancelled, and so are its bookings."),
    "moved": N_("The date is moved. The bookings stay, and everybody is told."),
    "not_moved": N_(
        "This is when it takes place already, so nothing was changed, and nobody is told."
    ),
    "written": N_("Your letter goes to everybody who has booked or is waiting."),
    "booking_cancelled": N_("The booking is cancelled. Whoever is waiting and fits moves up."),
    "approved": N_("It is published."),
    "rejected": N_("It went back to the organiser, with your reasons."),
    "taken_down": N_("It is taken down, and its bookings are cancelled."),
    "settled": N_("The report is off the list."),
}
"""By the query parameter `done`, what a page says was done."""


class OwnThing(msgspec.Struct, frozen=True):
    """A thing of the visitor's own, with which the policy lets the visitor do something."""

    visitor: Visitor
    account_id: str
    stored: Stored[Thing]

    @property
    def thing(self) -> Thing:
        return self.stored.body

    @property
    def id(self) -> str:
        return self.thing.id

    @property
    def by(self) -> str:
        return self.visitor.actor.name

    @property
    def path(self) -> str:
        """The path of the thing's page on the organiser's desk."""
        return f"/desk/{self.id}"


class OwnFrame(Frame):
    """Loads what a request of an organiser or a reviewer is about, once the policy allows it."""

    def __init__(self, platform: Platform, renderer: Renderer, visitors: Visitors) -> None:
        super().__init__(platform, renderer, visitors, done=_DONE)
        self.things = platform.things

    def for_role(self, page: PageHandler, denied: Message) -> PageHandler:
        """The page; who does not have the role that it is for is told so, with what to do."""

        async def serve(request: Request) -> Response:
            try:
                return await page(request)
            except Denied as error:
                if type(error) is not Denied:
                    raise
                visitor = await self._visitors.find(request)
                return self.site_message(request, visitor, denied, 403)

        return serve

    def shown(
        self,
        request: Request,
        template: str,
        visitor: Visitor,
        *,
        status: int = 200,
        **values: Any,  # each template needs others
    ) -> Response:
        """A page, which says what was done just before."""
        note = self.done(request.query_params)
        return self.page(template, visitor, status=status, note=note, **values)

    @property
    def currency(self) -> str:
        """The currency of all prices; empty where the site names none."""
        return self.platform.settings.currency or ""

    @property
    def today(self) -> date:
        """The current date in UTC."""
        return to_datetime(self.platform.clock()).date()

    async def organiser(self, request: Request, action: Action) -> tuple[Visitor, str]:
        """The visitor and the account, for what concerns no particular thing; as `visitor`."""
        visitor = await self.visitor(request, action)
        return visitor, account_of(visitor)

    async def own(self, request: Request, action: Action) -> OwnThing:
        """The thing of the path, if it is the visitor's own.

        Raises Unauthenticated; Denied for who is no organiser; and NotFound for what belongs to
        somebody else, as for what does not exist.
        """
        visitor, account = await self.organiser(request, Action.LIST_OWN_THINGS)
        permit_of_organiser(visitor.actor, action, account)
        stored = await self.things.own_thing(thing_id_of(request), account)
        return OwnThing(visitor, account, stored)

    async def published(self, own: OwnThing) -> Thing | None:
        """What is published of it: the thing, or the one that it is a version of; or None."""
        live = own.thing
        if live.status != "PUBLISHED" and live.replaces is not None:
            live = (await self.things.own_thing(live.replaces, own.account_id)).body
        return live if live.status == "PUBLISHED" else None

    async def again(self, own: OwnThing) -> OwnThing:
        """The same thing as it is now."""
        stored = await self.things.own_thing(own.id, own.account_id)
        return OwnThing(own.visitor, own.account_id, stored)


def account_of(visitor: Visitor) -> str:
    """The account that the visitor acts for; Denied for a key without one."""
    if visitor.actor.account_id is None:
        raise Denied("This key acts for no account.")
    return visitor.actor.account_id


def thing_id_of(request: Request) -> str:
    """The id of the thing in the path. Raises NotFound for what cannot be one."""
    return check_id(request.path_params["id"])
