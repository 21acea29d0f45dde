"""`gatherlog fake`: made-up events, to try rules and subscriptions with."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, settings_of_lasting, started_platform
from gatherlog.entrypoints.cli.options import StoreUrl

if TYPE_CHECKING:
    from gatherlog.core.commands.appending import NewEvent

__all__ = ["fake"]

FIRST = ("Ada", "Ben", "Cleo", "Dario", "Ella", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kira")
LAST = ("Abel", "Brandt", "Conti", "Diaz", "Engel", "Fuchs", "Gross", "Hale", "Ito", "Jung", "Lund")
MOST_USERS = 100_000


def fake(
    *,
    users: Annotated[int, Parameter(help="How many users sign up; each has up to 4 events.")] = 10,
    seed: Annotated[
        int | None, Parameter(help="The same number gives the same users again.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Append made-up events to the log `users`: sign-ups, phone numbers, places.

    No person in them is real: phone numbers are from the range that is reserved for films, and
    addresses end in example.org. A missing store is created.
    """
    if not 1 <= users <= MOST_USERS:
        raise CommandRefused(f"--users is {users}: write 1 to {MOST_USERS:,}")
    settings = settings_of_lasting(store)
    chance = random.Random(seed)

    async def make() -> int:
        made = 0
        async with started_platform(settings) as platform:
            for _ in range(users):
                id = f"{chance.getrandbits(64):016x}"
                events = list(_events_of_user(id, chance))
                await platform.appender.append(f"users-{id}", events, by="cli")
                made += len(events)
        return made

    print(f"{finish(make()):,} events of {users:,} made-up users.")


def _events_of_user(id: str, chance: random.Random) -> "Iterator[NewEvent]":
    """The events of one user, in order; some users do nothing after signing up."""
    first, last = chance.choice(FIRST), chance.choice(LAST)
    address = f"{first}.{last}.{id[:4]}@example.org".lower()
    yield _event("signup", id, name=f"{first} {last}", email=address)
    if chance.random() < 0.7:
        yield _event("addPhoneNumber", id, phoneNumber=f"+1 202 555 01{chance.randrange(100):02}")
        if chance.random() < 0.8:
            yield _event("verifyPhoneNumber", id)
    if chance.random() < 0.6:
        longitude, latitude = chance.uniform(-180, 180), chance.uniform(-60, 70)
        yield _event("addLocation", id, long=round(longitude, 5), lat=round(latitude, 5))


def _event(type: str, id: str, **payload: Any) -> "NewEvent":
    import msgspec

    from gatherlog.core.commands.appending import NewEvent

    return NewEvent(type=type, data=msgspec.json.encode({"id": id, **payload}))
