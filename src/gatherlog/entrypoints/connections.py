"""One HTTP connection, as uvicorn serves it, with bounds on what a client may make us wait for.

While nothing is being answered a clock runs that no byte stops but the first of a next request,
and while an answer is under way another, which stops when the client reads on.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gatherlog.entrypoints.client_connections import ClientConnections

__all__ = ["HEAD_BYTES", "HEAD_SECONDS", "STALL_SECONDS", "Connection"]

HEAD_BYTES: Final = 64 * 1024
"""Of a request line with its headers."""
HEAD_SECONDS: Final = 10.0
"""From connecting to a request's first byte, and from that until its headers are whole."""
STALL_SECONDS: Final = 30.0
"""In which a client has to read something of what waits for it."""
_TOO_LARGE: Final = (431, "Request Header Fields Too Large")
_TOO_SLOW: Final = (408, "Request Timeout")
_TOO_MANY: Final = (429, "Too Many Requests")
_MALFORMED: Final = (400, "Bad Request")


class Connection(HttpToolsProtocol):
    """Closes connections whose next request does not come, or whose answer is not taken."""

    _in_head = True
    _taken = 0
    """Bytes of this head that came, and then those of its parts as they are understood."""
    _understood = 0
    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, clients: ClientConnections, **options: Any) -> None:
        super().__init__(*arguments, **options)  # uvicorn's, whatever they are
        self.clients = clients

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._press()
        if self.client is not None and not self.clients.add(self.client[0]):
            self._refuse(*_TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave_be()
        self._trust()
        if self.client is not None:
            self.clients.remove(self.client[0])
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._taken += len(data)
        super().data_received(data)
        if not self._in_head:
            self._taken = 0
        elif self._taken > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(*_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._understood = True, 0
        self._press()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._leave_be()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()
        if self.cycle.response_complete and self._timer is None:
            # uvicorn's own timer ends with any byte, be it of a body that nobody reads any more
            seconds = self.config.timeout_keep_alive
            self._timer = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        self._trust()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(*(_TOO_LARGE if self._understood > HEAD_BYTES else _MALFORMED))

    def _count(self, size: int) -> None:
        self._understood += size
        if self._understood > HEAD_BYTES:
            raise ValueError  # told to the parser, which has `send_400_response` called

    def _press(self) -> None:
        self._leave_be()
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, *_TOO_SLOW)

    def _leave_be(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        """Break off in a while if nothing is read until then of what was written by now."""
        self._trust()
        if waiting := self.transport.get_write_buffer_size():
            self._stalled = self.loop.call_later(STALL_SECONDS, self._look, waiting)

    def _look(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._watch()
        else:
            self.transport.abort()

    def _trust(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without the application, which has not heard of this request, and close."""
        self._leave_be()
        head: list[Any] = [f"HTTP/1.1 {status} {reason}", "content-length: 0", "connection: close"]
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.write("\r\n".join([*head, "", ""]).encode())
        self.transport.close()
        self._watch()
