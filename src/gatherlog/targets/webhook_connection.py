"""One HTTP/1.1 connection to a webhook's receiver: a request, the head of its answer, the next.

httptools parses the answers, as it parses the server's requests. httpcore2 took five times the
processor time for the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Final, cast

import httptools
import msgspec

__all__ = ["MOST_READ", "Answer", "Connection", "NotHttp"]

MOST_READ: Final = 65_536
"""Bytes of an answer, head and body, that are read before its connection is closed."""


class Answer(msgspec.Struct, frozen=True):
    """What a receiver said: its body is never kept."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of several with one name, the last."""


class NotHttp(Exception):
    """The receiver does not answer as HTTP/1.1 has it."""


class Connection(asyncio.Protocol):
    """Carries one request at a time; `abort` it unless `is_free` once its answer is there."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] = self._loop.create_future()
        self._headers: dict[str, str] = {}
        self._left = MOST_READ
        self._error: Exception | None = None
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when nothing more comes of the answer, whole or not."""
        self.is_free = False
        """Whether it can take a request."""
        self.is_silent = True
        """Whether nothing came yet in answer to the last request."""
        self.free_since = 0.0

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send; the answer is there with its head, and whatever comes of its body is dropped.

        Ends in NotHttp, or in an OSError if the connection breaks off.
        """
        assert self._transport is not None
        self._answer, self.ended = self._loop.create_future(), self._loop.create_future()
        self._headers, self._left = {}, MOST_READ
        self.is_free, self.is_silent = False, True
        if self._error is None:
            self._transport.write(request)
        else:  # it ended before it was used
            self._end(self._error)
        return self._answer

    def abort(self) -> None:
        """Close at once, with whatever is still under way."""
        self.is_free = False
        if self._transport is not None:
            self._transport.abort()

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._be_free()

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        self.is_silent = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return self._end(NotHttp("switches to another protocol"))
        except httptools.HttpParserError as error:
            return self._end(NotHttp(str(error)))
        if self._left < 0 and not self.ended.done():
            self._end(NotHttp(f"its head is longer than {MOST_READ:,} bytes"))
        return None

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionResetError())

    # What the parser finds.

    def on_message_begin(self) -> None:
        if self.is_free:  # nobody asked: it must not become the answer to the next request
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == 101 or status >= 200:
            if not self._answer.done():
                self._answer.set_result(Answer(status, self._headers))
        else:
            self._headers = {}  # of an interim answer: the real one follows

    def on_message_complete(self) -> None:
        if self._answer.done() and not self.ended.done():
            self.ended.set_result(None)
            if self._parser.should_keep_alive():
                self._be_free()

    def _be_free(self) -> None:
        self.is_free = True
        self.free_since = self._loop.time()

    def _end(self, error: Exception) -> None:
        """Nothing more comes; without an answer's head, that is the answer."""
        self.abort()
        self._error = error
        if not self._answer.done():
            self._answer.set_exception(error)
        if not self.ended.done():
            self.ended.set_result(None)
