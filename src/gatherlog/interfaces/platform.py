"""What interfaces are given to work with: settings, the store and the services on it."""

from dataclasses import dataclass

from gatherlog.apps.guests.service import GuestService
from gatherlog.apps.people import AccountService, GuestLoginService, KeyService, Mailer
from gatherlog.core.clock import Clock, Ids
from gatherlog.core.store import Store
from gatherlog.settings import Settings
from gatherlog.targets.mail import Mailbox

__all__ = ["Platform"]


@dataclass(frozen=True, slots=True)
class Platform:
    """One open store with its services; made by `gatherlog.bootstrap.start`."""

    settings: Settings
    store: Store
    clock: Clock
    ids: Ids
    guests: GuestService
    keys: KeyService
    accounts: AccountService
    guest_login: GuestLoginService
    mailer: Mailer

    @property
    def mailbox(self) -> Mailbox | None:
        """Where letters go in a demo, for everybody to read."""
        return self.mailer if isinstance(self.mailer, Mailbox) else None

    async def stop(self) -> None:
        """Finish what was accepted and let the store go; twice does nothing."""
        await self.mailer.close()
        await self.store.close()
