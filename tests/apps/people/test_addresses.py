"""Addresses: the normal form, and text that is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.people import AccountService, decisions
from gatherlog.apps.people.addresses import parsed
from gatherlog.apps.people.events import CODEC
from gatherlog.apps.people.folds import AccountFold
from gatherlog.apps.people.views import ACCOUNT_ADDRESSES, ACCOUNTS
from gatherlog.bootstrap import new_id
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import about
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.testing import StandingClock


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        (" Ada.Lovelace+party@Example.ORG\r\n", "ada.lovelace+party@example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("ju\u0308rgen@example.org", "jürgen@example.org"),
        ("ada@bücher.example", "ada@bücher.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("Ada@BÜCHER.example", "ada@bücher.example"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    ],
)
def test_an_address_has_one_normal_form(written: str, address: str) -> None:
    assert parsed(written) == address


@pytest.mark.parametrize(
    ("one", "other"),
    [("straße@example.org", "strasse@example.org"), ("mıke@example.org", "mike@example.org")],
)
def test_addresses_that_only_look_alike_are_different(one: str, other: str) -> None:
    assert parsed(one) != parsed(other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@example",
        "ada@@example.org",
        "a da@example.org",
        "ada@example.org, eve@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada\x00@example.org",
        "Ada <ada@example.org>",
        '"ada"@example.org',
        ".ada@example.org",
        "ada.@example.org",
        "ada@example..org",
        "ada@[127.0.0.1]",
        "ada\u202e@example.org",
        "ada\u200b@example.org",
        "\ud800@example.org",
        "=?utf-8?q?ada=2Ceve?=@example.org",
        "ada@=?utf-8?q?x=0D=0ABcc?=.org",
        "a" * 65 + "@example.org",
        "ada@xn--ls8h.la",
        "ada@\U0001f4a9.la",
        "ä" * 125 + "@example.org",
        "a@" + "a." * 50_000 + "org",
    ],
)
def test_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parsed(text)


@given(st.text(alphabet=st.characters(), max_size=12), st.text(max_size=12))
def test_the_normal_form_of_a_normal_form_is_the_same(local: str, domain: str) -> None:
    try:
        address = parsed(f"{local}@{domain}.org")
    except Invalid:
        return
    assert parsed(address) == address
    assert address.isprintable()
    assert len(address.split("@")) == 2


async def test_an_address_names_the_account_that_there_is_and_makes_none(
    accounts: AccountService,
) -> None:
    olga = await accounts.ensure("olga@example.org", actor="cli")

    assert await accounts.of_address(" Olga@Example.org ") == olga
    for _ in range(2):
        with pytest.raises(NotFound, match=r"there is no account 'rita@example\.org'"):
            await accounts.of_address("rita@example.org")
    with pytest.raises(Invalid):
        await accounts.of_address("rita")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "Ada@BÜCHER.example"),
        ("jürgen@例え.テスト", "ju\u0308rgen@xn--r8jz45g.xn--zckzah"),
    ],
)
async def test_both_forms_of_a_domain_are_one_account(
    accounts: AccountService, first: str, second: str
) -> None:
    one = await accounts.ensure(first, actor="cli")

    assert await accounts.of_address(second) == one
    assert await accounts.ensure(second, actor="cli") == one


async def test_domains_that_only_look_alike_are_different_accounts(
    accounts: AccountService,
) -> None:
    latin = await accounts.ensure("ada@example.org", actor="cli")
    cyrillic = await accounts.ensure("ada@ex\u0430mple.org", actor="cli")

    assert latin != cyrillic
    assert await accounts.of_address("ada@xn--exmple-4nf.org") == cyrillic


async def test_an_account_that_an_earlier_release_made_is_still_that_of_its_address(
    accounts: AccountService, store: Store, clock: StandingClock
) -> None:
    encoded = "ada@xn--bcher-kva.example"
    handler = CommandHandler(store, CODEC, AccountFold(), clock=clock, ids=new_id)

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await unit.load((ACCOUNT_ADDRESSES, encoded), (ACCOUNTS, "old"))
        return about("", decisions.open_account(None, encoded))

    await handler.handle("account-old", attempt)

    assert await accounts.of_address("ada@bücher.example") == "old"
    assert await accounts.ensure(encoded, actor="cli") == "old"
    code = await accounts.issue_code("ada@bücher.example")
    token = await accounts.start_session(encoded, code)
    signed_in = await accounts.session(token)
    assert signed_in is not None
    assert signed_in.account_id == "old"
