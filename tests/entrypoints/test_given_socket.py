"""The socket that systemd hands over is taken once, by the process that it is for, or refused."""

import os
import socket
import tempfile
from pathlib import Path

import pytest

from gatherlog.entrypoints.given_socket import given_socket


def handed_over(count: str = "1", process: int | None = None) -> dict[str, str]:
    """The variables that systemd sets."""
    process = os.getpid() if process is None else process
    return {"LISTEN_PID": str(process), "LISTEN_FDS": count, "LISTEN_FDNAMES": "x", "HOME": "/"}


def test_the_socket_is_taken_and_no_child_takes_it_again() -> None:
    environ = handed_over()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given = given_socket(environ, os.dup(listener.fileno()))
        assert given is not None
        with given:
            assert given.getsockname() == listener.getsockname()
            assert given.get_inheritable() is False

    assert environ == {"HOME": "/"}
    assert given_socket(environ) is None


def test_a_socket_for_another_process_is_left_alone() -> None:
    assert given_socket(handed_over(process=1)) is None


def test_several_sockets_are_refused() -> None:
    with pytest.raises(OSError, match="hands over 2 sockets"):
        given_socket(handed_over("2"))


@pytest.mark.parametrize("kind", ["not listening", "datagrams", "path"])
def test_a_socket_on_which_nobody_can_be_served_is_refused(kind: str) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="gl-") as folder,
        _socket(kind, folder) as other,
        pytest.raises(OSError, match="no socket that listens on an address of TCP"),
    ):
        given_socket(handed_over(), os.dup(other.fileno()))


def _socket(kind: str, folder: str) -> socket.socket:
    if kind == "not listening":
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if kind == "datagrams":
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(Path(folder) / "socket"))
    listener.listen()
    return listener


def test_what_is_no_socket_is_refused(tmp_path: Path) -> None:
    file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    try:
        with pytest.raises(OSError, match="non-socket"):
            given_socket(handed_over(), file)
    finally:
        os.close(file)
