"""Handing events over: what a target is given, and how it says that it could not take it."""

from collections.abc import Sequence
from hashlib import sha1
from typing import Any, Protocol
from uuid import UUID

import msgspec

from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.events import Recorded

__all__ = ["Delivery", "DeliveryFailed", "RetryPolicy", "Target", "delivery_id"]

_NAMESPACE = UUID("0d2c6f4e-6b1f-5a36-9d53-5b1e3b0c7a10")
"""Of delivery ids; any fixed UUID would do."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to hand one event over."""

    id: str
    """The same at every attempt for this event and rule: receivers drop what they have seen."""
    rule: str
    """Name of the rule, or of the subscription, that sends it."""
    event: Recorded
    attempt: int = 1
    """1, 2, 3: how often it was tried, with this time."""
    input: Any = None
    """JSON as the rule's transformer made it of the event; None: the target's own format."""


class DeliveryFailed(GatherlogError):
    """A target did not take a delivery. `str(error)` tells an operator why, without any secret."""

    code = "delivery_failed"

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        final: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        trace: Sequence[str] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        """Stable word for the kind of failure: `timeout`, `status`, `address_refused`, …"""
        self.final = final
        """Whether another attempt would end the same way: it is given up at once."""
        self.retry_after = retry_after
        """Seconds that the receiver asked us to wait for; None if it did not."""
        self.status = status
        """HTTP status that was answered, if any."""
        self.trace = tuple(trace)
        """Lines of a Python traceback, where a handler raised."""


class Target(Protocol):
    """Where deliveries are brought to."""

    @property
    def batch(self) -> int:
        """How many deliveries one call may bring, at most."""
        ...

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Hand all of them over, in order; returns once they are taken.

        Raises DeliveryFailed if any was not; the others of the call may then be brought again.
        Whatever else is raised counts as a failure that may pass. It may be cancelled.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; twice does nothing."""
        ...


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a failed delivery is tried again, and when it is given up.

    Pauses are drawn evenly from nothing to a bound that doubles from `first_pause` to
    `longest_pause` ("full jitter"), or are what the receiver asked for, if that is longer.
    """

    attempts: int | None = 185
    """Tries in all; None: no end. EventBridge has 185 within 24 hours."""
    age: float | None = 86_400.0
    """Seconds after the first try beyond which there is no further one; None: no end."""
    first_pause: float = 1.0
    longest_pause: float = 600.0


def delivery_id(rule: str, stream: str, version: int) -> str:
    """The id of every delivery of one event by one rule: a UUIDv5, the same for ever."""
    # what `uuid.uuid5` gives, at a third of its price: every attempt needs one
    name = f"{rule}\n{stream}\n{version}".encode()
    hash = sha1(_NAMESPACE.bytes + name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(hash[16], 16) & 3]
    return f"{hash[:8]}-{hash[8:12]}-5{hash[13:16]}-{variant}{hash[17:20]}-{hash[20:32]}"
