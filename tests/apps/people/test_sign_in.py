"""Signing in with a mailed code: what works once, and everything that does not."""

import asyncio

import msgspec
import pytest

from gatherlog.apps.people import AccountService, Actor, Role
from gatherlog.apps.people.decisions import MOST_CODES, MOST_TRIES
from gatherlog.core.eventstore.errors import Invalid, Unauthenticated
from gatherlog.core.eventstore.store import Store
from gatherlog.targets.mail import Delivered, Mailbox
from gatherlog.testing import StandingClock
from tests.apps.people.signing_in import (
    ADA,
    EVE,
    all_events,
    another,
    everything,
    mailed_code,
    signed_in,
)


async def refused(accounts: AccountService, address: str, code: str) -> bool:
    try:
        await accounts.start_session(address, code)
    except Unauthenticated:
        return True
    return False


async def test_the_mailed_code_opens_a_session(accounts: AccountService, mailbox: Mailbox) -> None:
    token = await signed_in(accounts, mailbox)

    actor = await accounts.session(token)

    assert actor is not None
    assert actor == Actor("account", actor.id, Role.MEMBER, account_id=actor.id)
    assert (await accounts.account(actor.id)).address == ADA


async def test_the_letter_says_where_and_how_long(
    accounts: AccountService, mailbox: Mailbox, clock: StandingClock
) -> None:
    code = await mailed_code(accounts, mailbox)

    [letter] = mailbox.letters()

    assert letter == Delivered(ADA, "Your code for signing in", letter.text, clock())
    assert letter.text.splitlines()[:4] == [
        code,
        "",
        "is your code for signing in at https://party.example",
        "It works once, within ten minutes.",
    ]


