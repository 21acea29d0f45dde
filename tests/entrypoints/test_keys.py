"""API keys from the command line."""

import asyncio
import hashlib
import json
import re
from pathlib import Path

import pytest

from gatherlog.apps.people import Actor
from gatherlog.bootstrap import start
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal


def actor_of(secret: str) -> Actor | None:
    """The actor of a secret, in the store of this directory."""

    async def ask() -> Actor | None:
        platform = await start(Settings())
        try:
            return await platform.keys.authenticate(secret)
        finally:
            await platform.stop()

    return asyncio.run(ask())


def who_is(secret: str) -> tuple[str, str | None] | None:
    """The role and gathering of a secret, in the store of this directory."""
    actor = actor_of(secret)
    return None if actor is None else (actor.role, actor.gathering_id)


def test_the_secret_alone_goes_to_stdout_and_opens_the_store(terminal: Terminal) -> None:
    status, out, err = terminal("key", "create", "--role", "operator", "--name", "laptop")

    assert status == 0
    assert re.fullmatch(r"glk_[A-Za-z0-9_-]{43}\n", out)
    assert out.strip() not in err
    assert who_is(out.strip()) == ("operator", None)


def test_a_hosts_key_is_for_his_gathering(party: Terminal) -> None:
    made = party("key", "create", "--role", "host", "--gathering", "default", "--json")

    output = json.loads(made.out)
    assert sorted(output) == ["account_id", "gathering_id", "id", "name", "role", "secret"]
    assert who_is(output["secret"]) == ("host", "default")


def test_the_secret_is_in_no_file_of_the_store(party: Terminal, here: Path) -> None:
    secret = party("key", "create", "--role", "operator").out.strip().encode()

    assert [path for path in here.iterdir() if secret in path.read_bytes()] == []


def test_a_revoked_key_opens_nothing(party: Terminal) -> None:
    output = json.loads(party("key", "create", "--role", "operator", "--json").out)

    assert party("key", "revoke", output["id"]) == (0, f"Key {output['id']} is revoked.\n", "")
    assert who_is(output["secret"]) is None


@pytest.mark.parametrize("role", ["member", "organiser", "reviewer", "operator"])
def test_keys_of_one_address_act_for_one_account(party: Terminal, role: str) -> None:
    made = [
        json.loads(party("key", "create", "--role", role, "--account", address, "--json").out)
        for address in ("ada@example.org", "ADA@example.org ")
    ]

    actors = [actor_of(output["secret"]) for output in made]
    account = made[0]["account_id"]
    assert [(a.role, a.gathering_id, a.account_id) for a in actors if a is not None] == [
        (role, None, account),
        (role, None, account),
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["--role", "intake"],
            "--role intake and --log NAME, where its records go, belong together",
        ),
        (
            ["--role", "operator", "--log", "meters"],
            "--role intake and --log NAME, where its records go, belong together",
        ),
        (
            ["--role", "intake", "--log", "Meters"],
            "logs: 'Meters': a log is named with up to 63 of a-z, 0-9 and _, beginning with a "
            "letter",
        ),
        (["--role", "member"], "--role member needs --account EMAIL: whom the key acts for"),
        (["--role", "host"], "--role host needs --gathering ID: the gathering that the key is for"),
        (
            ["--role", "member", "--account", "ada@example.org", "--gathering", "default"],
            "--gathering goes with --role host; other keys are bound to none",
        ),
        (
            ["--role", "member", "--account", "ada"],
            "email is not an e-mail address; one looks like ada@example.org",
        ),
    ],
)
def test_a_key_with_contradictory_options_is_refused(
    party: Terminal, arguments: list[str], complaint: str
) -> None:
    assert party("key", "create", *arguments) == (2, "", f"gatherlog: {complaint}\n")


def test_a_key_is_not_made_for_a_role_that_is_a_guests(party: Terminal) -> None:
    assert party("key", "create", "--role", "guest").status == 2


def test_keys_are_listed_without_secrets_and_hashes(party: Terminal) -> None:
    options = ("--role", "host", "--gathering", "default", "--name", "Ida's laptop", "--json")
    made = [
        json.loads(party("key", "create", *options).out),
        json.loads(party("key", "create", "--role", "operator", "--json").out),
    ]
    party("key", "revoke", made[1]["id"])

    status, out, err = party("key", "list", "--json")
    listed = json.loads(out)

    shown = ("id", "role", "gathering_id", "account_id", "name")
    assert (status, err) == (0, "")
    assert [[output[field] for field in shown] for output in listed] == [
        [output[field] for field in shown] for output in made
    ]
    others = [sorted(output.keys() - set(shown)) for output in listed]
    assert others == [["created", "logs", "revoked"]] * 2
    assert [output["revoked"] is None for output in listed] == [True, False]
    for output in made:
        digest = hashlib.sha256(output["secret"].encode()).hexdigest()
        assert (output["secret"] in out, digest in out) == (False, False)


def test_the_list_for_people_is_a_line_for_each_key(party: Terminal) -> None:
    output = json.loads(party("key", "create", "--role", "operator", "--json").out)

    status, out, err = party("key", "list")

    header, line = out.splitlines()
    assert (status, err, header.split()) == (
        0,
        "",
        ["id", "role", "gathering", "account", "logs", "name", "created", "revoked"],
    )
    assert line.split()[:6] == [output["id"], "operator", "-", "-", "-", "-"]


def test_a_key_of_the_intake_sends_to_its_logs(party: Terminal) -> None:
    options = ("--role", "intake", "--log", "meters", "--log", "doors", "--json")
    made = json.loads(party("key", "create", *options).out)

    actor, listed = actor_of(made["secret"]), json.loads(party("key", "list", "--json").out)
    assert made["logs"] == listed[0]["logs"] == ["meters", "doors"]
    assert actor is not None
    assert (actor.role, actor.logs) == ("intake", frozenset({"meters", "doors"}))


def test_a_store_without_keys_says_how_to_make_one(party: Terminal) -> None:
    assert party("key", "list") == (
        0,
        "",
        "There are no keys; make one: gatherlog key create --role operator\n",
    )
