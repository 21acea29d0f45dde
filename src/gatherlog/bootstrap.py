"""Makes a platform from settings. The one module that imports all others."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uuid_utils import uuid7

from gatherlog.apps import guests, intake, messages, people, things, trail
from gatherlog.apps.guests import mailing
from gatherlog.apps.guests.letter_quotas import Hosts, LetterQuotas
from gatherlog.apps.messages import spreading
from gatherlog.apps.messages.kept_lists import KeptLists
from gatherlog.apps.messages.letters import Contact
from gatherlog.apps.messages.mailing import message_letters
from gatherlog.apps.messages.reminders import REMINDERS, ReminderRounds, reminders
from gatherlog.apps.people.key_file import KeyUnusable, check_key, kept_key
from gatherlog.apps.things.mailing import thing_letters, thing_settling
from gatherlog.caches import open_cache
from gatherlog.core import queues
from gatherlog.core.commands.appending import Appender
from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import NotFound
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
from gatherlog.search import IndexedSearch, SearchOnDemand
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
    *messages.VIEWS,
    REMINDERS,
    *trail.VIEWS,
    *intake.VIEWS,
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
    *messages.CATEGORIES,
    *trail.CATEGORIES,
    *intake.CATEGORIES,
    rules.CATEGORY,
    dead_letters.CATEGORY,
    queues.CATEGORY,
)
"""The categories of streams whose events are folded into documents, for rebuild and verify; those
of records that were taken in are `intake.record_logs`."""
OWNED = frozenset(category.name for category in CATEGORIES) | {mailing.CATEGORY}
"""Categories of streams that only the core and the apps append to."""


UNNAMED = "a member"
"""What a member is called who has chosen neither a name nor a handle."""


def projections(*, mail: bool = True) -> list[Projection]:
    """The subscriptions that keep documents of their own, which no rebuild compares.

    Those that only a site with mail needs are left out without it.
    """
    kept = [logs_subscription(), trail.trail_subscription(), intake.entries_subscription()]
    return [*kept, reminders()] if mail else kept


async def open_platform(
    settings: Settings, *, handlers: Mapping[str, Handler] = {}, create: bool = False
) -> Platform:
    """The services on a store, which is opened and not changed; `create` makes a missing one.

    `handlers` are coroutines of this program that rules may name as targets. Raises Invalid for
    quotas that cannot be parsed, KeyUnusable for a private key that cannot be used, NotAStore,
    ViewOutdated, and what else the engine raises when a store is opened.
    """
    guests.read_quotas(settings.quotas)
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
    quotas, sends_letters = guests.read_quotas(settings.quotas), not isinstance(mailer, NoMail)
    guest_lists = guests.GuestService(
        store, clock=clock, ids=ids, quotas=quotas, sends_letters=sends_letters
    )
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
    profiles, links = people.ProfileService(store, clock=clock, ids=ids), people.MailLinks(key)
    cache = open_cache(settings.cache, _Digest(key, "cache"))
    lists = None if cache is None else KeptLists(cache, store.id)
    talk = messages.MessageService(
        store,
        Members(profiles),
        Concerns(guest_lists, things_to_do, profiles),
        clock=clock,
        ids=ids,
        lists=lists,
    )
    contacts = Contacts(profiles, links, settings.base_url)
    bus, log = Bus(opener), RequestLog(clock)
    source = things.ThingSource(store, clock=clock, report=log.failed)
    search = IndexedSearch(
        store, source, folder=settings.search_path, clock=clock, report=log.failed
    )
    spread = spreading.spreading(store, clock=clock, ids=ids)
    message_search = SearchOnDemand(
        store,
        IndexedSearch(
            store,
            messages.MessageSource(store),
            folder=_index_of_messages(settings),
            clock=clock,
            report=log.failed,
        ),
    )
    subscriptions: list[Subscription] = [bus, *projections(mail=sends_letters), spread]
    if sends_letters:
        is_confirmed = _always if settings.demo else accounts.is_confirmed
        hosts = Hosts(is_confirmed, _Digest(key, "letters"))
        post = mailing.Post(mailer.deliver, settings.base_url)
        allowed = LetterQuotas(store, quotas, hosts, clock=clock, ids=ids)
        letters = mailing.guest_letters(store, post, allowed, clock=clock, ids=ids)
        notices = thing_letters(
            store,
            things_to_do,
            accounts,
            mailer.deliver,
            site=settings.base_url,
            contact=settings.contact,
            clock=clock,
        )
        unread = message_letters(
            store, talk, contacts, mailer.deliver, site=settings.base_url, clock=clock
        )
        subscriptions += [letters, notices, unread]
    subscriptions.append(
        thing_settling(
            store, things_to_do, accounts if sends_letters else None, clock=clock, ids=ids
        )
    )
    records = intake.IntakeService(
        store,
        owned=OWNED,
        check_type=intake.type_check(settings.intake_types or intake.EVENT_TYPE),
        clock=clock,
        ids=ids,
    )
    for name in settings.intake_logs.values():
        records.check_log(name)
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
        profiles=profiles,
        member_tokens=people.MemberTokenService(store.id, key, accounts, clock=clock, ids=ids),
        site_key=key,
        messages=talk,
        message_search=message_search,
        message_finder=messages.MessageFinder(store.id, talk, message_search),
        kept_lists=lists,
        mail_links=links,
        reminder_rounds=ReminderRounds(store, contacts, clock=clock, ids=ids, report=log.failed)
        if sends_letters
        else None,
        mailer=mailer,
        trail=trail.TrailService(store, clock=clock, ids=ids, report=log.failed),
        intake=records,
        queue_intake=intake.QueueIntake(records, queue, report=log.failed),
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


def _index_of_messages(settings: Settings) -> Path | None:
    """The folder of the index of messages, within that of things; None is a temporary one."""
    return None if settings.search_path is None else settings.search_path / "messages"


async def _always(account_id: str) -> bool:
    """In the demo nobody's address is real, and no letter leaves the process."""
    return True


