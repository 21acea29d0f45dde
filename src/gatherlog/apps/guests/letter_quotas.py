"""Whether a letter may go out now: how many did today, and whether the host's address is known."""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from gatherlog.apps.guests.letter_counts import (
    COUNTER,
    LETTER_COUNTS,
    TOGETHER,
    day_stream,
    of_account,
    of_address,
    of_gathering,
)
from gatherlog.apps.guests.letter_events import CODEC, LetterCounted, Reason
from gatherlog.apps.guests.quotas import Quotas, seconds_left
from gatherlog.apps.guests.refusals import LettersReached
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.commands.handler import CommandHandler, Decided, Once
from gatherlog.core.commands.text import folded_email
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.store import Store

__all__ = ["Hosts", "LetterQuotas", "Verdict", "check_letters_left"]

Verdict = Literal["admitted", "address"] | Reason
"""Whether a letter may be sent now: it is; its address has had as many as one day allows; or it has
to wait, for this reason."""


class Hosts(msgspec.Struct, frozen=True):
    """What other parts of the program know about hosts and addresses."""

    is_confirmed: Callable[[str], Awaitable[bool]]
    """Whether the owner of an account has shown that they read the mail of its address."""
    digest: Callable[[str], Awaitable[str]]
    """A digest of an address, from which it cannot be guessed."""


class _Waits(GatherlogError):
    """The letter may not be sent now."""


class LetterQuotas:
    """Counts letters before they are sent, and says which have to wait."""

    def __init__(
        self, store: Store, quotas: Quotas, hosts: Hosts, *, clock: Clock, ids: Ids
    ) -> None:
        self._quotas = quotas
        self._hosts = hosts
        self._handler = CommandHandler(store, CODEC, TOGETHER, clock=clock, ids=ids)

    async def admit(self, delivery: str, gathering: Gathering, guest: Guest) -> Verdict:
        """Count the letter of a delivery to a guest, who has an address, if it may be sent now.

        It is counted once, however often it is admitted within 24 hours. The commit bounds the
        counters, so they are exact in all processes.
        """
        account = gathering.host_account
        if account is not None and not await self._hosts.is_confirmed(account):
            return "unconfirmed"
        counted = LetterCounted(
            gathering=gathering.id,
            account=account,
            address=await self._hosts.digest(folded_email(guest.email or "")),
        )
        day = day_stream(self._handler.clock())
        verdict: Verdict = "admitted"

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            nonlocal verdict
            verdict = await self._verdict(unit, day, counted)
            if verdict == "admitted":
                return [Decided(counted, guest.id)]
            raise _Waits

        once = Once(f"letter-counted:{delivery}", b"", lambda handled: b"")
        try:
            await self._handler.handle(day, attempt, once=once)
        except _Waits:
            return verdict
        return "admitted"

    async def _verdict(self, unit: UnitOfWork, day: str, counted: LetterCounted) -> Verdict:
        bounds: list[tuple[str, int | None, Verdict]] = [
            (of_address(day, counted.address), self._quotas.address_letters, "address")
        ]
        bounds += [(id, bound, "day") for id, bound in _bounds_of(self._quotas, day, counted)]
        await unit.load(*[(LETTER_COUNTS, id) for id, _, _ in bounds])
        for id, bound, verdict in bounds:
            if bound is not None:
                if unit.counters(LETTER_COUNTS, id).get(COUNTER, 0) >= bound:
                    return verdict
                unit.demand(LETTER_COUNTS, id, at_most={COUNTER: bound})
        return "admitted"


def _bounds_of(quotas: Quotas, day: str, counted: LetterCounted) -> list[tuple[str, int | None]]:
    """The counters of a gathering and its host, with their bounds; none without a host."""
    if counted.account is None:
        return []
    return [
        (of_gathering(day, counted.gathering), quotas.gathering_letters),
        (of_account(day, counted.account), quotas.host_letters),
    ]


async def check_letters_left(unit: UnitOfWork, quotas: Quotas, gathering: Gathering) -> None:
    """Raise LettersReached if no letter about a gathering may go out any more today."""
    account = gathering.host_account
    if account is None:
        return
    day = day_stream(unit.now)
    bounds = {
        "gathering_letters": (of_gathering(day, gathering.id), quotas.gathering_letters),
        "host_letters": (of_account(day, account), quotas.host_letters),
    }
    await unit.load(*[(LETTER_COUNTS, id) for id, _ in bounds.values()])
    for name, (id, bound) in bounds.items():
        if bound is not None and unit.counters(LETTER_COUNTS, id).get(COUNTER, 0) >= bound:
            whose = "this gathering" if name == "gathering_letters" else "your gatherings"
            raise LettersReached(
                f"As many letters about {whose} have gone out today (UTC) as one day allows: "
                f"{bound:,}. Nothing was changed. Send the change without letters (`notify` false, "
                "or --no-notify on the command line), send it again tomorrow, or ask whoever runs "
                f"this site to raise the quota `{name}`.",
                seconds_left(unit.now),
            )
