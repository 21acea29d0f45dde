"""uvicorn's HTTP connection, with limits on how long a client may make the server wait.

Two timers run. The first waits for the next request, and then for the end of its headers. The
second, while an answer is sent, waits for the client to read some of it.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gatherlog.entrypoints.client_connections import ClientConnections

__all__ = ["HEAD_BYTES", "HEAD_SECONDS", "STALL_SECONDS", "Connection"]

HEAD_BYTES: Final = 64 * 1024
"""Bytes of a request line and its headers."""
HEAD_SECONDS: Final = 10.0
"""From connecting to the first byte of a request, and from that to the end of its headers."""
STALL_SECONDS: Final = 30.0
"""How long a client may read nothing of an answer that is being sent."""
STREAM_SECONDS: Final = 1.0
"""How long a live stream has to end once the server is to stop, if its client reads nothing."""
ARRIVAL_SECONDS: Final = 1.0
"""How long a request has to arrive whose connection was open once the server is to stop: a proxy
that has just connected has nobody else to ask."""
_TOO_LARGE: Final = (431, "Request Header Fields Too Large")
_TOO_SLOW: Final = (408, "Request Timeout")
_TOO_MANY: Final = (429, "Too Many Requests")
_MALFORMED: Final = (400, "Bad Request")


class Connection(HttpToolsProtocol):
    """Closes a connection whose next request does not come, or whose answer is not read."""

    _in_head = True
    _is_stopping = False
    _received = 0
    """Bytes received of the request's head."""
    _parsed = 0
    """Bytes of the URL, names and values that the parser has found in the head."""
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, clients: ClientConnections, **options: Any) -> None:
        super().__init__(*arguments, **options)  # the arguments of uvicorn
        self.clients = clients

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_head_timer()
        if self.client is not None and not self.clients.add(self.client[0]):
            self._refuse(*_TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_stall_timer()
        if self.client is not None:
            self.clients.remove(self.client[0])
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)
        if not self._in_head:
            self._received = 0
        elif self._received > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(*_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._parsed = True, 0
        self._start_head_timer()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_head_timer()
        super().on_headers_complete()
        if self._is_stopping:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._start_stall_timer()
        if self.cycle.response_complete and self._head_timer is None:
            # uvicorn's own timer ends with any byte, even of a body that nobody reads any more
            seconds = self.config.timeout_keep_alive
            self._head_timer = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def shutdown(self) -> None:
        self._is_stopping = True
        if self._in_head:
            self.loop.call_later(ARRIVAL_SECONDS, self._close_if_waiting)
            return
        super().shutdown()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.chunked_encoding:  # as only live streams are
            self.loop.call_later(STREAM_SECONDS, self.transport.abort)

    def _close_if_waiting(self) -> None:
        if self._in_head:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_stall_timer()

    def resume_writing(self) -> None:
        self._stop_stall_timer()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(*(_TOO_LARGE if self._parsed > HEAD_BYTES else _MALFORMED))

    def _count(self, size: int) -> None:
        self._parsed += size
        if self._parsed > HEAD_BYTES:
            raise ValueError  # makes the parser fail, so that `send_400_response` is called

    def _start_head_timer(self) -> None:
        self._stop_head_timer()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, *_TOO_SLOW)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _start_stall_timer(self) -> None:
        """Abort the connection in a while, unless the client has read something by then."""
        self._stop_stall_timer()
        if waiting := self.transport.get_write_buffer_size():
            self._stall_timer = self.loop.call_later(STALL_SECONDS, self._abort_if_stalled, waiting)

    def _abort_if_stalled(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._start_stall_timer()
        else:
            self.transport.abort()

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without the application, which has not seen this request, and close."""
        self._stop_head_timer()
        head: list[Any] = [f"HTTP/1.1 {status} {reason}", "content-length: 0", "connection: close"]
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.write("\r\n".join([*head, "", ""]).encode())
        self.transport.close()
        self._start_stall_timer()
