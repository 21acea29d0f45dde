"""TLS uses the name of the URL, and a certificate for another name ends the attempt."""

import asyncio
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.x509 import DNSName, IPAddress

from tests.targets.certificates import Authority
from tests.targets.test_webhook_addresses import knowing
from tests.targets.webhook_receiver import (
    TAKEN,
    answering,
    delivery,
    failure_of,
    receiving,
    sending,
    serving,
    target_at,
)

HOST = "hooks.example"
TO_US = knowing(["127.0.0.1"])


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def named(tls: ssl.SSLContext) -> list[str]:
    """The names that clients ask `tls` for, in order."""
    names: list[str] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    return names


async def test_the_server_is_asked_for_by_name_at_the_address_that_was_checked(
    authority: Authority, tmp_path: Path
) -> None:
    tls = authority.server(tmp_path, DNSName(HOST))
    names = named(tls)
    async with (
        receiving(answering(TAKEN), tls=tls) as receiver,
        target_at(
            f"https://{HOST}:{receiver.port}/in", tls=authority.client(), resolve=TO_US
        ) as target,
    ):
        await target.deliver([delivery(1)])
        await target.deliver([delivery(2)])

    assert names == [HOST]
    assert [request.headers["host"] for request in receiver.requests] == [
        f"{HOST}:{receiver.port}"
    ] * 2


async def test_a_certificate_may_be_for_an_address(authority: Authority, tmp_path: Path) -> None:
    tls = authority.server(tmp_path, IPAddress(ip_address("127.0.0.1")))
    async with sending(answering(TAKEN), receiver_tls=tls, tls=authority.client()) as (
        receiver,
        target,
    ):
        await target.deliver([delivery()])

    assert len(receiver.requests) == 1


async def refusal(port: int, tls: ssl.SSLContext | None) -> str:
    async with target_at(f"https://{HOST}:{port}/T0K3N?k=s3cret", tls=tls, resolve=TO_US) as target:
        failed = await failure_of(target)
    assert (failed.kind, failed.final) == ("tls", False)
    return str(failed).removeprefix(f"https://{HOST}:{port}: ")


async def test_a_certificate_for_another_name_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    tls = authority.server(tmp_path, DNSName("other.example"))
    async with receiving(answering(TAKEN), tls=tls) as receiver:
        said = await refusal(receiver.port, authority.client())

    assert said == (
        "its certificate is not accepted: Hostname mismatch, "
        "certificate is not valid for 'hooks.example'."
    )


async def test_a_certificate_of_an_unknown_authority_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    tls = authority.server(tmp_path, DNSName(HOST))
    async with receiving(answering(TAKEN), tls=tls) as receiver:
        by_another = await refusal(receiver.port, Authority().client())
        by_the_system = await refusal(receiver.port, None)

    for said in (by_another, by_the_system):
        assert said.startswith("its certificate is not accepted: ")
    assert receiver.requests == []


async def test_a_server_that_speaks_no_tls_is_a_failure(authority: Authority) -> None:
    async def plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(plainly) as (_, port):
        assert await refusal(port, authority.client()) == "no TLS: WRONG_VERSION_NUMBER"


async def test_a_server_that_never_answers_to_tls_is_a_timeout(authority: Authority) -> None:
    async def silently(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silently) as (_, port):
        url = f"https://{HOST}:{port}/"
        async with target_at(url, tls=authority.client(), resolve=TO_US, timeout=0.2) as target:
            assert (await failure_of(target)).kind == "timeout"
