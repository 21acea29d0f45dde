"""A read model of the sample log `users`: who the users are, with their phone numbers and places.

    python users.py work          # keep it up to date, until Ctrl-C
    python users.py show 42       # one user, as of the last event that was read
    python users.py list          # all users, by name

The log has the events `signup`, `addPhoneNumber`, `verifyPhoneNumber` and `addLocation`. Each user
is a stream, and the model checks the version of each event: it takes the next one, leaves out those
that it has, and refuses to go on over a gap. So what it shows is a state that the user was in.
"""

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import msgspec

from gatherlog.core import Change, Recorded, Ref, Store, View
from gatherlog.core.eventstore import system_clock
from gatherlog.core.projections import bodies
from gatherlog.core.subscriptions import VIEWS, Projection, Worker
from gatherlog.engines import open_store


class User(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a user after the event with this version."""

    id: str
    version: int
    name: str = ""
    email: str = ""
    phone: str | None = None
    is_verified: bool = False
    place: tuple[float, float] | None = None
    """Longitude and latitude."""


USERS = View("sample_user", User, by_name=lambda user: ("all", user.name, user.id))


class Signup(msgspec.Struct):
    name: str
    email: str


class AddPhoneNumber(msgspec.Struct):
    phone: str = msgspec.field(name="phoneNumber")


class VerifyPhoneNumber(msgspec.Struct):
    pass


class AddLocation(msgspec.Struct):
    long: float
    lat: float


PAYLOADS: dict[str, type[msgspec.Struct]] = {
    "signup": Signup,
    "addPhoneNumber": AddPhoneNumber,
    "verifyPhoneNumber": VerifyPhoneNumber,
    "addLocation": AddLocation,
}


class UsersFold:
    """How events of the log become users."""

    views: tuple[View[Any], ...] = (USERS,)

    def keys(self, event: Recorded) -> Iterable[Ref]:
        log, _, id = event.stream.partition("-")
        return [USERS.ref(id)] if log == "users" else []

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        id = event.stream.partition("-")[2]
        user: User = documents[USERS.ref(id)] or User(id=id, version=0)
        if event.version <= user.version:
            return []
        if event.version > user.version + 1:
            raise ValueError(f"{id} is at version {user.version}; {event.version} is not the next")
        return [Change(USERS, id, after(user, event))]


def after(user: User, event: Recorded) -> User:
    """The user after the event. A type that is not known here changes nothing but the version."""
    changes: dict[str, Any] = {}
    if (kind := PAYLOADS.get(event.type)) is not None:
        match msgspec.json.decode(event.data, type=kind, strict=True):
            case Signup(name, email):
                changes = {"name": name, "email": email}
            case AddPhoneNumber(phone):
                changes = {"phone": phone, "is_verified": False}
            case VerifyPhoneNumber():
                changes = {"is_verified": True}
            case AddLocation(long, lat):
                changes = {"place": (long, lat)}
    return msgspec.structs.replace(user, version=event.version, **changes)


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Store]:
    url = os.environ.get("GATHERLOG_STORE") or "sqlite:///gatherlog.db"
    store = await open_store(url, views=[*VIEWS, USERS], create=False)
    try:
        yield store
    finally:
        await store.close()


async def work() -> None:
    async with opened() as store:
        worker = Worker(
            store,
            [Projection("users", UsersFold())],
            clock=system_clock,
            ids=lambda: str(uuid.uuid4()),
            report=lambda name, error: print(f"{name}: {error!r}", file=sys.stderr),
        )
        print("Reading the log users.", flush=True)
        try:
            await worker.run()
        finally:
            worker.stop()


async def show(id: str) -> None:
    async with opened() as store:
        [document] = await store.get([USERS.ref(id)])
        if (user := USERS.read(document)) is None:
            raise SystemExit(f"no user {id} is known so far")
        print(msgspec.json.encode(user).decode())


async def list_all() -> None:
    async with opened() as store:
        async for user in bodies(store, USERS, USERS.query("by_name", "all", limit=1000)):
            print(f"{user.name}  {user.id}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["work"]:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(work())
        case ["show", id]:
            asyncio.run(show(id))
        case ["list"]:
            asyncio.run(list_all())
        case _:
            raise SystemExit(__doc__)
