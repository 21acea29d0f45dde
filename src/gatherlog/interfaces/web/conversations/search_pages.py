"""Searching one's own conversations, or one of them."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import FoundMessage
from gatherlog.core.commands.service import Listing
from gatherlog.core.eventstore.errors import GatherlogError, Invalid, SearchNotReady
from gatherlog.core.search.queries import LONGEST_TEXT
from gatherlog.core.search.words import words_of
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.conversations.bubbles import Bubble, bubble
from gatherlog.interfaces.web.conversations.frame import (
    HOME,
    ConversationFrame,
    Member,
    checked_id,
)
from gatherlog.interfaces.web.conversations.talk_view import reader
from gatherlog.interfaces.web.conversations.times import age

__all__ = ["SearchPages"]

SHOWN: Final = 20
"""Messages on one page."""
_TOO_LONG: Final = N_("Please search for fewer words.")
_NO_WORD: Final = N_("Please write a word to search for.")
_NOT_READY: Final = N_("The search is being prepared. Please try again in a moment.")


class Hit(msgspec.Struct, frozen=True):
    """A message that was found, as the page shows it."""

    name: str
    """Of the conversation."""
    message: Bubble
    age: str
    path: str


class SearchPages:
    def __init__(self, frame: ConversationFrame) -> None:
        self._frame = frame
        self._finder = frame.platform.message_finder

    async def search(self, request: Request) -> Response:
        """The messages that have all words; the form alone, if no word was asked for.

        Raises NotFound for a conversation of others, and CursorInvalid.
        """
        member, query = await self._frame.member(request), request.query_params
        text, within = query.get("q", ""), query.get("in")
        conversation = None if within is None else checked_id(within)
        found, wrong, status = Listing[FoundMessage]([], None), "", 200
        if text:
            try:
                found = await self._finder.find(
                    member.account,
                    text,
                    conversation=conversation,
                    limit=SHOWN,
                    cursor=query.get("cursor"),
                )
            except (Invalid, SearchNotReady) as error:
                wrong, status = _sentence(error, text), status_of(error)
        return await self._frame.page(
            "search.html",
            member,
            status=status,
            text=text[: LONGEST_TEXT + 1],
            wrong=wrong,
            within=await self._named(member, conversation),
            hits=[self._hit(member, one) for one in found.items],
            more=_more(text, conversation, found.cursor),
        )

    async def _named(self, member: Member, conversation: str | None) -> tuple[str, str] | None:
        """The id and the name of the conversation in which to search, if it is only one."""
        if conversation is None:
            return None
        line = await self._frame.messages.conversation(member.account, conversation)
        return conversation, line.name

    def _hit(self, member: Member, found: FoundMessage) -> Hit:
        now = self._frame.platform.clock()
        made = bubble(found.shown, reader(member, now))
        return Hit(
            name=found.line.name,
            message=made,
            age=age(found.shown.message.sent_at, now, member.zone),
            path=f"{HOME}/{made.conversation}?upto={made.id}#m{made.number}",
        )


def _more(text: str, conversation: str | None, cursor: str | None) -> str:
    """The URL of the next hits; nothing at the end."""
    if cursor is None:
        return ""
    within = {} if conversation is None else {"in": conversation}
    return f"{HOME}/search?{urlencode({'q': text, **within, 'cursor': cursor})}"


def _sentence(error: GatherlogError, text: str) -> str:
    if isinstance(error, SearchNotReady):
        return _(_NOT_READY)
    return _(_TOO_LONG) if words_of(text) else _(_NO_WORD)
