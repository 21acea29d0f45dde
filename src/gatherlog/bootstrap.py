"""Makes a platform from settings. The one module that imports all others."""

import asyncio
import os
import socket
from collections.abc import Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from uuid_utils import uuid7

from gatherlog.apps import guests, intake, messages, people, things, trail
from gatherlog.apps.messages import coming_and_going, spreading
from gatherlog.apps.messages.kept_lists import KeptLists
from gatherlog.apps.messages.reminders import REMINDERS, ReminderRounds
from gatherlog.apps.things.mailing import thing_settling
from gatherlog.assembly.basis import Basis
from gatherlog.assembly.catalogue import (
    CATEGORIES,
    OWNED,
    VIEWS,
    all_categories,
    kept_views,
    projections,
)
from gatherlog.assembly.erasing import erasing
from gatherlog.assembly.letters import letters_to_guests, letters_to_members, letters_to_organisers
from gatherlog.assembly.searching import search_of_messages, search_of_things
from gatherlog.between_apps import Concerns, Contacts, Invitees, Members
from gatherlog.caches import open_cache
from gatherlog.core import queues
from gatherlog.core.commands.appending import Appender
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.views import View
from gatherlog.core.routing.bus import Bus
from gatherlog.core.routing.rule_service import RuleService
from gatherlog.core.subscriptions import worker
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.handlers import Handler
from gatherlog.core.subscriptions.subscription import Subscription
from gatherlog.core.subscriptions.view_builder import ViewBuilder
from gatherlog.core.texts import load, speak
from gatherlog.engines import open_store
from gatherlog.interfaces.logs import RequestLog, to_stderr
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.status import SiteStatus
from gatherlog.settings import LOCALE, Settings
from gatherlog.site_secrets import Digest, LazyKey, RuleSecrets, site_key
from gatherlog.targets.mail import Lost, Mailbox, NoMail
from gatherlog.targets.opening import TargetOpener

if TYPE_CHECKING:
    from gatherlog.targets.smtp import SmtpMailer

__all__ = [
    "CATEGORIES",
    "OWNED",
    "VIEWS",
    "Platform",
    "all_categories",
    "check_site_key",
    "kept_views",
    "new_id",
    "open_platform",
    "projections",
    "start",
]


def _views_of(settings: Settings) -> list[View[Any]]:
    """The views that a site with these settings queries: nobody builds REMINDERS without mail."""
    unused = () if _sends_mail(settings) else (REMINDERS,)
    return [view for view in VIEWS if view not in unused]


def _sends_mail(settings: Settings) -> bool:
    has_server = settings.smtp_url is not None and settings.mail_from is not None
    return settings.demo or has_server


async def open_platform(
    settings: Settings,
    *,
    handlers: Mapping[str, Handler] = {},
    create: bool = False,
    read_only: bool = False,
) -> Platform:
    """The services on a store, which is opened and not changed; `create` makes a missing one.

    With `read_only` nothing is written, and what would change the store is a RuntimeError.

    `handlers` are coroutines of this program that rules may name as targets. Raises Invalid for
    quotas that cannot be parsed, KeyUnusable for a private key that cannot be used, NotAStore,
    ViewOutdated, and what else the engine raises when a store is opened.
    """
    guests.read_quotas(settings.quotas)
    key = LazyKey(settings)
    await key.check()
    store = await open_store(
        settings.store, views=_views_of(settings), create=create, read_only=read_only
    )
    return _assemble(settings, store, key, handlers)


async def start(settings: Settings, *, handlers: Mapping[str, Handler] = {}) -> Platform:
    """As `open_platform`, for a process that makes or serves a site: the site is made ready.

    A missing store is made, with its gathering `default`. Guests who wait for a place that is
    free, because a process was killed before it gave them the place, get it now.
    """
    await check_site_key(settings)
    speak(load(settings.language, LOCALE))
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
    await LazyKey(settings).check()
    file = settings.key_path
    if settings.jwt_key is not None or (file is not None and file.exists()):
        await asyncio.to_thread(site_key, settings)


def new_id() -> str:
    """A new UUIDv7; later ones sort after earlier ones."""
    return str(uuid7())


