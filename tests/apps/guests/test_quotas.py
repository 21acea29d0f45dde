"""What one host may have: the last that is allowed, the first that is refused, and 32 at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from gatherlog.apps.guests import (
    CATEGORIES,
    DEFAULT,
    VIEWS,
    GatheringDetails,
    GuestService,
    NewGuest,
    QuotaReached,
    Quotas,
    Rsvp,
    SettingsPatch,
    read_quotas,
)
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import ACCOUNT_QUOTAS
from gatherlog.core import Limits, Store
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.projections.rebuild import verify
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.slow_reads import SlowReads
from tests.stores import eventually

CALLERS = 32
OFF = read_quotas("off")
BALL = GatheringDetails(event_name="Ball")


@pytest.fixture
def hosted(store: Store, clock: StandingClock, ids: CountingIds) -> Callable[..., GuestService]:
    """A service with these quotas, and no others. Its reads let other tasks run."""

    def make(**quotas: int) -> GuestService:
        given = Quotas(**dict.fromkeys(Quotas.__struct_fields__) | quotas)
        return GuestService(SlowReads(store), clock=clock, ids=ids, quotas=given)

    return make


@pytest.fixture(autouse=True)
async def checked(store: Store) -> AsyncIterator[None]:
    """After every test, all documents and counters are as the log says."""
    yield
    assert [difference async for difference in verify(store, CATEGORIES)] == []


async def ball(service: GuestService, host: str | None = "ida") -> str:
    return (await service.create_gathering(BALL, actor="cli", host=host)).body.id


async def add(service: GuestService, gathering: str, group: str | None = None) -> str:
    new = NewGuest(first_name="A", last_name="X", group_id=group)
    return (await service.add_guest(gathering, new, actor="cli")).body.id


async def counted(store: Store, account: str = "ida") -> dict[str, int]:
    [document] = await store.get([ACCOUNT_QUOTAS.ref(account)])
    return {} if document is None else dict(document.counters)


async def at_once(callers: Sequence[Awaitable[Any]]) -> tuple[int, int]:
    """How many of these callers succeeded, and how many met a quota; there is no other end."""
    ends = await asyncio.gather(*callers, return_exceptions=True)
    refused = [end for end in ends if isinstance(end, QuotaReached)]
    assert [end for end in ends if isinstance(end, BaseException) and end not in refused] == []
    return len(ends) - len(refused), len(refused)


async def listed(service: GuestService) -> int:
    return len((await service.gatherings_of("ida")).items)


def rows(count: int, start: int = 0) -> list[SheetRow]:
    return [
        SheetRow(line=n + 2, first_name=f"F{n}", last_name="L", email=f"g{n}@example.org")
        for n in range(start, start + count)
    ]


async def bring(service: GuestService, gathering: str, sheet: list[SheetRow]) -> int:
    done = await service.import_guests(gathering, sheet, actor="cli", file_hash="h")
    return done.counts.new


# Gatherings of an account.


async def test_the_last_gathering_is_made_and_the_next_is_refused_until_one_is_removed(
    store: Store, hosted: Callable[..., GuestService]
) -> None:
    service = hosted(gatherings=3)
    first, _, _ = [await ball(service) for _ in range(3)]

    with pytest.raises(QuotaReached) as refused:
        await ball(service)
    assert str(refused.value) == (
        "An account may have 3 gatherings here, and you have 3. Remove one that is over, or ask "
        "whoever runs this site to raise the quota `gatherings`."
    )
    assert await counted(store) == {"gatherings": 3}

    await service.remove_gathering(first, actor="cli")
    await ball(service)
    with pytest.raises(QuotaReached):
        await ball(service)


async def test_other_accounts_and_gatherings_without_one_are_not_bounded(
    hosted: Callable[..., GuestService],
) -> None:
    service = hosted(gatherings=1, guests=1, account_guests=1)
    assert len({await ball(service, host) for host in ("ida", "max", None, None)}) == 4

    free = await ball(service, None)
    for _ in range(3):
        await add(service, free)
    assert await bring(service, free, rows(5)) == 5


async def test_32_callers_make_as_many_gatherings_as_there_may_be(
    store: Store, hosted: Callable[..., GuestService]
) -> None:
    service = hosted(gatherings=5)

    assert await at_once([ball(service) for _ in range(CALLERS)]) == (5, 27)
    assert await counted(store) == {"gatherings": 5}


# Guests of a gathering.


async def test_the_last_guest_is_added_and_the_next_is_refused_until_one_is_removed(
    hosted: Callable[..., GuestService],
) -> None:
    service = hosted(guests=3)
    here = await ball(service)
    first, _, _ = [await add(service, here, "Smith") for _ in range(3)]

    with pytest.raises(QuotaReached) as refused:
        await add(service, here, "Smith")
    assert str(refused.value) == (
        "A gathering may have 3 guests here; this one has 3, and would have 4. Remove "
        "guests who are not invited any more, or ask whoever runs this site to raise the quota "
        "`guests`."
    )
    assert (await service.stats(here)).total_guests == 3

    await service.remove_guest(here, first, actor="cli")
    await add(service, here)
    with pytest.raises(QuotaReached):
        await add(service, here)


@pytest.mark.parametrize("quota", ["guests", "account_guests"])
async def test_32_callers_add_as_many_guests_as_there_may_be(
    store: Store, hosted: Callable[..., GuestService], quota: str
) -> None:
    service = hosted(**{quota: 7})
    here = await ball(service)

    assert await at_once([add(service, here) for _ in range(CALLERS)]) == (7, 25)
    assert await counted(store) == {"gatherings": 1, "guests": 7}


@pytest.mark.parametrize("quota", ["guests", "account_guests"])
async def test_a_sheet_that_fits_is_imported_and_one_that_does_not_writes_nothing(
    store: Store, hosted: Callable[..., GuestService], quota: str
) -> None:
    service = hosted(**{quota: 50})
    here = await ball(service)

    with pytest.raises(QuotaReached):
        await bring(service, here, rows(51))
    with pytest.raises(QuotaReached):
        await service.preview_import(here, rows(51))
    assert (await service.stats(here)).total_guests == 0

    assert await bring(service, here, rows(50)) == 50
    assert await bring(service, here, rows(50)) == 0  # nobody is new
    with pytest.raises(QuotaReached):
        await bring(service, here, rows(1, start=50))
    assert await counted(store) == {"gatherings": 1, "guests": 50}


async def test_a_gathering_with_more_than_a_lowered_quota_stays_and_gets_smaller(
    hosted: Callable[..., GuestService],
) -> None:
    before, after = hosted(), hosted(guests=2, account_guests=2, gatherings=0)
    here = await ball(before)
    first, *_ = [await add(before, here) for _ in range(4)]

    with pytest.raises(QuotaReached):
        await add(after, here)
    await after.remove_guest(here, first, actor="cli")
    assert (await after.stats(here)).total_guests == 3


# Guests of an account.


async def test_guests_of_all_gatherings_of_an_account_are_bounded_together(
    store: Store, hosted: Callable[..., GuestService]
) -> None:
    service = hosted(account_guests=5)
    one, other = await ball(service), await ball(service)
    for _ in range(3):
        await add(service, one)
    await bring(service, other, rows(2))

    for gathering in (one, other):
        with pytest.raises(QuotaReached, match="the quota `account_guests`"):
            await add(service, gathering)
    await service.remove_gathering(one, actor="cli")
    assert await counted(store) == {"gatherings": 1, "guests": 2}
    await bring(service, other, rows(3, start=2))


async def test_32_callers_in_two_gatherings_share_what_the_account_may_have(
    store: Store, hosted: Callable[..., GuestService]
) -> None:
    service = hosted(account_guests=9)
    both = [await ball(service), await ball(service)]

    adding = [add(service, both[n % 2]) for n in range(CALLERS)]
    assert await at_once(adding) == (9, 23)
    assert await counted(store) == {"gatherings": 2, "guests": 9}


async def test_a_gathering_that_changes_its_host_takes_its_guests_along(
    store: Store, hosted: Callable[..., GuestService]
) -> None:
    service = hosted(account_guests=2, gatherings=1)
    here = await ball(service)
    await ball(service, "max")
    await add(service, here)
    await add(service, here)

    await service.change_host(here, "max", actor="cli")
    await service.change_host(here, "max", actor="cli")
    assert await counted(store, "ida") == {"gatherings": 0, "guests": 0}
    assert await counted(store, "max") == {"gatherings": 2, "guests": 2}
    with pytest.raises(QuotaReached):
        await add(service, here)

    await service.change_host(here, None, actor="cli")
    assert await counted(store, "max") == {"gatherings": 1, "guests": 0}
    await add(service, here)


async def test_adding_guests_while_the_host_changes_keeps_the_figures(
    store: Store, hosted: Callable[..., GuestService]
) -> None:
    service = hosted(account_guests=100)
    here = await ball(service)

    ends = await asyncio.gather(
        *(add(service, here) for _ in range(16)),
        service.change_host(here, "max", actor="cli"),
        *(add(service, here) for _ in range(15)),
    )
    assert len(ends) == CALLERS
    assert await counted(store, "ida") == {"gatherings": 0, "guests": 0}
    assert await counted(store, "max") == {"gatherings": 1, "guests": 31}


@pytest.mark.parametrize("index_rows", [0, 1, 2, 3])
@pytest.mark.parametrize("actions", [45, 90])
async def test_guests_of_a_host_are_removed_while_others_move_up_in_small_commits(
    actions: int, index_rows: int, clock: StandingClock, ids: CountingIds
) -> None:
    limits = Limits(commit_actions=actions, index_rows=index_rows, commit_bytes=4 * 1024 * 1024)
    small = await open_store("memory:", views=VIEWS, limits=limits)
    service = GuestService(small, clock=clock, ids=ids)
    here = await ball(service)
    await service.change_settings(here, SettingsPatch(max_guests=4), actor="cli")
    who = [await add(service, here, "Smith") for _ in range(8)]
    for id in who:
        await service.issue_link(here, id, actor="cli")
        await service.rsvp(here, id, Rsvp(attending=True), actor="cli")

    for id in who[:4]:
        await service.remove_guest(here, id, actor="cli")
    stats = await service.stats(here)
    assert (stats.total_guests, stats.attending, stats.waiting) == (4, 4, 0)
    assert await bring(service, here, rows(40)) == 40
    assert await counted(small) == {"gatherings": 1, "guests": 44}
    assert [difference async for difference in verify(small, CATEGORIES)] == []
    await small.close()


# A store from before.


async def test_what_an_account_had_before_it_was_counted_counts(
    store: Store, hosted: Callable[..., GuestService], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = hosted()
    with monkeypatch.context() as patched:
        _count_nothing(patched)
        here = await ball(old)
        await ball(old)
        await bring(old, here, rows(3))
    assert await counted(store) == {}
    await eventually(lambda: listed(old), 2)

    service = hosted(gatherings=3, guests=5, account_guests=4)
    assert await at_once([add(service, here) for _ in range(CALLERS)]) == (1, 31)
    assert await counted(store) == {"gatherings": 2, "guests": 4}
    await ball(service)
    with pytest.raises(QuotaReached):
        await ball(service)


def _count_nothing(patched: pytest.MonkeyPatch) -> None:
    from gatherlog.apps.guests.account_figures import AccountFigures

    async def nothing(*arguments: object, **named: object) -> list[object]:
        return []

    for name in ("create", "add_guests", "remove_guest", "move"):
        patched.setattr(AccountFigures, name, nothing)


# The setting.


def test_quotas_that_are_not_named_keep_their_defaults() -> None:
    assert read_quotas("") == Quotas()
    assert read_quotas(" guests = 9 , gatherings=off,") == Quotas(guests=9, gatherings=None)
    assert read_quotas("address_letters=0") == Quotas(address_letters=0)
    assert set(OFF.__struct_fields__) == set(Quotas.__struct_fields__)
    assert [getattr(OFF, name) for name in OFF.__struct_fields__] == [None] * 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("on", "'on' is not like guests=5000; names: gatherings, guests, account_guests, "),
        ("guests", "'guests' is not like guests=5000; "),
        ("guests=-1", "'guests=-1' is not like "),
        ("guests=1e3", "'guests=1e3' is not like "),
        ("guests=05", "'guests=05' is not like "),
        ("guests=1000000000", "'guests=1000000000' is not like "),
        ("guests=1٣", "'guests=1٣' is not like "),
        ("gusts=5", "'gusts=5' is not like "),
        ("guests=1/day", "'guests=1/day' is not like "),
        ("guests=1,guests=2", "names 'guests' twice"),
        ("off,guests=1", "'off' is not like "),
    ],
)
def test_invalid_quotas_are_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_quotas(text)

    [flaw] = refused.value.flaws
    assert flaw.pointer == "/quotas"
    assert flaw.detail.startswith(said)


async def test_the_gathering_default_has_no_host_and_so_no_quotas(
    hosted: Callable[..., GuestService],
) -> None:
    service = hosted(guests=0, account_guests=0, gatherings=0)
    await service.ensure_default("cli")
    await add(service, DEFAULT)
    assert (await service.stats(DEFAULT)).total_guests == 1
