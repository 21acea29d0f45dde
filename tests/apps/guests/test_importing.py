"""Importing sheets on every engine: exact previews, complete chunks, no guest added twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import (
    DEFAULT,
    VIEWS,
    GuestPatch,
    GuestService,
    Imported,
    NewGuest,
    Rsvp,
)
from gatherlog.apps.guests.importing import chunk_size
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.core import Commit, Committed, Limits, Store
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.engines.hostile import HostileStore, Hostility
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.recounting import check_figures, check_rebuild, group_sizes
from tests.apps.guests.slow_reads import SlowReads
from tests.stores import events_of

pytestmark = pytest.mark.on_database


def row(number: int, **given: Any) -> SheetRow:
    plain: dict[str, Any] = {
        "line": number + 2,
        "first_name": f"First{number}",
        "last_name": f"Last{number // 4}",
        "email": f"guest{number}@example.org",
        "group_id": f"House {number // 4}",
    }
    return SheetRow(**plain | given)


def sheet(rows: int) -> list[SheetRow]:
    return [row(number) for number in range(rows)]


async def take_in(service: GuestService, rows: list[SheetRow]) -> Imported:
    report = await service.import_guests(DEFAULT, rows, actor="cli", file_hash="f00d")
    return report.counts


async def look(service: GuestService, rows: list[SheetRow]) -> Imported:
    return (await service.preview_import(DEFAULT, rows)).counts


async def test_a_sheet_becomes_guests_and_households(service: GuestService, store: Store) -> None:
    progress: list[int] = []

    done = await service.import_guests(
        DEFAULT, sheet(45), actor="cli", file_hash="f00d", progress=progress.append
    )

    assert done.counts == Imported(new=45, changed=0, unchanged=0)
    assert progress[-1] == 45
    assert progress == sorted(progress)
    stats = await service.stats(DEFAULT)
    assert (stats.total_guests, stats.pending) == (45, 45)
    await check_figures(service)
    groups = list((await group_sizes(service)).items())
    assert groups[:2] == [("House 0", 4), ("House 1", 4)]
    assert len(groups) == 12
    await check_rebuild(store)


async def test_the_events_tell_which_file_they_came_from(
    service: GuestService, store: Store
) -> None:
    await take_in(service, sheet(1))

    [_, event] = await events_of(store, "gathering-default")

    assert msgspec.json.decode(event.meta) == {"actor": "cli", "import": "f00d"}


async def test_importing_again_changes_nothing(service: GuestService, store: Store) -> None:
    await take_in(service, sheet(45))
    before = await events_of(store, "gathering-default")

    assert await take_in(service, sheet(45)) == Imported(new=0, changed=0, unchanged=45)
    assert await events_of(store, "gathering-default") == before


async def test_importing_again_changes_only_what_changed(
    service: GuestService, store: Store
) -> None:
    await take_in(service, sheet(45))
    rows = sheet(46)
    rows[7] = row(7, children=1)
    rows[9] = row(9, dietary="no nuts")
    rows[11] = row(11, group_id="House 99", expected_guests=2)

    assert await look(service, rows) == Imported(1, 3, 42)
    assert await take_in(service, rows) == Imported(new=1, changed=3, unchanged=42)
    assert await take_in(service, rows) == Imported(new=0, changed=0, unchanged=46)
    await check_figures(service)
    await check_rebuild(store)


async def test_a_removed_guest_is_added_again_by_the_next_import(service: GuestService) -> None:
    await take_in(service, sheet(5))
    [first, *_] = await service.all_guests(DEFAULT)
    await service.remove_guest(DEFAULT, first.id, actor="cli")

    assert await take_in(service, sheet(5)) == Imported(new=1, changed=0, unchanged=4)


async def test_a_preview_writes_nothing(service: GuestService, store: Store) -> None:
    before = await events_of(store, "gathering-default")

    assert await look(service, sheet(45)) == Imported(45, 0, 0)
    assert await events_of(store, "gathering-default") == before


async def test_two_imports_at_once_add_no_guest_twice(service: GuestService, store: Store) -> None:
    one, other = await asyncio.gather(take_in(service, sheet(60)), take_in(service, sheet(60)))

    assert one.new + other.new == 60
    assert (await service.stats(DEFAULT)).total_guests == 60
    await check_figures(service)
    await check_rebuild(store)


async def test_a_guest_who_was_added_during_the_import_is_not_added_twice(store: Store) -> None:
    service = GuestService(SlowReads(store), clock=StandingClock(), ids=CountingIds())
    await service.ensure_default("cli")
    rows = [row(number, group_id=None) for number in range(250)]
    ada = NewGuest(first_name="First249", last_name="Last62", email="guest249@example.org")

    one, other, _ = await asyncio.gather(
        take_in(service, rows), take_in(service, rows), service.add_guest(DEFAULT, ada, actor="x")
    )

    assert one.new + other.new == 249
    assert (await service.stats(DEFAULT)).total_guests == 250
    await check_rebuild(store)


class PlugPulledError(Exception):
    """Breaks an import off."""


async def test_an_import_that_broke_off_is_continued_by_the_next_one(service: GuestService) -> None:
    def pull_the_plug(done: int) -> None:
        raise PlugPulledError(done)

    with pytest.raises(PlugPulledError) as broke_off:
        await service.import_guests(
            DEFAULT, sheet(250), actor="cli", file_hash="f00d", progress=pull_the_plug
        )
    done = int(str(broke_off.value))
    assert 0 < done < 250
    assert (await service.stats(DEFAULT)).total_guests == done

    assert await take_in(service, sheet(250)) == Imported(250 - done, 0, done)


async def test_guests_answer_and_are_changed_during_an_import(service: GuestService) -> None:
    await take_in(service, sheet(30))
    guests = [guest.id for guest in await service.all_guests(DEFAULT)]

    await asyncio.gather(
        take_in(service, [row(number, expected_guests=2) for number in range(60)]),
        *(service.rsvp(DEFAULT, guest, Rsvp(attending=True), actor="cli") for guest in guests[:9]),
        service.remove_guest(DEFAULT, guests[20], actor="cli"),
        service.change_guest(DEFAULT, guests[21], GuestPatch(children=1), actor="cli"),
    )

    await check_figures(service)
    assert (await service.stats(DEFAULT)).attending == 9


async def test_every_flaw_of_a_sheet_is_named_and_nothing_is_written(
    service: GuestService, store: Store
) -> None:
    before = await events_of(store, "gathering-default")
    rows = [*sheet(3), row(3, first_name=""), row(4, email="nobody", expected_guests=100)]

    for attempt in take_in(service, rows), service.preview_import(DEFAULT, rows):
        with pytest.raises(Invalid) as refused:
            await attempt
        assert refused.value.flaws == (
            Flaw("/lines/5/first_name", "is missing or blank"),
            Flaw("/lines/6/email", "is not an email address; one looks like ada@example.org"),
            Flaw("/lines/6/expected_guests", "should be a whole number from 0 to 99"),
        )
    assert await events_of(store, "gathering-default") == before


async def test_a_household_that_is_too_large_is_refused_before_anything_is_written(
    service: GuestService, store: Store
) -> None:
    before = await events_of(store, "gathering-default")

    with pytest.raises(Invalid, match=r"^/lines/1002/group_id: names a household that is full"):
        await take_in(service, [row(number, group_id="all") for number in range(1001)])

    assert await events_of(store, "gathering-default") == before


def test_a_chunk_fits_into_a_commit() -> None:
    small = Limits(commit_actions=50, commit_bytes=4 * 1024 * 1024)

    assert [chunk_size(Limits()), chunk_size(small)] == [16, 8]
    assert chunk_size(Limits(commit_bytes=128 * 1024)) == 8


class Meddling:
    """A store that lets another command commit before the first commit."""

    def __init__(self, store: Store, meddle: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._meddle: Callable[[], Awaitable[None]] | None = meddle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        meddle, self._meddle = self._meddle, None
        if meddle is not None:
            await meddle()
        return await self._store.commit(commit)


@pytest.mark.parametrize("how", ["one removed and one added", "one renamed"])
async def test_no_guest_is_added_twice_if_the_number_of_guests_stays_the_same(
    service: GuestService, store: Store, clock: StandingClock, ids: CountingIds, how: str
) -> None:
    first: dict[str, Any] = {"first_name": "First3", "last_name": "Last0"}
    old = NewGuest(first_name="Old", last_name="Guest")
    gone = (await service.add_guest(DEFAULT, old, actor="cli")).body.id

    async def meddle() -> None:
        if how == "one renamed":
            await service.change_guest(DEFAULT, gone, GuestPatch(**first), actor="cli")
        else:
            await service.remove_guest(DEFAULT, gone, actor="cli")
            await service.add_guest(DEFAULT, NewGuest(**first), actor="cli")

    other = GuestService(Meddling(store, meddle), clock=clock, ids=ids)
    done = await take_in(other, sheet(5))

    assert done == Imported(new=4, changed=1, unchanged=0)
    assert (await service.stats(DEFAULT)).total_guests == 5


async def test_no_more_than_a_hundred_flaws_are_named(service: GuestService) -> None:
    rows = [row(number, first_name="", last_name="") for number in range(500)]

    with pytest.raises(Invalid) as refused:
        await take_in(service, rows)

    assert len(refused.value.flaws) == 100


@pytest.mark.parametrize("seed", range(3))
async def test_an_import_rests_on_guests_as_they_are_though_the_index_lags(seed: int) -> None:
    """Neither on those whom the index does not show yet, nor on what it shows of others."""
    store = HostileStore(VIEWS, seed=seed, hostility=Hostility(lag=0.7))
    service = GuestService(store, clock=StandingClock(), ids=CountingIds())
    await service.ensure_default("cli")
    await take_in(service, sheet(20))
    guests = {guest.email: guest for guest in await service.all_guests(DEFAULT)}
    for number in range(0, 20, 4):  # they get other addresses, by which the sheet then means others
        guest, name = guests[f"guest{number}@example.org"], f"new{number}@example.org"
        await service.change_guest(DEFAULT, guest.id, GuestPatch(email=name), actor="cli")
    moved = [row(n, email=f"new{n}@example.org") if n % 4 == 0 else row(n) for n in range(20)]

    assert await take_in(service, moved) == Imported(new=0, changed=0, unchanged=20)
    assert await take_in(service, sheet(20)) == Imported(0, 0, unchanged=15, asked=5)
    assert len(await service.all_guests(DEFAULT)) == 20
    await store.close()
