"""The cache in a process: it forgets after a while, and what is beyond its size."""

from gatherlog.caches.memory import LIFETIME, MemoryCache


class Seconds:
    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


async def test_a_value_is_kept_for_its_lifetime() -> None:
    seconds = Seconds()
    cache = MemoryCache(seconds)
    await cache.put("a", b"1")

    seconds.now += LIFETIME - 1
    assert await cache.get("a") == b"1"
    seconds.now += 1
    assert await cache.get("a") is None


async def test_the_latest_value_counts_until_it_is_dropped() -> None:
    cache = MemoryCache()
    await cache.put("a", b"1")
    await cache.put("a", b"2")
    assert await cache.get("a") == b"2"

    await cache.drop("a")
    await cache.drop("never there")

    assert await cache.get("a") is None


async def test_the_value_that_was_put_longest_ago_makes_room() -> None:
    cache = MemoryCache(most=2)
    for key in ("a", "b", "a", "c"):
        await cache.put(key, key.encode())

    assert [await cache.get(key) for key in "abc"] == [b"a", None, b"c"]
