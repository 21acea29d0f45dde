"""The expiry of records is killed at random moments: it is done in the end, and nothing differs."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

from gatherlog.apps.intake import CATEGORIES, record_logs
from gatherlog.apps.intake.views import IDENTITIES
from gatherlog.bootstrap import VIEWS
from gatherlog.core import Store
from gatherlog.core.projections.rebuild import verify
from gatherlog.engines import open_store
from gatherlog.testing import StandingClock
from tests.apps.intake.conftest import service_on
from tests.apps.intake.killed_expiry import expiry_of
from tests.apps.intake.made_up import record, take
from tests.contracts.engines import POSTGRES_URL, address
from tests.stores import events_of, scanned

ROUNDS = 30
RECORDS = 6_000
ENTITIES = 20
ROOT = Path(__file__).parents[3]


async def expired(url: str, seconds: float | None) -> bool:
    """Run it, and kill it after so many seconds; whether it had come to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.apps.intake.killed_expiry", url),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    end = asyncio.create_task(process.stdout.read())
    await asyncio.wait([end], timeout=seconds)
    if process.returncode is None and not end.done():
        process.kill()
    said = await end
    await process.wait()
    return said == b"done\n"


async def fill(store: Store) -> None:
    intake = service_on(store, StandingClock())
    for start in range(0, RECORDS, 500):
        numbers = range(start, start + 500)
        await take(intake, *[record(EventID=f"{n}", ID=f"m{n % ENTITIES}") for n in numbers])


@pytest.mark.heavy
@pytest.mark.parametrize("url", ["sqlite:///{path}/intake.db", POSTGRES_URL])
async def test_an_expiry_of_records_that_is_killed_at_any_moment_is_done_in_the_end(
    url: str, tmp_path: Path
) -> None:
    async with address(url, tmp_path) as place:
        store = await open_store(place, views=VIEWS)
        await fill(store)
        await store.close()
        chance = random.Random(1)

        ends = [await expired(place, chance.uniform(0.0, 0.12)) for _ in range(ROUNDS)]
        assert await expired(place, None)

        assert ends.count(False) >= ROUNDS // 3
        store = await open_store(place, views=VIEWS)
        for entity in range(ENTITIES):
            events = await events_of(store, f"meters-m{entity}")
            assert [event.is_blank for event in events] == [True] * (RECORDS // ENTITIES)
        found = [IDENTITIES.read(one) for one in await scanned(store, IDENTITIES.name)]
        assert {one.content for one in found if one is not None} == {""}
        assert len(found) == RECORDS
        rules, _ = expiry_of(store)
        assert await rules.expired() == {"short": RECORDS}
        categories = [*CATEGORIES, *await record_logs(store)]
        assert [one async for one in verify(store, categories)] == []
        await store.close()
