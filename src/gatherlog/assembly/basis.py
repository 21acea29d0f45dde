"""What most services of a platform are made with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatherlog.apps import people
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.store import Store
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from gatherlog.targets.mail import Mailbox, NoMail

if TYPE_CHECKING:
    from gatherlog.targets.smtp import SmtpMailer

__all__ = ["Basis"]


@dataclass(frozen=True, kw_only=True)
class Basis:
    """One open store, and what its services share."""

    settings: Settings
    store: Store
    key: people.KeySource
    clock: Clock
    ids: Ids
    mailer: "Mailbox | NoMail | SmtpMailer"
    log: RequestLog

    @property
    def sends_letters(self) -> bool:
        """Whether the site has mail; in a demo, a mailbox that keeps it."""
        return not isinstance(self.mailer, NoMail)
