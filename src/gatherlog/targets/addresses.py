"""Which addresses webhooks may connect to: public ones, and those that the operator allows.

The author of a rule chooses the URL, and this server may be in a network with other machines of
its owner. Without this check, a rule could send requests to all of them.
"""

import asyncio
import functools
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from gatherlog.core.subscriptions.delivery import DeliveryFailed

__all__ = ["Address", "Network", "Resolve", "is_public", "permitted", "system_resolver"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host and port, best first; OSError if there are none."""

_SPECIAL_IPV4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 is this machine
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a provider's customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, with the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
"""All addresses that are routed. Loopback, link-local, unique local, multicast, IPv4-mapped and
NAT64 addresses are outside."""
_SPECIAL_IPV6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, with Teredo, which holds an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)


def is_public(address: Address) -> bool:
    """Whether the address is routed on the internet and does not contain another address.

    The networks above are those of IANA's registries. `ipaddress.is_private` is not used, because
    it differs between versions of Python.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    return address in _GLOBAL_IPV6 and not any(address in network for network in _SPECIAL_IPV6)


_RESOLVER_THREADS: Final = ThreadPoolExecutor(16, "gatherlog-names")
"""A pool of its own, so that a lookup that hangs delays nothing but other lookups."""
_lookups: dict[tuple[str, int], "Future[Any]"] = {}


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the system finds, in the order of RFC 6724.

    Callers that ask for the same name at the same time share one lookup.
    """
    lookup = _lookups.get((host, port))
    if lookup is None or lookup.done():
        resolve = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        lookup = _lookups[host, port] = _RESOLVER_THREADS.submit(resolve)
        lookup.add_done_callback(lambda done: _lookups.pop((host, port), None))
    found = await asyncio.shield(asyncio.wrap_future(lookup))
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def permitted(
    host: str, port: int, *, allow: Sequence[Network], resolve: Resolve = system_resolver
) -> list[Address]:
    """The addresses of `host` that may be connected to: public, or in a network of `allow`.

    An IPv6 address that contains an IPv4 address is checked as an IPv6 address. Raises
    DeliveryFailed if the name has no address, or none that is permitted.
    """
    try:
        found = [ip_address(text) for text in await resolve(host, port)]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DeliveryFailed("unresolved", f"the name {host} has no address: {reason}") from error
    good = [address for address in found if is_public(address) or _in(allow, address)]
    if not good:
        shown = ", ".join(map(str, found)) or "nothing"
        raise DeliveryFailed(
            "address_refused",
            f"{host} is {shown}: not public, nor named by GATHERLOG_WEBHOOK_ALLOW",
            final=[host] == [str(address) for address in found],
        )
    return good


def _in(networks: Sequence[Network], address: Address) -> bool:
    return any(address in network for network in networks)
