"""How it is counted what an account has: the stream, its fold, and both categories together."""

from collections.abc import Iterable, Mapping
from typing import Any

from gatherlog.apps.guests.events import CODEC, AccountCounted
from gatherlog.apps.guests.fold import GUEST_LISTS
from gatherlog.apps.guests.views import ACCOUNT_QUOTAS, AccountQuota
from gatherlog.core.eventstore.store import KEEP, Ref
from gatherlog.core.projections.folds import Category, Change, Happened, Together
from gatherlog.core.projections.views import View

__all__ = ["CATEGORIES", "TOGETHER", "QuotaFold", "quota_stream"]

_QUOTA = "quota"


def quota_stream(account_id: str) -> str:
    """The stream in which it is counted what an account has."""
    return f"{_QUOTA}-{account_id}"


class QuotaFold:
    """The fold of every stream `quota-<account id>`."""

    views: tuple[View[Any], ...] = (ACCOUNT_QUOTAS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return (ACCOUNT_QUOTAS.ref(happened.stream[len(_QUOTA) + 1 :]),)

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        counted: AccountCounted = happened.payload
        account_id = happened.stream[len(_QUOTA) + 1 :]
        is_new = documents[ACCOUNT_QUOTAS.ref(account_id)] is None
        adds = {
            name: more
            for name, more in (("gatherings", counted.gatherings), ("guests", counted.guests))
            if more
        }
        return (
            Change(ACCOUNT_QUOTAS, account_id, AccountQuota(account_id) if is_new else KEEP, adds),
        )


CATEGORIES = (GUEST_LISTS, Category(_QUOTA, CODEC, QuotaFold()))
TOGETHER = Together(*CATEGORIES)
"""The fold of commands, which change gatherings and count for accounts."""
