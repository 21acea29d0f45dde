"""Wake-ups: a process that has committed sends a datagram to the other processes on the same file.

Every process that waits binds a Unix socket in `<file>.wake/`; every process that commits sends the
position that the log has reached to those it finds there, so that they need not read it. A wake-up
may be lost, and nothing depends on it: processes that wait also poll.
"""

import asyncio
import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Wakeups"]

MAX_PATH = 100
"""Unix socket paths end at about 108 bytes; beyond that, waiters poll."""
POSITION_BYTES = 8
"""Of a position in a datagram. One of another length, as older releases send, tells no position."""
LISTED_SECONDS = 0.05
"""How long a listing of the sockets is used. A new process polls at least as often at first."""


class Wakeups:
    """The sending and receiving end of one process on one file."""

    def __init__(self, path: str) -> None:
        self._directory = os.path.abspath(path) + ".wake"
        name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._own = os.path.join(self._directory, name)
        self._usable = len(os.fsencode(self._own)) <= MAX_PATH
        self._others: list[str] = []
        self._listed_until = 0.0
        self._sender: socket.socket | None = None
        self._receiver: socket.socket | None = None

    def listen(self, loop: asyncio.AbstractEventLoop, woken: Callable[[int | None], None]) -> None:
        """Call `woken` on `loop` from now on when another process has committed.

        It gets the position of that commit's last event, or None if the process did not tell it.
        """
        if self._receiver is not None or not self._usable:
            return
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            receiver.bind(self._own)
        except OSError:  # no sockets on this file system: polling remains
            receiver.close()
            self._usable = False
            return
        receiver.setblocking(False)
        self._receiver = receiver
        loop.add_reader(receiver, self._receive, woken)

    def send(self, position: int) -> None:
        """Tell every other process that listens which position the log has reached.

        It can be read by then. This never blocks and never fails.
        """
        for other in self._listeners():
            try:
                self._socket().sendto(position.to_bytes(POSITION_BYTES), other)
            except (ConnectionRefusedError, FileNotFoundError):  # its process died
                with suppress(OSError):
                    os.unlink(other)
            except OSError:  # its buffer is full, so it will wake up
                pass

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._receiver is not None:
            loop.remove_reader(self._receiver)
            self._receiver.close()
            with suppress(OSError):
                os.unlink(self._own)
            with suppress(OSError):  # others still listen
                os.rmdir(self._directory)
        if self._sender is not None:
            self._sender.close()
        self._receiver = self._sender = None

    def _listeners(self) -> list[str]:
        """The sockets of the other processes, as they were up to LISTED_SECONDS ago."""
        now = time.monotonic()
        if self._usable and now > self._listed_until:
            self._listed_until = now + LISTED_SECONDS
            try:
                entries = os.listdir(self._directory)
            except OSError:  # nobody has listened yet
                entries = []
            paths = [os.path.join(self._directory, entry) for entry in entries]
            self._others = [path for path in paths if path != self._own]
        return self._others

    def _socket(self) -> socket.socket:
        if self._sender is None:
            self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._sender.setblocking(False)
        return self._sender

    def _receive(self, woken: Callable[[int | None], None]) -> None:
        """Take one datagram; the loop calls again if there are more."""
        assert self._receiver is not None
        try:
            said = self._receiver.recv(2 * POSITION_BYTES)
        except BlockingIOError:
            return
        woken(int.from_bytes(said) if len(said) == POSITION_BYTES else None)
