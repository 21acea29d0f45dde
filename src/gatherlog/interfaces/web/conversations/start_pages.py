"""A new conversation: with one member by handle, or a group."""

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import About, BlockedByYou, Person, UnknownReceiver
from gatherlog.apps.messages.service_members import MOST_INVITED
from gatherlog.apps.messages.texts import LONGEST_TITLE
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import GatherlogError, Invalid, NotFound
from gatherlog.interfaces.problems import TooMany, headers_of, status_of
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.web.conversations.frame import HOME, ConversationFrame, Member
from gatherlog.interfaces.web.conversations.topics import Topic, about_of, topic
from gatherlog.interfaces.web.conversations.writing import (
    REFUSALS,
    UNDELIVERABLE,
    group_once,
    ids_of,
    kept_once,
    refusal,
    written,
)
from gatherlog.interfaces.web.forms import text

__all__ = ["StartPages"]

_SEPARATORS: Final = re.compile(r"[\s,;]+")
_LONGEST: Final = 4_096
_SHOWN: Final = 60
"""Characters that are repeated of a handle which nobody has."""
_BAD_GROUP: Final = (
    f"A group can have a title of up to {LONGEST_TITLE} characters, and starts with 1 to "
    f"{MOST_INVITED} members. Please check both."
)
_TOO_MANY: Final = "You have started many conversations in a short time. Please wait a minute."


class Matter(msgspec.Struct, frozen=True):
    """What the first message is about, and to whom it goes; None if to anybody."""

    about: About
    topic: Topic
    receiver: Person | None
    is_own: bool
    """Whether the member hosts or organises it."""

    @property
    def role(self) -> str:
        """What the receiver is to it."""
        if self.is_own:
            return "who has booked it"
        return "the host" if self.about.kind == "gathering" else "the organiser"


class StartPages:
    def __init__(self, frame: ConversationFrame, rate_limiter: RateLimiter) -> None:
        self._frame = frame
        self._messages = frame.messages
        self._rate_limiter = rate_limiter

    async def start(self, request: Request) -> Response:
        """The forms; POST writes to somebody, or makes a group.

        Raises NotFound where it is to be about something that does not concern the member.
        """
        member = await self._frame.member(request)
        if request.method != "POST":
            to = request.query_params.get("to", "")[:_LONGEST]
            matter = await self._matter(member, request.query_params)
            return await self._page(member, _given(FormData({"to": to})), matter)
        form = await self._frame.form(request, member)
        is_group, matter = text(form, "do") == "group", await self._matter(member, form)
        try:
            self._rate_limiter.conversation(request.scope, member.account)
            act = self._group if is_group else self._write
            id = await act(member, form, None if matter is None else matter.about)
        except (*REFUSALS, TooMany, Invalid) as error:
            return await self._page(member, _given(form), matter, error=error, is_group=is_group)
        done = "" if is_group else "?done=started"
        return self._frame.redirect(f"{HOME}/{id}{done}#newest")

    async def _matter(self, member: Member, fields: Mapping[str, object]) -> Matter | None:
        """What the message is about, if the fields say so."""
        if (about := about_of(fields)) is None:
            return None
        subject = (await self._messages.subjects(member.account, [about])).get(about)
        if subject is None:
            raise NotFound("There is nothing of this kind.")
        receiver = await self._messages.receiver(member.account, about, subject)
        return Matter(about, topic(about, subject), receiver, subject.is_own)

    async def _write(self, member: Member, form: FormData, about: About | None) -> str:
        """Write to whoever has the handle; where none is named, to whom the matter leads."""
        me, message, by = member.account, written(form), member.by
        to, once = _handle(text(form, "to")), kept_once(form, by, HOME)
        try:
            if about is not None and not to:
                shown = await self._messages.start_about(me, about, message, actor=by, once=once)
            else:
                shown = await self._messages.start(
                    me, to, message, about=about, actor=by, once=once
                )
        except Repeated as repeated:
            return ids_of(repeated.answer)[0]
        return shown.conversation

    async def _group(self, member: Member, form: FormData, about: About | None) -> str:
        handles = [one for one in _SEPARATORS.split(text(form, "members")[:_LONGEST]) if one]
        try:
            line = await self._messages.start_group(
                member.account,
                [_handle(one) for one in handles],
                title=text(form, "title"),
                announce_only="announce_only" in form,
                about=about,
                actor=member.by,
                once=group_once(form, member.by),
            )
        except Repeated as repeated:
            return repeated.answer.decode()
        return line.conversation.id

    async def _page(
        self,
        member: Member,
        given: dict[str, Any],
        matter: Matter | None,
        *,
        error: GatherlogError | None = None,
        is_group: bool = False,
    ) -> Response:
        """The forms; with an error, they show again what was typed."""
        page = await self._frame.page(
            "start.html",
            member,
            status=200 if error is None else status_of(error),
            given=given,
            matter=matter,
            is_group=is_group,
            wrong="" if error is None else _sentence(error, matter),
            has_blocked=isinstance(error, BlockedByYou),
            blocked=_handle(given["to"]) if isinstance(error, BlockedByYou) else "",
            once=secrets.token_urlsafe(16),
        )
        for name, value in headers_of(error) if error is not None else []:
            page.headers[name.decode()] = value.decode()
        return page


def _given(form: FormData) -> dict[str, Any]:
    """What was typed."""
    names = ("to", "text", "members", "title")
    return {name: text(form, name) for name in names} | {"announce_only": "announce_only" in form}


def _sentence(error: GatherlogError, matter: Matter | None) -> str:
    if isinstance(error, TooMany):
        return _TOO_MANY
    if isinstance(error, UnknownReceiver) and error.handle:
        return f"Nobody has the handle {error.handle[:_SHOWN]}."
    if not isinstance(error, REFUSALS):
        return _BAD_GROUP
    has_receiver = matter is not None and matter.receiver is not None
    return refusal(error, UNDELIVERABLE) if has_receiver else refusal(error)


def _handle(typed: str) -> str:
    """A handle, which may be written with an @ before it."""
    return typed.strip().removeprefix("@")
