"""The document of a member's wish to be erased, and how events make it. Pure."""

from typing import Any

import msgspec

from gatherlog.apps.people.own_erasure_events import ErasureConfirmed
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.projections.folds import Change
from gatherlog.core.projections.views import View

__all__ = ["OWN_ERASURES", "OwnErasure", "evolve_own_erasure"]


class OwnErasure(msgspec.Struct, frozen=True):
    """That an account is to be erased. The document's id is the account's."""

    account_id: str
    due_at: int
    """Microseconds since the epoch."""


OWN_ERASURES = View(
    "own_erasure", OwnErasure, by_due=lambda one: ("all", f"{one.due_at:020d}", one.account_id)
)


def evolve_own_erasure(account_id: str, event: Any) -> list[Change]:
    """What an event of OWN_ERASURE_EVENTS changes."""
    if isinstance(event, ErasureConfirmed):
        return [Change(OWN_ERASURES, account_id, OwnErasure(account_id, event.due_at))]
    return [Change(OWN_ERASURES, account_id, DELETE)]
