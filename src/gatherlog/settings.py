"""The settings of one process: read from the environment, overridden by flags, and validated."""

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatherlog.apps.intake.records import LOG
from gatherlog.apps.people.addresses import parsed
from gatherlog.caches import check_cache
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotAStore
from gatherlog.core.queues.checks import check_queue
from gatherlog.core.texts import ENGLISH, translations
from gatherlog.engines.addresses import StoreAddress, read_address
from gatherlog.targets.mail_sender import MailSender

__all__ = ["LOCALE", "Settings"]

PREFIX = "GATHERLOG_"
MOST_WORKERS = 64
PLACES = ("on", "here", "beside", "off")
"""Where subscriptions may be read."""
LOCALE = Path(__file__).parent / "locale"
"""The folder of the catalogues of texts."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. Every one has a default that works on a single machine."""

    store: str = "sqlite:///gatherlog.db"
    """A file, whose path is relative after three slashes and absolute after four, or a database:
    `postgresql://user@host/database`, to which `?schema=name` may be added, or a table:
    `dynamodb://table?region=eu-central-1`."""
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free port."""
    public_url: str | None = None
    """The URL at which guests reach this server; None: the address that it listens on."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    smtp_url: str | None = None
    """`smtp://[name:password@]host[:port]` or `smtps://…`; None: no mail is sent."""
    mail_from: str | None = None
    """The sender of mail, any mailbox of RFC 5322, such as `party@example.org` or
    `Our party <party@example.org>`; its domain may be beyond ASCII."""
    contact: str | None = None
    """The address that gets what visitors write to the site; None: it stays in the log."""
    jwt_key: str | None = None
    """The site's private RSA key in PEM; None: it is in the key file."""
    key_file: str | None = None
    """The file with the site's private key; None: beside SQLite's file, ending in `.key`. Stores in
    memory, on PostgreSQL and on DynamoDB have no such file unless it is named here."""
    search_folder: str | None = None
    """The folder of the index for searching, which may be deleted; None: beside SQLite's file,
    ending in `.search`, or a temporary one where the store has no file."""
    webhook_allow: tuple[str, ...] = ()
    """Addresses or networks that webhooks may reach though not public, and at any port."""
    workers: int = 1
    """How many processes serve requests, on the same port."""
    work: str = "on"
    """Where a server's subscriptions are read: `here`, in its process; `beside`, in one beside it;
    `off`, by `gatherlog work` alone. `on` is `beside` where there is more than one core."""
    unbuilt_views: str = "build"
    """What becomes of views that a newer release has changed when a process of the site starts:
    `build` builds them in the background, `leave` leaves them, and `refuse` refuses to start."""
    language: str = "en"
    """The language of pages and letters: `en`, or one whose catalogue is installed."""
    currency: str | None = None
    """The currency of all prices, such as `EUR`; None: pages show numbers alone."""
    everybody_organises: bool = False
    """Whether every account is an organiser of things to do, without being given the role."""
    rate_limits: str = ""
    """`off`, or limits like `sign_in=20/minute,rsvp=off`; limits not named keep their defaults."""
    quotas: str = ""
    """`off`, or quotas like `gatherings=200,guests=off`; those not named keep their defaults."""
    cache: str = "off"
    """Where first pages of conversations are kept: `off`, `memory` for each process by itself, or
    `valkey://[name:password@]host[:port][/number]`, `redis://…` or `unix:///socket` for several."""
    intake_types: str | None = None
    """The form of the types of records, a regular expression; None: as EVENT_EXAMPLE."""
    intake_queues: tuple[str, ...] = ()
    """Durable queues whose messages are records, as `orders` or `orders=shop`: the log is `intake`
    unless it is named."""
    introspection: bool = False
    """Whether the GraphQL APIs tell their schemas; a demo does in any case."""
    demo: bool = False

    def __repr__(self) -> str:
        """Without secrets, because settings may be logged."""
        return f"Settings(store={self.address.shown!r}, host={self.host!r}, port={self.port}, …)"

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        *,
        store: str | None = None,
        host: str | None = None,
        port: int | None = None,
        workers: int | None = None,
        public_url: str | None = None,
        demo: bool | None = None,
    ) -> "Settings":
        """Settings from flags; those not given from variables such as `GATHERLOG_STORE`.

        Raises Invalid, which names every variable or flag with an invalid value.
        """
        flags = {
            "store": store,
            "host": host,
            "port": port,
            "workers": workers,
            "public_url": public_url,
            "demo": demo,
        }
        given = {name: value for name, value in flags.items() if value is not None}
        settings = cls(**{**_variables(environ), **given})
        flaws = settings._flaws()
        if flaws:
            raise Invalid(*flaws)
        return settings

    @property
    def address(self) -> StoreAddress:
        """The address of the store, taken apart."""
        return read_address(self.store)

    @property
    def key_path(self) -> Path | None:
        """The file of the site's private key; None where the settings name none."""
        if self.key_file is not None:
            return Path(self.key_file)
        file = self.address.file
        return None if file is None else file.with_name(f"{file.name}.key")

    @property
    def search_path(self) -> Path | None:
        """The folder of the index for searching; None: a temporary one."""
        if self.search_folder is not None:
            return Path(self.search_folder)
        file = self.address.file
        return None if file is None else file.with_name(f"{file.name}.search")

    @property
    def intake_logs(self) -> Mapping[str, str]:
        """The log that the records of each queue of `intake_queues` are taken into."""
        pairs = (text.partition("=") for text in self.intake_queues)
        return {queue: log or "intake" for queue, _, log in pairs}

    @property
    def works_here(self) -> bool:
        """Whether this process reads subscriptions."""
        return self.work in ("on", "here")

    @property
    def base_url(self) -> str:
        """The URL that links to this server begin with, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_https(self) -> bool:
        """Whether the URL at which guests reach this server is one of HTTPS."""
        return urlsplit(self.base_url).scheme == "https"

    def _flaws(self) -> list[Flaw]:
        flaws = []
        try:
            read_address(self.store)
        except NotAStore as error:
            flaws.append(Flaw("/store", str(error)))
        if not self.host:
            flaws.append(Flaw("/host", "may not be empty"))
        if not 0 <= self.port <= 65535:
            flaws.append(Flaw("/port", f"{self.port} is not between 0 and 65535"))
        flaws.extend(self._flaws_of_processes())
        if self.public_url is not None and not _is_origin(self.public_url):
            flaws.append(Flaw("/public_url", f"{self.public_url!r} is not like https://host"))
        if self.smtp_url is not None and not _is_smtp(self.smtp_url):
            flaws.append(Flaw("/smtp_url", "is not like smtp://name:password@host:port"))
        if self.mail_from is not None:
            flaws.extend(_flaws_of_sender(self.mail_from))
        if self.contact is not None and not _is_mail_address(self.contact):
            flaws.append(Flaw("/contact", "is not an email address like office@example.org"))
        flaws.extend(_flaws_of_language(self.language))
        if self.currency is not None and not _is_currency(self.currency):
            flaws.append(Flaw("/currency", "is not a code of ISO 4217 like EUR"))
        flaws.extend(check_cache(self.cache))
        if self.intake_types is not None and not _is_pattern(self.intake_types):
            flaws.append(Flaw("/intake_types", "is not a regular expression like [A-Z_]+"))
        flaws.extend(_flaws_of_queues(self.intake_queues, self.intake_logs))
        for network in self.webhook_allow:
            if not _is_network(network):
                flaws.append(Flaw("/webhook_allow", f"{network!r} is not like 10.1.0.0/16"))
        if self.smtp_url is not None and self.mail_from is None:
            flaws.append(Flaw("/mail_from", "is needed where there is an SMTP server"))
        return flaws

    def _flaws_of_processes(self) -> list[Flaw]:
        if self.work not in PLACES:
            return [Flaw("/work", f"{self.work!r} is not one of {', '.join(PLACES)}")]
        if not 1 <= self.workers <= MOST_WORKERS:
            return [Flaw("/workers", f"{self.workers} is not between 1 and {MOST_WORKERS}")]
        return []


def _flaws_of_language(tag: str) -> list[Flaw]:
    known = [ENGLISH.tag, *translations(LOCALE)]
    return [] if tag in known else [Flaw("/language", f"{tag!r} is not one of {', '.join(known)}")]


def _variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that environment variables give; an empty variable counts as unset."""
    return {
        name: read(text)
        for name, read in _READERS.items()
        if (text := environ.get(PREFIX + name.upper(), ""))
    }