def _assemble(
    settings: Settings, store: Store, key: people.KeySource, handlers: Mapping[str, Handler]
) -> Platform:
    clock, ids, mailer = system_clock, new_id, _mailer(settings)
    on = Basis(
        settings=settings,
        store=store,
        key=key,
        clock=clock,
        ids=ids,
        mailer=mailer,
        log=RequestLog(clock),
    )
    guest_lists = guests.GuestService(
        store,
        clock=clock,
        ids=ids,
        quotas=guests.read_quotas(settings.quotas),
        sends_letters=on.sends_letters,
    )
    accounts = people.AccountService(
        store,
        key,
        mailer,
        site=settings.base_url,
        clock=clock,
        ids=ids,
        everybody_organises=settings.everybody_organises,
        withheld=lambda: mailer.lose("allowance"),
    )
    things_to_do = things.ThingService(store, clock=clock, ids=ids)
    secrets, queue = RuleSecrets(key), queues.Queues(store, clock=clock, ids=ids)
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
    mailed = guests.MailedLinks(store, Digest(key, "mailed link"), settings.base_url)
    profiles, links = people.ProfileService(store, clock=clock, ids=ids), people.MailLinks(key)
    contacts = Contacts(profiles, links, settings.base_url)
    cache = open_cache(settings.cache, Digest(key, "cache"))
    lists = None if cache is None else KeptLists(cache, store.id)
    talk = messages.MessageService(
        store,
        Members(profiles),
        Concerns(guest_lists, things_to_do, profiles),
        clock=clock,
        ids=ids,
        lists=lists,
    )
    bus, search, message_search = Bus(opener), search_of_things(on), search_of_messages(on)
    subscriptions: list[Subscription] = [
        bus,
        *projections(mail=on.sends_letters),
        spreading.spreading(store, clock=clock, ids=ids),
        coming_and_going.coming_and_going(talk),
    ]
    if on.sends_letters:
        subscriptions += [
            letters_to_guests(on, accounts, mailed),
            letters_to_organisers(on, things_to_do, accounts),
            letters_to_members(on, talk, contacts),
        ]
    told = accounts if on.sends_letters else None
    subscriptions.append(thing_settling(store, things_to_do, told, clock=clock, ids=ids))
    ending = erasing(on, guest_lists, things_to_do, accounts, talk)
    records = intake.IntakeService(
        store,
        owned=OWNED,
        check_type=intake.type_check(settings.intake_types or intake.EVENT_TYPE),
        clock=clock,
        ids=ids,
    )
    _check_logs(settings, records)
    names = [subscription.name for subscription in subscriptions]
    admin = SubscriptionAdmin(store, clock=clock, ids=ids, known=names)
    works = worker.Worker(
        store,
        subscriptions,
        clock=clock,
        ids=ids,
        id=_worker_id(),
        report=lambda name, error: on.log.failed(error),
        tell=on.log.told,
    )
    builder = ViewBuilder(
        store, all_categories, kept_views(), tell=on.log.noted, report=on.log.failed
    )
    rounds = ReminderRounds(store, contacts, clock=clock, ids=ids, report=on.log.failed)
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
        mailed_links=mailed,
        reminder_rounds=rounds if on.sends_letters else None,
        mailer=mailer,
        trail=trail.TrailService(store, clock=clock, ids=ids, report=on.log.failed),
        intake=records,
        queue_intake=intake.QueueIntake(records, queue, report=on.log.failed),
        appender=Appender(store, owned=OWNED, clock=clock, ids=ids),
        rules=RuleService(store, clock=clock, ids=ids, check=opener.check, owned=sorted(OWNED)),
        rule_secrets=secrets.texts_of,
        target_warnings=opener.warnings,
        retention=ending.retention,
        expiry=ending.expiry,
        eraser=ending.eraser,
        own_erasures=ending.own,
        departures=ending.departures,
        subscription_admin=admin,
        queues=queue,
        search=search,
        finder=things.ThingFinder(search),
        bus=bus,
        views=builder,
        subscriptions=subscriptions,
        worker=works,
        status=SiteStatus(
            store,
            file=settings.address.file,
            admin=admin,
            worker=works,
            queues=queue.admin,
            held_letters=guest_lists.held_letters,
            lost_letters=lambda: mailer.not_sent,
            search=search,
            clock=clock,
        ),
    )


def _worker_id() -> str:
    """The name of this process in leases: where it runs, and a part that no other one has."""
    return f"{socket.gethostname()[:64]}:{os.getpid()}:{token_hex(4)}"


def _check_logs(settings: Settings, records: intake.IntakeService) -> None:
    """Raise Invalid, with the setting's name, unless each queue's log takes records."""
    for name in settings.intake_logs.values():
        try:
            records.check_log(name)
        except Invalid as wrong:
            flaws = [Flaw("/intake_queues", flaw.detail) for flaw in wrong.flaws]
            raise Invalid(*flaws) from None


def _mailer(settings: Settings) -> "Mailbox | NoMail | SmtpMailer":
    if settings.demo:
        return Mailbox(system_clock)
    if settings.smtp_url is None or settings.mail_from is None:
        return NoMail(Lost(system_clock, to_stderr))
    from gatherlog.targets.smtp import SmtpMailer, SmtpServer

    server = SmtpServer.from_url(settings.smtp_url)
    return SmtpMailer(server, settings.mail_from, clock=system_clock, sink=to_stderr)
