"""The intake is killed at random moments: nothing is lost, doubled, or out of order."""

import random
from pathlib import Path

import pytest

from gatherlog.apps.intake import CATEGORIES, record_logs
from gatherlog.bootstrap import VIEWS
from gatherlog.core.projections.rebuild import verify
from gatherlog.engines import open_store
from tests.apps.intake.made_up import record
from tests.killed_children import killed
from tests.stores import events_of

ROUNDS = 30
RECORDS = 8_000
ENTITIES = 20
CHILD = "tests.apps.intake.killed_intake"


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

    ends = [
        await killed(CHILD, url, str(file), seconds=chance.uniform(0.0, 0.6)) for _ in range(ROUNDS)
    ]
    assert await killed(CHILD, url, str(file), seconds=None)

    assert ends.count(False) >= ROUNDS // 3
    store = await open_store(url, views=VIEWS)
    for entity in range(ENTITIES):
        ids = [event.id for event in await events_of(store, f"meters-m{entity}")]
        expected = [n for n in range(entity, RECORDS, ENTITIES) if n % 100 != 7]
        assert ids == [f"{n}" for n in expected]
    categories = [*CATEGORIES, *await record_logs(store)]
    assert [one async for one in verify(store, categories)] == []
    await store.close()
