"""A new conversation: with one member by handle, or a group."""

import re
import secrets
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import BlockedByYou, UnknownReceiver
from gatherlog.apps.messages.service_members import MOST_INVITED
from gatherlog.apps.messages.texts import LONGEST_TITLE
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import GatherlogError, Invalid
from gatherlog.interfaces.problems import TooMany, headers_of, status_of
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.web.conversations.frame import HOME, ConversationFrame, Member
from gatherlog.interfaces.web.conversations.writing import (
    REFUSALS,
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


class StartPages:
    def __init__(self, frame: ConversationFrame, rate_limiter: RateLimiter) -> None:
        self._frame = frame
        self._messages = frame.messages
        self._rate_limiter = rate_limiter

    async def start(self, request: Request) -> Response:
        """The forms; POST writes to somebody, or makes a group."""
        member = await self._frame.member(request)
        if request.method != "POST":
            to = request.query_params.get("to", "")[:_LONGEST]
            return await self._page(member, _given(FormData({"to": to})))
        form = await self._frame.form(request, member)
        is_group = text(form, "do") == "group"
        try:
            self._rate_limiter.conversation(request.scope, member.account)
            id = await (self._group(member, form) if is_group else self._write(member, form))
        except (*REFUSALS, TooMany, Invalid) as error:
            return await self._page(member, _given(form), error=error, is_group=is_group)
        done = "" if is_group else "?done=started"
        return self._frame.redirect(f"{HOME}/{id}{done}#newest")

    async def _write(self, member: Member, form: FormData) -> str:
        try:
            shown = await self._messages.start(
                member.account,
                _handle(text(form, "to")),
                written(form),
                actor=member.by,
                once=kept_once(form, member.by, HOME),
            )
        except Repeated as repeated:
            return ids_of(repeated.answer)[0]
        return shown.conversation

    async def _group(self, member: Member, form: FormData) -> str:
        handles = [one for one in _SEPARATORS.split(text(form, "members")[:_LONGEST]) if one]
        try:
            return await self._messages.start_group(
                member.account,
                [_handle(one) for one in handles],
                title=text(form, "title"),
                announce_only="announce_only" in form,
                actor=member.by,
                once=group_once(form, member.by),
            )
        except Repeated as repeated:
            return repeated.answer.decode()

    async def _page(
        self,
        member: Member,
        given: dict[str, Any],
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
            is_group=is_group,
            wrong="" if error is None else _sentence(error),
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


def _sentence(error: GatherlogError) -> str:
    if isinstance(error, TooMany):
        return _TOO_MANY
    if isinstance(error, UnknownReceiver) and error.handle:
        return f"Nobody has the handle {error.handle[:_SHOWN]}."
    return refusal(error) if isinstance(error, REFUSALS) else _BAD_GROUP


def _handle(typed: str) -> str:
    """A handle, which may be written with an @ before it."""
    return typed.strip().removeprefix("@")
