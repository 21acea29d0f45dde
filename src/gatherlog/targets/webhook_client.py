"""Sends requests to one webhook: to permitted addresses only, over few connections, in time.

Names are looked up for every connection, and the connection is made to the address that was
checked, so the name cannot change in between. Host, TLS server name and certificate are those of
the URL.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Mapping, Sequence
from typing import Final

from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.targets.addresses import Address, Network, Resolve, permitted
from gatherlog.targets.webhook_connection import Answer, Connection, NotHttp
from gatherlog.targets.webhook_url import Endpoint

__all__ = ["WebhookClient"]

BODY_SECONDS: Final = 1.0
"""How long to wait for the rest of an answer once its head has been received."""
CONNECT_SECONDS: Final = 4.0
"""How long to try to connect to an address, if there is another one to try."""
IDLE_SECONDS: Final = 4.0
"""How long an idle connection is used again: less than the 5 after which Node.js closes it."""


class WebhookClient:
    """Posts to one endpoint, over at most `connections` at once, each request within `timeout`."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        allow: Sequence[Network],
        resolve: Resolve,
        tls: ssl.SSLContext,
        timeout: float,
        connections: int,
    ) -> None:
        self._endpoint = endpoint
        self._allow = allow
        self._resolve = resolve
        self._tls = tls if endpoint.scheme == "https" else None
        self._timeout = timeout
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[Connection] = []
        self._closed = False

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request, and give the answer.

        Raises DeliveryFailed if there is none: `unresolved`, `address_refused`, `connection`,
        `tls`, `not_http`, `timeout`. Waiting for a free connection does not count for the timeout.
        """
        request = self._request(headers, body)
        async with self._slots:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + self._timeout
            connection, answer = await self._within(deadline, request)
            try:
                if not connection.ended.done():
                    left = min(BODY_SECONDS, deadline - loop.time())
                    await asyncio.wait([connection.ended], timeout=max(left, 0.0))
            finally:
                self._keep(connection)
            return answer

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().abort()

    def _request(self, headers: Mapping[str, str], body: bytes) -> bytes:
        if not all(map(str.isprintable, headers.values())):
            raise ValueError("a header of a webhook has a character that could end it")
        lines = [
            f"POST {self._endpoint.target} HTTP/1.1",
            f"host: {self._endpoint.authority}",
            *(f"{name}: {value}" for name, value in headers.items()),
            f"content-length: {len(body)}",
        ]
        return b"%s\r\n\r\n%s" % ("\r\n".join(lines).encode("ascii"), body)

    async def _within(self, deadline: float, request: bytes) -> tuple[Connection, Answer]:
        """Send the request, and turn every error into DeliveryFailed."""
        try:
            async with asyncio.timeout_at(deadline):
                return await self._ask(request)
        except TimeoutError:
            raise self._failed("timeout", f"no answer within {self._timeout:g} s") from None
        except ssl.SSLCertVerificationError as error:
            detail = f"its certificate is not accepted: {error.verify_message}"
            raise self._failed("tls", detail) from error
        except ssl.SSLError as error:
            raise self._failed("tls", f"no TLS: {error.reason or 'it broke off'}") from error
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "the connection broke off"
            raise self._failed("connection", reason) from error
        except NotHttp as error:
            raise self._failed("not_http", f"its answer is not HTTP: {error}") from error

    async def _ask(self, request: bytes) -> tuple[Connection, Answer]:
        """Send the request over an idle connection, or over a new one.

        The receiver may close an idle connection at the moment the request is sent. If nothing was
        received then, the request is sent again over another: a receiver that got it twice knows
        it by its id.
        """
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_free and connection.free_since > oldest:
                try:
                    return connection, await _answer(connection, request)
                except OSError:
                    if not connection.is_silent:
                        raise
            connection.abort()
        connection = await self._connected()
        return connection, await _answer(connection, request)

    async def _connected(self) -> Connection:
        """A connection to the first permitted address that accepts one."""
        host, port = self._endpoint.host, self._endpoint.port
        found = await permitted(host, port, allow=self._allow, resolve=self._resolve)
        for address in found[:-1]:
            with contextlib.suppress(OSError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self._connected_to(address)
        return await self._connected_to(found[-1])

    async def _connected_to(self, address: Address) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection,
            str(address),
            self._endpoint.port,
            ssl=self._tls,
            server_hostname=self._endpoint.host if self._tls else None,
        )
        return connection

    def _keep(self, connection: Connection) -> None:
        if connection.is_free and not self._closed:
            self._idle.append(connection)
        else:
            connection.abort()

    def _failed(self, kind: str, detail: str) -> DeliveryFailed:
        return DeliveryFailed(kind, f"{self._endpoint.origin}: {detail}")


async def _answer(connection: Connection, request: bytes) -> Answer:
    """The answer to a request; if it fails or is cancelled, its connection is closed."""
    try:
        return await connection.ask(request)
    except BaseException:
        connection.abort()
        raise
