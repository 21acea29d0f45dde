"""Which addresses webhooks may connect to: public ones, and those that the operator allows.

At public addresses only the ports that web servers use: other services there must not get what a
rule makes this server write to them.

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

__all__ = [
    "WEB_PORTS",
    "Address",
    "Network",
    "Resolve",
    "is_public",
    "never_permitted",
    "permitted",
    "system_resolver",
]

WEB_PORTS: Final = frozenset({80, 443, 8080, 8443})
"""Ports of public addresses that webhooks may connect to."""

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
    """The addresses of `host` that may be connected to: public ones at WEB_PORTS, and whatever is
    in a network of `allow`.

    An IPv6 address that contains an IPv4 address is checked as an IPv6 address. Raises
    DeliveryFailed if the name has no address, or none that is permitted.
    """
    try:
        found = [ip_address(text) for text in await resolve(host, port)]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DeliveryFailed("unresolved", f"the name {host} has no address: {reason}") from error
    good = [address for address in found if _is_permitted(address, port, allow)]
    if not good:
        refused = "address_refused", _refusal(host, port, found)
        raise DeliveryFailed(*refused, final=[host] == [str(address) for address in found])
    return good


def never_permitted(host: str, port: int, allow: Sequence[Network]) -> str:
    """Why no lookup of `host` could give an address that is permitted; empty if one could.

    So a URL can be refused before anything is sent to it. A name may lead anywhere, also into a
    network of `allow`, which its lookup will show.
    """
    if found := _spelt_out(host):
        fits = any(_is_permitted(address, port, allow) for address in found)
    else:
        fits = port in WEB_PORTS or bool(allow)
    return "" if fits else _refusal(host, port, found)


def _is_permitted(address: Address, port: int, allow: Sequence[Network]) -> bool:
    return _in(allow, address) or (is_public(address) and port in WEB_PORTS)


def _refusal(host: str, port: int, found: Sequence[Address]) -> str:
    if port not in WEB_PORTS and all(map(is_public, found)):
        ports = ", ".join(map(str, sorted(WEB_PORTS)))
        reason = f"port {port} of {host} is none of {ports}"
        return f"{reason}, nor in a network named by GATHERLOG_WEBHOOK_ALLOW"
    shown = ", ".join(map(str, found)) or "nothing"
    where = host if shown == host else f"{host} leads to {shown}, which"
    return f"{where} is not public, nor in a network named by GATHERLOG_WEBHOOK_ALLOW"


def _spelt_out(host: str) -> list[Address]:
    """The addresses that a host is without a lookup: of `127.1`, `0x7f.1`, `::1` and `localhost`.

    Resolvers read an IPv4 address in each form that inet_aton(3) takes.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return [IPv4Address("127.0.0.1"), IPv6Address("::1")]
    try:
        return [IPv6Address(host) if ":" in host else IPv4Address(socket.inet_aton(host))]
    except (OSError, ValueError):
        return []


def _in(networks: Sequence[Network], address: Address) -> bool:
    return any(address in network for network in networks)
