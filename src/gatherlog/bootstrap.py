"""Makes a platform from settings. The one module that imports all others."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from uuid_utils import uuid7

from gatherlog.apps import guests, people, things, trail
from gatherlog.apps.guests import mailing
from gatherlog.apps.people.key_file import KeyUnusable, check_key, kept_key
from gatherlog.apps.things.mailing import thing_letters, thing_settling
from gatherlog.core import queues
from gatherlog.core.commands.appending import Appender
from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.store import Store
from gatherlog.core.routing import rules
from gatherlog.core.routing.bus import Bus
from gatherlog.core.routing.rule_service import RuleService
from gatherlog.core.subscriptions import dead_letters, worker
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.handlers import Handler
from gatherlog.core.subscriptions.log_counts import LOGS, logs_subscription
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.subscription import Subscription
from gatherlog.engines import open_store
from gatherlog.interfaces.logs import RequestLog, to_stderr
from gatherlog.interfaces.platform import Platform
from gatherlog.search import IndexedSearch
from gatherlog.settings import Settings
from gatherlog.targets.mail import Mailbox, NoMail
from gatherlog.targets.opening import TargetOpener
from gatherlog.targets.webhook_signature import secret_text

if TYPE_CHECKING:
    from gatherlog.targets.smtp import SmtpMailer

__all__ = [
    "CATEGORIES",
    "VIEWS",
    "Invitees",
    "Platform",
    "check_site_key",
    "open_platform",
    "projections",
    "start",
]

VIEWS = (
    *guests.VIEWS,
    *things.VIEWS,
    *people.VIEWS,
    *trail.VIEWS,
    *worker.VIEWS,
    *queues.VIEWS,
    rules.RULES,
    LOGS,
)
"""All views of the core and of the apps. Every store is opened with them."""
CATEGORIES = (
    *guests.CATEGORIES,
    *things.CATEGORIES,
    *people.CATEGORIES,
    *trail.CATEGORIES,
    rules.CATEGORY,
    dead_letters.CATEGORY,
    queues.CATEGORY,
)
"""All categories of streams whose events are folded into documents, for rebuild and verify."""
OWNED = frozenset(category.name for category in CATEGORIES) | {mailing.CATEGORY}
"""Categories of streams that only the core and the apps append to."""


def projections() -> list[Projection]:
    """The subscriptions that keep documents of their own, which no rebuild compares."""
    return [logs_subscription(), trail.trail_subscription()]


async def open_platform(
    settings: Settings, *, handlers: Mapping[str, Handler] = {}, create: bool = False
) -> Platform:
    """The services on a store, which is opened and not changed; `create` makes a missing one.

    `handlers` are coroutines of this program that rules may name as targets. Raises KeyUnusable
    for a private key that cannot be used, NotAStore, ViewOutdated, and what else the engine raises
    when a store is opened.
    """
    key = _LazyKey(settings)
    await key.check()
    store = await open_store(settings.store, views=VIEWS, create=create)
    return _assemble(settings, store, key, handlers)


async def start(settings: Settings, *, handlers: Mapping[str, Handler] = {}) -> Platform:
    """As `open_platform`, for a process that makes or serves a site: the site is made ready.

    A missing store is made, with its gathering `default`. Guests who wait for a place that is
    free, because a process was killed before it gave them the place, get it now.
    """
    await check_site_key(settings)
    platform = await open_platform(settings, handlers=handlers, create=True)
    try:
        await platform.guests.ensure_default("system")
        await platform.guests.promote_waiting(actor="system")
        await platform.things.promote_waiting(actor="system")
    except BaseException:
        await platform.stop()
        raise
    return platform


async def check_site_key(settings: Settings) -> None:
    """Raise KeyUnusable if the site has a private key that cannot be used; make none."""
    await _LazyKey(settings).check()
    file = settings.key_path
    if settings.jwt_key is not None or (file is not None and file.exists()):
        await asyncio.to_thread(_site_key, settings)


def new_id() -> str:
    """A new UUIDv7; later ones sort after earlier ones."""
    return str(uuid7())


def _assemble(
    settings: Settings, store: Store, key: people.KeySource, handlers: Mapping[str, Handler]
) -> Platform:
    clock, ids, mailer = system_clock, new_id, _mailer(settings)
    accounts = people.AccountService(
        store,
        key,
        mailer,
        site=settings.base_url,
        clock=clock,
        ids=ids,
        everybody_organises=settings.everybody_organises,
    )
    things_to_do = things.ThingService(store, clock=clock, ids=ids)
    guest_lists = guests.GuestService(store, clock=clock, ids=ids)
    secrets, queue = _RuleSecrets(key), queues.Queues(store, clock=clock, ids=ids)
    opener = TargetOpener(
        store,
        clock=clock,
        ids=ids,
        site=settings.public_url or f"urn:gatherlog:{store.id}",
        secrets=secrets.bytes_of,
        allow=settings.webhook_allow,
        transport=mailer,
        queues=queue,
        handlers=handlers,
    )
    bus, log = Bus(opener), RequestLog(clock)
    source = things.ThingSource(store, clock=clock, report=log.failed)
    search = IndexedSearch(
        store, source, folder=settings.search_path, clock=clock, report=log.failed
    )
    subscriptions: list[Subscription] = [bus, *projections()]
    if not isinstance(mailer, NoMail):
        letters = mailing.guest_letters(
            store, mailer.deliver, site=settings.base_url, clock=clock, ids=ids
        )
        notices = thing_letters(
            store,
            things_to_do,
            accounts,
            mailer.deliver,
            site=settings.base_url,
            contact=settings.contact,
            clock=clock,
        )
        subscriptions += [letters, notices]
    has_mail = not isinstance(mailer, NoMail)
    subscriptions.append(
        thing_settling(store, things_to_do, accounts if has_mail else None, clock=clock, ids=ids)
    )
    return Platform(
        settings=settings,
        store=store,
        clock=clock,
        ids=ids,
        guests=guest_lists,
        things=things_to_do,
        keys=people.KeyService(store, clock=clock, ids=ids),
        accounts=accounts,
        guest_login=people.GuestLoginService(
            store, key, Invitees(guest_lists), clock=clock, ids=ids
        ),
        mailer=mailer,
        trail=trail.TrailService(store, clock=clock, ids=ids, report=log.failed),
        appender=Appender(store, owned=OWNED, clock=clock, ids=ids),
        rules=RuleService(store, clock=clock, ids=ids, check=opener.check, owned=sorted(OWNED)),
        rule_secrets=secrets.texts_of,
        subscription_admin=SubscriptionAdmin(
            store, clock=clock, ids=ids, known=[subscription.name for subscription in subscriptions]
        ),
        queues=queue,
        search=search,
        finder=things.ThingFinder(search),
        bus=bus,
        subscriptions=subscriptions,
        worker=worker.Worker(
            store,
            subscriptions,
            clock=clock,
            ids=ids,
            report=lambda name, error: log.failed(error),
            tell=log.told,
        ),
    )


class _RuleSecrets:
    """Secrets that webhooks are signed with. They are derived from the site's key, not stored."""

    def __init__(self, key: people.KeySource) -> None:
        self._key = key

    async def bytes_of(self, rule: rules.Rule) -> Sequence[bytes]:
        """The current secret, then the one before it, if there was one."""
        key = await self._key()
        origin = f"{rule.name} {rule.series}".rstrip()
        numbers = [number for number in (rule.secret, rule.secret - 1) if number > 0]
        return [bytes.fromhex(key.digest("webhook", f"{origin} {n}")) for n in numbers]

    async def texts_of(self, rule: rules.Rule) -> Sequence[str]:
        return [secret_text(secret) for secret in await self.bytes_of(rule)]


