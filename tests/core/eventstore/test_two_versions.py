"""Two stores on one engine, as two processes have them: one declares a newer version of a view."""

import asyncio
from collections.abc import Callable

import pytest

from gatherlog.core import Limits
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.engine import Engine
from gatherlog.core.eventstore.engine_store import EngineStore
from gatherlog.core.eventstore.errors import ViewNotBuilt, ViewOutdated
from gatherlog.core.eventstore.view_catalogue import LOOK_SECONDS
from gatherlog.engines.hostile import LIMITS, HostileEngine, Hostility
from gatherlog.engines.memory import MemoryEngine
from gatherlog.testing import run_instantly
from tests.contracts.commits import CARDS, cards_view, lists, put, writing

ENGINES: dict[str, Callable[[], Engine]] = {
    "memory": lambda: MemoryEngine(Limits()),
    "hostile": lambda: HostileEngine(LIMITS, 1, Hostility()),
}
ALL = CARDS.query("by_name", "all")


@pytest.mark.parametrize("engine", ENGINES)
def test_when_one_has_built_the_newer_version_the_older_is_refused_within_a_second(
    engine: str,
) -> None:
    async def story() -> None:
        shared = ENGINES[engine]()
        older = await EngineStore.open(shared, [cards_view(1)], clock=system_clock)
        await older.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "Ada")})))
        await lists(older, ALL, "a")
        building = await EngineStore.open(shared, [cards_view(2)], clock=system_clock)
        waiting = await EngineStore.open(shared, [cards_view(2)], clock=system_clock)
        with pytest.raises(ViewNotBuilt):
            await waiting.query(ALL)

        await building.declare([cards_view(2)])
        await lists(building, ALL, "a")
        await asyncio.sleep(LOOK_SECONDS)

        await lists(waiting, ALL, "a")
        with pytest.raises(ViewOutdated):
            await older.query(ALL)
        with pytest.raises(ViewOutdated):
            await older.declare([cards_view(1)])

    run_instantly(story())
