"""The events of a member's wish to be erased, in the streams of accounts."""

import msgspec

from gatherlog.core.eventstore.events import event_type

__all__ = ["OWN_ERASURE_EVENTS", "ErasureCancelled", "ErasureConfirmed"]


@event_type("people.erasure_confirmed")
class ErasureConfirmed(msgspec.Struct, frozen=True):
    """The member confirmed by mail that the account is to be erased, at this time."""

    due_at: int


@event_type("people.erasure_cancelled")
class ErasureCancelled(msgspec.Struct, frozen=True):
    """The member has thought again: the account stays."""


OWN_ERASURE_EVENTS: tuple[type[msgspec.Struct], ...] = (ErasureConfirmed, ErasureCancelled)
