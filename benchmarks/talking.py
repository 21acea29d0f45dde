"""Conversations: how soon a message is on the other's open page, what open pages cost, and whether
reading stays as quick in long conversations and for members with many of them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec

from benchmarks import servers
from benchmarks.growing import MOST_RATIO
from benchmarks.keeping import Members
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target
from benchmarks.measuring import percentile as at
from benchmarks.workload import shuffled
from gatherlog.apps.messages import VIEWS, MessageService
from gatherlog.apps.people import VIEWS as PEOPLE_VIEWS
from gatherlog.apps.people import ProfilePatch
from gatherlog.bootstrap import new_id, start
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.engines import open_store
from gatherlog.settings import Settings

Call = Callable[[MessageService], Awaitable[object]]

FOLLOWERS, OPEN = 1_000, 5_000
"""Open pages beside which the delay is measured, and those of which the memory is."""
PAGES_OF_ONE = 5
"""Open pages of each member, of at most eight."""
FEW_MESSAGES, FEW_CONVERSATIONS = 20, 10
MOST_DRAWN = 1_000
"""Messages of a conversation at which pages begin, spread over all of it."""
FILLERS = 32
"""Calls in flight while a store is filled."""
PAGE, LISTED = 20, FEW_CONVERSATIONS
"""Messages of a page, and conversations of a list: all that the small contender has."""


class Filled(msgspec.Struct, frozen=True):
    """A store with members who each have a conversation with the next one."""

    file: Path
    keys: list[str]
    conversations: list[str]
    """By the number of the first of the two."""

    @property
    def shown(self) -> list[str]:
        """Which conversation each member looks at: the one with the member before."""
        return [self.conversations[-1], *self.conversations[:-1]]


async def members(folder: Path, count: int) -> Filled:
    file = folder / "ours.db"
    platform = await start(Settings(store=f"sqlite:///{file}", work="off"))
    keys, accounts, conversations = [], [], []
    for number in range(count):
        account = await platform.accounts.ensure(f"m{number}@example.org", actor="bench")
        named = ProfilePatch(handle=f"m{number:05d}")
        await platform.profiles.change(account, named, actor="bench")
        made = await platform.keys.create("member", None, "", actor="bench", account_id=account)
        accounts.append(account)
        keys.append(made.secret)
    for number, account in enumerate(accounts):
        other = f"m{(number + 1) % count:05d}"
        shown = await platform.messages.start(account, other, "Hello")
        conversations.append(shown.conversation)
    await platform.stop()
    return Filled(file, keys, conversations)


def live(filled: Filled, messages: int) -> Measure:
    """The time from the answer to who sends until the message is on the other's open page."""

    async def measure(folder: Path) -> Figures:
        file = Path(shutil.copy(filled.file, folder))
        times = []
        async with servers.gatherlog(file) as server, open_pages(server.port, filled, 1) as pages:
            for number in range(messages):
                one = number % (len(filled.keys) - 1)
                page, conversation = pages[one + 1], filled.conversations[one]
                body = msgspec.json.encode(
                    {"message": f"Message {number}", "message_group_uuid": conversation}
                )
                key = filled.keys[one]
                await servers.ask(server.port, "POST", "/api/messages", body, key)
                begun = perf_counter()
                async with asyncio.timeout(30):
                    await has_come(page, f"Message {number}<".encode())
                times.append((perf_counter() - begun) * 1e6)
            memory = server.memory()
        return {"p50_us": at(times, 0.5), "p99_us": at(times, 0.99), "rss_mb": memory["rss_mb"]}

    return measure


def memory(filled: Filled, each: int) -> Measure:
    """The memory of a server with so many open pages of each member, and without."""

    async def measure(folder: Path) -> Figures:
        file = Path(shutil.copy(filled.file, folder))
        async with servers.gatherlog(file) as server:
            before = server.memory()["rss_mb"]
            async with open_pages(server.port, filled, each):
                after = server.memory()["rss_mb"]
        return {"rss_mb": after, "more_mb": after - before}

    return measure


@asynccontextmanager
async def open_pages(
    port: int, filled: Filled, each: int
) -> AsyncIterator[list[asyncio.StreamReader]]:
    """The live streams of open conversations, `each` of every member: the last ones by member."""
    readers: list[asyncio.StreamReader] = []
    writers: list[asyncio.StreamWriter] = []
    try:
        for number in range(each):
            readers.clear()
            own = (f"127.0.0.{number + 2}", 0)  # a server takes so many connections of one client
            for key, conversation in zip(filled.keys, filled.shown, strict=True):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=own)
                path = f"/messages/{conversation}/live"
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: gatherlog={key}\r\n\r\n".encode()
                )
                writers.append(writer)
                await has_come(reader, b"retry:")
                readers.append(reader)
        yield readers
    finally:
        for writer in writers:
            writer.close()


async def has_come(reader: asyncio.StreamReader, what: bytes) -> None:
    while what not in (line := await reader.readline()):
        if not line:
            raise RuntimeError("a live stream has ended")


