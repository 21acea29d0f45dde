"""Endpoints of conversations: `/api/messages`, `/api/message_groups` and `/api/users`."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import UNSET

from gatherlog.apps.messages import About, BadMessage, Line, MessagePage, ShownMessage
from gatherlog.apps.messages.refusals import BLANK, NO_GROUP, NO_RECEIVER, ONESELF
from gatherlog.apps.messages.texts import message_codes
from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.eventstore.errors import CursorInvalid, Flaw, Invalid
from gatherlog.interfaces.auth import permit_to_write
from gatherlog.interfaces.rest.answers import json, location, next_link, no_content, page
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.message_answers import (
    CountAnswer,
    EditRequest,
    GroupRequest,
    GroupsQuery,
    MessagesQuery,
    ReadRequest,
    ReportRequest,
    SearchMessagesQuery,
    SendRequest,
    conversation_answer,
    message_answer,
    report_answer,
    sent_answer,
    short_user,
)
from gatherlog.interfaces.rest.parameters import PARAMETERS
from gatherlog.interfaces.rest.queries import Nothing, Paging

Plain = Call[None, Nothing]
GROUP = "message_group_uuid"


async def list_conversations(call: Call[None, GroupsQuery]) -> Reply:
    query = call.query
    found = await call.platform.messages.conversations(
        _me(call), limit=query.limit, cursor=query.cursor
    )
    return await page(
        call.path, query, [conversation_answer(one) for one in found.items], found.cursor
    )


async def read_conversation(call: Plain) -> Reply:
    return await _conversation(call, call.id)


async def start_group(call: Call[GroupRequest, Nothing]) -> Reply:
    call.rate_limiter.conversation(call.scope, _me(call))
    group, asked = call.platform.messages, call.body
    line = await group.start_group(
        _me(call),
        [_handle(one) for one in asked.handles],
        title=asked.title,
        announce_only=asked.announce_only,
        actor=call.by,
        once=lambda shown: call.once(lambda handled: _started(shown(handled))),
    )
    return _started(line)


async def list_messages(call: Call[None, MessagesQuery]) -> Reply:
    """Opening a conversation at its end marks it as read, unless `peek` is given."""
    query, me, messages = call.query, _me(call), call.platform.messages
    if query.before is not None and query.after is not None:
        raise Invalid(Flaw("/after", "may not stand beside `before`"))
    if query.before is query.after is query.order is None and not query.peek:
        found = await messages.open(me, call.id, limit=query.limit, actor=call.by)
    else:
        found = await _page_of(call)
    headers = [] if found.next is None else [_next(call, found.next)]
    return json([message_answer(one) for one in found.items], 200, *headers)


async def search_messages(call: Call[None, SearchMessagesQuery]) -> Reply:
    """A part may be empty and still have a `Link`: what may not be seen is left out of it."""
    query, group = call.query, _lower(call.query.message_group_uuid)
    found = await call.platform.message_finder.find(
        _me(call), query.q, conversation=group, limit=query.limit, cursor=query.cursor
    )
    answers = [sent_answer(one.shown) for one in found.items]
    return await page(call.path, query, answers, found.cursor)


async def _page_of(call: Call[None, MessagesQuery]) -> MessagePage:
    query = call.query
    try:
        return await call.platform.messages.messages(
            _me(call),
            call.id,
            limit=query.limit,
            before=_lower(query.before),
            after=_lower(query.after),
            oldest_first=query.order == "asc",
        )
    except CursorInvalid as error:
        raise Invalid(Flaw("/before" if query.before else "/after", str(error))) from None


async def send_message(call: Call[SendRequest, Nothing]) -> Reply:
    """To a handle, or into a conversation; a second start with the same member adds to the first.

    Raises BadMessage with the codes of all flaws.
    """
    sent, me, messages = call.body, _me(call), call.platform.messages
    if codes := _codes(sent):
        raise BadMessage(*codes)
    once = _kept(call)
    if not _is_named(sent.message_group_uuid):
        call.rate_limiter.conversation(call.scope, me)
        shown = await messages.start(
            me, _handle(sent.handle), sent.message, about=_about(sent), actor=call.by, once=once
        )
    else:
        id = PARAMETERS[GROUP].check(sent.message_group_uuid)
        shown = await messages.send(
            me,
            id,
            sent.message,
            about=_about(sent),
            permit=lambda part: permit_to_write(call.actor, part),
            actor=call.by,
            once=once,
        )
    return json(sent_answer(shown))


async def edit_message(call: Call[EditRequest, Nothing]) -> Reply:
    shown = await call.platform.messages.edit(
        _me(call), call.ids[GROUP], call.id, call.body.message, actor=call.by
    )
    return json(message_answer(shown))


async def delete_message(call: Plain) -> Reply:
    await call.platform.messages.delete(_me(call), call.ids[GROUP], call.id, actor=call.by)
    return await call.remember(no_content())


async def report_message(call: Call[ReportRequest, Nothing]) -> Reply:
    await call.platform.messages.report(
        _me(call), call.ids[GROUP], call.id, call.body.reason, actor=call.by
    )
    return await call.remember(no_content())


async def list_reports(call: Call[None, Paging]) -> Reply:
    found = await call.platform.messages.reports(limit=call.query.limit, cursor=call.query.cursor)
    return await page(
        call.path, call.query, [report_answer(one) for one in found.items], found.cursor
    )


async def count_unread(call: Plain) -> Reply:
    return json(CountAnswer(await call.platform.messages.unread(_me(call))))


async def mark_read(call: Call[ReadRequest, Nothing]) -> Reply:
    upto = call.body.upto.lower()
    try:
        await call.platform.messages.mark_read(_me(call), call.id, upto, actor=call.by)
    except CursorInvalid as error:
        raise Invalid(Flaw("/upto", str(error))) from None
    return await call.remember(await _conversation(call, call.id))


async def mute(call: Plain) -> Reply:
    await call.platform.messages.mute(_me(call), call.id, True, actor=call.by)
    return await call.remember(await _conversation(call, call.id))


async def unmute(call: Plain) -> Reply:
    await call.platform.messages.mute(_me(call), call.id, False, actor=call.by)
    return await call.remember(no_content())


async def leave_conversation(call: Plain) -> Reply:
    await call.platform.messages.leave(_me(call), call.id, actor=call.by)
    return await call.remember(no_content())


async def add_member(call: Plain) -> Reply:
    id = call.ids[GROUP]
    await call.platform.messages.add_member(_me(call), id, call.id, actor=call.by)
    return await call.remember(await _conversation(call, id))


async def remove_member(call: Plain) -> Reply:
    id = call.ids[GROUP]
    await call.platform.messages.remove_member(_me(call), id, call.id, actor=call.by)
    return await call.remember(no_content())


async def read_user(call: Plain) -> Reply:
    return json(short_user(await call.platform.messages.known_to(_me(call), call.id)))


async def list_blocked(call: Call[None, GroupsQuery]) -> Reply:
    query = call.query
    found = await call.platform.messages.blocked(_me(call), limit=query.limit, cursor=query.cursor)
    return await page(call.path, query, [short_user(one) for one in found.items], found.cursor)


async def block_user(call: Plain) -> Reply:
    await call.platform.messages.block(_me(call), call.id, True, actor=call.by)
    return await call.remember(json(short_user(await call.platform.messages.person(call.id))))


async def unblock_user(call: Plain) -> Reply:
    await call.platform.messages.block(_me(call), call.id, False, actor=call.by)
    return await call.remember(no_content())


def _me(call: Call[Any, Any]) -> str:
    """The account that asks, which the policy has seen to."""
    assert call.actor is not None
    assert call.actor.account_id is not None
    return call.actor.account_id


def _started(line: Line) -> Reply:
    where = location("api", "message_groups", line.conversation.id)
    return json(conversation_answer(line), 201, where)


async def _conversation(call: Call[Any, Any], id: str) -> Reply:
    return json(conversation_answer(await call.platform.messages.conversation(_me(call), id)))


def _kept(
    call: Call[Any, Any],
) -> Callable[[Callable[[Handled], ShownMessage]], Once | None]:
    """How a command that sends keeps its answer, where the request has an Idempotency-Key."""
    return lambda shown: call.once(lambda handled: json(sent_answer(shown(handled))))


def _codes(sent: SendRequest) -> list[str]:
    """What is wrong with a message and with where it is to go; nothing where it can be tried."""
    text, handle, group = sent.message, sent.handle, sent.message_group_uuid
    codes = message_codes(text) if isinstance(text, str) else [BLANK]
    if _is_named(group) and not _is_given(group):
        codes.append(NO_GROUP)
    elif not _is_named(group) and not _is_given(handle):
        codes.append(NO_RECEIVER)
    elif _is_named(group) and _is_named(handle):
        codes.append(ONESELF)
    given = [kind for kind in _KINDS if _is_named(getattr(sent, f"{kind}_id"))]
    wrong = [kind for kind in given if not _is_given(getattr(sent, f"{kind}_id"))]
    return [*codes, *[f"{kind}_id_invalid" for kind in wrong or given[1:]]]


_KINDS: tuple[Literal["gathering", "thing", "booking"], ...] = ("gathering", "thing", "booking")


def _about(sent: SendRequest) -> About | None:
    given = [(kind, getattr(sent, f"{kind}_id")) for kind in _KINDS]
    return next((About(kind, id) for kind, id in given if _is_named(id)), None)


def _is_named(value: object) -> bool:
    """Whether a field is there; null is as good as nothing."""
    return value is not UNSET and value is not None


def _is_given(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _handle(text: str) -> str:
    """A handle, which may be written with an @ before it."""
    return text.strip().removeprefix("@")


def _lower(uuid: str | None) -> str | None:
    return None if uuid is None else uuid.lower()


def _next(call: Call[None, MessagesQuery], message: str) -> tuple[bytes, bytes]:
    """The `Link` header to the messages that follow in the order asked for."""
    query = call.query
    onwards = query.after is not None or (query.order == "asc" and query.before is None)
    return next_link(call.path, query, {"after" if onwards else "before": message})
