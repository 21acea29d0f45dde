"""The live stream of one's inbox over REST: messages, edits, read marks, as server-sent events."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gatherlog.apps.messages import News, NewsPage
from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.interfaces.auth import identify
from gatherlog.interfaces.live_inbox import follow_inbox, place_to_begin
from gatherlog.interfaces.live_streams import HEADERS
from gatherlog.interfaces.rest.endpoint import Call, StreamedReply
from gatherlog.interfaces.rest.message_answers import conversation_answer, sent_answer

__all__ = ["LiveQuery", "follow_messages"]


class LiveQuery(msgspec.Struct, frozen=True):
    """Where to begin: after this place, the `id` of an event; else at the present end."""

    cursor: Annotated[str, Meta(max_length=40, description="The `id` of an event.")] | None = None


async def follow_messages(call: Call[None, LiveQuery]) -> StreamedReply:
    actor, messages = call.actor, call.platform.messages
    assert actor is not None
    account = actor.account_id or ""
    place = await place_to_begin(messages, account, call.headers, call.query.cursor)

    async def is_allowed() -> bool:
        try:
            await identify(call.platform, call.headers)
        except GatherlogError:
            return False
        return True

    parts = follow_inbox(messages, call.watch, actor, place, is_allowed=is_allowed, frames=_frames)
    return StreamedReply(parts, HEADERS)


async def _frames(page: NewsPage) -> list[bytes]:
    return [_frame(news) for news in page.items]


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
