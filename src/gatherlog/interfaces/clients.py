"""The client's address; X-Forwarded-For is believed only where a trusted proxy sent it."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["ClientAddresses"]

MOST_HOPS: Final = 32
"""Entries of X-Forwarded-For that are looked at, from the right."""
_NETWORK: Final = 64
"""Bits of an IPv6 address that identify a client; a client has all addresses below them."""


class ClientAddresses:
    """Identifies clients by address.

    `trusted` are addresses or networks (`10.0.0.0/8`) of proxies; Invalid where one is neither.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = tuple(_network(text) for text in trusted)

    def client(self, scope: Mapping[str, Any]) -> str:
        """The address that a request came from, or, for IPv6, its /64 network; else `unknown`.

        It is the peer of the connection. If that is a trusted proxy, it is the last address of
        X-Forwarded-For; if that one is trusted, the address before it, and so on. Addresses further
        left are not believed, because any client may send that header.
        """
        address = _address(scope["client"][0]) if scope.get("client") else None
        if address is None:
            return "unknown"
        for text in reversed(self._forwarded(scope)[-MOST_HOPS:]):
            named = _address(text) if self._trusts(address) else None
            if named is None:
                break
            address = named
        if isinstance(address, IPv6Address):
            return str(ip_network((address, _NETWORK), strict=False))
        return str(address)

    def trusts(self, address: str) -> bool:
        """Whether this is the address of a trusted proxy."""
        known = _address(address)
        return known is not None and self._trusts(known)

    def _forwarded(self, scope: Mapping[str, Any]) -> list[str]:
        lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        return b",".join(lines).decode("latin-1").split(",") if lines else []

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise Invalid(Flaw("/trusted_proxies", f"{text!r} is not an address or network")) from None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it, with or without a port; None for anything else."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
