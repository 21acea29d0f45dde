"""Which cache a setting names."""

from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatherlog.caches.memory import MemoryCache
from gatherlog.core.eventstore.errors import Flaw, Invalid

if TYPE_CHECKING:
    from gatherlog.caches.careful import CarefulCache, Digest

__all__ = ["check_cache", "open_cache"]

_SERVERS = {"valkey": "valkey", "valkeys": "valkeys", "redis": "valkey", "rediss": "valkeys"}
"""Schemes of addresses, and how the driver writes them."""
_WRONG = "is not off, memory, valkey://[name:password@]host[:port][/number] or unix:///socket"


def check_cache(setting: str) -> list[Flaw]:
    """What is wrong with a setting; it is not shown, because it may have a password in it."""
    if setting in ("off", "memory"):
        return []
    if not _is_address(setting):
        return [Flaw("/cache", _WRONG)]
    return []


def open_cache(setting: str, digest: "Digest") -> "MemoryCache | CarefulCache | None":
    """The cache that a checked setting names; None if it is off. It connects when it is asked.

    `digest` seals what is kept outside this process. Raises Invalid if the driver is missing.
    """
    if setting == "off":
        return None
    if setting == "memory":
        return MemoryCache()
    if find_spec("valkey") is None:
        raise Invalid(Flaw("/cache", "needs a driver: pip install 'gatherlog[valkey]'"))
    from gatherlog.caches.careful import CarefulCache
    from gatherlog.caches.valkey import ValkeyServer

    scheme, _, place = setting.partition("://")
    url = f"{_SERVERS.get(scheme, scheme)}://{place}"
    return CarefulCache(ValkeyServer(url), digest)


def _is_address(setting: str) -> bool:
    try:
        parts = urlsplit(setting)
        if parts.query or parts.fragment:
            return False
        if parts.scheme == "unix":
            return not parts.netloc and len(parts.path) > 1
        number = parts.path.removeprefix("/")
        return (
            parts.scheme in _SERVERS
            and bool(parts.hostname)
            and parts.port != 0
            and (not number or (number.isascii() and number.isdigit() and len(number) < 4))
        )
    except ValueError:
        return False
