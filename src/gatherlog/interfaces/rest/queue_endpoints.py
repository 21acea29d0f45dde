"""The endpoints of durable queues."""

from http import HTTPStatus
from typing import Any

from gatherlog.apps.people import Action
from gatherlog.interfaces.rest import queues
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.queries import Paging
from gatherlog.interfaces.rest.queues import (
    Ack,
    DeadMessageAnswer,
    Extend,
    QueueAnswer,
    QueueDiscard,
    QueuePatch,
    QueueStatusAnswer,
    Receive,
    ReceivedAnswer,
    Release,
)

__all__ = ["QUEUE_ENDPOINTS"]

QUEUE_ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    Endpoint(
        method="GET",
        path="/queues",
        action=Action.USE_QUEUES,
        handle=queues.list_queues,
        summary="The durable queues",
        answer=list[QueueAnswer],
        scoped=False,
    ),
    Endpoint(
        method="GET",
        path="/queues/{queue}",
        action=Action.USE_QUEUES,
        handle=queues.read_queue,
        summary="A queue: how many messages are ready, in flight, waiting and dead",
        answer=QueueStatusAnswer,
        scoped=False,
    ),
    Endpoint(
        method="PUT",
        path="/queues/{queue}",
        action=Action.USE_QUEUES,
        handle=queues.change_queue,
        summary="Set how often a message is received before it dies",
        body=QueuePatch,
        answer=QueueStatusAnswer,
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/receive",
        action=Action.USE_QUEUES,
        handle=queues.receive_messages,
        summary="Receive messages, of each stream and subject in order",
        body=Receive,
        answer=list[ReceivedAnswer],
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/ack",
        action=Action.USE_QUEUES,
        handle=queues.ack_messages,
        summary="Acknowledge messages",
        body=Ack,
        status=HTTPStatus.NO_CONTENT,
        scoped=False,
        refusals=("receipt_stale",),
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/release",
        action=Action.USE_QUEUES,
        handle=queues.release_message,
        summary="Give a message back, at once or with a delay",
        body=Release,
        status=HTTPStatus.NO_CONTENT,
        scoped=False,
        refusals=("receipt_stale",),
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/extend",
        action=Action.USE_QUEUES,
        handle=queues.extend_message,
        summary="Restart the visibility timeout of a message",
        body=Extend,
        status=HTTPStatus.NO_CONTENT,
        scoped=False,
        refusals=("receipt_stale",),
    ),
    Endpoint(
        method="GET",
        path="/queues/{queue}/dead",
        action=Action.USE_QUEUES,
        handle=queues.list_dead_messages,
        summary="Dead messages: those that were received too often",
        query=Paging,
        answer=list[DeadMessageAnswer],
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/dead/{message}/redrive",
        action=Action.USE_QUEUES,
        handle=queues.redrive_message,
        summary="Put a dead message back, behind the others of its stream and subject",
        status=HTTPStatus.NO_CONTENT,
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/dead/{message}/discard",
        action=Action.USE_QUEUES,
        handle=queues.discard_message,
        summary="Give a dead message up for good, with a reason",
        body=QueueDiscard,
        status=HTTPStatus.NO_CONTENT,
        scoped=False,
    ),
)
