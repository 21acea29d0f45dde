"""A conversation: reading it, writing into it, the read mark, and what is new."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gatherlog.apps.messages import News, NewsPage, Part, ShownMessage
from gatherlog.apps.messages.views import number_of
from gatherlog.apps.people import Action
from gatherlog.core.commands.service import Repeated
from gatherlog.interfaces.auth import permit_to_write
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.conversations.bubbles import Reader, bubble
from gatherlog.interfaces.web.conversations.frame import ConversationFrame, Place, checked_id
from gatherlog.interfaces.web.conversations.live import LivePages
from gatherlog.interfaces.web.conversations.talk_view import TalkView, Window, reader
from gatherlog.interfaces.web.conversations.writing import (
    REFUSALS,
    UNDELIVERABLE,
    ids_of,
    kept_once,
    refusal,
    written,
)
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.rendering import HEADERS

__all__ = ["TalkPages"]


class TalkPages:
    def __init__(self, frame: ConversationFrame, live: LivePages) -> None:
        self._frame = frame
        self._messages = frame.messages
        self._live = live
        self._view = TalkView(frame)

    async def talk(self, request: Request) -> Response:
        """The newest messages, which are read from now on, or those beside one; POST sends one."""
        if request.method == "POST":
            return await self._send(request)
        place = await self._frame.place(request, Action.READ_CONVERSATION)
        return await self._view.page(
            place, Window.of(request), peek=_is_peek(request), note=self._frame.done(request)
        )

    async def mark_read(self, request: Request) -> Response:
        """Have read all up to a message: sent by an open page on which messages arrive."""
        place = await self._frame.place(request, Action.READ_CONVERSATION)
        form, member = await self._frame.form(request, place.member), place.member
        upto = checked_id(text(form, "upto"))
        await self._messages.mark_read(member.account, place.id, upto, actor=member.by)
        return Response(None, 204, HEADERS)

    async def live(self, request: Request) -> Response:
        """What is new in the conversation, as server-sent events."""
        place = await self._frame.place(request, Action.READ_CONVERSATION)

        async def told(page: NewsPage) -> dict[str, Any]:
            return self._told(place, [one for one in page.items if one.conversation == place.id])

        return await self._live.follow(request, place.member, told)

    def _told(self, place: Place, news: list[News]) -> dict[str, Any]:
        """The messages that arrived or changed, how far the other has read, whether one left."""
        who = self._reader(place)
        seen = [
            number_of(one.shown.message.id)
            for one in news
            if one.kind == "read" and one.shown is not None and one.reader != who.account
        ]
        changed = {
            one.shown.message.id: self._piece(one.shown, who)
            for one in news
            if one.shown is not None and one.kind != "read"
        }
        groups = [one.line for one in news if one.kind == "group"]
        return {
            "messages": [*changed.values()],
            "seen": max(seen, default=0),
            "left": groups[-1] is None if groups else None,
        }

    def _piece(self, shown: ShownMessage, who: Reader) -> dict[str, Any]:
        """A message as the page takes it."""
        made = bubble(shown, who)
        return {"id": made.id, "html": self._live.html("one_message.html", message=made)}

    def _reader(self, place: Place) -> Reader:
        return reader(place.member, self._frame.platform.clock())

    async def _send(self, request: Request) -> Response:
        place = await self._frame.place(request, Action.READ_CONVERSATION)
        form = await self._frame.form(request, place.member)
        wants_json = "application/json" in request.headers.get("accept", "")
        try:
            shown = await self._sent(place, form)
        except REFUSALS as error:
            if wants_json:
                return JSONResponse(
                    {"detail": refusal(error, UNDELIVERABLE)}, status_of(error), HEADERS
                )
            return await self._view.page(place, Window(), text=written(form), error=error)
        if wants_json:
            return JSONResponse(self._piece(shown, self._reader(place)), 200, HEADERS)
        return self._frame.redirect(f"{place.path}#newest")

    async def _sent(self, place: Place, form: FormData) -> ShownMessage:
        """The message of the form; the one that was sent before if the form was sent twice."""
        member = place.member

        def permit(part: Part | None) -> None:
            permit_to_write(member.visitor.actor, part)

        try:
            return await self._messages.send(
                member.account,
                place.id,
                written(form),
                permit=permit,
                actor=member.by,
                once=kept_once(form, member.by, place.path),
            )
        except Repeated as repeated:
            return await self._messages.message(member.account, *ids_of(repeated.answer))


def _is_peek(request: Request) -> bool:
    """Whether nobody looks at the page yet: a HEAD, or a browser that loads it ahead."""
    return request.method == "HEAD" or "prefetch" in request.headers.get("sec-purpose", "")
