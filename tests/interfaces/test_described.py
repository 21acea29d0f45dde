"""The server answers as `/openapi.json` describes.

Schemathesis makes requests from the description: examples, edge cases, random ones, and sequences
along its links. It must find no 500, no status, header or shape that is not described, no invalid
request that is accepted, and no access without a credential.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

SERVE = """
import asyncio
from gatherlog.apps.guests import NewGuest
from gatherlog.bootstrap import start
from gatherlog.entrypoints.asgi import serve
from gatherlog.settings import Settings

settings = Settings(store="sqlite:///{store}", port=0, rate_limits="off")

async def credentials():
    platform = await start(settings)
    key = await platform.keys.create("operator", None, "", actor="test")
    ada = NewGuest(first_name="Ada", last_name="Lovelace", group_id="L", expected_guests=2)
    guest = await platform.guests.add_guest("default", ada, actor="test")
    link = await platform.guests.issue_link("default", guest.body.id, actor="test")
    jwt = await platform.guest_login.login(link, "Lovelace")
    code = await platform.accounts.issue_code("eve@example.org")
    session = await platform.accounts.start_session("eve@example.org", code)
    await platform.stop()
    return key.secret, jwt, session

shown = asyncio.run(credentials())
serve(settings, ready=lambda url: print(url, *shown, flush=True))
"""
ENDLESS = "/live$|/receive$"
"""Streams do not end, and a queue may wait longer than the client does. They are tested in
`test_live.py`, `test_feed.py` and `test_queue_handlers.py`."""
ENDING = "^/auth/(logout|sessions?)$"
"""These would end the credential before all other paths have been requested."""
NOT_APPLICABLE = "positive_data_acceptance"
"""The check that everything which fits the schema is accepted. No schema says that a code was
mailed, that a version is current, that 30 February is no day, or that a key was used before."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The server's URL, and a credential of each kind."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVE.format(store=tmp_path / "gatherlog.db"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    words = (await process.stdout.readline()).decode().split()
    yield dict(zip(("url", "operator", "guest", "member"), words, strict=True))
    process.terminate()
    await process.communicate()


SCOPED = r"^/gatherings/\{gathering_id\}/"
"""The same endpoints once more. Only the sequences request them, too."""
TALK = "^/api/"
"""The endpoints of conversations, which an operator without an account does not see."""
DATA = ["--phases", "examples,coverage,fuzzing", "--max-examples"]


@pytest.mark.parametrize(
    ("who", "how"),
    [
        ("operator", [*DATA, "2", "--exclude-path-regex", f"{ENDLESS}|{ENDING}|{SCOPED}|{TALK}"]),
        ("operator", [*DATA, "2", "--include-path-regex", TALK, "--exclude-path-regex", ENDLESS]),
        ("member", [*DATA, "2", "--include-path-regex", TALK, "--exclude-path-regex", ENDLESS]),
        ("guest", [*DATA, "10", "--include-path-regex", "^/rsvp$|^/guests$"]),
        ("member", [*DATA, "5", "--include-path-regex", "^/auth/(account|code)$|^/gatherings$"]),
        (
            "operator",
            ["--phases", "stateful", "--max-examples", "40", "--exclude-path-regex", ENDLESS],
        ),
    ],
    ids=["operator", "operator-talking", "member-talking", "guest", "member", "sequences"],
)
async def test_every_answer_is_as_described(
    server: dict[str, str], tmp_path: Path, who: str, how: list[str]
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server['url']}/openapi.json"),
        *("--header", f"Authorization: Bearer {server[who]}", *how),
        *("--exclude-checks", NOT_APPLICABLE, "--suppress-health-check", "all"),
        *("--generation-deterministic", "--warnings", "off", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    shown, _ = await process.communicate()

    assert process.returncode == 0, shown.decode()[-8000:]
