"""One HTTP/1.1 connection to a webhook's receiver, which is used for one request after another.

Answers are parsed by httptools, as are the server's own requests. httpcore2 takes five times the
processor time for the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Final, cast

import httptools
import msgspec

__all__ = ["MOST_READ", "Answer", "Connection", "NotHttp"]

MOST_READ: Final = 65_536
"""Bytes of an answer, head and body; of a longer one the connection is closed."""


class Answer(msgspec.Struct, frozen=True):
    """The head of a receiver's answer. The body is never kept."""

    status: int
    headers: Mapping[str, str]
    """Names are in lower case; of headers with the same name, the last one counts."""


class NotHttp(Exception):
    """The receiver's answer is not HTTP/1.1."""


class Connection(asyncio.Protocol):
    """Carries one request at a time. Unless `is_free` after its answer, it has to be aborted."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] = self._loop.create_future()
        self._headers: dict[str, str] = {}
        self._left = MOST_READ
        self._error: Exception | None = None
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the answer has ended, complete or not."""
        self.is_free = False
        """Whether another request can be sent."""
        self.is_silent = True
        """Whether nothing has been received since the last request was sent."""
        self.free_since = 0.0

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request. The result is there once the answer's head is; the body is dropped.

        The future raises NotHttp, or an OSError if the connection breaks off.
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
        """Close at once; a request that is under way fails."""
        self.is_free = False
        if self._transport is not None:
            self._transport.abort()

    # Called by the transport.

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

    # Called by the parser.

    def on_message_begin(self) -> None:
        if self.is_free:  # unsolicited: it must not become the answer to the next request
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == 101 or status >= 200:
            if not self._answer.done():
                self._answer.set_result(Answer(status, self._headers))
        else:
            self._headers = {}  # an interim answer (1xx); the final one follows

    def on_message_complete(self) -> None:
        if self._answer.done() and not self.ended.done():
            self.ended.set_result(None)
            if self._parser.should_keep_alive():
                self._be_free()

    def _be_free(self) -> None:
        self.is_free = True
        self.free_since = self._loop.time()

    def _end(self, error: Exception) -> None:
        """Close the connection; a request whose answer has no head yet fails with the error."""
        self.abort()
        self._error = error
        if not self._answer.done():
            self._answer.set_exception(error)
        if not self.ended.done():
            self.ended.set_result(None)
