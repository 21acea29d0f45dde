"""Erasing one's own account: asked for, confirmed by mail, and done after a day to think again.

The link in the mail is the account's id, the time at which it was asked for, and a digest of both
that needs the site's key. It holds for a day. `Departures` is given what carries erasures out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Final

import msgspec

from gatherlog.apps.people.events import CODEC
from gatherlog.apps.people.folds import AccountFold
from gatherlog.apps.people.mail import Letter, Mailer
from gatherlog.apps.people.own_erasure_events import ErasureCancelled, ErasureConfirmed
from gatherlog.apps.people.own_erasure_views import OWN_ERASURES, OwnErasure
from gatherlog.apps.people.signing import KeySource
from gatherlog.apps.people.views import ACCOUNTS
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import about, no_such, read, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import NotFound, Refused, StoreClosed
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import bodies

__all__ = ["Departures", "NoMailToConfirm", "OwnErasures"]

DAY: Final = 24 * 3600 * 1_000_000
"""How long a link holds, and how long one may think again; microseconds."""
PAUSE: Final = 60.0
"""Seconds between two rounds."""
_DIGITS: Final = 40
"""Hexadecimal digits of the digest: 160 bits."""


class NoMailToConfirm(Refused):
    """The site sends no mail, by which the erasure could be confirmed."""

    code = "no_mail_to_confirm"


class OwnErasures:
    """The wishes of members to be erased. `site` is the URL that members know."""

    def __init__(
        self,
        store: Store,
        key: KeySource,
        mailer: Mailer,
        *,
        site: str,
        sends_mail: bool,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._key = key
        self._mailer = mailer
        self._site = site
        self._sends_mail = sends_mail
        self._clock = clock
        self._handler = CommandHandler(store, CODEC, AccountFold(), clock=clock, ids=ids)

    async def ask(self, account_id: str) -> None:
        """Mail a link to the account's address; nothing else happens. Raises NotFound,
        NoMailToConfirm."""
        account = await read(self._store, ACCOUNTS, account_id)
        if account is None:
            raise no_such("account", account_id)
        if not self._sends_mail:
            raise NoMailToConfirm("this site sends no mail: ask the operator to erase the account")
        link = f"{self._site}/leave/{await self._token(account_id, self._clock())}"
        self._mailer.send(_letter(account.address, link, self._site))

    async def asked(self, token: str) -> str:
        """The account of a link that still holds. Raises NotFound for any other text."""
        account_id, _, rest = token.partition(".")
        at, _, seal = rest.partition(".")
        if not (at.isascii() and at.isdecimal() and len(at) <= 19 and seal.isascii()):
            raise NotFound("This link is not valid.")
        known = (await self._token(account_id, int(at))).rpartition(".")[2]
        if not compare_digest(seal, known) or not 0 <= self._clock() - int(at) < DAY:
            raise NotFound("This link is not valid, or not any more.")
        return account_id

    async def confirm(self, token: str) -> OwnErasure:
        """Have the account of a link erased in a day; confirming twice changes nothing.

        Raises NotFound for a link that does not hold, or whose account is gone.
        """
        account_id = await self.asked(token)

        def decide(pending: OwnErasure | None, now: int) -> list[msgspec.Struct]:
            return [] if pending is not None else [ErasureConfirmed(due_at=now + DAY)]

        found = await self._decide(account_id, decide)
        assert found is not None
        return found

    async def cancel(self, account_id: str) -> None:
        """Keep the account; repeating it does nothing. Raises NotFound if it is gone."""
        await self._decide(
            account_id, lambda pending, now: [] if pending is None else [ErasureCancelled()]
        )

    async def pending(self, account_id: str) -> OwnErasure | None:
        """What is confirmed and was not cancelled."""
        return await read(self._store, OWN_ERASURES, account_id)

    async def due(self) -> list[str]:
        """The accounts that are to be erased by now."""
        until = (f"{self._clock() + 1:020d}",)
        query = OWN_ERASURES.query("by_due", "all", until=until, limit=100)
        return [one.account_id async for one in bodies(self._store, OWN_ERASURES, query)]

    async def _decide(
        self,
        account_id: str,
        decide: Callable[[OwnErasure | None, int], list[msgspec.Struct]],
    ) -> OwnErasure | None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((ACCOUNTS, account_id), (OWN_ERASURES, account_id))
            if await unit.get(ACCOUNTS, account_id) is None:
                raise no_such("account", account_id)
            return about("", decide(await unit.get(OWN_ERASURES, account_id), unit.now))

        actor, stream = f"account:{account_id}", f"account-{account_id}"
        handled = await run(self._handler, stream, attempt, actor=actor)
        found: OwnErasure | None = handled.bodies[OWN_ERASURES.ref(account_id)]
        return found

    async def _token(self, account_id: str, at: int) -> str:
        seal = (await self._key()).digest("leave", f"{account_id} {at}")[:_DIGITS]
        return f"{account_id}.{at}.{seal}"


class Departures:
    """Erases the accounts that are due, and finishes erasures that were broken off."""

    def __init__(
        self,
        wishes: OwnErasures,
        erase: Callable[[str], Awaitable[object]],
        finish: Callable[[], Awaitable[object]],
        *,
        report: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._wishes = wishes
        self._erase = erase
        self._finish = finish
        self._report = report

    async def run(self) -> None:
        """Go round until cancelled. A round that fails is reported, and the next one follows."""
        while True:
            try:
                await self.go_round()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do
                self._report(error)
            await asyncio.sleep(PAUSE)

    async def go_round(self) -> int:
        """Erase everybody who is due by now; how many that were."""
        await self._finish()
        due = await self._wishes.due()
        for account_id in due:
            if await self._wishes.pending(account_id) is not None:  # queries may lag
                await self._erase(account_id)
        return len(due)


def _letter(address: str, link: str, site: str) -> Letter:
    return Letter(
        to=address,
        subject="Do you want your account to be erased?",
        text=(
            f"Somebody who is signed in to your account at {site} wants it to be erased.\n\n"
            f"To confirm it, open this page within a day:\n\n{link}\n\n"
            "Then you have a day to think again: sign in and keep the account. Afterwards your "
            "name, your messages and your children are gone for good.\n\n"
            "Was it not you? Then do nothing, and end all sessions of your account.\n"
        ),
    )
