"""Following one member's inbox: a live stream of what happens in it, for programs and for pages.

The id of each event is a place in the inbox, from which a client goes on after it was cut off, at
this server or another one. Who follows is watched, too: the stream ends when the credential does.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Final

from gatherlog.apps.messages import InboxPlace, MessageService, NewsPage, inbox_stream
from gatherlog.apps.people import Actor
from gatherlog.interfaces.live_streams import KEEP_ALIVE
from gatherlog.interfaces.stream_watch import StreamWatch

__all__ = ["LAST_EVENT", "follow_inbox", "place_to_begin"]

LAST_EVENT: Final = b"last-event-id"
"""The header by which a client that was cut off names the last event it has."""
_RETRY: Final = b"retry: 1000\n\n"
"""Tells the client after how many milliseconds to reconnect when the stream broke off."""


async def place_to_begin(
    messages: MessageService, account: str, headers: Mapping[bytes, bytes], cursor: str | None
) -> InboxPlace:
    """After the event that the header names, else after the cursor, else the present end.

    Raises CursorInvalid for a text that is not a place.
    """
    last = headers.get(LAST_EVENT, b"").decode("latin-1") or cursor
    newest = await messages.newest_place(account)
    return newest if last is None else min(newest, InboxPlace.parsed(last))


async def follow_inbox(
    messages: MessageService,
    watch: StreamWatch,
    actor: Actor,
    place: InboxPlace,
    *,
    is_allowed: Callable[[], Awaitable[bool]],
    frames: Callable[[NewsPage], Awaitable[Sequence[bytes]]],
) -> AsyncGenerator[bytes]:
    """The `frames` of all news of the actor's account after a place, without end.

    It ends at once when `is_allowed` gives False, which is asked at the beginning, and when
    something happens to the account or the key of the actor.
    """
    yield _RETRY
    account = actor.account_id or ""
    inbox, credentials = inbox_stream(account), {f"account-{account}", f"key-{actor.id}"}
    with watch.waiting(inbox, *credentials) as waiter:
        if not await is_allowed():  # the credential may have ended before anything was waited for
            return
        while True:
            page = await messages.news(account, place)
            for frame in await frames(page) if page.items else ():
                yield frame
            if page.place != place:
                place = page.place
                continue
            heard = await waiter.wait(KEEP_ALIVE)
            if not heard:
                yield b"id: %b\n: still here\n\n" % str(place).encode()
            elif not credentials.isdisjoint(heard) and not await is_allowed():
                return
