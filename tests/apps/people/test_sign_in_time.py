"""Neither an answer nor the time it takes shows whether there is an account."""

import statistics
import time
from collections.abc import Awaitable, Callable

import pytest

from gatherlog.apps.people import AccountService
from gatherlog.core.eventstore.errors import GatherlogError, Unauthenticated
from gatherlog.core.eventstore.store import Store
from gatherlog.targets.mail import Mailbox
from tests.apps.people.signing_in import all_events, another

WRONG = (
    "This code is wrong, was used, or is more than ten minutes old. "
    "The latest one works until it was mistyped five times."
)
ROUNDS = 150

Ask = Callable[[str], Awaitable[object]]


async def answer(ask: Ask, address: str) -> tuple[str, float]:
    """The result of a request, and how long it took."""
    started = time.perf_counter()
    try:
        said = repr(await ask(address))
    except GatherlogError as error:
        said = repr(error)
    return said, time.perf_counter() - started


async def compared(accounts: AccountService, ask: Ask) -> tuple[set[str], float]:
    """All that is said to known and unknown addresses, and how often a known one takes longer.

    Asked in turn, so that what disturbs one disturbs the other; 0.5 means nothing can be told.
    """
    known = [f"known{n}@example.org" for n in range(ROUNDS)]
    unknown = [f"other{n}@example.org" for n in range(ROUNDS)]
    for address in known:
        await accounts.ensure(address, actor="cli")
    said: set[str] = set()
    took: dict[str, float] = {}
    for pair in zip(known, unknown, strict=True):
        for address in pair if len(took) % 4 else pair[::-1]:
            text, took[address] = await answer(ask, address)
            said.add(text)
    longer = [took[one] > took[other] for one in known for other in unknown]
    return said, statistics.fmean(longer)


async def test_requesting_a_code_does_not_show_whether_there_is_an_account(
    accounts: AccountService, mailbox: Mailbox, store: Store
) -> None:
    await accounts.request_code("first@example.org")

    said, longer = await compared(accounts, accounts.request_code)

    assert said == {"None"}
    assert 0.3 < longer < 0.7
    assert len({letter.to for letter in mailbox.letters()}) == 2 * ROUNDS + 1


async def test_trying_a_wrong_code_does_not_show_whether_there_is_an_account(
    accounts: AccountService,
) -> None:
    wrong: dict[str, str] = {}
    for kind in ("known", "other"):
        for n in range(ROUNDS):
            address = f"{kind}{n}@example.org"
            wrong[address] = another(await accounts.issue_code(address))

    async def ask(address: str) -> str:
        return await accounts.start_session(address, wrong[address])

    said, longer = await compared(accounts, ask)

    assert said == {f"Unauthenticated('{WRONG}')"}
    assert 0.3 < longer < 0.7


async def test_the_log_is_the_same_for_known_and_unknown_addresses(
    accounts: AccountService, store: Store
) -> None:
    await accounts.ensure("known@example.org", actor="cli")
    started = len(await all_events(store))

    for address in ("known@example.org", "other@example.org"):
        wrong = another(await accounts.issue_code(address))
        with pytest.raises(Unauthenticated):
            await accounts.start_session(address, wrong)

    types = [event.type for event in await all_events(store)][started:]
    assert types == ["people.code_issued", "people.code_mistyped"] * 2
