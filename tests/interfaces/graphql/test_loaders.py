"""Loaders: keys that are asked for together are read together."""

import asyncio
from collections.abc import Sequence

import pytest

from gatherlog.interfaces.graphql.loaders import MOST_AT_ONCE, Loader


class Numbers:
    """Reads squares; notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def read(self, keys: list[int]) -> Sequence[int]:
        self.asked.append(keys)
        await asyncio.sleep(0)
        if -1 in keys:
            raise ValueError("no square")
        return [key * key for key in keys]


async def test_keys_of_one_moment_are_read_once_and_each_once() -> None:
    numbers = Numbers()
    loader = Loader(numbers.read)

    found = await asyncio.gather(*(loader.load(key) for key in (3, 1, 3, 2)))
    again = await loader.load(3)

    assert (found, again, numbers.asked) == ([9, 1, 9, 4], 9, [[3, 1, 2]])


async def test_many_keys_are_read_in_parts() -> None:
    numbers = Numbers()
    loader = Loader(numbers.read)

    found = await asyncio.gather(*(loader.load(key) for key in range(MOST_AT_ONCE + 1)))

    assert found == [key * key for key in range(MOST_AT_ONCE + 1)]
    assert [len(keys) for keys in numbers.asked] == [MOST_AT_ONCE, 1]


async def test_a_failure_is_told_to_everyone_who_asked() -> None:
    loader = Loader(Numbers().read)

    told = await asyncio.gather(loader.load(-1), loader.load(2), return_exceptions=True)

    assert [str(error) for error in told] == ["no square"] * 2


async def test_who_gives_up_takes_the_value_from_nobody_else() -> None:
    loader = Loader(Numbers().read)

    async def wait() -> int:
        return await loader.load(5)

    given_up, other = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    given_up.cancel()

    assert await other == 25
    with pytest.raises(asyncio.CancelledError):
        await given_up
