"""URLs of webhooks: which ones are refused, and the parts that a request needs."""

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["Endpoint", "check_url", "endpoint"]

LONGEST: Final = 2048

_NO_HOST: Final = "has no host, or a malformed host or port"
_NETLOC: Final = re.compile(
    r"(?P<name>[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[(?P<ipv6>[0-9a-f:.]+)\])(:(?P<port>[0-9]{0,5}))?"
)
"""Stricter than `urlsplit`, which accepts invalid hosts, and other ones in each Python version."""


class Endpoint(msgspec.Struct, frozen=True):
    """Where requests of a webhook are sent."""

    scheme: str
    host: str
    """A name in lower case, or an address without brackets."""
    port: int
    target: str
    """Path and query."""
    authority: str
    """Host and port as the Host header has them."""

    @property
    def origin(self) -> str:
        """The part of the URL that may be shown; path and query often hold a token."""
        return f"{self.scheme}://{self.authority}"


def check_url(url: str) -> None:
    """Raise Invalid unless the URL is http or https, has a host, and no credentials or fragment.

    Whether the host's addresses are permitted is another question; see `addresses`.
    """
    endpoint(url)


def endpoint(url: str) -> Endpoint:
    """The parts of a webhook's URL. Raises as `check_url`."""
    if len(url) > LONGEST:
        raise _refused(f"longer than {LONGEST:,} characters")
    if not re.fullmatch(r"[!-~]+", url):
        raise _refused("only printable ASCII, no spaces: percent-encode the rest, xn-- for names")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _refused(_NO_HOST) from None
    if parts.scheme not in ("http", "https"):
        raise _refused("begins with neither https:// nor http://")
    if "@" in parts.netloc:
        raise _refused("holds a user name or password; signatures say who sends")
    if "#" in url:
        raise _refused("ends in a fragment, which is never sent")
    return _parts(parts)


def _parts(parts: SplitResult) -> Endpoint:
    found = _NETLOC.fullmatch(parts.netloc.lower())
    usual = 443 if parts.scheme == "https" else 80
    port = int((found and found["port"]) or usual)
    if not found or not 0 < port < 65_536 or (found["ipv6"] and not _is_ipv6(found["ipv6"])):
        raise _refused(_NO_HOST)
    return Endpoint(
        scheme=parts.scheme,
        host=found["ipv6"] or found["name"],
        port=port,
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        authority=found["name"] if port == usual else f"{found['name']}:{port}",
    )


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _refused(detail: str) -> Invalid:
    return Invalid(Flaw("/url", detail))
