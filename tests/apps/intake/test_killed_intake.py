"""The intake is killed at random moments: nothing is lost, doubled, or out of order."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

from gatherlog.apps.intake import CATEGORIES, record_logs
from gatherlog.bootstrap import VIEWS
from gatherlog.core.projections.rebuild import verify
from gatherlog.engines import open_store
from tests.apps.intake.made_up import record
from tests.stores import events_of

ROUNDS = 30
RECORDS = 8_000
ENTITIES = 20
ROOT = Path(__file__).parents[3]


async def taken(url: str, file: Path, seconds: float | None) -> bool:
    """Run it, and kill it after so many seconds; whether it had come to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.apps.intake.killed_intake", url, str(file)),
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


@pytest.mark.heavy
async def test_an_intake_that_is_killed_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    url, file = f"sqlite:///{tmp_path}/intake.db", tmp_path / "all.jsonl"
    texts = [
        b"{" if n % 100 == 7 else record(EventID=f"{n}", ID=f"m{n % ENTITIES}")
        for n in range(RECORDS)
    ]
    file.write_bytes(b"\n".join(texts))
    await (await open_store(url, views=VIEWS)).close()
    chance = random.Random(1)

    ends = [await taken(url, file, chance.uniform(0.0, 0.6)) for _ in range(ROUNDS)]
    assert await taken(url, file, None)

    assert ends.count(False) >= ROUNDS // 3
    store = await open_store(url, views=VIEWS)
    for entity in range(ENTITIES):
        ids = [event.id for event in await events_of(store, f"meters-m{entity}")]
        expected = [n for n in range(entity, RECORDS, ENTITIES) if n % 100 != 7]
        assert ids == [f"{n}" for n in expected]
    categories = [*CATEGORIES, *await record_logs(store)]
    assert [one async for one in verify(store, categories)] == []
    await store.close()
