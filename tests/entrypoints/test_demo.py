"""The demo is created once and completely, and prints the same people at every start."""

import asyncio
import json
import re
import signal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec
import pytest

from gatherlog.bootstrap import start
from gatherlog.entrypoints.demo import make_demo
from gatherlog.entrypoints.demo_people import gatherings
from gatherlog.entrypoints.demo_personas import Persona
from gatherlog.settings import Settings
from tests.entrypoints.terminal import running
from tests.entrypoints.test_serving import get


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Persona]]:
    return make_demo(tmp_path_factory.mktemp("demo") / ".demo")


def test_the_demo_works_as_shown_and_shows_the_same_again(here: Path) -> None:
    shown = []
    for _ in range(2):
        with running("demo", "--port", "0", cwd=here) as server:
            exported = server.read_until("^export ")
            found = re.fullmatch(r"export URL=(http://127\.0\.0\.1:\d+) KEY=(glk_\S+)", exported)
            assert found is not None
            url, key = found.groups()
            links = [line.strip() for line in server.lines if "/r/" in line]
            pages = [get(link)[0] for link in links]
            stats, home = get(f"{url}/admin/stats", key), get(url)
            assert server.stop(signal.SIGTERM) == 0
        assert (set(pages), stats[0], home[0]) == ({200}, 200, 200)
        lines = "\n".join(line for line in server.lines if "Making" not in line)
        shown.append(lines.replace(url, "URL"))

    assert shown[0] == shown[1]


def test_every_host_signs_in_with_a_code_from_the_mailbox(here: Path) -> None:
    with running("demo", "--port", "0", cwd=here) as server:
        server.read_until("^export ")
        output = "\n".join(server.lines)
        form = r"<(\S+)>, host of (.+)\n.*\n +sign in at (http\S+)/signin, the code"
        hosts = re.findall(form, output)
        seen = {address: hosted(url, address) for address, _, url in hosts}
        assert server.stop(signal.SIGTERM) == 0

    assert seen == {address: [name] for address, name, _ in hosts}
    assert len(seen) == len(gatherings())


def hosted(url: str, address: str) -> list[str]:
    """The names of the gatherings of the host who signs in with this address."""
    post(f"{url}/auth/code", {"email": address})
    mails = get(f"{url}/mailbox")[1].decode()
    letter = re.search(rf"{address}.*?\b([0-9]{{6}})\b", mails, re.DOTALL)
    assert letter is not None
    session = post(f"{url}/auth/session", {"email": address, "code": letter[1]})["token"]
    return [made["event_name"] for made in json.loads(get(f"{url}/gatherings", session)[1])]


def post(url: str, body: dict[str, str]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    request = Request(url, json.dumps(body).encode(), headers, method="POST")
    with urlopen(request, timeout=10) as answer:
        return msgspec.json.decode(answer.read() or b"{}", type=dict[str, Any])


def test_each_gathering_has_guests_through_the_import_and_answers(
    demo: tuple[Path, list[Persona]],
) -> None:
    async def look() -> list[tuple[str, bool, bool, str]]:
        platform = await start(Settings(store=f"sqlite:///{demo[0] / 'gatherlog.db'}"))
        try:
            listed = []
            for stored in (await platform.guests.gatherings()).items:
                stats = await platform.guests.stats(stored.body.id)
                stream = f"gathering-{stored.body.id}"
                added = [
                    bytes(event.meta)
                    for event in await platform.store.read_stream(stream)
                    if event.type == "guests.guest_added"
                ]
                imported = all(b'"import"' in meta for meta in added)
                listed.append(
                    (
                        stored.body.event_name,
                        stats.total_guests == len(added) > 20 and imported,
                        min(stats.attending, stats.not_attending, stats.pending) > 0,
                        stored.body.id,
                    )
                )
            return listed
        finally:
            await platform.stop()

    found = asyncio.run(look())

    assert sorted(name for name, *_ in found) == sorted(g.name for g in gatherings())
    assert {(imported, answered) for _, imported, answered, _ in found} == {(True, True)}


def test_every_persona_has_a_secret_of_its_own(
    demo: tuple[Path, list[Persona]],
) -> None:
    secrets = [persona.secret for persona in demo[1]]

    assert len(set(secrets)) == len(secrets)
    assert {persona.kind for persona in demo[1]} == {"key", "link"}


def test_the_text_about_a_guest_stays_true_after_an_answer(
    demo: tuple[Path, list[Persona]],
) -> None:
    roles = {persona.role for persona in demo[1] if persona.kind == "link"}

    assert roles == {f"guest of {gathering.name}" for gathering in gatherings()}


def test_only_the_owner_may_read_the_demo(demo: tuple[Path, list[Persona]]) -> None:
    data = demo[0]

    assert (data.parent.stat().st_mode & 0o777, data.stat().st_mode & 0o777) == (0o700, 0o700)
    assert (data / "personas.json").stat().st_mode & 0o777 == 0o600


def test_what_an_interrupted_start_left_is_thrown_away(here: Path) -> None:
    unfinished = here / ".demo" / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "gatherlog.db").write_bytes(b"half a store")

    data, personas = make_demo(here / ".demo")

    assert (unfinished.exists(), (data / "gatherlog.db").is_file()) == (False, True)
    assert make_demo(here / ".demo") == (data, personas)
