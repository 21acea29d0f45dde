"""HTTP/1.1 to one host on connections that are kept: what DynamoDB needs of it, and no more."""

import asyncio
import ssl
from collections import deque
from typing import Any, Final, NamedTuple

import httptools

__all__ = ["Answer", "Connections", "Lost"]

CONNECT_SECONDS: Final = 2.0
MOST_CONNECTIONS: Final = 64
"""Requests that are under way at once. Others wait."""


class Lost(Exception):
    """There is no answer to a request, and nobody knows what became of it."""


class Answer(NamedTuple):
    """What came back, whatever it means."""

    status: int
    date: str
    checksum: str
    """The CRC-32 of the body as the server counted it, or nothing."""
    body: bytes


class Connections:
    """Connections to one host, made when they are needed, the last used first."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._idle: deque[_Connection] = deque()
        self._all: set[_Connection] = set()
        self._room = asyncio.Semaphore(MOST_CONNECTIONS)
        self._is_closed = False
        self._keeper: asyncio.Task[None] | None = None

    async def send(self, request: bytes, seconds: float) -> Answer:
        """The answer to a request. Raises Lost if there is none within so many seconds."""
        try:
            async with asyncio.timeout(seconds), self._room:
                connection = self._idle_one() or await self._connected()
                return await self._asked(connection, request)
        except TimeoutError:
            raise Lost(f"no answer within {seconds:g} s") from None
        except (OSError, ssl.SSLError, httptools.HttpParserError) as error:
            raise Lost(str(error) or type(error).__name__) from error

    async def _asked(self, connection: "_Connection", request: bytes) -> Answer:
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.end()
            self._all.discard(connection)
            raise
        if connection.is_open and not self._is_closed:
            self._idle.append(connection)
        else:
            connection.end()
            self._all.discard(connection)
        return answer

    def _idle_one(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
            self._all.discard(connection)
        return None

    async def _connected(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        if self._keeper is None:
            self._keeper = loop.create_task(self._keep())
        name = self._host if self._tls is not None else None
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await loop.create_connection(
                _Connection, self._host, self._port, ssl=self._tls, server_hostname=name
            )
        self._all.add(connection)
        return connection

    async def _keep(self) -> None:
        """End all connections when this is cancelled, as all tasks are when their loop ends."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.close()

    def close(self) -> None:
        """End all connections; requests under way are lost."""
        self._is_closed = True
        self._idle.clear()
        for connection in self._all:
            connection.end()
        self._all.clear()
        if self._keeper is not None:
            self._keeper.cancel()


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: Any = None
        self._parser: Any = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.is_open = True
        self._transport = transport

    async def ask(self, request: bytes) -> Answer:
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body = {}, []
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def end(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.end()  # nobody asked for this
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail(exc or ConnectionResetError("the connection was closed"))

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        headers = self._headers
        answer = Answer(
            self._parser.get_status_code(),
            headers.get(b"date", b"").decode("latin-1"),
            headers.get(b"x-amz-crc32", b"").decode("latin-1"),
            b"".join(self._body),
        )
        if not self._parser.should_keep_alive():
            self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)
