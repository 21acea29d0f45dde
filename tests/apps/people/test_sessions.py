"""Sessions and accounts: how long they are valid, and what ends them."""

import msgspec
import pytest
from msgspec import UNSET

from gatherlog.apps import people
from gatherlog.apps.people import AccountService, Actor, KeyService, Role
from gatherlog.apps.people.decisions import MOST_SESSIONS
from gatherlog.apps.people.views import SESSIONS, Account
from gatherlog.bootstrap import new_id
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.rebuild import verify
from gatherlog.targets.mail import Mailbox
from gatherlog.testing import StandingClock
from tests.apps.people.signing_in import ADA, EVE, all_events, signed_in
from tests.stores import scanned

pytestmark = pytest.mark.on_database


async def opened(accounts: AccountService, *tokens: str) -> list[bool]:
    return [await accounts.session(token) is not None for token in tokens]


async def account_of(accounts: AccountService, token: str) -> str:
    actor = await accounts.session(token)
    assert actor is not None
    return actor.id


async def test_a_token_has_256_bits_and_is_never_given_twice(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    tokens = {await signed_in(accounts, mailbox) for _ in range(5)}

    assert {len(token) for token in tokens} == {len("gls_") + 43}
    assert len(tokens) == 5


async def test_text_that_never_was_a_token_is_not_valid(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    token = await signed_in(accounts, mailbox)
    never = ["", "gls_", "gls_" + "A" * 43, token + "A", token[:-1], token.swapcase(), "\ud800"]

    assert await opened(accounts, *never) == [False] * len(never)


async def test_a_session_expires_after_exactly_thirty_days(
    accounts: AccountService, mailbox: Mailbox, clock: StandingClock
) -> None:
    token = await signed_in(accounts, mailbox)

    clock.advance(days=30, seconds=-0.000001)
    assert await opened(accounts, token) == [True]

    clock.advance(seconds=0.000001)
    assert await opened(accounts, token) == [False]


async def test_signing_out_ends_this_session_and_no_other(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    phone, laptop = await signed_in(accounts, mailbox), await signed_in(accounts, mailbox)

    await accounts.end_session(phone)

    assert await opened(accounts, phone, laptop) == [False, True]


async def test_signing_out_twice_or_with_no_session_does_nothing(
    accounts: AccountService, mailbox: Mailbox, store: Store
) -> None:
    token = await signed_in(accounts, mailbox)
    await accounts.end_session(token)
    before = len(await all_events(store))

    for never in (token, "gls_" + "A" * 43, "", "\ud800"):
        await accounts.end_session(never)

    assert len(await all_events(store)) == before


async def test_all_sessions_of_an_account_end_together_and_no_others(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    hers = [await signed_in(accounts, mailbox) for _ in range(3)]
    eves = await signed_in(accounts, mailbox, EVE)
    account_id = await account_of(accounts, hers[0])

    await accounts.end_all(account_id, actor=f"account:{account_id}")

    assert await opened(accounts, *hers, eves) == [False, False, False, True]
    assert (await accounts.account(account_id)).sessions == ()


async def test_an_account_lists_its_sessions_without_their_tokens(
    accounts: AccountService, mailbox: Mailbox, clock: StandingClock
) -> None:
    first = await signed_in(accounts, mailbox)
    started = clock()
    clock.advance(hours=1)
    second = await signed_in(accounts, mailbox)

    account = await accounts.account(await account_of(accounts, first))

    month = 30 * 24 * 3600 * 1_000_000
    assert [(live.started_at, live.expires_at) for live in account.sessions] == [
        (started, started + month),
        (clock(), clock() + month),
    ]
    assert first not in repr(account)
    assert second.removeprefix("gls_") not in repr(account)


async def test_expired_sessions_are_removed_by_the_next_sign_in(
    accounts: AccountService, mailbox: Mailbox, store: Store, clock: StandingClock
) -> None:
    await signed_in(accounts, mailbox)
    clock.advance(days=31)

    token = await signed_in(accounts, mailbox)

    assert len((await accounts.account(await account_of(accounts, token))).sessions) == 1
    assert len(await scanned(store, SESSIONS.name)) == 1


async def test_as_many_sessions_as_an_account_may_have_end_or_expire_on_every_engine(
    accounts: AccountService, mailbox: Mailbox, clock: StandingClock
) -> None:
    """In several commits where one does not take so many events and documents."""
    expired = [await signed_in(accounts, mailbox) for _ in range(MOST_SESSIONS)]
    clock.advance(days=60)
    live = [await signed_in(accounts, mailbox) for _ in range(MOST_SESSIONS)]
    account_id = await account_of(accounts, live[0])

    await accounts.end_all(account_id, actor=f"account:{account_id}")

    assert not any(await opened(accounts, *expired, *live))
    assert (await accounts.account(account_id)).sessions == ()


async def test_one_session_too_many_ends_the_oldest(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    tokens = [await signed_in(accounts, mailbox) for _ in range(MOST_SESSIONS + 1)]

    assert await opened(accounts, *tokens) == [False] + [True] * MOST_SESSIONS


async def test_a_removed_account_is_not_valid_and_its_address_can_get_a_new_one(
    accounts: AccountService, mailbox: Mailbox, store: Store, clock: StandingClock
) -> None:
    keys = KeyService(store, clock=clock, ids=new_id)
    token = await signed_in(accounts, mailbox)
    old = await account_of(accounts, token)
    key = await keys.create("member", None, "", actor="cli", account_id=old)

    await accounts.remove(old, actor=f"account:{old}")

    assert await opened(accounts, token) == [False]
    assert await keys.authenticate(key.secret) is None
    with pytest.raises(NotFound):
        await accounts.account(old)
    assert await account_of(accounts, await signed_in(accounts, mailbox)) != old


async def test_a_key_acts_for_its_account(
    accounts: AccountService, store: Store, clock: StandingClock
) -> None:
    keys = KeyService(store, clock=clock, ids=new_id)
    account_id = await accounts.ensure(ADA, actor="cli")

    created = await keys.create("organiser", None, "", actor="cli", account_id=account_id)

    assert await keys.authenticate(created.secret) == Actor(
        "key", created.id, Role.ORGANISER, account_id=account_id
    )


async def test_an_unknown_account_is_not_found(accounts: AccountService) -> None:
    for ask in (
        accounts.account("nobody"),
        accounts.end_all("nobody", actor="cli"),
        accounts.remove("nobody", actor="cli"),
    ):
        with pytest.raises(NotFound):
            await ask


async def test_a_rebuild_from_the_log_gives_the_same_documents(
    accounts: AccountService, mailbox: Mailbox, store: Store, clock: StandingClock
) -> None:
    token = await signed_in(accounts, mailbox)
    await signed_in(accounts, mailbox)
    await accounts.end_session(token)
    await accounts.remove(await accounts.ensure(EVE, actor="cli"), actor="cli")
    await accounts.request_code(EVE)
    clock.advance(days=40)
    await signed_in(accounts, mailbox)

    assert [difference async for difference in verify(store, people.CATEGORIES)] == []


async def test_an_account_is_confirmed_by_its_first_sign_in_and_stays_so(
    accounts: AccountService, mailbox: Mailbox, store: Store
) -> None:
    id = await accounts.ensure(ADA, actor="cli")
    assert await accounts.is_confirmed(id) is False
    assert await accounts.is_confirmed("nobody") is False

    token = await signed_in(accounts, mailbox)
    assert await account_of(accounts, token) == id
    assert await accounts.is_confirmed(id) is True
    await accounts.end_session(token)
    assert await accounts.is_confirmed(id) is True
    assert [difference async for difference in verify(store, people.CATEGORIES)] == []


def test_an_account_that_an_older_release_stored_counts_as_confirmed() -> None:
    before = b'{"id":"a","address":"ada@example.org","created_at":1,"sessions":[]}'
    account = msgspec.json.decode(before, type=Account)

    assert account.unconfirmed is UNSET
    assert msgspec.json.encode(account) == before
