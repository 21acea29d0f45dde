"""What interfaces work with: the settings, the store, and the services on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gatherlog.apps.guests.mailed_links import MailedLinks
from gatherlog.apps.guests.service import GuestService
from gatherlog.apps.intake import IntakeService, QueueIntake
from gatherlog.apps.messages import MessageFinder, MessageService
from gatherlog.apps.messages.kept_lists import KeptLists
from gatherlog.apps.messages.reminders import ReminderRounds
from gatherlog.apps.people import (
    AccountService,
    GuestLoginService,
    KeyService,
    KeySource,
    Mailer,
    MailLinks,
    MemberTokenService,
    ProfileService,
)
from gatherlog.apps.people.own_erasure import Departures, OwnErasures
from gatherlog.apps.things import Finder, ThingService
from gatherlog.apps.trail import TrailService
from gatherlog.core.commands.appending import Appender
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.store import Store
from gatherlog.core.queues import Queues
from gatherlog.core.retention import Eraser, Expiry, RetentionService
from gatherlog.core.routing.bus import Bus
from gatherlog.core.routing.rule_service import RuleService
from gatherlog.core.routing.rules import Rule, TargetSpec
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.subscription import Subscription
from gatherlog.core.subscriptions.view_builder import ViewBuilder
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.interfaces.siblings import Siblings
from gatherlog.interfaces.status import SiteStatus
from gatherlog.search import IndexedSearch, SearchOnDemand
from gatherlog.settings import Settings
from gatherlog.targets.mail import Mailbox

__all__ = ["Platform"]


@dataclass(frozen=True, slots=True)
class Platform:
    """One open store with its services. `gatherlog.bootstrap.start` makes it."""

    settings: Settings
    store: Store
    clock: Clock
    ids: Ids
    guests: GuestService
    things: ThingService
    keys: KeyService
    accounts: AccountService
    guest_login: GuestLoginService
    profiles: ProfileService
    member_tokens: MemberTokenService
    site_key: KeySource
    messages: MessageService
    message_search: SearchOnDemand
    """The index of messages of this process, which the first search starts."""
    message_finder: MessageFinder
    kept_lists: KeptLists | None
    """The first pages of conversations that are kept in a cache; None where none is."""
    mail_links: MailLinks
    mailed_links: MailedLinks
    reminder_rounds: ReminderRounds | None
    """Where the site sends mail: what makes reminders of unread messages due."""
    mailer: Mailer
    trail: TrailService
    intake: IntakeService
    queue_intake: QueueIntake
    """Takes the records of the queues that the settings name."""
    appender: Appender
    rules: RuleService
    rule_secrets: Callable[[Rule], Awaitable[Sequence[str]]]
    """Gives the secrets that a rule's webhooks are signed with, as text, the current one first."""
    target_warnings: Callable[[TargetSpec], Awaitable[Sequence[str]]]
    """Says what keeps a target of a rule from being reached from here, without sending anything."""
    retention: RetentionService
    expiry: Expiry
    """Lets events expire in the background."""
    eraser: Eraser
    own_erasures: OwnErasures
    departures: Departures
    """Erases those who wanted it, in the background."""
    subscription_admin: SubscriptionAdmin
    queues: Queues
    search: IndexedSearch
    """The index of this process, which is started by `serving`."""
    finder: Finder
    """Searches the published things in the index."""
    bus: Bus
    subscriptions: Sequence[Subscription]
    """All subscriptions of this program, the bus included."""
    views: ViewBuilder
    """Builds the views of this release, in the background."""
    worker: Worker
    status: SiteStatus
    siblings: Siblings = field(default_factory=Siblings)
    """The other processes of this site that belong to the same `gatherlog serve`."""

    @property
    def mailbox(self) -> Mailbox | None:
        """The mailbox that keeps a demo's letters; None outside a demo."""
        return self.mailer if isinstance(self.mailer, Mailbox) else None

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Build views and run the worker in the background meanwhile, as the settings say."""
        settings = self.settings
        is_builder = settings.unbuilt_views == "build" and settings.work != "beside"
        async with _beside(self.views.run() if is_builder else None), self._working():
            yield

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        if not self.settings.works_here:
            yield
            return
        task = asyncio.create_task(self.worker.run())
        others = [asyncio.create_task(work) for work in self._other_work()]
        try:
            yield
        finally:
            for other in others:
                other.cancel()
            self.worker.stop()
            await task
            await asyncio.wait(others)

    def _other_work(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the worker until it is cancelled."""
        queues = self.settings.intake_logs.items()
        rounds = [self._go_round(), self.expiry.run(), self.departures.run()]
        return [*rounds, *(self.queue_intake.run(queue, log) for queue, log in queues)]

    async def _go_round(self) -> None:
        if self.reminder_rounds is not None:
            await self.reminder_rounds.run()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """As `working`, and keep the index for searching up to date, until the platform stops."""
        self.search.start()
        async with self.working():
            yield

    async def stop(self) -> None:
        """Finish what was accepted, then close the store. Calling it again does nothing."""
        await self.search.stop()
        await self.message_search.stop()
        await self.trail.close()
        await self.mailer.close()
        await self.bus.close()
        if self.kept_lists is not None:
            await self.kept_lists.close()
        await self.store.close()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None] | None) -> AsyncIterator[None]:
    """Do some work meanwhile, if there is any; it is cancelled at the end."""
    if work is None:
        yield
        return
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
