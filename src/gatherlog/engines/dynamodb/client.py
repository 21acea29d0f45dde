"""Calls of DynamoDB: signed, sent, answered or tried again.

It has no driver: a request is JSON over HTTP, and boto3 takes several times the processor time that
a commit needs (docs/decisions/0101-dynamodb-client.md).
"""

import re
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from zlib import crc32

import msgspec

from gatherlog.core.eventstore.errors import Busy, StoreFailed
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.engines.dynamodb.credentials import CredentialSource
from gatherlog.engines.dynamodb.failures import (
    DynamoError,
    Reason,
    is_for_later,
    is_renewable,
    is_skewed,
    translate,
)
from gatherlog.engines.dynamodb.http import Answer, Connections, Lost
from gatherlog.engines.dynamodb.signing import Credentials, signed_head
from gatherlog.engines.dynamodb_address import DynamoPlace

__all__ = ["Client", "Request"]

T = TypeVar("T")
Request = Mapping[str, Any]

SECONDS: Final = 2.0
"""An answer that does not come within these seconds is taken to be lost."""

_QUOTED: Final = re.compile(r"\bValue '.*'(?= at )", re.DOTALL)
"""What a message quotes of a request: nobody may see it in a log."""
_encode: Final = msgspec.json.Encoder().encode


class _Failure(msgspec.Struct):
    """The body of an answer that is an error."""

    type: str = msgspec.field(name="__type", default="")
    message: str | None = None
    Message: str | None = None
    reasons: list[Reason] = msgspec.field(name="CancellationReasons", default_factory=list)


_decode_failure: Final = msgspec.json.Decoder(_Failure).decode


class Client:
    """One table's endpoint. Connections are made when they are needed."""

    def __init__(
        self, place: DynamoPlace, region: str, host: str, credentials: CredentialSource
    ) -> None:
        self.region = region
        self._host = host
        self._credentials = credentials
        parts = urlsplit(f"//{host}")
        tls = ssl.create_default_context() if place.is_secure else None
        port = parts.port or (443 if place.is_secure else 80)
        self._connections = Connections(parts.hostname or "", port, tls)
        self._skew = 0.0
        """Seconds that the clock of AWS is ahead of this machine's."""

    @classmethod
    async def of(cls, place: DynamoPlace) -> "Client":
        """The client of a place. Raises NotAStore without a region or credentials."""
        credentials = CredentialSource(place.profile)
        region = place.region or await credentials.region()
        await credentials.find()
        host = place.host or await credentials.host(place.demanded(region))
        return cls(place, place.demanded(region), host, credentials)

    async def ask(self, operation: str, request: Request, result: type[T]) -> T:
        """The result of a call that changes nothing or may be repeated at will.

        Raises Busy after DEADLINE, NotAStore and StoreFailed as `translate` has them.
        """
        try:
            return msgspec.json.decode(await self._answered(operation, request), type=result)
        except DynamoError as error:
            raise translate(error) from error
        except msgspec.DecodeError as error:
            raise StoreFailed(f"this is not an answer of DynamoDB: {error}") from error

    async def does(self, operation: str, request: Request, *, unless: str) -> bool:
        """Make a change that may be repeated at will; False if it is refused with this error.

        Raises what `ask` raises.
        """
        try:
            await self._answered(operation, request)
        except DynamoError as error:
            if error.code == unless:
                return False
            raise translate(error) from error
        return True

    async def _answered(self, operation: str, request: Request) -> bytes:
        """The answer to a request, which is asked again while it may still succeed."""
        body, backoff = _encode(request), Backoff(hurries=False)
        while True:
            try:
                return await self.send(operation, body)
            except Lost as lost:
                await backoff.pause(Busy(f"DynamoDB in {self.region} does not answer: {lost}"))
            except DynamoError as error:
                if not is_for_later(error):
                    raise
                await backoff.pause(translate(error))

    async def send(self, operation: str, body: bytes) -> bytes:
        """The body of the answer to one request.

        Raises Lost if there is no answer, and DynamoError if it is an error. A clock that is wrong
        and credentials that have expired are put right first, where that is possible.
        """
        for is_last in (False, True):
            credentials = await self._credentials.current()
            answer = await self._sent(operation, body, credentials)
            if answer.status == 200:
                return answer.body
            error = _error_of(answer)
            if is_last or not await self._is_put_right(error, answer, credentials):
                raise error
        raise AssertionError("the last attempt returns or raises")

    async def _sent(self, operation: str, body: bytes, credentials: Credentials) -> Answer:
        head = signed_head(
            credentials,
            host=self._host,
            region=self.region,
            operation=operation,
            body=body,
            now=time.time() + self._skew,
        )
        answer = await self._connections.send(head + body, SECONDS)
        if answer.status >= 500:
            raise Lost(f"status {answer.status}")
        if answer.checksum and answer.checksum != str(crc32(answer.body)):
            raise Lost("the answer is damaged")
        return answer

    async def _is_put_right(
        self, error: DynamoError, answer: Answer, credentials: Credentials
    ) -> bool:
        if is_skewed(error) and answer.date:
            there = parsedate_to_datetime(answer.date).timestamp()
            self._skew = there - time.time()
            return True
        return is_renewable(error) and await self._credentials.renew(credentials)

    def close(self) -> None:
        """End all connections."""
        self._connections.close()


def _error_of(answer: Answer) -> DynamoError:
    try:
        failure = _decode_failure(answer.body)
    except msgspec.DecodeError:
        return DynamoError("UnknownError", f"status {answer.status}, without a reason")
    code = failure.type.rpartition("#")[2] or f"status {answer.status}"
    message = _QUOTED.sub("Value", failure.message or failure.Message or "")
    return DynamoError(code, message, failure.reasons)
