"""Profiles and handles: unique, kept after a change, never passed on from who was removed."""

import asyncio

import pytest

from gatherlog.apps import people
from gatherlog.apps.people import AccountService, HandleTaken, ProfilePatch, ProfileService
from gatherlog.apps.people.profile_views import Profile
from gatherlog.bootstrap import new_id
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.rebuild import verify
from gatherlog.testing import StandingClock
from tests.stores import events_of


@pytest.fixture
def profiles(store: Store, clock: StandingClock) -> ProfileService:
    return ProfileService(store, clock=clock, ids=new_id)


@pytest.fixture
async def ada(accounts: AccountService) -> str:
    return await accounts.ensure("ada@example.org", actor="test")


@pytest.fixture
async def eve(accounts: AccountService) -> str:
    return await accounts.ensure("eve@example.org", actor="test")


async def take(profiles: ProfileService, account: str, handle: str | None) -> Profile:
    return await profiles.change(account, ProfilePatch(handle=handle), actor="test")


async def test_an_account_has_a_profile_of_defaults(profiles: ProfileService, ada: str) -> None:
    assert await profiles.profile(ada) == Profile()
    with pytest.raises(NotFound):
        await profiles.profile("nobody")


async def test_a_handle_is_found_without_regard_to_case(profiles: ProfileService, ada: str) -> None:
    profile = await take(profiles, ada, "Ada.L_1")

    assert profile.handle == "ada.l_1"
    assert await profiles.by_handle("ADA.l_1") == ada
    assert [await profiles.by_handle(text) for text in ("ada", "", "ä", "a b")] == [None] * 4


async def test_of_many_who_want_a_handle_at_once_one_gets_it(
    profiles: ProfileService, accounts: AccountService
) -> None:
    ids = [await accounts.ensure(f"a{n}@example.org", actor="test") for n in range(8)]

    done = await asyncio.gather(*[take(profiles, id, "best") for id in ids], return_exceptions=True)

    taken = [id for id, one in zip(ids, done, strict=True) if isinstance(one, Profile)]
    assert taken == [await profiles.by_handle("best")]
    assert sum(isinstance(one, HandleTaken) for one in done) == 7


async def test_a_handle_that_was_given_up_is_kept_from_others_for_ninety_days(
    profiles: ProfileService, ada: str, eve: str, clock: StandingClock
) -> None:
    await take(profiles, ada, "ada")
    await take(profiles, ada, "augusta")
    assert await profiles.by_handle("ada") is None

    clock.advance(days=90, seconds=-0.000001)
    with pytest.raises(HandleTaken):
        await take(profiles, eve, "ada")
    clock.advance(seconds=0.000001)
    await take(profiles, eve, "ada")

    assert (await profiles.by_handle("ada"), await profiles.by_handle("augusta")) == (eve, ada)
    with pytest.raises(HandleTaken):
        await take(profiles, ada, "ada")


async def test_ones_own_former_handle_may_be_taken_back(
    profiles: ProfileService, ada: str, eve: str, clock: StandingClock
) -> None:
    for handle in "ada", None, "augusta", "ada":
        await take(profiles, ada, handle)
    clock.advance(days=91)

    assert await profiles.by_handle("ada") == ada
    with pytest.raises(HandleTaken):
        await take(profiles, eve, "ada")


async def test_the_handle_of_an_account_that_was_removed_stays_nobodys(
    profiles: ProfileService, accounts: AccountService, ada: str, eve: str, clock: StandingClock
) -> None:
    await take(profiles, ada, "ada")
    await accounts.remove(ada, actor="test")
    clock.advance(days=1000)

    assert await profiles.known([ada]) == {}
    with pytest.raises(HandleTaken):
        await take(profiles, eve, "ada")


async def test_what_is_refused_changes_nothing(
    profiles: ProfileService, store: Store, ada: str, eve: str
) -> None:
    await take(profiles, ada, "ada")
    before = await events_of(store, f"account-{eve}")

    with pytest.raises(HandleTaken):
        await profiles.change(eve, ProfilePatch(handle="ada", display_name="Ada"), actor="test")
    with pytest.raises(Invalid):
        await profiles.change(eve, ProfilePatch(handle="eve", language="xx-y"), actor="test")

    assert await events_of(store, f"account-{eve}") == before
    assert await profiles.by_handle("eve") is None


async def test_what_is_as_it_was_records_nothing(
    profiles: ProfileService, store: Store, ada: str
) -> None:
    patch = ProfilePatch(handle="ada", display_name=" Ada ", time_zone="Asia/Kathmandu")
    first = await profiles.change(ada, patch, actor="test")
    before = await events_of(store, f"account-{ada}")

    assert await profiles.change(ada, patch, actor="test") == first
    assert first.display_name == "Ada"
    assert await events_of(store, f"account-{ada}") == before


async def test_a_rebuild_makes_the_same_profiles(
    profiles: ProfileService,
    accounts: AccountService,
    store: Store,
    ada: str,
    eve: str,
    clock: StandingClock,
) -> None:
    await take(profiles, ada, "ada")
    await take(profiles, ada, "augusta")
    clock.advance(days=90)
    await take(profiles, eve, "ada")
    await accounts.remove(eve, actor="test")

    assert [one async for one in verify(store, people.CATEGORIES)] == []
