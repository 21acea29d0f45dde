"""Counting what an account has, in the commits that change it, and refusing more than the quotas.

The counters of an account are in a document of their own, because its gatherings are documents of
many streams. The commit bounds them, so they are exact whatever other processes do.
"""

from typing import Any

from gatherlog.apps.guests.account_counts import quota_stream
from gatherlog.apps.guests.events import AccountCounted
from gatherlog.apps.guests.quotas import Quotas
from gatherlog.apps.guests.refusals import QuotaReached
from gatherlog.apps.guests.views import ACCOUNT_QUOTAS, GATHERINGS, Gathering
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import documents
from gatherlog.core.projections.views import View

__all__ = ["AccountFigures"]

_PAGE = 1000
_GATHERINGS = (
    "An account may have {bound:,} gatherings here, and you have {had:,}. Remove one that is over, "
    "or ask whoever runs this site to raise the quota `gatherings`."
)
_GUESTS = (
    "A gathering may have {bound:,} guests here; this one has {had:,}, and would have "
    "{then:,}. Remove guests who are not invited any more, or ask whoever runs this site to raise "
    "the quota `guests`."
)
_ACCOUNT_GUESTS = (
    "All gatherings of an account together may have {bound:,} guests here; yours have {had:,}, and "
    "would have {then:,}. Remove gatherings that are over, or ask whoever runs this "
    "site to raise the quota `account_guests`."
)


class AccountFigures:
    """What commands add to the figures of the account that hosts a gathering.

    A gathering that no account hosts is not counted, and has no bounds.
    """

    def __init__(self, store: Store, quotas: Quotas) -> None:
        self._store = store
        self._quotas = quotas

    async def create(self, unit: UnitOfWork, account: str | None) -> list[Decided]:
        """The account gets a new gathering. Raises QuotaReached."""
        if account is None:
            return []
        before = await self._before(unit, account)
        had = before.gatherings + unit.counters(ACCOUNT_QUOTAS, account).get("gatherings", 0)
        bound = self._quotas.gatherings
        _demand(unit, ACCOUNT_QUOTAS, account, "gatherings", had, 1, bound, _GATHERINGS)
        return _counted(account, before, gatherings=1)

    async def add_guests(self, unit: UnitOfWork, gathering: Gathering, more: int) -> list[Decided]:
        """The gathering, which is loaded, gets so many more guests. Raises QuotaReached."""
        account = gathering.host_account
        if account is None or not more:
            return []
        had = unit.counters(GATHERINGS, gathering.id).get("guests", 0)
        bound = self._quotas.guests
        _demand(unit, GATHERINGS, gathering.id, "guests", had, more, bound, _GUESTS)
        before = await self._before(unit, account)
        had = before.guests + unit.counters(ACCOUNT_QUOTAS, account).get("guests", 0)
        bound = self._quotas.account_guests
        _demand(unit, ACCOUNT_QUOTAS, account, "guests", had, more, bound, _ACCOUNT_GUESTS)
        return _counted(account, before, guests=more)

    async def remove_guest(self, unit: UnitOfWork, gathering: Gathering) -> list[Decided]:
        account = gathering.host_account
        if account is None:
            return []
        return _counted(account, await self._before(unit, account), guests=-1)

    async def move(self, unit: UnitOfWork, gathering: Gathering, to: str | None) -> list[Decided]:
        """The gathering, which is loaded, belongs to the account `to` from now on, or to none.

        It is for the operator, so it is counted and not refused.
        """
        guests = unit.counters(GATHERINGS, gathering.id).get("guests", 0)
        exactly = {"guests": guests}
        unit.demand(GATHERINGS, gathering.id, at_most=exactly, at_least=exactly)
        decided: list[Decided] = []
        for account, sign in ((gathering.host_account, -1), (to, 1)):
            if account is not None:
                before = await self._before(unit, account)
                decided += _counted(account, before, gatherings=sign, guests=sign * guests)
        return decided

    async def _before(self, unit: UnitOfWork, account: str) -> AccountCounted:
        """What the account has that is not counted yet: all if nothing of it ever was, else none.

        The commit demands that nobody else begins to count. All others who change these figures
        count, too, so what is read here is exact if that demand holds. Gatherings that were made
        without counting are of an older release, so the index has them by now.
        """
        if await unit.get(ACCOUNT_QUOTAS, account) is not None:
            return AccountCounted()
        query = GATHERINGS.query("by_host", account, limit=_PAGE)
        refs = [GATHERINGS.ref(found.id) async for found in documents(self._store, query)]
        gatherings = guests = 0
        for start in range(0, len(refs), _PAGE):
            for document in await self._store.get(refs[start : start + _PAGE]):
                gathering = GATHERINGS.read(document)
                if document and gathering and gathering.host_account == account:
                    gatherings += not gathering.gone
                    guests += 0 if gathering.gone else document.counters.get("guests", 0)
        return AccountCounted(gatherings=gatherings, guests=guests)


def _demand(
    unit: UnitOfWork,
    view: View[Any],
    id: str,
    counter: str,
    had: int,
    more: int,
    bound: int | None,
    text: str,
) -> None:
    """Bound a counter of a loaded document. Raises QuotaReached, with this text, beyond that."""
    if bound is None:
        return
    if had + more > bound:
        raise QuotaReached(text.format(bound=bound, had=had, then=had + more))
    unit.demand(view, id, at_most={counter: bound})


def _counted(
    account: str, before: AccountCounted, *, gatherings: int = 0, guests: int = 0
) -> list[Decided]:
    counted = AccountCounted(
        gatherings=before.gatherings + gatherings, guests=before.guests + guests
    )
    return [Decided(counted, stream=quota_stream(account))]