def _number(name: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise Invalid(Flaw(f"/{name}", f"{text!r} is not a number")) from None

    return read


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _switch(name: str) -> Callable[[str], bool]:
    def read(text: str) -> bool:
        if text not in ("on", "off"):
            raise Invalid(Flaw(f"/{name}", f"{text!r} is neither on nor off"))
        return text == "on"

    return read


def _unbuilt_views(text: str) -> str:
    if text not in ("build", "leave", "refuse"):
        raise Invalid(Flaw("/unbuilt_views", f"{text!r} is neither build, leave nor refuse"))
    return text


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
    except ValueError:
        return False


def _is_smtp(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("smtp", "smtps")
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.path.strip("/")
        )
    except ValueError:
        return False


def _flaws_of_sender(text: str) -> list[Flaw]:
    try:
        MailSender.from_text(text)
    except Invalid as invalid:
        return list(invalid.flaws)
    return []


def _is_mail_address(text: str) -> bool:
    try:
        parsed(text)
    except Invalid:
        return False
    return text == text.strip()


def _flaws_of_queues(queues: Sequence[str], logs: Mapping[str, str]) -> list[Flaw]:
    if len(logs) < len(queues):
        return [Flaw("/intake_queues", "names a queue twice; its records go into one log")]
    for queue, log in logs.items():
        try:
            check_queue(queue)
        except Invalid:
            return [Flaw("/intake_queues", f"{queue!r} is not a name of a queue")]
        if not re.fullmatch(LOG, log):
            return [Flaw("/intake_queues", f"{log!r} is not a name of a log")]
    return []


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _is_currency(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()


def _pem(text: str) -> str:
    """PEM from a variable, in which the two characters `\\n` may stand for a line end."""
    return text.replace("\\n", "\n")


_READERS: Mapping[str, Callable[[str], object]] = {
    "store": str,
    "host": str,
    "port": _number("port"),
    "workers": _number("workers"),
    "public_url": str,
    "trusted_proxies": _listed,
    "webhook_allow": _listed,
    "work": str,
    "unbuilt_views": _unbuilt_views,
    "introspection": _switch("introspection"),
    "intake_types": str,
    "intake_queues": _listed,
    "everybody_organises": _switch("everybody_organises"),
    "smtp_url": str,
    "mail_from": str,
    "contact": str,
    "language": str,
    "currency": str,
    "jwt_key": _pem,
    "key_file": str,
    "search_folder": str,
    "rate_limits": str,
    "quotas": str,
    "cache": str,
}
