"""API keys from the command line."""

import asyncio
import json
import re
from pathlib import Path

from gatherlog.bootstrap import start
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal


def who_is(secret: str) -> tuple[str, str | None] | None:
    """The role and gathering that the store in this directory gives a secret."""

    async def ask() -> tuple[str, str | None] | None:
        platform = await start(Settings())
        try:
            actor = await platform.keys.authenticate(secret)
            return None if actor is None else (actor.role, actor.gathering_id)
        finally:
            await platform.stop()

    return asyncio.run(ask())


def test_the_secret_alone_goes_to_stdout_and_opens_the_store(terminal: Terminal) -> None:
    status, out, err = terminal("key", "create", "--role", "operator", "--name", "laptop")

    assert status == 0
    assert re.fullmatch(r"glk_[A-Za-z0-9_-]{43}\n", out)
    assert out.strip() not in err
    assert who_is(out.strip()) == ("operator", None)


def test_a_hosts_key_is_for_his_gathering(party: Terminal) -> None:
    made = party("key", "create", "--role", "host", "--gathering", "default", "--json")

    told = json.loads(made.out)
    assert sorted(told) == ["gathering_id", "id", "name", "role", "secret"]
    assert who_is(told["secret"]) == ("host", "default")


def test_the_secret_is_in_no_file_of_the_store(party: Terminal, here: Path) -> None:
    secret = party("key", "create", "--role", "operator").out.strip().encode()

    assert [path for path in here.iterdir() if secret in path.read_bytes()] == []


def test_a_revoked_key_opens_nothing(party: Terminal) -> None:
    told = json.loads(party("key", "create", "--role", "operator", "--json").out)

    assert party("key", "revoke", told["id"]) == (0, f"Key {told['id']} is revoked.\n", "")
    assert who_is(told["secret"]) is None
