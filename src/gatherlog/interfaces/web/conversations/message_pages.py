"""One message: its author edits or deletes it, others report it to the moderator."""

from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import BadMessage, TooLate
from gatherlog.apps.messages.texts import LONGEST_REASON
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import GatherlogError, Invalid
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.conversations.bubbles import bubble
from gatherlog.interfaces.web.conversations.frame import ConversationFrame, Place
from gatherlog.interfaces.web.conversations.talk_view import reader
from gatherlog.interfaces.web.conversations.writing import refusal, written
from gatherlog.interfaces.web.forms import text

__all__ = ["MessagePages"]

_TOO_LATE: Final = N_(
    "A message can be edited for a day, unless it was deleted. Nothing was changed."
)
_BAD_REASON: Final = N_("A reason can have up to {most} characters, and no control characters.")


class MessagePages:
    def __init__(self, frame: ConversationFrame) -> None:
        self._frame = frame
        self._messages = frame.messages

    async def message(self, request: Request) -> Response:
        """The message and what may be done with it; POST does it."""
        if request.method == "POST":
            return await self._change(request)
        return await self._page(await self._frame.place(request, Action.READ_CONVERSATION))

    async def _change(self, request: Request) -> Response:
        """Do what the form says; the policy is asked about just that."""
        place = await self._frame.place(request, Action.READ_CONVERSATION)
        form = await self._frame.form(request, place.member)
        if text(form, "do") == "report":
            return await self._report(request, form)
        place = await self._frame.place(request, Action.CHANGE_MESSAGE)
        member, message = place.member, place.message or ""
        if text(form, "do") == "delete":
            await self._messages.delete(member.account, place.id, message, actor=member.by)
            return self._back(place)
        try:
            await self._messages.edit(
                member.account, place.id, message, written(form), actor=member.by
            )
        except (BadMessage, TooLate) as error:
            return await self._page(place, form=form, error=error)
        return self._back(place)

    async def _report(self, request: Request, form: FormData) -> Response:
        place = await self._frame.place(request, Action.REPORT_MESSAGE)
        member, message = place.member, place.message or ""
        reason = " ".join(text(form, "reason").split())
        try:
            await self._messages.report(member.account, place.id, message, reason, actor=member.by)
        except Invalid as error:
            return await self._page(place, form=form, error=error)
        return self._frame.redirect(place.path, "reported")

    async def _page(
        self, place: Place, *, form: FormData | None = None, error: GatherlogError | None = None
    ) -> Response:
        """The page; with an error, it shows again what was typed."""
        member = place.member
        line = await self._messages.conversation(member.account, place.id)
        shown = await self._messages.message(member.account, place.id, place.message or "")
        return await self._frame.page(
            "message.html",
            member,
            status=200 if error is None else status_of(error),
            place=place.path,
            line=line,
            message=bubble(shown, reader(member, self._frame.platform.clock())),
            text=shown.message.text if form is None else written(form),
            reason="" if form is None else text(form, "reason"),
            wrong="" if error is None else _sentence(error),
        )

    def _back(self, place: Place) -> Response:
        return self._frame.redirect(f"{place.path}#newest")


def _sentence(error: GatherlogError) -> str:
    if isinstance(error, TooLate):
        return _(_TOO_LATE)
    return (
        refusal(error)
        if isinstance(error, BadMessage)
        else _(_BAD_REASON).format(most=LONGEST_REASON)
    )