async def test_signing_in_again_finds_the_same_account(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    first = await accounts.session(await signed_in(accounts, mailbox))
    second = await accounts.session(await signed_in(accounts, mailbox))

    assert first == second is not None


@pytest.mark.parametrize("written", ["ADA@example.org", " ada@EXAMPLE.org\n", "Ada@Example.Org"])
async def test_an_address_is_the_same_in_every_spelling(
    accounts: AccountService, mailbox: Mailbox, written: str
) -> None:
    first = await accounts.session(await signed_in(accounts, mailbox))
    code = await mailed_code(accounts, mailbox)

    second = await accounts.session(await accounts.start_session(written, code))

    assert first == second is not None


async def test_spaces_in_a_code_do_not_matter(accounts: AccountService, mailbox: Mailbox) -> None:
    code = await mailed_code(accounts, mailbox)

    token = await accounts.start_session(ADA, f" {code[:3]} {code[3:]}\n")

    assert await accounts.session(token) is not None


async def test_a_wrong_code_is_refused_and_the_right_one_still_works(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    code = await mailed_code(accounts, mailbox)

    assert await refused(accounts, ADA, another(code))
    assert not await refused(accounts, ADA, code)


async def test_a_code_works_once(accounts: AccountService, mailbox: Mailbox) -> None:
    code = await mailed_code(accounts, mailbox)
    await accounts.start_session(ADA, code)

    assert await refused(accounts, ADA, code)


async def test_a_code_is_for_its_own_address(accounts: AccountService, mailbox: Mailbox) -> None:
    adas = eves = await mailed_code(accounts, mailbox, ADA)
    while eves == adas:
        eves = await mailed_code(accounts, mailbox, EVE)

    assert await refused(accounts, EVE, adas)
    assert await refused(accounts, "nobody@example.org", adas)
    assert not await refused(accounts, EVE, eves)


async def test_a_newer_code_ends_the_one_before(accounts: AccountService, mailbox: Mailbox) -> None:
    old = new = await mailed_code(accounts, mailbox)
    while new == old:
        new = await mailed_code(accounts, mailbox)

    assert await refused(accounts, ADA, old)
    assert not await refused(accounts, ADA, new)


@pytest.mark.parametrize(("seconds", "is_refused"), [(599.999999, False), (600, True)])
async def test_a_code_is_valid_for_ten_minutes(
    accounts: AccountService,
    mailbox: Mailbox,
    clock: StandingClock,
    seconds: float,
    is_refused: bool,
) -> None:
    code = await mailed_code(accounts, mailbox)

    clock.advance(seconds=seconds)

    assert await refused(accounts, ADA, code) is is_refused


async def test_the_right_code_after_five_wrong_ones_is_refused(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    code = await mailed_code(accounts, mailbox)
    wrong = [another(code, by) for by in range(1, MOST_TRIES + 1)]

    answers = [await refused(accounts, ADA, tried) for tried in [*wrong, code]]

    assert answers == [True] * 6


async def test_the_right_code_at_the_fifth_try_is_accepted(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    code = await mailed_code(accounts, mailbox)
    wrong = [another(code, by) for by in range(1, MOST_TRIES)]

    answers = [await refused(accounts, ADA, tried) for tried in [*wrong, code]]

    assert answers == [True] * 4 + [False]


async def test_after_ten_tries_a_code_is_not_valid_and_a_new_one_is(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    code = await mailed_code(accounts, mailbox)
    for by in range(1, 10):
        await refused(accounts, ADA, another(code, by))

    assert await refused(accounts, ADA, code)
    assert not await refused(accounts, ADA, await mailed_code(accounts, mailbox))


async def test_of_32_callers_at_once_five_tries_count(
    accounts: AccountService, mailbox: Mailbox, store: Store
) -> None:
    code = await mailed_code(accounts, mailbox)
    wrong = [another(code, by) for by in range(1, 33)]

    answers = await asyncio.gather(*[refused(accounts, ADA, tried) for tried in wrong])

    types = [event.type for event in await all_events(store)]
    assert answers == [True] * 32
    assert types == ["people.code_issued"] + ["people.code_mistyped"] * MOST_TRIES
    assert await refused(accounts, ADA, code)


async def test_of_32_callers_with_the_right_code_one_gets_in(
    accounts: AccountService, mailbox: Mailbox, store: Store
) -> None:
    code = await mailed_code(accounts, mailbox)

    answers = await asyncio.gather(*[refused(accounts, ADA, code) for _ in range(32)])

    assert sorted(answers) == [False] + [True] * 31
    assert [event.type for event in await all_events(store)].count("people.session_started") == 1


async def test_32_first_sign_ins_at_once_make_one_account(
    accounts: AccountService, store: Store
) -> None:
    made = await asyncio.gather(*[accounts.ensure(ADA, actor="cli") for _ in range(32)])

    assert len(set(made)) == 1
    assert [event.type for event in await all_events(store)] == ["people.account_created"]


async def test_no_more_than_ten_codes_are_sent_to_an_address_in_a_day(
    accounts: AccountService, mailbox: Mailbox, clock: StandingClock
) -> None:
    for _ in range(MOST_CODES + 5):
        await accounts.request_code(ADA)
        clock.advance(hours=1)
    assert len(mailbox.letters()) == MOST_CODES

    clock.advance(hours=9, seconds=1)
    await accounts.request_code(ADA)

    assert len(mailbox.letters()) == MOST_CODES + 1


async def test_the_last_code_stays_valid_when_more_codes_are_requested(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    for _ in range(MOST_CODES):
        await accounts.request_code(ADA)
    last = mailbox.letters()[0].text[:6]
    await accounts.request_code(ADA)

    assert not await refused(accounts, ADA, last)


async def test_signing_in_clears_the_count_of_codes(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    for _ in range(MOST_CODES + 1):
        await signed_in(accounts, mailbox)

    assert len(mailbox.letters()) == MOST_CODES + 1


async def test_the_operator_issues_codes_however_many_were_requested(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    for _ in range(MOST_CODES + 1):
        await accounts.request_code(ADA)

    code = await accounts.issue_code(ADA)

    assert not await refused(accounts, ADA, code)
    assert len(mailbox.letters()) == MOST_CODES


NEVER = [
    "",
    "12345",
    "1234567",
    "12345a",
    "１２３４５６",
    "-12345",
    "\x00" * 6,
    "\ud800",
    "9" * 9999,
]


@pytest.mark.parametrize("never", NEVER)
async def test_text_that_cannot_be_a_code_is_refused_and_does_not_count_as_a_try(
    accounts: AccountService, mailbox: Mailbox, store: Store, never: str
) -> None:
    await mailed_code(accounts, mailbox)

    assert await refused(accounts, ADA, never)
    assert [event.type for event in await all_events(store)] == ["people.code_issued"]


async def test_a_code_that_was_not_requested_is_refused(accounts: AccountService) -> None:
    assert await refused(accounts, ADA, "000000")


async def test_text_that_is_no_address_is_invalid_everywhere(accounts: AccountService) -> None:
    for ask in (
        accounts.request_code("no address"),
        accounts.issue_code("no address"),
        accounts.start_session("no address", "123456"),
        accounts.ensure("no address", actor="cli"),
    ):
        with pytest.raises(Invalid) as invalid:
            await ask
        assert [flaw.pointer for flaw in invalid.value.flaws] == ["/email"]


async def test_neither_code_nor_token_is_stored_and_the_address_is_in_its_account_only(
    accounts: AccountService, mailbox: Mailbox, store: Store
) -> None:
    code = await mailed_code(accounts, mailbox)
    await refused(accounts, ADA, another(code))
    token = await accounts.start_session(ADA, code)

    stored = await everything(store)
    naming = [event.type for event in await all_events(store) if ADA.encode() in event.data]

    assert token.removeprefix("gls_") not in stored
    assert f'"{code}"' not in stored
    assert naming == ["people.account_created"]


async def test_the_events_of_a_requested_code_do_not_show_the_address(
    accounts: AccountService, store: Store
) -> None:
    await accounts.request_code(ADA)

    assert ADA not in await everything(store)
    assert [msgspec.json.decode(event.meta) for event in await all_events(store)] == [
        {"actor": "nobody"}
    ]
