"""No webhook reaches an address that is not public, unless the operator allows it."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.targets.addresses import Resolve, is_public, never_permitted, permitted
from tests.targets.webhook_receiver import (
    LOOPBACK,
    TAKEN,
    answering,
    delivery,
    failure_of,
    receiving,
    target_at,
)

PUBLIC = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "223.255.255.255"]
PUBLIC_IPV6 = ["2606:4700::1111", "2a00:1450:4001::200e", "2001:200::1"]
NOT_PUBLIC = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "this network",
    "10.1.2.3": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "a provider's own",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.169.254": "metadata of a cloud",
    "192.0.0.8": "protocol assignment",
    "192.0.2.1": "documentation",
    "198.18.0.1": "benchmark",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::10.0.0.1": "IPv4-compatible",
    "::ffff:10.0.0.1": "IPv4-mapped",
    "::ffff:1.1.1.1": "IPv4-mapped",
    "64:ff9b::a00:1": "NAT64",
    "64:ff9b:1::a00:1": "NAT64",
    "100::1": "discard",
    "2001::1": "Teredo",
    "2001:db8::1": "documentation",
    "2002:a00:1::1": "6to4",
    "3fff::1": "documentation",
    "fc00::1": "unique local",
    "fd00:ec2::254": "metadata of a cloud",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
}


def knowing(*answers: Sequence[str]) -> Resolve:
    """A resolver that gives these answers, one after the other, and then always the last."""
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def ignorant(host: str, port: int) -> Sequence[str]:
    raise OSError(-2, "Name or service not known")


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_IPV6)
def test_what_is_routed_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_routed_or_hides_another_address_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_a_name_that_leads_to_such_an_address_is_refused(address: str) -> None:
    with pytest.raises(DeliveryFailed) as refused:
        await permitted("hooks.example", 80, allow=(), resolve=knowing([address]))

    assert (refused.value.kind, refused.value.final) == ("address_refused", False)
    assert str(refused.value) == (
        f"hooks.example leads to {ip_address(address)}, which is not public, nor in a network "
        "named by GATHERLOG_WEBHOOK_ALLOW"
    )


async def test_of_several_addresses_only_those_that_are_permitted_are_used() -> None:
    resolve = knowing(["10.0.0.1", "1.1.1.1", "::1", "10.0.0.2", "2606:4700::1111"])

    found = await permitted("a.example", 80, allow=[ip_network("10.0.0.2/32")], resolve=resolve)

    assert list(map(str, found)) == ["1.1.1.1", "10.0.0.2", "2606:4700::1111"]


async def test_an_ipv6_address_that_contains_an_ipv4_address_is_checked_as_ipv6() -> None:
    resolve = knowing(["::ffff:10.0.0.1"])

    with pytest.raises(DeliveryFailed):
        await permitted("a.example", 80, allow=[ip_network("10.0.0.0/8")], resolve=resolve)
    found = await permitted(
        "a.example", 80, allow=[ip_network("::ffff:10.0.0.0/104")], resolve=resolve
    )

    assert found == [ip_address("::ffff:10.0.0.1")]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "127.1", "2130706433", "0x7f.1", "0", "localhost", "[::ffff:127.0.0.1]"],
)
async def test_this_machine_is_not_reached_however_it_is_spelt(host: str) -> None:
    async with (
        receiving(answering(TAKEN)) as receiver,
        target_at(f"http://{host}:{receiver.port}/", allow=()) as target,
    ):
        failed = await failure_of(target)

    assert failed.kind == "address_refused"
    assert receiver.connections == 0


async def test_a_refused_address_is_final_and_a_refused_name_may_change() -> None:
    async with target_at("http://10.0.0.1/", allow=()) as target:
        assert (await failure_of(target)).final is True
    async with target_at("http://a.example/", allow=(), resolve=knowing(["10.0.0.1"])) as target:
        assert (await failure_of(target)).final is False


async def test_a_name_is_asked_for_once_and_the_connection_goes_where_it_was_checked() -> None:
    """The resolver would give another address when asked a second time (DNS rebinding)."""
    asked: list[tuple[str, int]] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with receiving(answering(TAKEN)) as receiver:
        url = f"http://hooks.example:{receiver.port}/in"
        async with target_at(url, allow=LOOPBACK, resolve=rebinding) as target:
            await target.deliver([delivery(1)])
            await target.deliver([delivery(2)])

    assert asked == [("hooks.example", receiver.port)]
    assert [request.headers["host"] for request in receiver.requests] == [
        f"hooks.example:{receiver.port}"
    ] * 2


async def test_every_new_connection_is_checked() -> None:
    said = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    resolve = knowing(["127.0.0.1"], ["10.0.0.1"])
    async with receiving(answering(said)) as receiver:
        url = f"http://hooks.example:{receiver.port}/in"
        async with target_at(url, allow=LOOPBACK, resolve=resolve) as target:
            await target.deliver([delivery(1)])
            failed = await failure_of(target, delivery(2))

    assert (failed.kind, receiver.connections) == ("address_refused", 1)


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async with receiving(answering(TAKEN)) as receiver:
        url = f"http://hooks.example:{receiver.port}/in"
        resolve = knowing(["127.0.0.2", "127.0.0.1", "::1"])
        async with target_at(url, allow=LOOPBACK, resolve=resolve) as target:
            await target.deliver([delivery()])

    assert len(receiver.requests) == 1


async def test_an_unknown_name_is_retried() -> None:
    async with target_at("https://nobody.example/T0K3N", resolve=ignorant) as target:
        failed = await failure_of(target)

    assert (failed.kind, failed.final) == ("unresolved", False)
    assert str(failed) == "the name nobody.example has no address: Name or service not known"


async def test_a_name_without_any_address_is_refused() -> None:
    async with target_at("https://nobody.example/", resolve=knowing([])) as target:
        assert (await failure_of(target)).kind == "address_refused"


NOWHERE = "not public, nor in a network named by GATHERLOG_WEBHOOK_ALLOW"
PORT_NOT_NAMED = "is none of 80, 443, 8080, 8443, nor in a network named by GATHERLOG_WEBHOOK_ALLOW"


@pytest.mark.parametrize(
    "host",
    [
        *(address for address in NOT_PUBLIC if "%" not in address),
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7F000001",
        "017700000001",
        "0",
        "10.1",
        "0xa9fea9fe",
        "localhost",
        "api.localhost",
    ],
)
@pytest.mark.parametrize("port", [80, 443, 9000])
def test_an_address_that_is_spelt_out_and_not_public_is_known_to_be_refused(
    host: str, port: int
) -> None:
    assert never_permitted(host, port, ()).endswith(NOWHERE)
    assert never_permitted(host, port, [ip_network("192.168.7.7")]).endswith(NOWHERE)
    assert never_permitted(host, port, [ip_network("0.0.0.0/0"), ip_network("::/0")]) == ""


@pytest.mark.parametrize("host", ["1.1.1.1", "2606:4700::1111", "hooks.example", "a.b-c.example"])
def test_what_may_be_public_is_not_refused_beforehand(host: str) -> None:
    assert [never_permitted(host, port, ()) for port in (80, 443, 8080, 8443)] == [""] * 4


@pytest.mark.parametrize("port", [1, 22, 25, 81, 5432, 6379, 9200, 11211, 27017, 65535])
@pytest.mark.parametrize("host", ["1.1.1.1", "2606:4700::1111", "hooks.example"])
async def test_other_services_of_public_addresses_are_not_reached(host: str, port: int) -> None:
    address = "1.1.1.1" if host == "hooks.example" else host

    refused_when_saved = never_permitted(host, port, ())
    with pytest.raises(DeliveryFailed) as refused_when_sent:
        await permitted(host, port, allow=(), resolve=knowing([address]))

    assert refused_when_saved == f"port {port} of {host} {PORT_NOT_NAMED}"
    assert str(refused_when_sent.value) == refused_when_saved


async def test_an_allowed_network_is_reached_at_every_port() -> None:
    allow = [ip_network("1.1.1.0/24")]

    found = await permitted("a.example", 9000, allow=allow, resolve=knowing(["1.1.1.1"]))

    assert list(map(str, found)) == ["1.1.1.1"]
    assert [never_permitted(host, 9000, allow) for host in ("1.1.1.1", "a.example")] == ["", ""]
    assert never_permitted("8.8.8.8", 9000, allow) == f"port 9000 of 8.8.8.8 {PORT_NOT_NAMED}"
