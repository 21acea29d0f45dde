"""Which caches a setting may name, and that a wrong one is refused without showing it."""

import pytest

from gatherlog.caches import check_cache, open_cache
from gatherlog.caches.careful import CarefulCache
from gatherlog.caches.memory import MemoryCache
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.settings import Settings
from tests.caches.servers import digest

GOOD = (
    "valkey://localhost",
    "valkey://:secret@[::1]:6379/3",
    "valkeys://name:secret@cache.example:6380",
    "redis://localhost:6379/0",
    "rediss://localhost",
    "unix:///run/valkey.sock",
)
BAD = (
    "on",
    "MEMORY",
    "localhost:6379",
    "valkey://",
    "valkey://:secret@",
    "valkey://localhost:0",
    "valkey://localhost:99999",
    "valkey://localhost/one",
    "valkey://localhost/0?socket_timeout=x",
    "valkey://[::1",
    "unix://run/valkey.sock",
    "unix://",
    "http://localhost",
)


@pytest.mark.parametrize("address", GOOD)
async def test_a_server_is_named_by_its_address(address: str) -> None:
    assert check_cache(address) == []
    cache = open_cache(address, digest)
    assert isinstance(cache, CarefulCache)
    await cache.close()


def test_a_cache_may_be_in_the_process_or_off() -> None:
    assert open_cache("off", digest) is None
    assert isinstance(open_cache("memory", digest), MemoryCache)
    assert Settings.from_environment({}).cache == "off"


@pytest.mark.parametrize("address", BAD)
def test_anything_else_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        Settings.from_environment({"GATHERLOG_CACHE": address})
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/cache"]
    assert "secret" not in str(refused.value)


def test_without_the_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatherlog.caches.opening.find_spec", lambda name: None)
    with pytest.raises(Invalid, match=r"gatherlog\[valkey\]"):
        open_cache("valkey://localhost", digest)
