"""serve as a process: it starts, answers, shuts down, and reports why it cannot start."""

import json
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.entrypoints.terminal import gatherlog, running


def get(url: str, key: str | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url)
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_serve_makes_the_store_answers_and_ends_with_0(here: Path, sign: signal.Signals) -> None:
    with running("serve", "--port", "0", "--store", "sqlite:///new.db", cwd=here) as server:
        url = server.read_until("Gatherlog serves sqlite:///new.db").rpartition(" ")[2]
        answer = get(f"{url}/healthz")
        status = server.stop(sign)

    assert (answer[0], status) == (200, 0)
    assert (here / "new.db").is_file()


@pytest.mark.parametrize(
    ("variables", "output"),
    [
        ({}, ["No mail is sent: set GATHERLOG_SMTP_URL and GATHERLOG_MAIL_FROM. Until then"]),
        ({"GATHERLOG_SMTP_URL": "smtp://localhost:1", "GATHERLOG_MAIL_FROM": "a@b.example"}, []),
    ],
    ids=["without", "with"],
)
def test_serve_says_if_no_mail_is_sent(
    here: Path, variables: dict[str, str], output: list[str]
) -> None:
    with running("serve", "--port", "0", cwd=here, **variables) as server:
        server.read_until("Gatherlog serves")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        out = server.process.stdout.read()

    assert [line.partition(" `")[0] for line in out.splitlines()] == output


def test_serve_warns_that_a_store_in_memory_is_lost_at_the_end(here: Path) -> None:
    with running("serve", "--port", "0", "--store", "memory:", cwd=here) as server:
        server.read_until("Gatherlog serves memory:")
        server.stop(signal.SIGTERM)

    assert server.lines[0] == (
        "memory: ends with this process: everything in it is lost then. To keep it, name a file: "
        "--store sqlite:///gatherlog.db"
    )


def test_a_key_made_beside_a_running_server_opens_it_at_once(here: Path) -> None:
    with running("serve", "--port", "0", cwd=here) as server:
        url = server.read_until("Gatherlog serves").rpartition(" ")[2]
        key = gatherlog("key", "create", "--role", "operator", cwd=here).out.strip()
        gatherlog("import", "-", "--yes", cwd=here, stdin=b"Name\nAda Lovelace\n")
        status, body = get(f"{url}/admin/stats", key)

    assert (status, json.loads(body)["total_guests"]) == (200, 1)


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_reported_with_another_one(here: Path, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, err = gatherlog(command, cwd=here, GATHERLOG_PORT=str(port))

    assert (status, err) == (
        1,
        f"gatherlog: port {port} of 127.0.0.1 is taken by another program; choose another: "
        f"--port {port + 1}, or GATHERLOG_PORT={port + 1}\n",
    )


def test_an_address_of_another_machine_is_reported(here: Path) -> None:
    status, out, err = gatherlog("serve", "--host", "192.0.2.1", "--port", "0", cwd=here)

    assert (status, out, err) == (
        1,
        "",
        "gatherlog: '192.0.2.1' is not an address of this machine; --host 127.0.0.1 always is\n",
    )
