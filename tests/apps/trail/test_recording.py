"""Accesses are recorded without waiting, once an hour, and written together."""

import asyncio
from typing import Any, cast

import pytest

from gatherlog.apps.trail import SITE, TrailService, service
from gatherlog.core import Commit, Committed, Recorded, Store
from gatherlog.core.eventstore.errors import Busy
from gatherlog.testing import CountingIds, StandingClock
from tests.stores import events_of, eventually

pytestmark = pytest.mark.on_database


async def looked(store: Store, gathering_id: str = "default") -> list[Recorded]:
    return await events_of(store, f"access-{gathering_id}")


async def test_an_access_is_an_event_in_a_stream_of_its_own(
    store: Store, trail_service: TrailService, clock: StandingClock
) -> None:
    trail_service.note("key:1", "guest_read", "default", "ada")
    seen = clock()
    clock.advance(seconds=0.7)

    await trail_service.flush()

    [event] = await looked(store)
    assert (event.type, event.schema, event.subject) == ("trail.accessed", 1, "ada")
    assert event.data == b'{"who":"key:1","what":"guest_read"}'
    assert (event.time, event.recorded) == (seen, seen + 700_000)


async def test_the_same_access_is_recorded_once_in_an_hour_of_the_clock(
    store: Store, trail_service: TrailService, clock: StandingClock
) -> None:
    for _ in range(6):  # from 12:00 to 13:40
        trail_service.note("key:1", "guest_read", "default", "ada")
        clock.advance(seconds=20 * 60)
        await trail_service.flush()

    times = [event.time - clock() for event in await looked(store)]
    assert times == [-120 * 60 * 1_000_000, -60 * 60 * 1_000_000]


async def test_accesses_differ_by_actor_kind_guest_and_gathering(
    store: Store, trail_service: TrailService
) -> None:
    for gathering in ("default", "other"):
        for who in ("key:1", "key:2"):
            for guest in ("", "ada", "bob"):
                trail_service.note(who, "guest_read", gathering, guest)
                trail_service.note(who, "guests_exported", gathering, guest)

    await trail_service.flush()

    assert len(await looked(store)) == len(await looked(store, "other")) == 12


async def test_an_access_to_the_whole_log_belongs_to_no_gathering(
    store: Store, trail_service: TrailService
) -> None:
    trail_service.note("key:1", "log_read", SITE)

    await trail_service.flush()

    assert [event.subject for event in await looked(store, "site")] == [""]


async def test_more_accesses_than_fit_into_one_commit_are_all_written(
    store: Store, trail_service: TrailService
) -> None:
    for number in range(205):
        trail_service.note(f"key:{number}", "guests_listed", f"g{number % 3}")

    await trail_service.flush()

    assert [len(await looked(store, f"g{number}")) for number in range(3)] == [69, 68, 68]


async def test_accesses_are_written_soon_without_a_flush(
    store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    trail_service = TrailService(store, clock=clock, ids=ids, seconds=0.01)

    trail_service.note("key:1", "guests_listed", "default")
    trail_service.note("key:2", "guests_listed", "default")

    async def who() -> list[bytes]:
        return [event.data.split(b'"')[3] for event in await looked(store)]

    assert await who() == []
    await eventually(who, [b"key:1", b"key:2"])
    await trail_service.close()


async def test_accesses_are_written_when_the_program_stops(
    store: Store, trail_service: TrailService
) -> None:
    trail_service.note("key:1", "guests_listed", "default")

    await trail_service.close()

    assert len(await looked(store)) == 1


class Overwhelmed:
    """A store that refuses the first commits."""

    def __init__(self, store: Store, refusals: int) -> None:
        self._store = store
        self._refusals = refusals

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        self._refusals -= 1
        if self._refusals >= 0:
            raise Busy("too much to do")
        return await self._store.commit(commit)


async def test_accesses_that_the_store_refuses_are_reported_and_written_later(
    store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    refused: list[str] = []
    trail_service = TrailService(
        cast(Store, Overwhelmed(store, 2)),
        clock=clock,
        ids=ids,
        seconds=0.01,
        report=lambda error: refused.append(str(error)),
    )
    before = await store.heads()

    trail_service.note("key:1", "guests_listed", "default")
    await store.wait(before, 30)
    await trail_service.close()

    assert (len(await looked(store)), trail_service.lost) == (1, 0)
    assert refused == ["too much to do", "too much to do"]


async def test_accesses_that_a_closed_store_cannot_take_are_counted_as_lost(
    store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    told: list[BaseException] = []
    trail_service = TrailService(store, clock=clock, ids=ids, seconds=3600, report=told.append)
    trail_service.note("key:1", "guests_listed", "default")
    await store.close()

    await trail_service.close()

    assert (trail_service.lost, [type(error).__name__ for error in told]) == (1, ["StoreClosed"])


async def test_the_queue_is_bounded_and_further_accesses_are_counted_as_lost(
    store: Store, trail_service: TrailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_WAITING", 3)
    for number in range(5):
        trail_service.note(f"key:{number}", "guests_listed", "default")

    await trail_service.flush()
    trail_service.note("key:4", "guests_listed", "default")
    await trail_service.flush()

    who = [event.data.split(b'"')[3] for event in await looked(store)]
    assert (who, trail_service.lost) == ([b"key:0", b"key:1", b"key:2", b"key:4"], 2)


async def test_the_number_of_remembered_accesses_is_bounded(
    store: Store, trail_service: TrailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_MOST_REMEMBERED", 2)
    for who in ("key:1", "key:2", "key:3", "key:3", "key:1"):
        trail_service.note(who, "guests_listed", "default")

    await trail_service.flush()

    assert len(await looked(store)) == 4


async def test_flushing_twice_at_once_writes_once(
    store: Store, trail_service: TrailService
) -> None:
    trail_service.note("key:1", "guests_listed", "default")

    await asyncio.gather(trail_service.flush(), trail_service.flush(), trail_service.close())

    assert len(await looked(store)) == 1
