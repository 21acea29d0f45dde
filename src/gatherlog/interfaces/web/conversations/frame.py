"""What all pages of conversations share: who reads, what the policy allows, how pages are made."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import Line
from gatherlog.apps.people import Action, Profile
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.web.conversations.topics import Topic, topic
from gatherlog.interfaces.web.host_frame import HostFrame
from gatherlog.interfaces.web.visitors import Visitor

__all__ = ["HOME", "ConversationFrame", "Member", "Place", "checked_id"]

HOME: Final = "/messages"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DONE: Final = {
    "saved": "Saved.",
    "started": "Your message is on its way.",
    "left": "You have left the conversation.",
    "reported": "Thank you. The moderator will look at the message.",
    "asked": "We have e-mailed you a link. Nothing happens unless you open it within a day.",
    "kept": "Your account stays.",
}
"""By the query parameter `done`, what a page says was done. No other text of the URL is shown."""


class Member(msgspec.Struct, frozen=True):
    """A visitor who has an account, and so may write to others."""

    visitor: Visitor
    profile: Profile

    @property
    def account(self) -> str:
        return self.visitor.actor.account_id or ""

    @property
    def by(self) -> str:
        """Who acts, as events name it in their metadata."""
        return self.visitor.actor.name

    @property
    def zone(self) -> ZoneInfo:
        """Where the member is, as far as the site has been told."""
        return ZoneInfo(self.profile.time_zone)


class Place(msgspec.Struct, frozen=True):
    """The conversation of a path, and the member whom the policy lets act in it."""

    member: Member
    id: str
    message: str | None = None
    """The message of the path, if it names one."""

    @property
    def path(self) -> str:
        return f"{HOME}/{self.id}"


class ConversationFrame:
    """Loads who asks and what about, once the policy allows it, and renders the answer."""

    def __init__(self, frame: HostFrame) -> None:
        self.platform = frame.platform
        self.messages = frame.platform.messages
        self._frame = frame
        self.for_signed_in = frame.for_signed_in
        self.redirect = frame.redirect

    async def member(self, request: Request) -> Member:
        """Raises Unauthenticated, and NotFound for a visitor without an account."""
        return await self._allowed(request, Action.USE_CONVERSATIONS)

    async def owner(self, request: Request) -> Member:
        """The member, allowed to change their own settings. Raises as `member`."""
        return await self._allowed(request, Action.CHANGE_PROFILE)

    async def _allowed(self, request: Request, action: Action) -> Member:
        visitor = await self._frame.visitor(request, action)
        profile = await self.platform.profiles.profile(visitor.actor.account_id or "")
        return Member(visitor, profile)

    async def place(self, request: Request, action: Action) -> Place:
        """The conversation of the path, and the message if it names one.

        Raises as `member`; NotFound for what is not the visitor's own, and Denied.
        """
        member = await self.member(request)
        ids = {"message_group_uuid": checked_id(request.path_params["conversation"])}
        if "message" in request.path_params:
            ids["message_uuid"] = checked_id(request.path_params["message"])
        await permit(self.platform, member.visitor.actor, action, None, ids)
        return Place(member, ids["message_group_uuid"], ids.get("message_uuid"))

    async def form(self, request: Request, member: Member) -> FormData:
        """The form that was sent; FormOutdated unless it was made for this member."""
        return await self._frame.form(request, member.visitor)

    async def page(
        self,
        template: str,
        member: Member,
        *,
        status: int = 200,
        **values: Any,  # each template needs others
    ) -> Response:
        """A page for a member; its title shows how many messages are unread."""
        return self._frame.page(
            f"conversations/{template}",
            member.visitor,
            status=status,
            account=member.account,
            profile=member.profile,
            unread=await self.messages.unread(member.account),
            **values,
        )

    async def topics(self, account: str, lines: Collection[Line]) -> Mapping[str, Topic]:
        """What these conversations are about, by their ids; only what concerns the account."""
        abouts = {one.conversation.id: one.conversation.about for one in lines}
        known = await self.messages.subjects(account, {one for one in abouts.values() if one})
        return {
            id: topic(about, known[about])
            for id, about in abouts.items()
            if about is not None and about in known
        }

    def done(self, request: Request) -> str:
        """What the page is to say was done just before; usually nothing."""
        return _DONE.get(request.query_params.get("done", ""), "")


def checked_id(text: str) -> str:
    """The id of a conversation or message. Raises NotFound for a text that can be none."""
    id = text.lower()
    if not _UUID.fullmatch(id):
        raise NotFound("There is nothing here.")
    return id