def _mailer(settings: Settings) -> "Mailbox | NoMail | SmtpMailer":
    if settings.demo:
        return Mailbox(system_clock)
    if settings.smtp_url is None or settings.mail_from is None:
        return NoMail()
    from gatherlog.targets.smtp import SmtpMailer, SmtpServer

    server = SmtpServer.from_url(settings.smtp_url)
    return SmtpMailer(server, settings.mail_from, clock=system_clock, sink=to_stderr)


class _LazyKey:
    """The site's key, which is read or created on first use: most commands do not need it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key: people.SiteKey | None = None
        self._first = asyncio.Lock()

    async def check(self) -> None:
        """Raise KeyUnusable for an invalid key, or a file that is exposed or cannot be used."""
        if self._settings.jwt_key is not None:
            await self()
        elif (file := self._settings.key_path) is not None:
            if self._settings.key_file is not None and not file.parent.is_dir():
                raise KeyUnusable(f"{file}: there is no directory {file.parent}")
            check_key(file)

    async def __call__(self) -> people.SiteKey:
        if self._key is None:
            async with self._first:
                if self._key is None:
                    self._key = await asyncio.to_thread(_site_key, self._settings)
        return self._key


def _site_key(settings: Settings) -> people.SiteKey:
    """The key from the settings, else from the key file, else, for a store in memory, a new one.

    Raises KeyUnusable, which says where the key came from and shows nothing of it.
    """
    from gatherlog.apps.people.rsa_key import RsaKey

    file = settings.key_path
    if settings.jwt_key is not None:
        source, pem = "GATHERLOG_JWT_KEY", settings.jwt_key.encode()
    elif file is not None:
        source, pem = str(file), kept_key(file, lambda: RsaKey.generate().pem())
    elif settings.address.is_lasting:
        raise KeyUnusable(
            f"{settings.store} has no file to keep the site's private key beside; set"
            " GATHERLOG_KEY_FILE to a file, or GATHERLOG_JWT_KEY to the key itself"
        )
    else:
        return RsaKey.generate()
    try:
        return RsaKey.from_pem(pem)
    except ValueError as error:
        raise KeyUnusable(f"{source}: {error}") from None


class Invitees:
    """The invitees that guests log in as: the link from the people app to the guests app."""

    def __init__(self, guest_lists: guests.GuestService) -> None:
        self._guests = guest_lists

    async def by_link(self, token: str) -> people.Invitee:
        holder = await self._guests.link_holder(token)
        return await self.by_id(holder.gathering_id, holder.guest_id)

    async def by_id(self, gathering_id: str, guest_id: str) -> people.Invitee:
        guest, gathering = await self._guests.guest_and_gathering(gathering_id, guest_id)
        return people.Invitee(
            gathering_id=gathering_id,
            guest_id=guest_id,
            first_name=guest.first_name,
            last_name=guest.last_name,
            link=guest.link,
            co_host=guest.manages,
            over_at=gathering.over_at,
        )

    def is_same_name(self, one: str, other: str) -> bool:
        return folded(" ".join(one.split())) == folded(" ".join(other.split()))
