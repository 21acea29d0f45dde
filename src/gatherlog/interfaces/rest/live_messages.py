"""The live stream of one's inbox: messages, edits, read marks, as server-sent events.

The id of each event is a place in the inbox, from which a client goes on after it was cut off, at
this server or another one.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gatherlog.apps.messages import InboxPlace, MessageService, News, inbox_stream
from gatherlog.apps.people import Actor
from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.interfaces.auth import identify
from gatherlog.interfaces.live_streams import HEADERS, KEEP_ALIVE
from gatherlog.interfaces.rest.endpoint import Call, StreamedReply
from gatherlog.interfaces.rest.message_answers import conversation_answer, sent_answer
from gatherlog.interfaces.stream_watch import StreamWatch

__all__ = ["LiveQuery", "follow_messages"]

_RETRY: Final = b"retry: 1000\n\n"
"""Tells the client after how many milliseconds to reconnect when the stream broke off."""


class LiveQuery(msgspec.Struct, frozen=True):
    """Where to begin: after this place, the `id` of an event; else at the present end."""

    cursor: Annotated[str, Meta(max_length=40, description="The `id` of an event.")] | None = None


async def follow_messages(call: Call[None, LiveQuery]) -> StreamedReply:
    actor, messages = call.actor, call.platform.messages
    assert actor is not None
    account = actor.account_id or ""
    last = call.headers.get(b"last-event-id", b"").decode("latin-1") or call.query.cursor
    newest = await messages.newest_place(account)
    place = newest if last is None else min(newest, InboxPlace.parsed(last))

    async def is_allowed() -> bool:
        try:
            await identify(call.platform, call.headers)
        except GatherlogError:
            return False
        return True

    parts = _frames(messages, call.watch, actor, account, place, is_allowed)
    return StreamedReply(parts, HEADERS)


async def _frames(
    messages: MessageService,
    watch: StreamWatch,
    actor: Actor,
    account: str,
    place: InboxPlace,
    is_allowed: Callable[[], Awaitable[bool]],
) -> AsyncGenerator[bytes]:
    """Events without end. They end at once when the credential does, whose streams are watched."""
    yield _RETRY
    inbox = inbox_stream(account)
    credentials = {f"account-{account}", f"key-{actor.id}"}
    with watch.waiting(inbox, *credentials) as waiter:
        while True:
            page = await messages.news(account, place)
            for news in page.items:
                yield _frame(news)
            if page.place != place:
                place = page.place
                continue
            heard = await waiter.wait(KEEP_ALIVE)
            if not heard:
                yield b"id: %b\n: still here\n\n" % str(place).encode()
            elif not credentials.isdisjoint(heard) and not await is_allowed():
                return


def _frame(news: News) -> bytes:
    line = encode(_content(news))
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        str(news.place).encode(),
        news.kind.encode(),
        line,
    )


def _content(news: News) -> Mapping[str, Any] | msgspec.Struct:
    if news.kind == "group":
        gone = {"uuid": news.conversation, "left": True}
        return gone if news.line is None else conversation_answer(news.line)
    assert news.shown is not None
    if news.kind == "read":
        return {
            "message_group_uuid": news.conversation,
            "uuid": news.shown.message.id,
            "user_uuid": news.reader,
        }
    return sent_answer(news.shown)
