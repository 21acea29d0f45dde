"""Where a store is on a PostgreSQL server, as its address tells it; nothing is opened here."""

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from gatherlog.core.eventstore.errors import NotAStore

__all__ = ["Place", "read_place", "without_password"]

_WITHOUT_PASSWORDS: Final = ("sqlite", "memory", "hostile")
"""What the addresses begin with in which nothing is secret."""
DEFAULT_SCHEMA: Final = "gatherlog"
_SCHEMA: Final = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_SECRET: Final = ("password", "sslpassword")
"""Parameters of an address that nobody may see."""
_PARAMETERS: Final = frozenset(
    {
        *("host", "port", "user", "dbname", "passfile", "service", "application_name"),
        *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslnegotiation"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version"),
        *("target_session_attrs", "krbsrvname", "gsslib", "schema"),
        *_SECRET,
    }
)
"""What an address may have after its question mark: libpq's names, and the schema of the store."""
_QUERY: Final = re.compile(rf"\?({'|'.join(sorted(_PARAMETERS))})=")
_GIVEN: Final = re.compile(r"([?&][^=&]*=)[^&]*")
_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")
_NO_PORT: Final = re.compile(r"^(/*[^:/\[,]*):(?!\d*([,/]|$)).*", re.DOTALL)
_ADVICE: Final = "in a user or password, write : / ? # @ % as %3A %2F %3F %23 %40 %25"
_FILES: Final = ("passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl")


class Place(NamedTuple):
    """A database, as the driver is told of it, and the schema in it that holds the store."""

    dsn: str
    schema: str
    shown: str
    """The address as it may be shown: without its password."""

    @property
    def files(self) -> list[str]:
        """The files that the address names."""
        given = parse_qsl(urlsplit(self.dsn).query)
        return [value for name, value in given if name in _FILES and value != "system"]


def read_place(url: str) -> Place:
    """The parts of an address `postgresql://…`, in which `schema=` may name the schema.

    All other parameters are those of libpq. Raises NotAStore if it cannot be such an address.
    """
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:  # its text may quote a part of a password
        raise NotAStore(f"{shown!r} is not an address of a database; {_ADVICE}") from None
    if parts.fragment:
        raise NotAStore(f"{shown!r}: write # as %23 in the address of a database")
    if not all(map(_HOST.fullmatch, parts.netloc.rpartition("@")[2].split(","))):
        raise NotAStore(f"{shown!r} does not name hosts with ports; {_ADVICE}")
    for name, _ in given:
        if name not in _PARAMETERS:
            what = repr(name) if name.isidentifier() else f"what {shown!r} has after its ?"
            raise NotAStore(
                f"{what} is not a parameter of the address of a database; there are"
                f" {', '.join(sorted(_PARAMETERS))}"
            )
    schema = dict(given).get("schema", DEFAULT_SCHEMA)
    if not _SCHEMA.fullmatch(schema):
        raise NotAStore(
            f"{schema!r} is not a name for the schema of a store: small letters, digits and _, at"
            " most 63, and not pg_… at its beginning"
        )
    rest = urlencode([(name, value) for name, value in given if name != "schema"], safe="/")
    return Place(urlunsplit(parts._replace(query=rest)), schema, shown)


def without_password(url: str) -> str:
    """An address as it may be shown, also if it is no good one: rather less than there is."""
    engine, colon, rest = url.partition(":")
    if not colon or engine in _WITHOUT_PASSWORDS:
        return url
    query = _QUERY.search(rest)
    end = len(rest) if query is None else query.start()
    who, at, where = rest[:end].rpartition("@")  # the last: a password may hold whatever it likes
    who = re.sub(r"^(/*[^:]*):.*", r"\1:…", who, flags=re.DOTALL)
    where = where if at else _NO_PORT.sub(r"\1:…", where)
    return engine + colon + _GIVEN.sub(_hidden, who + at + where + rest[end:])


def _hidden(found: "re.Match[str]") -> str:
    is_secret = any(f"{name}=" in unquote(found[0]).casefold() for name in _SECRET)
    return found[1] + quote("…", safe="…") if is_secret else found[0]
