"""Signing in for tests, and the whole content of a store, to be searched for secrets."""

from gatherlog.apps.people import CATEGORIES, VIEWS, AccountService
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Store
from gatherlog.targets.mail import Mailbox
from tests.stores import events_in, scanned

ADA = "ada@example.org"
EVE = "eve@example.org"


async def mailed_code(accounts: AccountService, mailbox: Mailbox, address: str = ADA) -> str:
    """Request a code and read it from the letter."""
    await accounts.request_code(address)
    newest = mailbox.letters()[0]
    assert newest.to == address
    return newest.text[:6]


async def signed_in(accounts: AccountService, mailbox: Mailbox, address: str = ADA) -> str:
    """The token of a new session."""
    code = await mailed_code(accounts, mailbox, address)
    return await accounts.start_session(address, code)


def another(code: str, by: int = 1) -> str:
    """Another code than this one."""
    return f"{(int(code) + by) % 1_000_000:06}"


async def all_events(store: Store) -> list[Recorded]:
    """All events of this app, in the order in which they were made."""
    found = await events_in(store, [category.name for category in CATEGORIES])
    return sorted(found, key=lambda event: event.id)


async def everything(store: Store) -> str:
    """All events and documents of this app, as one text."""
    documents = [await scanned(store, view.name) for view in VIEWS]
    return repr((await all_events(store), documents))
