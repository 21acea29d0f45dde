"""A rule's target that is a durable queue of the same store."""

from collections.abc import Sequence

from gatherlog.core.eventstore.errors import Invalid, LimitExceeded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.queues import Outgoing, Queues, check_queue
from gatherlog.core.routing.event_document import document
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed

__all__ = ["QueueTarget"]


class QueueTarget:
    """Sends each delivery to the queue `name` as a message with the delivery's id.

    The message is what the rule's transformer made of the event, or else the event's document, as
    JSON. A delivery that no queue can hold fails for good, above all one over 256 KiB.
    """

    batch = 100

    def __init__(self, queues: Queues, name: str) -> None:
        check_queue(name)
        self._queues = queues
        self._name = name

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._queues.send(self._name, [_outgoing(delivery) for delivery in deliveries])
        except LimitExceeded as error:
            raise DeliveryFailed("too_large", str(error), final=True) from error
        except Invalid as error:
            raise DeliveryFailed("not_fit", str(error), final=True) from error

    async def close(self) -> None:
        """Nothing is open."""


def _outgoing(delivery: Delivery) -> Outgoing:
    event = delivery.event
    content = document(event) if delivery.input is None else delivery.input
    return Outgoing(
        id=delivery.id,
        stream=event.stream,
        subject=event.subject,
        version=event.version,
        content=encode(content),
    )
