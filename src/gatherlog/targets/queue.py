"""A target that is a durable queue of the same store, from which consumers take."""

from collections.abc import Sequence

from gatherlog.core.eventstore.errors import Invalid, LimitExceeded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.queues import Outgoing, Queues, check_queue
from gatherlog.core.routing.event_document import document
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed

__all__ = ["QueueTarget"]


class QueueTarget:
    """Puts each delivery into the queue `name`, once for its id.

    A message is what the rule's transformer made of the event, or else the event's document, as
    JSON. What no queue can hold, above all more than 256 KiB, is refused for good.
    """

    batch = 100

    def __init__(self, queues: Queues, name: str) -> None:
        check_queue(name)
        self._queues = queues
        self._name = name

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._queues.send(self._name, [_outgoing(one) for one in deliveries])
        except LimitExceeded as error:
            raise DeliveryFailed("too_large", str(error), final=True) from error
        except Invalid as error:
            raise DeliveryFailed("not_fit", str(error), final=True) from error

    async def close(self) -> None:
        """There is nothing to let go of."""


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
