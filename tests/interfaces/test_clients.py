"""The address of a client is never one that an untrusted client could have sent."""

from typing import Any

import pytest

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.interfaces.clients import MOST_HOPS, ClientAddresses

PROXIES = ("10.0.0.0/8", "2001:db8::1", "192.0.2.7")


def _client(peer: str | None, *forwarded: str, trusted: tuple[str, ...] = PROXIES) -> str:
    lines = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    scope: dict[str, Any] = {"client": peer and (peer, 1234), "headers": lines}
    return ClientAddresses(trusted).client(scope)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", ["203.0.113.9"], "198.51.100.1"),
        ("10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", ["6.6.6.6, 203.0.113.9, 10.9.9.9"], "203.0.113.9"),
        ("10.1.2.3", ["6.6.6.6", "203.0.113.9", "10.9.9.9"], "203.0.113.9"),
        ("10.1.2.3", ["203.0.113.9, nonsense"], "10.1.2.3"),
        ("10.1.2.3", ["nonsense, 10.9.9.9"], "10.9.9.9"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.1.2.3", ['"[2001:db8:1:2:3::4]:4711"'], "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
        ("2001:db8::1", ["203.0.113.9"], "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        (None, ["203.0.113.9"], "unknown"),
        ("testclient", ["203.0.113.9"], "unknown"),
    ],
)
def test_the_client_is_the_address_that_the_last_trusted_proxy_names(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert _client(peer, *forwarded) == client


def test_no_proxy_is_trusted_by_default() -> None:
    assert _client("127.0.0.1", "203.0.113.9", trusted=()) == "127.0.0.1"


def test_only_so_many_hops_are_followed() -> None:
    assert _client("10.1.2.3", "203.0.113.9," + ",".join(["10.0.0.1"] * MOST_HOPS)) == "10.0.0.1"


@pytest.mark.parametrize("text", ["*", "localhost", "10.0.0.0/33", ""])
def test_a_proxy_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        ClientAddresses((text,))

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/trusted_proxies"]
