"""What strangers ask for an address slows them, and not the owner of the address."""

import asyncio
from pathlib import Path

import pytest

from gatherlog.apps.people import CATEGORIES, AccountService, Origin
from gatherlog.apps.people.askers import DEVICE_LIFETIME
from gatherlog.apps.people.decisions import (
    MOST_CODES,
    MOST_OF_STRANGERS,
    MOST_TRIES,
    MOST_TRIES_ANYWHERE,
)
from gatherlog.bootstrap import VIEWS, new_id
from gatherlog.core.eventstore.errors import Unauthenticated
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.rebuild import verify
from gatherlog.engines import open_store
from gatherlog.targets.mail import Mailbox
from gatherlog.testing import StandingClock
from tests.apps.people.conftest import site_key
from tests.apps.people.signing_in import ADA, EVE, another, everything

pytestmark = pytest.mark.on_database

HOME = Origin(network="192.0.2.1")
STRANGER = Origin(network="198.51.100.66")


def network(number: int) -> Origin:
    return Origin(network=f"2001:db8:{number:x}::/64")


async def code_for(
    accounts: AccountService, mailbox: Mailbox, origin: Origin, address: str = ADA
) -> str | None:
    """The code that is mailed for a request; None where no letter is sent."""
    before = len(mailbox.letters())
    await accounts.request_code(address, origin)
    letters = mailbox.letters()
    return letters[0].text[:6] if len(letters) > before else None


async def device_of(
    accounts: AccountService, mailbox: Mailbox, address: str = ADA, at: Origin = HOME
) -> str:
    """The token of a device that has just signed in."""
    code = await code_for(accounts, mailbox, at, address)
    assert code is not None
    return (await accounts.sign_in(address, code, at)).device


async def lets_in(accounts: AccountService, code: str, origin: Origin, address: str = ADA) -> bool:
    try:
        await accounts.sign_in(address, code, origin)
    except Unauthenticated:
        return False
    return True


async def asks_all_that_strangers_may(accounts: AccountService) -> None:
    for number in range(MOST_OF_STRANGERS + 5):
        await accounts.request_code(ADA, network(number))