# How reading grows.


class Talk(msgspec.Struct, frozen=True):
    """A filled store: the reader's long conversation, another of theirs, and messages of the
    first."""

    url: str
    long: str
    other: str
    messages: list[str]


def reading(talk: Talk, probes: int) -> Measure:
    """Median microseconds of opening a conversation, of a page of it drawn at random, of the list,
    of the count.

    Each is measured with a store that has just been opened and that has read another conversation,
    so that statements are prepared and none of the rows is known.
    """

    async def measure(folder: Path) -> Figures:
        next_message = shuffled(talk.messages, probes)
        calls: dict[str, Call] = {
            "open": lambda service: service.open("reader", talk.long, limit=PAGE),
            "page": lambda service: service.messages(
                "reader", talk.long, limit=PAGE, upto=next_message()
            ),
            "list": lambda service: service.conversations("reader", limit=LISTED),
            "count": lambda service: service.unread("reader"),
        }
        taken: dict[str, list[float]] = {f"{name}_us": [] for name in calls}
        for _ in range(probes):
            for name, call in calls.items():
                async with serving(talk.url) as service:
                    await service.messages("reader", talk.other)
                    begun = perf_counter()
                    await call(service)
                    taken[f"{name}_us"].append((perf_counter() - begun) * 1e6)
        return {name: median(times) for name, times in taken.items()}

    return measure


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[MessageService]:
    store = await open_store(url, views=[*VIEWS, *PEOPLE_VIEWS])
    people = Members(store)
    try:
        yield MessageService(store, people, people, clock=system_clock, ids=new_id)
    finally:
        await store.close()


async def fill(url: str, messages: int, conversations: int) -> Talk:
    """Give the reader so many conversations, of which the last has so many messages."""
    drawn: list[str] = []
    async with serving(url) as service:

        async def started(number: int) -> str:
            shown = await service.start(f"other-{number}", "reader", "Hello")
            return shown.conversation

        async def sent(number: int) -> None:
            shown = await service.send("writer", long, f"Message {number}")
            if number >= PAGE - 2 and number % (messages // MOST_DRAWN + 1) == 0:
                drawn.append(shown.message.id)

        other = await started(0)
        await side_by_side(conversations - 2, lambda number: started(number + 1))
        long = (await service.start("writer", "reader", "Hello")).conversation
        await side_by_side(messages - 1, sent)
    return Talk(url, long, other, drawn)


async def side_by_side(count: int, call: Callable[[int], Awaitable[object]]) -> None:
    """Make so many calls, FILLERS of them at a time, so that commits share what they wait for."""
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await call(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(FILLERS):
            group.create_task(some())


def prepare_growth(factor: int) -> Callable[[Size, Path], Awaitable[Plan]]:
    """Compare a short conversation with a long one, and a short list with a long list."""

    async def plan(size: Size, folder: Path) -> Plan:
        many, contenders = size.many * factor // 10, []
        contents = {
            "small": (min(FEW_MESSAGES, many), FEW_CONVERSATIONS),
            "long": (many, FEW_CONVERSATIONS),
            "many": (FEW_MESSAGES, min(10_000, many // 2)),
        }
        for name, (messages, conversations) in contents.items():
            talk = await fill(f"sqlite:///{folder / name}.db", messages, conversations)
            what = f"{messages:,} messages in it, {conversations:,} conversations"
            contenders.append(Contender(name, what, reading(talk, size.probes)))
        metrics = ("open_us", "page_us", "list_us", "count_us")
        return Plan(
            contenders,
            [
                Target(name, metric, "small", at_most=MOST_RATIO)
                for name in ("long", "many")
                for metric in metrics
            ],
        )

    return plan


async def prepare_live(size: Size, folder: Path) -> Plan:
    filled = await members(folder, min(FOLLOWERS, size.guests))
    return Plan(
        [Contender("page", f"{len(filled.keys):,} open pages", live(filled, 2 * size.wakes))],
        [
            Target("page", "p50_us", at_most=20_000),
            Target("page", "p99_us", at_most=100_000),
        ],
    )


async def prepare_open(size: Size, folder: Path) -> Plan:
    filled = await members(folder, min(OPEN // PAGES_OF_ONE, size.guests))
    pages = len(filled.keys) * PAGES_OF_ONE
    return Plan(
        [Contender("server", f"{pages:,} open pages", memory(filled, PAGES_OF_ONE))],
        [Target("server", "rss_mb", at_most=250)],
    )


BENCHMARKS = [
    Benchmark("talk-live", "a message on the other's open page", prepare_live),
    Benchmark("talk-open", "the memory of open pages of conversations", prepare_open),
    Benchmark("talk-growth", "reading in long conversations, and many", prepare_growth(1)),
    Benchmark(
        "talk-growth-1m",
        "the same with a conversation of 1,000,000 messages",
        prepare_growth(10),
        on_demand=True,
    ),
]
