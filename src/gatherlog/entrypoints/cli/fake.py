"""`gatherlog fake`: made-up events, to try rules and subscriptions with."""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, settings_of_lasting, started_platform
from gatherlog.entrypoints.cli.options import StoreUrl

if TYPE_CHECKING:
    from gatherlog.core.commands.appending import NewEvent
    from gatherlog.interfaces.platform import Platform

__all__ = ["fake", "users"]

FIRST = ("Ada", "Ben", "Cleo", "Dario", "Ella", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kira")
LAST = ("Abel", "Brandt", "Conti", "Diaz", "Engel", "Fuchs", "Gross", "Hale", "Ito", "Jung", "Lund")
TOGETHER = 200
"""Users whose events are appended at the same time."""


def users(
    *,
    count: Annotated[int, Parameter(help="How many users sign up; each has up to 4 events.")] = 10,
    seed: Annotated[
        int | None, Parameter(help="The same number gives the same users again.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Append made-up events to the sample log `users`: sign-ups, phone numbers, places.

    No person in them is real: phone numbers are from the range that is reserved for films, and
    addresses end in example.org. Any number may be made; memory does not grow with it. A missing
    store is created.
    """
    _make(count, "--count", seed, store)


def fake(
    *,
    users: Annotated[int, Parameter(help="How many users sign up, as `fake users --count`.")] = 10,
    seed: Annotated[
        int | None, Parameter(help="The same number gives the same users again.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Append made-up events to logs, to try rules and subscriptions with."""
    _make(users, "--users", seed, store)


def _make(users: int, option: str, seed: int | None, store: str | None) -> None:
    if users < 1:
        raise CommandRefused(f"{option} is {users}: write 1 or more")
    settings = settings_of_lasting(store)

    async def make() -> int:
        async with started_platform(settings) as platform:
            return await _append(platform, users, random.Random(seed))

    print(f"{finish(make()):,} events of {users:,} made-up users.")


async def _append(platform: "Platform", users: int, chance: random.Random) -> int:
    """How many events were appended."""
    import asyncio

    made = 0
    with _progress(users) as advance:
        for start in range(0, users, TOGETHER):
            ids = [f"{chance.getrandbits(64):016x}" for _ in range(min(TOGETHER, users - start))]
            events = {id: list(_events_of_user(id, chance)) for id in ids}
            await asyncio.gather(
                *(
                    platform.appender.append(f"users-{id}", some, by="cli")
                    for id, some in events.items()
                )
            )
            made += sum(map(len, events.values()))
            advance(len(ids))
    return made


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Shows how many of all users there are, if stderr is a terminal and that takes a while."""
    if not sys.stderr.isatty() or total <= TOGETHER:
        yield lambda more: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("users", total=total)
        yield lambda more: progress.advance(task, more)


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
