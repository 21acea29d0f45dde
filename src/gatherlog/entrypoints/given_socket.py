"""The socket that systemd hands over: it stays open while the server is started again."""

import os
import socket
from collections.abc import MutableMapping
from typing import Final

__all__ = ["given_socket"]

FIRST: Final = 3
"""The number of the first file that is handed over (sd_listen_fds)."""


def given_socket(
    environ: MutableMapping[str, str] = os.environ, first: int = FIRST
) -> socket.socket | None:
    """The listening socket that was handed to this process; None if none was.

    Its variables are taken out of `environ`, so that no child takes them for its own. Raises
    OSError for several sockets, and for one that does not listen on an address of TCP.
    """
    names = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    process, count, _ = [environ.pop(name, "") for name in names]
    if process != str(os.getpid()) or not count:
        return None
    if count != "1":
        raise OSError(f"systemd hands over {count} sockets; the server listens on one")
    given = socket.socket(fileno=first)
    if not _listens_on_tcp(given):
        given.close()
        raise OSError("what systemd hands over is no socket that listens on an address of TCP")
    given.set_inheritable(False)
    return given


def _listens_on_tcp(given: socket.socket) -> bool:
    is_tcp = given.family in (socket.AF_INET, socket.AF_INET6) and given.type == socket.SOCK_STREAM
    return is_tcp and given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
