"""Listing a member's conversations: from the store alone, and with the first page in a cache.

The store is a file of SQLite, or one in memory whose answers take a millisecond, as on a network.
The service is asked directly by one caller, so that nothing else is measured. The cache's server is
Valkey or Redis, on a socket of the same machine; without one installed those rows are left out.
`hits` is the share of the answers for which the kept page was used: on a busy machine the server
may answer too late.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks import ours
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target
from gatherlog.apps.messages import VIEWS, About, MessageService, Person, Subject
from gatherlog.apps.messages.kept_lists import KeptLists
from gatherlog.apps.people import VIEWS as PEOPLE_VIEWS
from gatherlog.apps.people.profiles import ProfileService, refs_of
from gatherlog.bootstrap import new_id
from gatherlog.caches import open_cache
from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.store import Document, Page, Query, Ref
from gatherlog.engines import open_store
from gatherlog.engines.memory import MemoryStore

CONVERSATIONS = 60
PAGE = 20
TRIP = 0.001
"""Seconds that a round trip takes on a network."""
READER = "reader"
SERVERS = ("valkey-server", "redis-server")


class DistantStore(MemoryStore):
    """A store in memory whose answers take as long as on a network, once they are to."""

    trip = 0.0

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        await asyncio.sleep(self.trip)
        return await super().get(refs)

    async def query(self, query: Query) -> Page:
        await asyncio.sleep(self.trip)
        return await super().query(query)


class Members:
    """Accounts that are named like their ids; their profiles are looked up all the same."""

    def __init__(self, store: Store) -> None:
        self._profiles = ProfileService(store, clock=system_clock, ids=new_id)

    async def by_handle(self, handle: str) -> str | None:
        return handle

    async def persons(self, ids: Collection[str]) -> Mapping[str, Person]:
        await self._profiles.known(ids)
        return {id: Person(id=id, display_name=id) for id in ids}

    def refs(self, ids: Sequence[str]) -> Sequence[Ref]:
        return refs_of(ids)

    def read(self, ids: Sequence[str], found: Sequence[Document | None]) -> Mapping[str, Person]:
        return {id: Person(id=id, display_name=id) for id in ids}

    async def concerns(self, account: str, about: About) -> bool:
        return True

    async def subject(self, account: str, about: About) -> Subject | None:
        return Subject(name=about.id, is_own=True)

    async def names(self, account: str, about: About, others: Collection[str]) -> Mapping[str, str]:
        return {}


def listing(*, distant: bool, cache: str) -> Measure:
    """Lists the conversations of one member again and again, while nothing moves."""

    async def measure(folder: Path) -> Figures:
        async with AsyncExitStack() as opened:
            store = await opened.enter_async_context(filled(folder, distant=distant))
            url = cache
            if cache == "server":
                url = await opened.enter_async_context(cache_server(folder))
            kept = open_cache(url, digest)
            lists = None if kept is None else KeptLists(kept, store.id)
            service = service_on(store, lists)
            await check(service)
            calls = 300 if distant else 3_000
            figures = await ours.timed_calls(1, calls, lambda number: check(service))
            if lists is None:
                return figures
            await lists.close()
            return {**figures, "hits": lists.lookups.hits / calls}

    return measure


def service_on(store: Store, lists: KeptLists | None = None) -> MessageService:
    members = Members(store)
    return MessageService(store, members, members, clock=system_clock, ids=new_id, lists=lists)


async def check(service: MessageService) -> None:
    found = await service.conversations(READER, limit=PAGE)
    if len(found.items) != PAGE:
        raise RuntimeError(f"{len(found.items)} conversations")


async def digest(text: str) -> str:
    """As costly as the site's."""
    import hmac

    return hmac.digest(b"benchmark", text.encode(), "sha256").hex()


@asynccontextmanager
async def filled(folder: Path, *, distant: bool) -> AsyncIterator[Store]:
    """A store in which so many others have written to the reader."""
    views = [*VIEWS, *PEOPLE_VIEWS]
    file = f"sqlite:///{folder}/ours.db"
    store = DistantStore(views) if distant else await open_store(file, views=views)
    try:
        service = service_on(store)
        for number in range(CONVERSATIONS):
            await service.start(f"other-{number}", READER, "Hello")
        if isinstance(store, DistantStore):
            store.trip = TRIP
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def cache_server(folder: Path) -> AsyncIterator[str]:
    """The URL of a server that is started for this, and killed at the end."""
    socket = Path("/tmp") / f"gatherlog-{folder.stat().st_ino}.sock"  # paths of sockets are short
    options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder))
    process = await asyncio.create_subprocess_exec(
        str(program()), *options, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if b"ready to accept connections" in line.lower():
                break
        yield f"unix://{socket}"
    finally:
        process.kill()
        await process.wait()
        socket.unlink(missing_ok=True)


def program() -> str | None:
    return next((found for name in SERVERS if (found := shutil.which(name))), None)


async def prepare(size: Size, folder: Path) -> Plan:
    caches = {"off": "no cache", "in process": "a cache in the process"}
    if program():
        caches["server"] = "a cache in a server on the same machine"
    contenders = [
        Contender(
            f"{where}, {name}",
            f"{what}, {caches[name]}",
            listing(distant=where == "network", cache=setting),
        )
        for where, what in (("sqlite", "SQLite"), ("network", "1 ms for each round trip"))
        for name, setting in (("off", "off"), ("in process", "memory"), ("server", "server"))
        if name in caches
    ]
    targets = [Target("network, in process", "p50_us", "network, off", at_most=0.6)]
    if "server" in caches:
        targets.append(Target("network, server", "p50_us", "network, off", at_most=0.75))
    return Plan(contenders, targets)


BENCHMARKS = [
    Benchmark("lists", f"listing {PAGE} of {CONVERSATIONS} conversations", prepare),
]
