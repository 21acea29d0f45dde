"""Deliveries: what a target is given, how it reports a failure, and when a failure is retried."""

from collections.abc import Sequence
from hashlib import sha1
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.events import Recorded

__all__ = ["Delivery", "DeliveryFailed", "RetryPolicy", "Target", "delivery_id"]

_NAMESPACE = UUID("0d2c6f4e-6b1f-5a36-9d53-5b1e3b0c7a10")
"""The UUIDv5 namespace of delivery ids; chosen at random, once."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to deliver one event."""

    id: str
    """The same at every attempt for this event and rule, so that a receiver can drop repeats."""
    rule: str
    """Name of the rule, or of the subscription, that delivers the event."""
    event: Recorded
    attempt: int = 1
    """1 at the first attempt, 2 at the second, and so on."""
    input: Any = None
    """JSON that the rule's transformer made from the event; None: the target's own format."""


class DeliveryFailed(GatherlogError):
    """A target did not take a delivery. `str(error)` tells an operator why, without any secret."""

    code = "delivery_failed"

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        final: bool = False,
        is_early: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        trace: Sequence[str] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        """Stable word for the kind of failure: `timeout`, `status`, `address_refused`, …"""
        self.final = final
        """Whether another attempt would fail the same way, so that none is made."""
        self.is_early = is_early
        """Whether its time has not come: that says nothing about the destination or other events,
        and is retried as any failure is."""
        self.retry_after = retry_after
        """Seconds that the receiver asked us to wait; None if it did not."""
        self.status = status
        """HTTP status of the receiver's answer, if there was one."""
        self.trace = tuple(trace)
        """Lines of a Python traceback, if a handler raised."""


class Target(Protocol):
    """What takes deliveries: a webhook, a mail server, a coroutine of this process."""

    @property
    def batch(self) -> int:
        """How many deliveries one call of `deliver` may have, at most."""
        ...

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver all of them, in order; return once they were taken.

        Raises DeliveryFailed if any was not taken; all of them may then be delivered again. Any
        other exception counts as a failure that is worth a retry. The call may be cancelled.
        """
        ...

    async def close(self) -> None:
        """Close connections; repeating it does nothing."""
        ...


MOST_ATTEMPTS: Final = 1000
LEAST_AGE: Final = 1.0
LONGEST_AGE: Final = 30 * 86_400.0
LEAST_PAUSE: Final = 0.01
LONGEST_FIRST_PAUSE: Final = 3_600.0
LONGEST_PAUSE: Final = 86_400.0
"""The bounds of a policy that a rule may have; ages and pauses are in seconds."""


def _bounds(least: float, most: float) -> Meta:
    return Meta(extra_json_schema={"minimum": least, "maximum": most})


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a failed delivery is retried, and when it is given up.

    A pause is drawn evenly from nothing to a bound that doubles from `first_pause` to
    `longest_pause` ("full jitter"). If the receiver asked for a longer one, that is kept.
    """

    attempts: Annotated[int, _bounds(1, MOST_ATTEMPTS)] | None = 185
    """Attempts in all; None: no limit. The default is that of EventBridge, as is `age`."""
    age: Annotated[float, _bounds(LEAST_AGE, LONGEST_AGE)] | None = 86_400.0
    """Seconds after the first attempt beyond which no other is made; None: no limit."""
    first_pause: Annotated[float, _bounds(LEAST_PAUSE, LONGEST_FIRST_PAUSE)] = 1.0
    longest_pause: Annotated[float, _bounds(LEAST_PAUSE, LONGEST_PAUSE)] = 600.0


def delivery_id(rule: str, stream: str, version: int) -> str:
    """The id of every delivery of one event by one rule: a UUIDv5, always the same."""
    # the same as `uuid.uuid5` at a third of its cost; every attempt needs one
    name = f"{rule}\n{stream}\n{version}".encode()
    hash = sha1(_NAMESPACE.bytes + name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(hash[16], 16) & 3]
    return f"{hash[:8]}-{hash[8:12]}-5{hash[13:16]}-{variant}{hash[17:20]}-{hash[20:32]}"
