"""Where a store is on a PostgreSQL server, as its address tells it; nothing is opened here."""

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from gatherlog.core.eventstore.errors import NotAStore

__all__ = ["Place", "read_place", "without_password"]

SCHEME: Final = "postgresql"
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
    except ValueError as error:
        raise NotAStore(f"{shown!r} is not an address of a database: {error}") from None
    if parts.fragment:
        raise NotAStore(f"{shown!r}: write # as %23 in the address of a database")
    for name, _ in given:
        if name not in _PARAMETERS:
            raise NotAStore(
                f"{name!r} is not a parameter of the address of a database; there are"
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
    """An address as it may be shown, also if it is no good one."""
    if not url.startswith(SCHEME + ":"):
        return url
    url = re.sub(r"(://[^/?#@:]*):[^/?#]*@", r"\1:…@", url)
    return re.sub(rf"\b({'|'.join(_SECRET)})=[^&#]*", rf"\1={quote('…', safe='…')}", url)
