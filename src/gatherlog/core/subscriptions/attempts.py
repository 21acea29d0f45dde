"""One attempt to deliver a batch of events, and whatever goes wrong with it as a DeliveryFailed."""

import asyncio
from collections.abc import Sequence

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, delivery_id
from gatherlog.core.subscriptions.failure_texts import failure_of
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.subscription import Destination

__all__ = ["attempt"]


async def attempt(
    state: PartitionState, destination: Destination, events: Sequence[Recorded], number: int
) -> DeliveryFailed | None:
    """Deliver events as attempt `number`, under a valid lease; why they were not taken, or None.

    Raises LeaseLost, and CancelledError if this task is cancelled.
    """
    if not state.lease.is_valid():
        await state.checkpoint_store.renew_lease()
    try:
        await _deliver(destination, events, number)
    except DeliveryFailed as failed:
        error = failed
    except asyncio.CancelledError as raised:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        error = failure_of(raised)  # the handler raised it: nobody cancelled this task
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as raised:  # noqa: BLE001 - a handler may raise anything
        error = failure_of(raised)
    else:
        state.metrics.delivered += len(events)
        return None
    state.metrics.failed += len(events)
    return error


async def _deliver(destination: Destination, events: Sequence[Recorded], number: int) -> None:
    transform = destination.transform
    deliveries = [
        Delivery(
            id=delivery_id(destination.name, event.stream, event.version),
            rule=destination.name,
            event=event,
            attempt=number,
            input=None if transform is None else transform(event),
        )
        for event in events
    ]
    limit = asyncio.timeout(destination.timeout)
    try:
        async with limit:
            await destination.target.deliver(deliveries)
    except TimeoutError as raised:
        if not limit.expired():  # the target raised it
            raise
        late = f"not taken within {destination.timeout:g} s"
        raise DeliveryFailed("timeout", late) from raised
