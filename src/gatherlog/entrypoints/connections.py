"""One HTTP connection, as uvicorn serves it, with bounds on what a client may make us wait for."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEAD_BYTES", "HEAD_SECONDS", "Connection"]

HEAD_BYTES: Final = 64 * 1024
"""Of a request line with its headers."""
HEAD_SECONDS: Final = 10.0
"""From connecting, or from a request's first byte, until its headers are whole."""
_TOO_LARGE: Final = (431, "Request Header Fields Too Large")
_TOO_SLOW: Final = (408, "Request Timeout")
_MALFORMED: Final = (400, "Bad Request")


class Connection(HttpToolsProtocol):
    """Closes connections whose next request never comes to the end of its head."""

    _in_head = True
    _taken = 0
    """Bytes of this head that came, and then those of its parts as they are understood."""
    _understood = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._press()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave_be()
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
        if self._timer is None:
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

    def send_400_response(self, msg: str) -> None:
        self._refuse(*(_TOO_LARGE if self._understood > HEAD_BYTES else _MALFORMED))

    def _count(self, size: int) -> None:
        self._understood += size
        if self._understood > HEAD_BYTES:
            raise ValueError  # told to the parser, which has `send_400_response` called

    def _press(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, *_TOO_SLOW)

    def _leave_be(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without the application, which has not heard of this request, and close."""
        self._leave_be()
        head: list[Any] = [f"HTTP/1.1 {status} {reason}", "content-length: 0", "connection: close"]
        self.transport.write("\r\n".join([*head, "", ""]).encode())
        self.transport.close()