class _Digest:
    """Digests by the site's key for one purpose, such as that of addresses, by which the letters of
    a day are counted."""

    def __init__(self, key: people.KeySource, purpose: str) -> None:
        self._key = key
        self._purpose = purpose

    async def __call__(self, text: str) -> str:
        return (await self._key()).digest(self._purpose, text)


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


class Members:
    """Those who write to each other: the link from the messages app to the people app."""

    def __init__(self, profiles: people.ProfileService) -> None:
        self._profiles = profiles

    async def by_handle(self, handle: str) -> str | None:
        account = await self._profiles.by_handle(handle)
        return None if account is None or account not in await self.persons([account]) else account

    async def persons(self, ids: Collection[str]) -> Mapping[str, messages.Person]:
        return {
            id: messages.Person(
                id=id,
                display_name=one.profile.display_name or one.profile.handle or UNNAMED,
                handle=one.profile.handle,
                shows_reading=one.profile.read_receipts,
            )
            for id, one in (await self._profiles.known(ids)).items()
        }


class Concerns:
    """Whose business it is what messages are about: the link from the messages app to other apps.

    A gathering is that of its host, and of the guests with the same address. A published thing is
    everybody's, and a booking that of the parent and the organiser.
    """

    def __init__(
        self,
        guest_lists: guests.GuestService,
        things_to_do: things.ThingService,
        profiles: people.ProfileService,
    ) -> None:
        self._guests = guest_lists
        self._things = things_to_do
        self._profiles = profiles

    async def concerns(self, account: str, about: messages.About) -> bool:
        match about.kind:
            case "gathering":
                return await self._gathering_concerns(about.id, account)
            case "thing":
                return await self._things.thing_concerns(about.id, account)
            case "booking":
                return await self._things.booking_concerns(about.id, account)

    async def _gathering_concerns(self, id: str, account: str) -> bool:
        try:
            gathering = (await self._guests.gathering(id)).body
        except NotFound:
            return False
        if gathering.host_account == account:
            return True
        known = (await self._profiles.known([account])).get(account)
        return known is not None and await self._guests.is_invited(id, known.address)


class Contacts:
    """How members are written to: the link from letters about messages to the people app."""

    def __init__(self, profiles: people.ProfileService, links: people.MailLinks, site: str) -> None:
        self._profiles = profiles
        self._links = links
        self._site = site

    async def contact(self, account: str) -> Contact | None:
        known = (await self._profiles.known([account])).get(account)
        if known is None or not known.profile.message_mail:
            return None
        hours = known.profile.quiet_hours
        return Contact(
            address=known.address,
            time_zone=known.profile.time_zone,
            quiet_hours=None if hours is None else (hours.start, hours.end),
            unsubscribe=f"{self._site}/unsubscribe/{await self._links.token(account)}",
        )
