"""What the client and the writer of DynamoDB make of answers that hardly ever come."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import botocore.session
import msgspec
import pytest
from botocore.exceptions import ClientError

from gatherlog.core.eventstore.engine import OutcomeUnknown
from gatherlog.core.eventstore.errors import Busy, NotAStore, StoreFailed
from gatherlog.engines import open_store
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.credentials import CredentialSource
from gatherlog.engines.dynamodb.failures import DynamoError, Reason
from gatherlog.engines.dynamodb.http import Answer, Lost
from gatherlog.engines.dynamodb.keys import ItemKey
from gatherlog.engines.dynamodb.table import Table
from gatherlog.engines.dynamodb.writer import Writer
from gatherlog.engines.dynamodb_address import read_dynamo_place

URL = "dynamodb://party?region=eu-central-1"
EXPIRED = Answer(400, "", "", b'{"__type":"ExpiredTokenException"}')


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "old")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


class Scripted:
    """Connections that answer by a function."""

    def __init__(self, answer: Callable[[bytes], Any]) -> None:
        self._answer = answer

    async def send(self, request: bytes, seconds: float) -> Answer:
        answer: Answer = await self._answer(request)
        return answer


async def client_of(answer: Callable[[bytes], Any]) -> Any:
    client: Any = await Client.of(read_dynamo_place(URL))
    client._connections.close()
    client._connections = Scripted(answer)
    return client


async def test_all_who_were_refused_with_old_credentials_go_on_with_the_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_renewed = asyncio.Event()

    async def answer(request: bytes) -> Answer:
        if b"Credential=old/" not in request:
            is_renewed.set()
            return Answer(200, "", "", b"{}")
        if b"late" in request:
            await is_renewed.wait()
        return EXPIRED

    client = await client_of(answer)
    await client._credentials.current()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "new")

    sent = [client.send("GetItem", body) for body in (b"soon", b"soon", b"late", b"late")]
    assert await asyncio.gather(*sent) == [b"{}"] * 4


async def test_credentials_that_are_gone_for_a_moment_are_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(request: bytes) -> Answer:
        return EXPIRED

    client = await client_of(answer)
    monkeypatch.setattr(botocore.session.Session, "get_credentials", lambda self: None)

    with pytest.raises(Busy, match="credentials"):
        await client.ask("GetItem", {}, dict)


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"),
        RuntimeError("the refreshed credentials are still expired"),
        OSError("no route to host"),
    ],
)
async def test_whatever_hinders_renewing_credentials_is_busy(error: Exception) -> None:
    source: Any = CredentialSource()
    await source.find()

    def fail() -> None:
        raise error

    source._found.get_frozen_credentials = fail
    with pytest.raises(Busy, match="cannot be renewed"):
        await source.current()


async def test_an_answer_of_something_else_is_told() -> None:
    async def answer(request: bytes) -> Answer:
        return Answer(200, "", "", b"<html>")

    client = await client_of(answer)
    with pytest.raises(StoreFailed, match="not an answer of DynamoDB"):
        await client.ask("GetItem", {}, dict)


async def test_no_error_shows_what_was_written() -> None:
    message = "1 validation error detected: Value '[{'B': 'pa55word'}]' at 'transactItems' is long"

    async def answer(request: bytes) -> Answer:
        told = {"__type": "x#ValidationException", "message": message}
        return Answer(400, "", "", msgspec.json.encode(told))

    client = await client_of(answer)
    with pytest.raises(StoreFailed, match="Value at 'transactItems' is long") as failed:
        await client.ask("GetItem", {}, dict)
    assert "pa55word" not in f"{failed.value}{failed.value.__cause__}"


async def test_no_key_is_asked_for_twice_in_a_batch() -> None:
    asked: list[Any] = []

    async def answer(request: bytes) -> Answer:
        asked.extend(
            msgspec.json.decode(request.partition(b"\r\n\r\n")[2])["RequestItems"].values()
        )
        return Answer(200, "", "", b"{}")

    key = ItemKey("d#card#1", "a")
    await Table(await client_of(answer), "party").get([key, key])

    assert [one["Keys"] for one in asked] == [[key.attributes]]


class Planned:
    """A transaction that is sent as it is."""

    counts: Final = {0: 1}

    def actions(self, table: str, heads: object) -> list[Any]:
        return []


class Refusing:
    """A client with one answer after another."""

    def __init__(self, *answers: Exception) -> None:
        self._answers = list(answers)

    async def send(self, operation: str, body: bytes) -> bytes:
        raise self._answers.pop(0)


def writer_of(*answers: Exception) -> Any:
    client: Any = Refusing(*answers)
    return Writer(client, "party", (0,))


def canceled(*codes: str) -> DynamoError:
    return DynamoError("TransactionCanceledException", "", [Reason(code) for code in codes])


async def test_what_a_refusal_means_is_unknown_once_the_token_may_be_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that was stopped meanwhile sends its request to a service that knows no token."""
    writer = writer_of(Lost("no answer"), canceled("ConditionalCheckFailed", "None"))
    with pytest.raises(OutcomeUnknown) as unknown:
        await writer.write(Planned())
    later = time.time() + 700
    monkeypatch.setattr(time, "time", lambda: later)

    with pytest.raises(StoreFailed, match="10 minutes"):
        await writer.happened(unknown.value)


async def test_a_transaction_that_the_service_can_never_carry_out_is_told() -> None:
    writer = writer_of(*[canceled("None", "ValidationError")] * 8)

    with pytest.raises(StoreFailed, match="ValidationError"):
        await writer.write(Planned())


@pytest.mark.parametrize(
    "part",
    [
        "endpoint=http://a..b:80",
        "endpoint=http://a b",
        "endpoint=http://host:0",
        "endpoint=http://host:70000",
        "endpoint=http://[::1",
        "endpoint=ftp://host",
        "endpoint=http://host/path",
        "endpoint=http://me:pa55word@host",
        "partitions=" + "9" * 5000,
    ],
)
async def test_an_address_that_cannot_be_is_refused_without_a_secret(part: str) -> None:
    with pytest.raises(NotAStore) as refused:
        await open_store(f"{URL}&{part}")
    assert "pa55word" not in str(refused.value)


async def test_an_endpoint_may_be_an_address_of_version_6() -> None:
    place = read_dynamo_place(f"{URL}&endpoint=http://[::1]:8000")
    client: Any = await Client.of(place)

    assert (client._connections._host, client._connections._port) == ("::1", 8000)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "dynamodb.eu-central-1.amazonaws.com"),
        ("cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "dynamodb.us-gov-west-1.amazonaws.com"),
    ],
)
async def test_the_endpoint_of_a_region_is_known(region: str, host: str) -> None:
    client: Any = await Client.of(read_dynamo_place(f"dynamodb://party?region={region}"))

    assert client._host == host
    with pytest.raises(NotAStore, match="not a region"):
        await Client.of(read_dynamo_place("dynamodb://party?region=nowhere"))
