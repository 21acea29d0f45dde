"""Whom a member has blocked, and may hear again."""

from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import BadMessage
from gatherlog.core.eventstore.errors import GatherlogError, NotFound
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.conversations.frame import (
    HOME,
    ConversationFrame,
    Member,
    checked_id,
)
from gatherlog.interfaces.web.conversations.writing import refusal
from gatherlog.interfaces.web.forms import text

__all__ = ["PATH", "BlockedPages"]

PATH = f"{HOME}/blocked"


class BlockedPages:
    def __init__(self, frame: ConversationFrame) -> None:
        self._frame = frame
        self._messages = frame.messages

    async def blocked(self, request: Request) -> Response:
        """The list, the latest first; POST unblocks one of them, by account or by handle."""
        member = await self._frame.member(request)
        cursor = request.query_params.get("cursor")
        if request.method != "POST":
            return await self._page(member, cursor, note=self._frame.done(request))
        form = await self._frame.form(request, member)
        try:
            await self._unblock(member, form)
        except (NotFound, BadMessage) as error:
            return await self._page(member, cursor, error=error)
        return self._frame.redirect(PATH, "unblocked")

    async def _unblock(self, member: Member, form: FormData) -> None:
        owner, by = member.account, member.by
        if account := text(form, "account"):
            await self._messages.block_account(owner, checked_id(account), False, actor=by)
        else:
            handle = text(form, "handle").strip().removeprefix("@")
            await self._messages.block(owner, handle, False, actor=by)

    async def _page(
        self,
        member: Member,
        cursor: str | None,
        *,
        note: str = "",
        error: GatherlogError | None = None,
    ) -> Response:
        found = await self._messages.blocked(member.account, cursor=cursor)
        return await self._frame.page(
            "blocked.html",
            member,
            status=200 if error is None else status_of(error),
            persons=found.items,
            is_first=cursor is None,
            more=f"{PATH}?{urlencode({'cursor': found.cursor})}" if found.cursor else "",
            wrong="" if error is None else refusal(error),
            note=note,
        )
