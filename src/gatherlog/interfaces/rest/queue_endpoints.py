"""The table of endpoints about durable queues."""

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
        summary="Durable queues",
        answer=list[QueueAnswer],
        scoped=False,
    ),
    Endpoint(
        method="GET",
        path="/queues/{queue}",
        action=Action.USE_QUEUES,
        handle=queues.read_queue,
        summary="One queue: what is ready, out, waiting, dead",
        answer=QueueStatusAnswer,
        scoped=False,
    ),
    Endpoint(
        method="PUT",
        path="/queues/{queue}",
        action=Action.USE_QUEUES,
        handle=queues.change_queue,
        summary="Change how often a message is tried before it is dead",
        body=QueuePatch,
        answer=QueueStatusAnswer,
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/receive",
        action=Action.USE_QUEUES,
        handle=queues.receive_messages,
        summary="Take messages; each line in order, none twice while it is out",
        body=Receive,
        answer=list[ReceivedAnswer],
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/ack",
        action=Action.USE_QUEUES,
        handle=queues.ack_messages,
        summary="Say that messages are done with",
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
        summary="Give a message back, for now or for later",
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
        summary="Keep a message for longer",
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
        summary="Messages that were tried too often",
        query=Paging,
        answer=list[DeadMessageAnswer],
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/dead/{letter}/redrive",
        action=Action.USE_QUEUES,
        handle=queues.redrive_message,
        summary="Put a dead message back into its line",
        status=HTTPStatus.NO_CONTENT,
        scoped=False,
    ),
    Endpoint(
        method="POST",
        path="/queues/{queue}/dead/{letter}/discard",
        action=Action.USE_QUEUES,
        handle=queues.discard_message,
        summary="Give a dead message up for good, with a reason",
        body=QueueDiscard,
        status=HTTPStatus.NO_CONTENT,
        scoped=False,
    ),
)
