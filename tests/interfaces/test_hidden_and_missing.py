"""What is hidden from somebody is answered like what does not exist: the same answer, for the same
reads of the store, in the same time."""

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog import bootstrap
from gatherlog.apps.guests import GatheringDetails, NewGuest
from gatherlog.bootstrap import Platform, new_id, start
from gatherlog.engines import open_store
from gatherlog.interfaces.even_answers import STEP
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.interfaces.rest.examples import EXAMPLES
from gatherlog.settings import Settings
from tests.interfaces.watched import Watched

SCOPED = [
    endpoint for endpoint in ENDPOINTS if "/gatherings/{gathering_id}" in endpoint.paths()[-1]
]


@dataclass
class Site:
    """A host with a gathering and a guest in it, and another gathering with a guest in it."""

    platform: Platform
    client: AsyncClient
    store: Watched
    own: str
    hidden: str
    hidden_guest: str

    async def ask(self, endpoint: Endpoint[Any, Any], path: str) -> tuple[Any, ...]:
        """What a request is answered, and what was read for it."""
        self.store.reads.clear()
        answer = await self.client.request(endpoint.method, path, **sent(endpoint))
        await self.platform.trail.flush()
        reads = [*self.store.reads]
        told = answer.text
        for id in re.findall("[0-9a-f-]{36}", path):  # which some answers repeat
            told = told.replace(id, "…")
        return answer.status_code, told, reads


def sent(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    if endpoint.body is None:
        return {}
    content = b"first name,last name\nAda,King\n"
    if endpoint.body is not bytes:
        content = msgspec.json.encode(EXAMPLES[endpoint.body])
    return {"content": content, "headers": {"content-type": endpoint.accepts}}


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Site]:
    opened: list[Watched] = []

    async def open_watched(url: str, **given: Any) -> Any:
        opened.append(Watched(await open_store(url, **given)))
        return opened[0]

    monkeypatch.setattr(bootstrap, "open_store", open_watched)
    platform = await start(Settings(store=f"sqlite:///{tmp_path}/x.db", rate_limits="off"))
    session, account = await member(platform, "host@example.org")
    _, other = await member(platform, "other@example.org")
    own, _ = await gathering(platform, account)
    hidden, guest = await gathering(platform, other)
    async with AsyncClient(
        transport=ASGITransport(app=build_app(platform)),
        base_url="http://test",
        headers={"Authorization": f"Bearer {session}"},
    ) as client:
        yield Site(platform, client, opened[0], own, hidden, guest)
    await platform.stop()


async def member(platform: Platform, email: str) -> tuple[str, str]:
    code = await platform.accounts.issue_code(email)
    session = await platform.accounts.start_session(email, code)
    actor = await platform.accounts.session(session)
    assert actor is not None
    return session, actor.account_id or ""


async def gathering(platform: Platform, host: str) -> tuple[str, str]:
    details = GatheringDetails(event_name="Party", settings_data={"notes": "x" * 2_000})
    made = await platform.guests.create_gathering(details, actor="t", host=host)
    new = NewGuest(first_name="Ada", last_name="Lovelace", group_id="Byron", dietary="x" * 200)
    guest = await platform.guests.add_guest(made.body.id, new, actor="t")
    return made.body.id, guest.body.id


def path_of(endpoint: Endpoint[Any, Any], **ids: str) -> str:
    """The endpoint's path; ids that are not given are of what does not exist."""
    template = endpoint.paths()[-1]
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], MISSING), template)


MISSING = "0198f3c2-0000-7000-8000-000000000000"


@pytest.mark.parametrize("endpoint", SCOPED, ids=lambda e: f"{e.method} {e.paths()[-1]}")
async def test_a_hidden_gathering_is_answered_like_a_missing_one_for_the_same_reads(
    site: Site, endpoint: Endpoint[Any, Any]
) -> None:
    hidden = path_of(endpoint, gathering_id=site.hidden, guest_id=site.hidden_guest)

    missing = await site.ask(endpoint, path_of(endpoint))

    assert missing[0] == 404
    assert await site.ask(endpoint, hidden) == missing


OF_GUESTS = [endpoint for endpoint in SCOPED if "{guest_id}" in endpoint.path]


@pytest.mark.parametrize("endpoint", OF_GUESTS, ids=lambda e: f"{e.method} {e.paths()[-1]}")
async def test_a_guest_of_another_gathering_is_answered_like_a_missing_one_for_the_same_reads(
    site: Site, endpoint: Endpoint[Any, Any]
) -> None:
    hidden = path_of(endpoint, gathering_id=site.own, guest_id=site.hidden_guest)

    missing = await site.ask(endpoint, path_of(endpoint, gathering_id=site.own))

    assert missing[0] == 404
    assert await site.ask(endpoint, hidden) == missing


ROUNDS = 400
SURE = 4.0
"""Standard deviations: chance goes beyond them once in some 15,000 comparisons."""


async def test_a_hidden_gathering_takes_the_same_time_as_a_missing_one(site: Site) -> None:
    """With a control of each kind: two things that are missing, and one that takes longer."""
    paths = {
        "hidden": f"/gatherings/{site.hidden}",
        "missing": f"/gatherings/{MISSING}",
        "another": f"/gatherings/{new_id()}",
        "shown": f"/gatherings/{site.own}/admin/stats",
    }

    seconds = await timed(site, paths)

    apart = {name: deviation(seconds["missing"], seconds[name]) for name in paths}
    assert max(apart["hidden"], apart["another"]) < SURE < apart["shown"], apart


async def test_a_hidden_guest_takes_the_same_time_as_a_missing_one(site: Site) -> None:
    place = f"/gatherings/{site.own}/guests"
    paths = {
        "hidden": f"{place}/{site.hidden_guest}",
        "missing": f"{place}/{MISSING}",
        "another": f"{place}/{new_id()}",
        "shown": place,
    }

    seconds = await timed(site, paths)

    apart = {name: deviation(seconds["missing"], seconds[name]) for name in paths}
    assert max(apart["hidden"], apart["another"]) < SURE < apart["shown"], apart


async def timed(site: Site, paths: dict[str, str]) -> dict[str, list[float]]:
    """How long requests take, in turns of another order each, so that all meet the same noise."""
    random = Random(15)
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(ROUNDS):
        for name in random.sample([*paths], len(paths)):
            await asyncio.sleep(random.random() * STEP)  # begins at any moment between two ticks
            began = time.perf_counter()
            await site.client.get(paths[name])
            seconds[name].append(time.perf_counter() - began)
    return seconds


def deviation(one: Sequence[float], other: Sequence[float]) -> float:
    """How many standard deviations two samples of equal size are apart (Mann and Whitney)."""
    n = len(one)
    ranked = sorted([*((seconds, 0) for seconds in one), *((seconds, 1) for seconds in other)])
    rank_sum = sum(rank for rank, (_, which) in enumerate(ranked, start=1) if which == 0)
    expected, spread = n * (2 * n + 1) / 2, math.sqrt(n * n * (2 * n + 1) / 12)
    return abs(rank_sum - expected) / spread
