"""Roles that the operator gives to accounts, and sessions that have them."""

import pytest

from gatherlog.apps.people import AccountService, Role
from gatherlog.bootstrap import new_id
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.targets.mail import Mailbox
from gatherlog.testing import StandingClock
from tests.apps.people.conftest import site_key
from tests.stores import events_of, eventually


async def signed_in(accounts: AccountService, email: str) -> str:
    code = await accounts.issue_code(email)
    return await accounts.start_session(email, code)


async def roles_of(accounts: AccountService, token: str) -> frozenset[Role]:
    actor = await accounts.session(token)
    assert actor is not None
    return actor.roles


async def test_a_role_holds_at_once_in_a_session_that_has_begun(accounts: AccountService) -> None:
    token = await signed_in(accounts, "olga@example.org")
    olga = await accounts.ensure("olga@example.org", actor="cli")
    assert await roles_of(accounts, token) == frozenset()

    await accounts.change_roles(olga, add=["organiser"], actor="cli")

    assert await roles_of(accounts, token) == {Role.ORGANISER}


async def test_a_role_that_is_taken_back_ends_at_once(accounts: AccountService) -> None:
    token = await signed_in(accounts, "olga@example.org")
    olga = await accounts.ensure("olga@example.org", actor="cli")
    await accounts.change_roles(olga, add=["organiser", "reviewer"], actor="cli")

    left = await accounts.change_roles(olga, remove=["reviewer"], actor="cli")

    assert left == ("organiser",)
    assert await roles_of(accounts, token) == {Role.ORGANISER}


async def test_a_session_that_begins_later_has_the_roles_until_they_end(
    accounts: AccountService,
) -> None:
    olga = await accounts.ensure("olga@example.org", actor="cli")
    await accounts.change_roles(olga, add=["organiser", "reviewer"], actor="cli")
    tokens = [await signed_in(accounts, "olga@example.org") for _ in range(2)]
    assert [await roles_of(accounts, token) for token in tokens] == [
        {Role.ORGANISER, Role.REVIEWER}
    ] * 2

    await accounts.end_session(tokens[0])
    await accounts.change_roles(olga, remove=["organiser", "reviewer"], actor="cli")

    assert await accounts.session(tokens[0]) is None
    assert await roles_of(accounts, tokens[1]) == frozenset()


async def test_giving_a_role_twice_records_nothing(accounts: AccountService, store: Store) -> None:
    olga = await accounts.ensure("olga@example.org", actor="cli")
    first = await accounts.change_roles(olga, add=["organiser"], actor="cli")
    events = await events_of(store, f"account-{olga}")

    again = await accounts.change_roles(olga, add=["organiser"], actor="cli")

    assert (first, again) == (("organiser",), ("organiser",))
    assert await events_of(store, f"account-{olga}") == events


@pytest.mark.parametrize("role", ["operator", "host", "member", "guest", "", "Organiser"])
async def test_other_roles_are_refused(accounts: AccountService, role: str) -> None:
    olga = await accounts.ensure("olga@example.org", actor="cli")

    with pytest.raises(Invalid):
        await accounts.change_roles(olga, add=[role], actor="cli")

    assert await accounts.roles(olga) == ()


async def test_an_account_that_does_not_exist_gets_no_role(accounts: AccountService) -> None:
    with pytest.raises(NotFound):
        await accounts.change_roles("nobody", add=["reviewer"], actor="cli")


async def test_reviewers_are_listed_until_their_role_or_account_ends(
    accounts: AccountService,
) -> None:
    rita, otto, olga = [
        await accounts.ensure(f"{name}@example.org", actor="cli")
        for name in ("rita", "otto", "olga")
    ]
    for account in (rita, otto, olga):
        await accounts.change_roles(account, add=["reviewer"], actor="cli")
    assert await accounts.addresses([olga, "nobody"]) == ["olga@example.org", None]

    await accounts.change_roles(otto, remove=["reviewer"], actor="cli")
    await accounts.remove(olga, actor="cli")

    await eventually(accounts.reviewers, [rita])
    assert await accounts.roles(olga) == ()


async def test_a_site_may_let_everybody_organise_and_nobody_review(
    store: Store, clock: StandingClock, mailbox: Mailbox
) -> None:
    site = "https://party.example"
    open_site = AccountService(
        store, site_key, mailbox, site=site, clock=clock, ids=new_id, everybody_organises=True
    )

    token = await signed_in(open_site, "anna@example.org")

    assert await roles_of(open_site, token) == {Role.ORGANISER}
