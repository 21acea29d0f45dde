"""About a conversation: who takes part; muting, leaving, blocking; members of a group."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import BadMessage, ConversationFull
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import NotFound, Refused
from gatherlog.core.texts import N_
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.conversations.frame import HOME, ConversationFrame, Place
from gatherlog.interfaces.web.conversations.writing import NOBODY, refusal
from gatherlog.interfaces.web.forms import text

__all__ = ["AboutPages"]

_NO_MEMBER: Final = N_("Nobody in this conversation has this handle.")


class _Order(msgspec.Struct, frozen=True):
    """What a form may ask for: the policy's action, what is done, what is said afterwards."""

    action: Action
    do: Callable[[Place, FormData], Awaitable[None]]
    done: str = "saved"
    stays: bool = True
    """Whether the member still takes part, and so is shown this page again."""


class AboutPages:
    def __init__(self, frame: ConversationFrame) -> None:
        self._frame = frame
        self._messages = frame.messages
        self._orders = {
            "mute": _Order(Action.READ_CONVERSATION, self._mute),
            "unmute": _Order(Action.READ_CONVERSATION, self._unmute),
            "leave": _Order(Action.READ_CONVERSATION, self._leave, "left", stays=False),
            "block": _Order(Action.READ_CONVERSATION, self._block),
            "unblock": _Order(Action.READ_CONVERSATION, self._unblock, "unblocked"),
            "add": _Order(Action.CHANGE_MEMBERS, self._add),
            "remove": _Order(Action.CHANGE_MEMBERS, self._remove),
        }

    async def about(self, request: Request) -> Response:
        """The page; POST does what its form says. Raises NotFound for what no form asks."""
        place = await self._frame.place(request, Action.READ_CONVERSATION)
        if request.method != "POST":
            return await self._page(place, note=self._frame.done(request))
        form = await self._frame.form(request, place.member)
        order = self._orders.get(text(form, "do"))
        if order is None:
            raise NotFound("There is nothing of this kind to do.")
        place = await self._frame.place(request, order.action)
        try:
            await order.do(place, form)
        except (NotFound, BadMessage, ConversationFull) as error:
            wrong = refusal(error, _NO_MEMBER if order.do == self._remove else NOBODY)
            return await self._page(place, form=form, wrong=wrong, status=status_of(error))
        return self._frame.redirect(f"{place.path}/about" if order.stays else HOME, order.done)

    async def _mute(self, place: Place, form: FormData) -> None:
        await self._messages.mute(place.member.account, place.id, True, actor=place.member.by)

    async def _unmute(self, place: Place, form: FormData) -> None:
        await self._messages.mute(place.member.account, place.id, False, actor=place.member.by)

    async def _leave(self, place: Place, form: FormData) -> None:
        await self._messages.leave(place.member.account, place.id, actor=place.member.by)

    async def _block(self, place: Place, form: FormData) -> None:
        await self._set_blocked(place, True)

    async def _unblock(self, place: Place, form: FormData) -> None:
        await self._set_blocked(place, False)

    async def _set_blocked(self, place: Place, blocked: bool) -> None:
        """About the other of a pair. Raises Refused in a group."""
        member = place.member
        other = (await self._messages.conversation(member.account, place.id)).other
        if other is None:
            raise Refused("There is nobody here who can be blocked.")
        await self._messages.block_account(member.account, other.id, blocked, actor=member.by)

    async def _add(self, place: Place, form: FormData) -> None:
        member = place.member
        await self._messages.add_member(member.account, place.id, _handle(form), actor=member.by)

    async def _remove(self, place: Place, form: FormData) -> None:
        member = place.member
        await self._messages.remove_member(member.account, place.id, _handle(form), actor=member.by)

    async def _page(
        self,
        place: Place,
        *,
        note: str = "",
        form: FormData | None = None,
        wrong: str = "",
        status: int = 200,
    ) -> Response:
        """The page; where something is wrong, it shows again what was typed."""
        account = place.member.account
        line = await self._messages.conversation(account, place.id)
        return await self._frame.page(
            "about.html",
            place.member,
            status=status,
            place=place.path,
            line=line,
            between=await self._messages.between(account, line),
            is_owner=not line.conversation.is_pair and line.conversation.owner == account,
            handle="" if form is None else text(form, "handle"),
            wrong=wrong,
            note=note,
        )


def _handle(form: FormData) -> str:
    return text(form, "handle").strip().removeprefix("@")
