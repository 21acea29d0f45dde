"""The socket that a server listens on, also one that several processes share."""

import socket
from typing import Final

__all__ = ["BACKLOG", "GRACE", "listen"]

BACKLOG: Final = 2048
"""Connections that wait to be accepted. They stay where a process dies that shares the socket."""
GRACE: Final = 30
"""Seconds that accepted requests have to finish once the server is to stop."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, on which connections are not accepted yet.

    Port 0 takes a free one. Raises OSError where the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener
