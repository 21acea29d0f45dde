"""The cache in a real server: shared, forgotten in time, and of no harm when it is not there."""

import asyncio

import pytest
from valkey.asyncio import Valkey

from gatherlog.caches.careful import LONGEST_VALUE, PAUSE
from gatherlog.caches.memory import LIFETIME
from tests.caches.servers import RealServer, careful, digest


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_what_one_process_keeps_another_finds(cache_server: RealServer) -> None:
    async with careful(cache_server.url) as one, careful(cache_server.url) as other:
        await one.put("key", b"value")
        assert await other.get("key") == b"value"
        await other.drop("key")
        assert await one.get("key") is None
        assert (one.failures, other.failures) == (0, 0)


async def test_the_server_forgets_it_in_time(cache_server: RealServer) -> None:
    async with careful(cache_server.url) as cache, Valkey.from_url(cache_server.url) as client:
        await cache.put("key", b"value")
        assert LIFETIME - 5 < await client.ttl("key") <= LIFETIME


@pytest.mark.parametrize("forged", ["plain", "strange seal", "other key", "longer", "shorter"])
async def test_what_the_site_has_not_sealed_for_this_key_is_nothing(
    cache_server: RealServer, forged: str
) -> None:
    async with careful(cache_server.url) as cache, Valkey.from_url(cache_server.url) as client:
        await cache.put("key", b"value")
        sealed = await client.get("key")
        strange = (await digest("made by somebody else")).encode()
        await client.set(
            "mine",
            {
                "plain": b"value",
                "strange seal": strange + b"value",
                "other key": sealed,
                "longer": sealed + b"x",
                "shorter": sealed[:-1],
            }[forged],
        )
        assert await cache.get("mine") is None
        assert await cache.get("key") == b"value"


async def test_a_value_of_another_type_or_of_any_size_is_nothing(cache_server: RealServer) -> None:
    seconds = Seconds()
    async with (
        careful(cache_server.url, seconds=seconds) as cache,
        Valkey.from_url(cache_server.url) as client,
    ):
        await client.rpush("list", "value")
        await client.set("large", b"x" * (32 * LONGEST_VALUE))
        await cache.put("too large", b"x" * LONGEST_VALUE)

        assert await cache.get("large") is None
        assert await cache.get("too large") is None
        assert cache.failures == 0
        assert await cache.get("list") is None
        assert cache.failures == 1


async def test_a_server_that_dies_and_comes_back_is_used_again(cache_server: RealServer) -> None:
    seconds = Seconds()
    async with careful(cache_server.url, seconds=seconds) as cache:
        await cache.put("key", b"value")
        cache_server.kill()

        assert [await cache.get("key") for _ in range(100)] == [None] * 100
        assert cache.failures == 1
        cache_server.start()
        seconds.now += PAUSE
        await cache.put("key", b"again")
        assert await cache.get("key") == b"again"


async def test_many_who_give_up_waiting_leave_no_wrong_answer_behind(
    cache_server: RealServer,
) -> None:
    seconds = Seconds()
    async with careful(cache_server.url, seconds=seconds) as cache:
        for number in range(50):
            await cache.put(f"{number}", f"value {number}".encode())
        asking = [asyncio.create_task(cache.get(f"{number % 50}")) for number in range(500)]
        await asyncio.sleep(0)
        for task in asking[::2]:
            task.cancel()
        found = await asyncio.gather(*asking, return_exceptions=True)
        values = {(n % 50, one) for n, one in enumerate(found) if isinstance(one, bytes)}
        assert values <= {(n, f"value {n}".encode()) for n in range(50)}
        seconds.now += PAUSE
        assert await cache.get("7") == b"value 7"
