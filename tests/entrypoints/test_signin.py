"""Signing in without mail: the code on the terminal, the session in the store."""

import asyncio
from pathlib import Path

import pytest

from gatherlog.bootstrap import start
from gatherlog.core.eventstore.errors import Unauthenticated
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal


def opens(email: str, code: str) -> bool:
    """Whether the code signs in, in the store of this directory."""

    async def ask() -> bool:
        platform = await start(Settings())
        try:
            token = await platform.accounts.start_session(email, code)
            return await platform.accounts.session(token) is not None
        except Unauthenticated:
            return False
        finally:
            await platform.stop()

    return asyncio.run(ask())


def test_the_code_alone_goes_to_stdout_and_signs_in_once(party: Terminal) -> None:
    status, out, err = party("signin", "Ada@example.org")

    assert (status, len(out), out[-1]) == (0, 7, "\n")
    assert err.splitlines() == [
        "Sign in at http://127.0.0.1:8000: the code works once, within ten minutes.",
        "If the site is reached elsewhere, say --public-url.",
    ]
    assert [opens("ada@example.org", out.strip()) for _ in range(2)] == [True, False]


def test_a_newer_code_ends_the_one_before(party: Terminal) -> None:
    codes = [party("signin", "ada@example.org").out.strip() for _ in range(2)]

    assert codes[0] == codes[1] or not opens("ada@example.org", codes[0])
    assert opens("ada@example.org", codes[1])


def test_the_address_is_stored_only_once_somebody_signs_in(party: Terminal, here: Path) -> None:
    party("signin", "ada@example.org")

    assert [path for path in here.iterdir() if b"ada@" in path.read_bytes()] == []


def test_the_link_to_the_site_is_the_one_for_guests(
    party: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATHERLOG_PUBLIC_URL", "https://party.example/")

    output = ": the code works once, within ten minutes.\n"
    named = party("signin", "ada@example.org", "--public-url", "http://other.example")

    assert party("signin", "ada@example.org").err == f"Sign in at https://party.example{output}"
    assert named.err == f"Sign in at http://other.example{output}"


@pytest.mark.parametrize("address", ["ada", "", "ada@example.org\nBcc: eve@example.org"])
def test_an_invalid_address_is_refused(party: Terminal, address: str) -> None:
    status, out, err = party("signin", address)

    assert (status, out) == (2, "")
    assert err == "gatherlog: email is not an email address; one looks like ada@example.org\n"


def test_a_store_in_memory_is_refused(terminal: Terminal) -> None:
    assert terminal("signin", "ada@example.org", "--store", "memory:").status == 2