async def test_a_stranger_in_one_network_keeps_nobody_else_from_signing_in(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    for _ in range(MOST_CODES + 5):
        await accounts.request_code(ADA, STRANGER)

    assert len(mailbox.letters()) == MOST_CODES
    code = await code_for(accounts, mailbox, HOME)
    assert code is not None
    assert await lets_in(accounts, code, HOME)


async def test_strangers_in_many_networks_do_not_slow_a_device_that_has_signed_in_before(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    device = await device_of(accounts, mailbox)
    await asks_all_that_strangers_may(accounts)
    here = Origin(network=network(1).network, device=device)

    assert await code_for(accounts, mailbox, HOME) is None  # the same network, without the device
    code = await code_for(accounts, mailbox, here)
    assert code is not None
    assert await lets_in(accounts, code, here)


async def test_all_strangers_together_have_one_allowance_until_a_day_has_passed(
    accounts: AccountService, mailbox: Mailbox, clock: StandingClock
) -> None:
    await asks_all_that_strangers_may(accounts)
    assert len(mailbox.letters()) == MOST_OF_STRANGERS

    clock.advance(hours=24, seconds=1)

    assert await code_for(accounts, mailbox, HOME) is not None


async def test_a_device_has_an_allowance_too_and_uses_up_nobody_elses(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    first, second = [
        Origin(network="192.0.2.1", device=await device_of(accounts, mailbox)) for _ in range(2)
    ]
    before = len(mailbox.letters())

    for _ in range(MOST_CODES + 5):
        await accounts.request_code(ADA, first)

    assert len(mailbox.letters()) == before + MOST_CODES
    assert await code_for(accounts, mailbox, second) is not None
    assert await code_for(accounts, mailbox, HOME) is not None


async def test_a_strangers_request_does_not_end_the_code_that_somebody_else_asked_for(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    code = await code_for(accounts, mailbox, HOME)
    await accounts.request_code(ADA, STRANGER)

    assert code is not None
    assert await lets_in(accounts, code, HOME)


async def test_a_strangers_wrong_tries_do_not_end_the_code_that_somebody_else_asked_for(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    code = await code_for(accounts, mailbox, HOME)
    assert code is not None
    await accounts.request_code(ADA, STRANGER)
    for by in range(1, 4 * MOST_TRIES):
        assert not await lets_in(accounts, another(code, by), STRANGER)

    assert not await lets_in(accounts, code, STRANGER)
    assert await lets_in(accounts, code, HOME)


async def test_a_code_is_entered_where_it_was_asked_for(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    by_network = await code_for(accounts, mailbox, HOME)
    device = await device_of(accounts, mailbox, at=network(1))
    by_device = await code_for(accounts, mailbox, Origin(network="192.0.2.1", device=device))
    assert by_network is not None
    assert by_device is not None

    assert not await lets_in(accounts, by_network, STRANGER)
    assert await lets_in(accounts, by_network, HOME)
    assert await lets_in(accounts, by_device, Origin(network="another", device=device))


async def test_a_code_of_one_attempt_is_entered_from_whichever_network(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    code = await code_for(accounts, mailbox, Origin(network="wifi", attempt="n0nce"))
    assert code is not None

    for other in (Origin(network="wifi"), Origin(network="wifi", attempt="another")):
        assert not await lets_in(accounts, code, other)
    assert await lets_in(accounts, code, Origin(network="mobile", attempt="n0nce"))


async def test_one_stranger_does_not_use_up_the_operators_code(
    accounts: AccountService,
) -> None:
    code = await accounts.issue_code(ADA)
    for by in range(1, 4 * MOST_TRIES):
        assert not await lets_in(accounts, another(code, by), STRANGER)

    assert not await lets_in(accounts, code, STRANGER)
    assert await lets_in(accounts, code, HOME)


async def test_the_operators_code_is_not_tried_without_an_end(accounts: AccountService) -> None:
    code = await accounts.issue_code(ADA)
    for by in range(1, MOST_TRIES_ANYWHERE + 1):
        assert not await lets_in(accounts, another(code, by), network(by))

    assert not await lets_in(accounts, code, HOME)


@pytest.mark.parametrize("flaw", ["", "x", "none of ours", "gld_", "other address", "changed end"])
async def test_a_device_is_known_by_its_own_token_only(
    accounts: AccountService, mailbox: Mailbox, flaw: str
) -> None:
    token = await device_of(accounts, mailbox)
    number, end, seal = token.split(".")
    forged = {
        "other address": await device_of(accounts, mailbox, EVE),
        "changed end": f"{number}.{int(end) + 1}.{seal}",
        "gld_": f"gld_{'A' * 22}.{end}.{seal}",
    }.get(flaw, flaw)

    asked = [
        (await accounts.asker(ADA, Origin(device=shown))).is_known for shown in (token, forged)
    ]

    assert asked == [True, False]


async def test_a_device_is_forgotten_in_the_end(
    accounts: AccountService, mailbox: Mailbox, clock: StandingClock
) -> None:
    origin = Origin(device=await device_of(accounts, mailbox))

    clock.advance(seconds=DEVICE_LIFETIME // 1_000_000 - 1)
    assert (await accounts.asker(ADA, origin)).is_known
    clock.advance(seconds=1)
    assert not (await accounts.asker(ADA, origin)).is_known


async def test_signing_in_ends_what_this_asker_asked_for_and_nothing_else(
    accounts: AccountService, mailbox: Mailbox
) -> None:
    for _ in range(MOST_CODES):
        await accounts.request_code(ADA, STRANGER)
    for _ in range(3):
        await device_of(accounts, mailbox)

    assert await code_for(accounts, mailbox, STRANGER) is None
    assert await code_for(accounts, mailbox, HOME) is not None


async def test_nothing_that_is_stored_shows_a_network_or_a_device(
    accounts: AccountService, mailbox: Mailbox, store: Store
) -> None:
    here = Origin(network="192.0.2.77", attempt="n0nce-of-the-browser")
    device = await device_of(accounts, mailbox, at=here)
    seen = [await accounts.asker(address, here) for address in (ADA, EVE)]
    await code_for(accounts, mailbox, Origin(network="192.0.2.77", device=device))

    stored = await everything(store)

    assert [
        text for text in ("192.0.2", "n0nce", device, *device.split(".")) if text in stored
    ] == []
    assert len({seen[0].id, seen[1].id, seen[0].place, seen[1].place}) == 4
    assert [difference async for difference in verify(store, CATEGORIES)] == []


async def test_allowances_are_exact_in_several_processes(
    tmp_path: Path, mailbox: Mailbox, clock: StandingClock
) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    stores = [await open_store(url, views=VIEWS)]
    services = [
        AccountService(store, site_key, mailbox, site="", clock=clock, ids=new_id)
        for store in [*stores, *[await opened(url, stores) for _ in range(2)]]
    ]

    await asyncio.gather(
        *[services[n % 3].request_code(ADA, STRANGER) for n in range(3 * MOST_CODES)]
    )
    of_one = len(mailbox.letters())
    await asyncio.gather(
        *[services[n % 3].request_code(ADA, network(n)) for n in range(2 * MOST_OF_STRANGERS)]
    )

    assert (of_one, len(mailbox.letters())) == (MOST_CODES, MOST_OF_STRANGERS)
    for store in stores:
        await store.close()


async def opened(url: str, stores: list[Store]) -> Store:
    """The same file once more, as another process has it open."""
    stores.append(await open_store(url, views=VIEWS))
    return stores[-1]
