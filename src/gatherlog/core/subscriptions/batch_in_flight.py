"""A batch in flight: an attempt that has begun, and whose outcome is not known yet."""

import asyncio
from collections.abc import Sequence

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.delivery import DeliveryFailed

__all__ = ["BatchInFlight"]


class BatchInFlight:
    """One attempt to deliver one event, or several together."""

    def __init__(self, events: Sequence[Recorded]) -> None:
        self.events = events
        self._error: DeliveryFailed | None = None
        self._finished: asyncio.Future[None] | None = None

    def finish(self, error: DeliveryFailed | None) -> None:
        """Set the outcome: why the batch was not taken, or None if it was."""
        self._error = error
        if self._finished is not None:
            self._finished.set_result(None)

    def abort(self) -> None:
        """The attempt was cancelled, so that its outcome will never be known."""
        if self._finished is not None:
            self._finished.cancel()

    def allow_waiting(self) -> None:
        """To be called before anybody waits for `outcome`; most batches do without a future."""
        if self._finished is None:
            self._finished = asyncio.get_running_loop().create_future()

    async def outcome(self) -> DeliveryFailed | None:
        """Wait for the outcome: why the batch was not taken, or None if it was.

        Raises CancelledError if the attempt was aborted.
        """
        if self._finished is not None:
            await asyncio.wait([self._finished])
            self._finished.result()
        return self._error
