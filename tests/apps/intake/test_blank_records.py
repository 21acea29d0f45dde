"""Records whose events are blank: not found any more, and still not taken twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gatherlog.apps.intake import (
    CATEGORIES,
    BlankRecords,
    IntakeService,
    entries_subscription,
    record_logs,
)
from gatherlog.apps.intake.reading import RecordQuery, records
from gatherlog.apps.intake.views import ENTRIES, IDENTITIES, LOGS
from gatherlog.core import Append, Commit, Event, Recorded, Store
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.projections.rebuild import rebuild, verify
from gatherlog.core.retention import Expiring, Expiry, RetentionChecks, RetentionService
from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS
from gatherlog.core.subscriptions.projection_folding import EventWithRefs, fold_events
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.intake.made_up import record, short, take
from tests.stores import events_of, eventually, scanned

STREAM = "meters-m1"


class Site:
    """A store with records, the rules of retention, and the worker that lists records."""

    def __init__(self, store: Store, clock: StandingClock) -> None:
        self.store = store
        self.clock = clock
        self.blank_records = BlankRecords(store)
        checks = RetentionChecks(CATEGORIES, [entries_subscription()], ["intake_log"])
        self.rules = RetentionService(store, checks, clock=clock, ids=CountingIds())
        self.expiry = Expiry(
            store, self.rules, checks, clock=clock, on_blanked=[self.blank_records]
        )
        self.projection = entries_subscription()
        self.worker = Worker(store, [self.projection], clock=clock, ids=CountingIds())

    async def keep(self, **rule: str) -> None:
        await self.rules.set("short", Expiring(log="meters", days=10, **rule), by="test")

    async def expire(self, number: int, *, days: int = 10) -> None:
        """Let so many events of the stream expire."""
        self.clock.advance(days=days)

        async def blank() -> int:
            await self.expiry.go_round()
            return sum([event.is_blank for event in await events_of(self.store, STREAM)])

        await eventually(blank, number)

    async def listed(self, **query: Any) -> list[str]:
        page = await records(self.store, RecordQuery(log="meters", **query), limit=100)
        return [one.event.id for one in page.items]

    async def blank_now(self) -> list[Recorded]:
        """Make all events of the stream blank, without anything that follows from it."""
        events = await events_of(self.store, STREAM)
        await self.store.blank(events[0].partition, [event.position for event in events])
        return events


@pytest.fixture
def site(store: Store, clock: StandingClock) -> Site:
    return Site(store, clock)


async def flaws(store: Store) -> list[object]:
    categories = [*CATEGORIES, *await record_logs(store)]
    return [one async for one in verify(store, categories)]


async def contents(store: Store) -> list[str]:
    found = [IDENTITIES.read(one) for one in await scanned(store, IDENTITIES.name)]
    return [one.content for one in found if one is not None]


@pytest.mark.on_database
async def test_an_expired_record_is_not_found_and_not_taken_again(
    site: Site, intake: IntakeService, store: Store
) -> None:
    await take(intake, record(EventID="a"), record(EventID="b", ID="m2"))
    await site.keep()

    await site.expire(1)
    async with working(site):
        again = await take(intake, record(EventID="a"), record(EventID="a", Data={"litres": 99}))

        assert short(again) == [("repeated", STREAM, 1)] * 2
        assert await contents(store) == ["", ""]
        await eventually(site.listed, [])
        for query in ({"entity": "m1"}, {"type": "METER_READ"}, {"emitter": "gateway-7"}):
            assert await site.listed(**query) == []
        await eventually(lambda: scanned(store, ENTRIES.name), [])
    assert await flaws(store) == []


@pytest.mark.on_database
async def test_entries_of_expired_records_go(
    site: Site, intake: IntakeService, store: Store
) -> None:
    await take(intake, record(EventID="a"))
    await site.keep()
    async with working(site):
        await eventually(lambda: site.listed(emitter="gateway-7"), ["a"])
        site.clock.advance(days=5)
        await take(intake, record(EventID="b"))
        await eventually(lambda: site.listed(emitter="gateway-7"), ["a", "b"])

        await site.expire(1, days=5)

        await eventually(lambda: site.listed(emitter="gateway-7"), ["b"])
        entries = [one.id for one in await scanned(store, ENTRIES.name)]
        assert entries == ["meters/b"]
    assert await flaws(store) == []


@pytest.mark.on_database
async def test_a_rebuild_makes_the_same_identities_again(
    site: Site, intake: IntakeService, store: Store
) -> None:
    await take(intake, record(EventID="a"), record(), record(EventID="a b c"))
    await site.keep()
    await site.expire(3)
    before = await scanned(store, IDENTITIES.name)
    deleted = [
        IDENTITIES.write(one.id, one.stream, expects=one.version, body=DELETE, at=one.version + 1)
        for one in before
    ]
    await store.commit(Commit(writes=deleted))

    categories = [*CATEGORIES, *await record_logs(store)]
    repaired = [one.what async for one in rebuild(store, categories)]

    assert repaired == ["missing"] * 3
    after = await scanned(store, IDENTITIES.name)
    assert [(one.id, one.body) for one in after] == [(one.id, one.body) for one in before]


async def test_an_event_that_was_no_record_is_blank_as_one(
    site: Site, intake: IntakeService, store: Store
) -> None:
    await take(intake, record(EventID="a"))
    other = Event("other", "METER_READ", site.clock(), site.clock(), b"{}", meta=b"{}")
    await store.commit(Commit(appends=[Append(STREAM, [other])]))
    await site.keep()

    await site.expire(2)

    assert await flaws(store) == []


async def test_an_event_of_another_entity_with_the_id_of_a_record_takes_nothing_from_it(
    site: Site, intake: IntakeService, store: Store
) -> None:
    other = Event("a", "METER_READ", site.clock(), site.clock(), b"{}", meta=b"{}")
    await store.commit(Commit(appends=[Append(STREAM, [other])]))
    site.clock.advance(days=5)
    await take(intake, record(EventID="a", ID="m2"))
    await site.keep()
    async with working(site):
        await eventually(lambda: site.listed(emitter="gateway-7"), ["a"])

        await site.expire(1, days=5)

        assert await site.listed(emitter="gateway-7") == ["a"]
    assert "" not in await contents(store)
    assert await flaws(store) == []


async def test_a_log_without_records_gets_no_identities(site: Site, store: Store) -> None:
    event = Event("other", "METER_READ", site.clock(), site.clock(), b"{}", meta=b"{}")
    await store.commit(Commit(appends=[Append(STREAM, [event])]))
    await site.keep()

    await site.expire(1)

    assert await scanned(store, IDENTITIES.name) == []
    assert await scanned(store, LOGS.name) == []


async def test_a_projection_that_has_read_events_before_they_were_blank_lists_none(
    site: Site, intake: IntakeService, store: Store
) -> None:
    """Its worker has begun, is behind, and is about to write what it has read."""
    async with working(site):
        await eventually(lambda: has_begun(store), True)
    await take(intake, record(EventID="a"))
    events = await events_of(store, STREAM)
    fold = site.projection.fold
    assert fold is not None
    folded = [EventWithRefs(fold, event) for event in events]
    late = await fold_events(store, fold, site.projection.name, folded)
    assert len(late.writes) == 1
    told = await site.blank_now()

    await site.blank_records(told)
    await site.blank_records(told)

    with pytest.raises(Conflict):
        await store.commit(Commit(writes=late.writes))
    assert await site.listed() == []
    again = Site(store, site.clock)
    async with working(again):
        await eventually(lambda: scanned(store, ENTRIES.name), [])


async def has_begun(store: Store) -> bool:
    return len(await scanned(store, CHECKPOINTS.name)) == store.limits.partitions


@asynccontextmanager
async def working(site: Site) -> AsyncIterator[None]:
    task = asyncio.create_task(site.worker.run())
    try:
        yield
    finally:
        site.worker.stop()
        await task
