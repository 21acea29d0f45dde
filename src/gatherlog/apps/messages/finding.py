"""Searching one's own conversations.

An index follows the log a moment later, and knows nothing of members. So it is asked about the
conversations that the member takes part in now, and what it finds is read again: a message that was
deleted, edited, or was before the member's time is left out, and nothing tells that there was one.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatherlog.apps.messages.answers import Line, ShownMessage
from gatherlog.apps.messages.searching import CONVERSATION_TAG, text_version
from gatherlog.apps.messages.service import MessageService
from gatherlog.core.commands.service import Listing
from gatherlog.core.eventstore.cursors import fingerprint, read_cursor, write_cursor
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.search import Found, Search, SearchPage, SearchQuery, check_query
from gatherlog.core.search.words import words_of

__all__ = ["AT_ONCE", "FoundMessage", "MessageFinder"]

AT_ONCE: Final = 100
"""Conversations that are searched at once; those where something was written last come first."""
_ROUNDS: Final = 5
"""Pages of the index that one answer reads, where what they find is left out."""


class FoundMessage(msgspec.Struct, frozen=True):
    """A message that a search has found, and the conversation in which it is."""

    shown: ShownMessage
    line: Line


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a search goes on: at some conversations of the list, after a hit in them."""

    list: str | None = None
    hit: str | None = None


class MessageFinder:
    """Searches messages for those who take part in their conversations."""

    def __init__(self, store_id: str, messages: MessageService, search: Search) -> None:
        self._store_id = store_id
        self._messages = messages
        self._search = search

    async def find(
        self,
        account: str,
        text: str,
        *,
        conversation: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Listing[FoundMessage]:
        """Messages with all words of a text, in one conversation or all of the account's.

        Where there are many conversations, those of the newest come first; among them, those that
        fit best. A part may be shorter than `limit`, or empty, and still not be the last. Raises
        Invalid for a text without a word or with too many, NotFound for a conversation of others,
        CursorInvalid, SearchNotReady and Busy.
        """
        _check(text)
        of = fingerprint(account, words_of(text), conversation)
        place: _Place | None = _Place()
        if cursor is not None:
            place = read_cursor(cursor, self._store_id, of, _Place)
        found: list[FoundMessage] = []
        for _ in range(_ROUNDS):
            if place is None or len(found) >= limit:
                break
            some, place = await self._some(account, text, conversation, limit - len(found), place)
            found += some
        next = None if place is None else write_cursor(self._store_id, of, place)
        return Listing(found, next)

    async def _some(
        self, account: str, text: str, conversation: str | None, limit: int, place: _Place
    ) -> tuple[list[FoundMessage], _Place | None]:
        """The next messages, and where to go on; None at the end."""
        lines = await self._lines(account, conversation, place)
        if not lines.items:
            return [], None if lines.cursor is None else _Place(lines.cursor)
        ids = sorted(line.conversation.id for line in lines.items)
        page = await self._search.find(
            SearchQuery(text=text, among={CONVERSATION_TAG: ids}, first=limit, after=place.hit)
        )
        shown = await self._shown(
            account, page.found, {one.conversation.id: one for one in lines.items}
        )
        return shown, _next(page, place, lines.cursor)

    async def _lines(self, account: str, conversation: str | None, place: _Place) -> Listing[Line]:
        """The conversations in which to search now."""
        if conversation is not None:
            return Listing([await self._messages.conversation(account, conversation)], None)
        return await self._messages.all_conversations(account, limit=AT_ONCE, cursor=place.list)

    async def _shown(
        self, account: str, hits: Sequence[Found], lines: dict[str, Line]
    ) -> list[FoundMessage]:
        """What was found, as it is now, without what the account may not see."""
        numbers = {hit.id: _numbered(hit.id) for hit in hits}
        shown = await self._messages.shown_to(account, [*numbers.values()])
        return [
            FoundMessage(one, lines[one.conversation])
            for hit in hits
            if (one := shown.get(numbers[hit.id])) is not None
            and one.message.text
            and text_version(one.message) == hit.version
        ]


def _check(text: str) -> None:
    """Raise Invalid, which names the parameter `q`, for a text that cannot be searched for."""
    if not words_of(text):
        raise Invalid(Flaw("/q", "has no word to search for"))
    try:
        check_query(SearchQuery(text=text))
    except Invalid as error:
        raise Invalid(*[Flaw("/q", flaw.detail) for flaw in error.flaws]) from None


def _next(page: SearchPage, place: _Place, list_cursor: str | None) -> _Place | None:
    if page.has_next and page.found:
        return _Place(place.list, page.found[-1].cursor)
    return None if list_cursor is None else _Place(list_cursor)


def _numbered(document: str) -> tuple[str, int]:
    """The conversation and the number of a message, of the id of its document."""
    conversation, _, number = document.partition("/")
    return conversation, int(number)
