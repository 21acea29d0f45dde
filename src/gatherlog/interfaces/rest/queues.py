"""Durable queues over HTTP: receiving and acknowledging, status and settings, dead messages."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gatherlog.core.commands.appending import Subject, name_flaws
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.queues import Message, Outgoing, Queue, Queues, QueueStatus, Received
from gatherlog.interfaces.long_polls import while_connected
from gatherlog.interfaces.rest.answers import Time, json, no_content, page
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing, Paging

__all__ = [
    "Ack",
    "DeadMessageAnswer",
    "Extend",
    "PurgeAnswer",
    "QueueAnswer",
    "QueueDiscard",
    "QueuePatch",
    "QueueStatusAnswer",
    "Receive",
    "ReceivedAnswer",
    "Release",
    "SendRequest",
    "SentAnswer",
    "ack_messages",
    "change_queue",
    "discard_message",
    "extend_message",
    "list_dead_messages",
    "list_queues",
    "purge_queue",
    "read_queue",
    "receive_messages",
    "redrive_message",
    "release_message",
    "remove_queue",
    "send_message",
]

Plain = Call[None, Nothing]
Receipt = Annotated[
    str, Meta(min_length=1, max_length=200, description="The receipt, as it was received.")
]
Seconds = Annotated[float, Meta(ge=0, le=43_200)]
VisibleAfter = Annotated[
    float, Meta(ge=1, le=43_200, description="The visibility timeout, in seconds from now.")
]


class SendRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message to send."""

    body: Annotated[msgspec.Raw, Meta(extra_json_schema={"description": "Any JSON."})]
    key: Subject | None = None
    """Messages with the same key are received in order, one after the other."""
    delay: Annotated[
        float, Meta(ge=0, le=43_200, description="Seconds until it can be received.")
    ] = 0.0


class SentAnswer(msgspec.Struct, frozen=True):
    """A message that was sent."""

    id: str


class Receive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many messages to receive, for how long, and how long to wait for the first."""

    most: Annotated[int, Meta(ge=1, le=100)] = 10
    visible_after: VisibleAfter = 30.0
    wait: Annotated[float, Meta(ge=0, le=20, description="Seconds to wait for a message.")] = 0.0


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages are done."""

    receipts: Annotated[list[Receipt], Meta(min_length=1, max_length=100)]


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which message to give back, and after how many seconds it is available again."""

    receipt: Receipt
    after: Seconds = 0.0


class Extend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which message to keep for longer."""

    receipt: Receipt
    visible_after: VisibleAfter = 30.0


class QueueDiscard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a dead message is given up for good."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class QueuePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a message is received before it dies."""

    most_attempts: Annotated[int, Meta(ge=1, le=1000)]


class QueueAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A queue."""

    name: str
    most_attempts: int
    created_at: Time


class QueueStatusAnswer(QueueAnswer, frozen=True, kw_only=True):
    """A queue, and how many of its messages are in which state."""

    ready: int
    in_flight: int
    waiting: int
    dead: int
    oldest: Annotated[float, Meta(description="Seconds since the oldest message was sent.")] | None


class PurgeAnswer(msgspec.Struct, frozen=True):
    """How many messages were given up."""

    messages: int


class ReceivedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nobody else receives until `visible_at`."""

    id: Annotated[str, Meta(description="The same at every attempt.")]
    receipt: str
    attempt: int
    stream: str
    subject: str
    version: int
    content: Any
    sent_at: Time
    visible_at: Time


class DeadMessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was received as often as its queue allows."""

    id: str
    stream: str
    subject: str
    version: int
    content: Any
    sent_at: Time
    died_at: Time
    attempts: int
    reason: str


async def list_queues(call: Plain) -> Reply:
    return json([QueueAnswer(**_settings(queue)) for queue in await _queues(call).admin.queues()])


async def read_queue(call: Plain) -> Reply:
    return json(await _status(call))


async def change_queue(call: Call[QueuePatch, Nothing]) -> Reply:
    most_attempts = call.body.most_attempts
    await _queues(call).admin.change_queue(_name(call), most_attempts=most_attempts, by=call.by)
    return await call.remember(json(await _status(call)))


async def purge_queue(call: Plain) -> Reply:
    purged = await _queues(call).admin.purge(_name(call), by=call.by)
    return await call.remember(json(PurgeAnswer(purged)))


async def remove_queue(call: Plain) -> Reply:
    await _queues(call).admin.remove(_name(call), by=call.by)
    return await call.remember(no_content())


async def send_message(call: Call[SendRequest, Nothing]) -> Reply:
    """The id follows from the Idempotency-Key, so a message is sent once per key, come what may."""
    sent = call.body
    if sent.key is not None and (flaws := name_flaws("/key", "a key", sent.key)):
        raise Invalid(*flaws)
    id = call.platform.ids() if call.key is None else call.key.id
    message = Outgoing(
        id=id,
        stream="",
        subject=id if sent.key is None else sent.key,
        version=0,
        content=bytes(sent.body),
        delay=sent.delay,
    )
    try:
        await _queues(call).send(_name(call), [message])
    except Invalid as invalid:  # what is the content of the message is the body of the request's
        raise Invalid(*[_in_request(flaw) for flaw in invalid.flaws]) from None
    return await call.remember(json(SentAnswer(id), 201))


async def receive_messages(call: Call[Receive, Nothing]) -> Reply:
    queues, name, asked = _queues(call), _name(call), call.body

    async def give_back(received: list[Received]) -> None:
        if received:
            await queues.give_back(name, [message.receipt for message in received])

    received = await while_connected(
        queues.receive(name, most=asked.most, visible_after=asked.visible_after, wait=asked.wait),
        call.disconnected,
        give_back,
    )
    return await call.remember(json([_received(message) for message in received]))


async def ack_messages(call: Call[Ack, Nothing]) -> Reply:
    await _queues(call).ack(_name(call), call.body.receipts)
    return await call.remember(no_content())


async def release_message(call: Call[Release, Nothing]) -> Reply:
    await _queues(call).release(_name(call), call.body.receipt, after=call.body.after)
    return await call.remember(no_content())


async def extend_message(call: Call[Extend, Nothing]) -> Reply:
    asked = call.body
    await _queues(call).extend(_name(call), asked.receipt, visible_after=asked.visible_after)
    return await call.remember(no_content())


async def list_dead_messages(call: Call[None, Paging]) -> Reply:
    query, admin = call.query, _queues(call).admin
    found = await admin.dead_messages(_name(call), limit=query.limit, cursor=query.cursor)
    answers = map(_dead_message, found.messages)
    return await page(call.path, query, answers, found.cursor)


async def redrive_message(call: Plain) -> Reply:
    await _queues(call).admin.redrive(_name(call), call.ids["message"], by=call.by)
    return await call.remember(no_content())


async def discard_message(call: Call[QueueDiscard, Nothing]) -> Reply:
    reason = call.body.reason
    await _queues(call).admin.discard(_name(call), call.ids["message"], reason, by=call.by)
    return await call.remember(no_content())


def _in_request(flaw: Flaw) -> Flaw:
    return Flaw(flaw.pointer.replace("/content", "/body"), flaw.detail)


def _queues(call: Call[Any, Any]) -> Queues:
    queues: Queues = call.platform.queues
    return queues


def _name(call: Call[Any, Any]) -> str:
    return call.ids["queue"]


async def _status(call: Call[Any, Any]) -> QueueStatusAnswer:
    admin, name = _queues(call).admin, _name(call)
    status: QueueStatus = await admin.status(name)
    return QueueStatusAnswer(
        **_settings(await admin.queue(name)),
        ready=status.ready,
        in_flight=status.in_flight,
        waiting=status.waiting,
        dead=status.dead,
        oldest=status.oldest,
    )


def _settings(queue: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "most_attempts": queue.most_attempts,
        "created_at": rfc3339(queue.created_at),
    }


def _received(message: Received) -> ReceivedAnswer:
    return ReceivedAnswer(
        id=message.id,
        receipt=message.receipt,
        attempt=message.attempt,
        stream=message.stream,
        subject=message.subject,
        version=message.version,
        content=msgspec.Raw(message.content),
        sent_at=rfc3339(message.sent_at),
        visible_at=rfc3339(message.visible_at),
    )


def _dead_message(message: Message) -> DeadMessageAnswer:
    return DeadMessageAnswer(
        id=message.id,
        stream=message.stream,
        subject=message.subject,
        version=message.version,
        content=message.content,
        sent_at=rfc3339(message.sent_at),
        died_at=rfc3339(message.died_at or 0),
        attempts=message.attempts,
        reason=message.reason,
    )
