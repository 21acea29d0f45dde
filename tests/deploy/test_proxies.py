"""The site behind a real nginx, and a real Caddy, with TLS: what its clients notice.

Each has its configuration of deploy/, which is changed in nothing but ports, names and folders.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from httpx2 import AsyncClient

from tests.deploy.guests import answer_often, invite, recorded
from tests.deploy.proxied import Caddy, Nginx, Proxy, Site, site_behind
from tests.interfaces.web.reading import Page
from tests.stores import eventually

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTML = {"Accept": "text/html", "Accept-Encoding": "gzip"}
MIB = 1024 * 1024


@pytest.fixture(scope="module", params=[Nginx, Caddy], ids=["nginx", "caddy"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site[Proxy]]:
    with site_behind(request.param, tmp_path_factory.mktemp("site")) as started:
        yield started


async def test_a_guest_opens_the_link_and_answers(site: Site[Proxy]) -> None:
    async with site.client() as api, site.client(key="") as browser:
        guest_id = await invite(api, "Ada")
        link = (await api.post(f"/guests/{guest_id}/link")).json()["url"]
        del browser.headers["authorization"]
        page = await browser.get(link, headers=HTML)
        form = Page(page.text).body(attending="yes")
        sent = await browser.post(link, content=form, headers={**FORM, **HTML})
        guest = (await api.get(f"/guests/{guest_id}")).json()

    assert link.startswith(f"{site.url}/r/")
    assert (page.status_code, sent.status_code, guest["status"]) == (200, 303, "coming")
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert "content-encoding" not in page.headers


async def append(api: AsyncClient, id: str) -> None:
    item = {"type": "NOTE_TAKEN", "payload": {"id": id}}
    answer = await api.post("/logs/notes", json=item)
    assert answer.status_code == 201, answer.text


async def test_events_are_streamed_as_they_happen(site: Site[Proxy]) -> None:
    async with (
        site.client() as api,
        site.client() as other,
        asyncio.timeout(10),  # what nginx holds back comes after 15 seconds, with a comment
        api.stream("GET", "/feed/live", params={"cursor": "end", "log": "notes"}) as stream,
    ):
        lines = stream.aiter_lines()
        first = await anext(lines)
        await append(other, "streamed")
        event = await anext(line async for line in lines if line.startswith("data: "))

    assert (stream.headers["content-type"], first) == ("text/event-stream", "retry: 1000")
    assert json.loads(event.removeprefix("data: "))["stream"] == "notes-streamed"


async def test_a_wait_for_messages_ends_with_the_first(site: Site[Proxy]) -> None:
    async with site.client() as api, site.client() as sender, asyncio.timeout(15):
        waiting = asyncio.create_task(api.post("/queues/orders/receive", json={"wait": 20}))
        await sender.post("/queues/orders/messages", json={"body": {"lamp": 2}})
        received = (await waiting).json()

    assert [message["content"] for message in received] == [{"lamp": 2}]


async def test_whoever_leaves_while_waiting_takes_no_message(site: Site[Proxy]) -> None:
    async def left() -> int:
        return site.server.log.read_text().count('"status":499')

    async with site.client() as api, site.client() as leaver:
        before = await left()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await leaver.post("/queues/parcels/receive", json={"wait": 20})
        await eventually(left, before + 1)
        await api.post("/queues/parcels/messages", json={"body": 1})
        received = (await api.post("/queues/parcels/receive", json={"wait": 5})).json()

    assert [(message["content"], message["attempt"]) for message in received] == [(1, 1)]


@pytest.mark.parametrize(
    ("path", "size", "status", "kind"),
    [
        ("/logs/uploads", 12 * MIB, 200, "application/json"),
        ("/logs/uploads", 16 * MIB + 1, 413, "application/problem+json"),
        ("/guests", 15 * MIB, 413, "application/problem+json"),
    ],
    ids=["large", "too-large-for-a-batch", "too-large-for-a-guest"],
)
async def test_bodies_have_the_limits_of_the_site(
    site: Site[Proxy], path: str, size: int, status: int, kind: str
) -> None:
    line = b'{"type": "FILE_SENT", "payload": {"id": "1", "text": "%b"}}\n' % (b"x" * 200_000)
    async with site.client() as api:
        body = (line * (size // len(line))).ljust(size)
        answer = await api.post(
            path, content=body, headers={"Content-Type": "application/x-ndjson"}
        )

    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)


@pytest.mark.parametrize("forged", [None, "203.0.113.1", "127.0.0.1"])
async def test_limits_per_client_hold_whoever_it_says_that_it_is(
    site: Site[Proxy], forged: str | None
) -> None:
    """Three wrong keys in an hour are the limit; what a client sends of itself changes nothing."""
    number = 10 + [None, "203.0.113.1", "127.0.0.1"].index(forged)
    said = {} if forged is None else {"X-Forwarded-For": forged, "X-Real-IP": forged}
    async with (
        site.client(f"127.0.1.{number}", key="gl_wrong") as guesser,
        site.client(f"127.0.2.{number}", key="gl_wrong") as another,
    ):
        guesses = [await guesser.get("/guests", headers=said) for _ in range(4)]
        first_of_another = await another.get("/guests")

    assert [guess.status_code for guess in guesses] == [401, 401, 401, 429]
    assert first_of_another.status_code == 401


async def test_no_answer_is_refused_while_the_server_is_started_again(
    site: Site[Proxy],
) -> None:
    async with site.client() as api:
        guests = [await invite(api, name) for name in ("Cem", "Dan", "Eve")]
    seen: Counter[int] = Counter()
    answering = [asyncio.create_task(answer_often(site, guest, 15, seen)) for guest in guests]
    ended = await site.restart_server()
    await asyncio.gather(*answering)

    assert (ended, seen) == (0, {200: 45})
    assert [await recorded(site, guest) for guest in guests] == [15, 15, 15]
