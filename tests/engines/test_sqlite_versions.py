"""Processes with two versions of a view on one file: each notices what another has built."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.contracts.child import Child
from tests.contracts.commits import cards_view, put, writing
from tests.contracts.engines import Place
from tests.engines.child import children
from tests.stores import eventually


async def told(asked: Sequence[Child]) -> list[Any]:
    """What each process answers to one more query."""
    for child in asked:
        child.go()
    return [await child.line() for child in asked]


def telling(asked: Sequence[Child]) -> Callable[[], Awaitable[list[Any]]]:
    return lambda: told(asked)


async def test_running_processes_notice_what_another_has_built(place: Place) -> None:
    store = await place.open(cards_view(1))
    await store.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "Ada")})))
    await store.close()
    async with (
        children(2, "query_for_each_line", place.path, version=1) as older,
        children(2, "query_for_each_line", place.path, version=2) as newer,
        children(1, "build", place.path, version=2) as [building],
    ):
        assert await told(older) == [["a"]] * 2
        assert await told(newer) == ["view_not_built"] * 2
        assert await told(older) == [["a"]] * 2

        building.go()
        assert await building.line() == "built"

        await asyncio.gather(
            eventually(telling(older), ["view_outdated"] * 2, 3),
            eventually(telling(newer), [["a"]] * 2, 3),
        )
        assert await told(older) == ["view_outdated"] * 2
