"""The work of other processes on a SQLite file: `python -m tests.engines.child`.

A child prints "ready", waits for a line, does one named piece of work, and prints each result as
one line of JSON. Errors end it with a traceback and a status that its parent notices.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from gatherlog.core.eventstore.errors import StoreError
from gatherlog.engines import open_store
from gatherlog.engines.sqlite.file import FileLock, connect
from tests.contracts.child import ROOT, Child, say
from tests.contracts.commits import CARDS, cards_view, commit, put, writing

Work = Callable[..., Awaitable[None]]


@asynccontextmanager
async def children(
    count: int, work: str, path: Path, **arguments: Any
) -> AsyncIterator[list[Child]]:
    """Start `count` children, which are killed at the end if they are still running."""
    command = [sys.executable, "-m", "tests.engines.child", work, str(path)]
    started: list[Child] = []
    try:
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                *command,
                msgspec.json.encode(arguments).decode(),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            started.append(Child(process))
        for child in started:
            assert await child.line() == "ready"
        yield started
    finally:
        for child in started:
            if child.process.returncode is None:
                await child.kill()


async def put_for_each_line(path: str, times: int) -> None:
    """For every line read, put the next number into the card `a`; its version, once durable."""
    store = await open_store(f"sqlite:///{path}", views=[CARDS])
    for number in range(1, times + 1):
        done = await store.commit(writing(put("a", b"%d" % number)))
        say(done.documents["card", "a"])
        await a_line()
    await store.close()


async def hold(path: str) -> None:
    """Take the lock of the file, begin a transaction, and keep both."""
    FileLock(path).acquire()
    connection = connect(path)
    connection.execute("BEGIN IMMEDIATE")
    say("held")
    await a_line()


async def open_and_close(path: str, seconds: float) -> None:
    """Open the store, use it and close it, again and again; says how often."""
    loop = asyncio.get_running_loop()
    end, times = loop.time() + seconds, 0
    while loop.time() < end:
        store = await open_store(f"sqlite:///{path}", views=[CARDS])
        await store.heads()
        await store.commit(commit("card-1"))
        await store.close()
        times += 1
    say(times)


async def open_for_each_line(path: str, times: int) -> None:
    """For every line read, open `<path>.<number>` and commit; the id of the store found there."""
    for number in range(times):
        store = await open_store(f"sqlite:///{path}.{number}", views=[CARDS])
        await store.commit(commit("card-1"))
        say(store.id)
        await store.close()
        await a_line()


async def query_for_each_line(path: str, version: int) -> None:
    """Open the store with a version of the cards; for every line read, say which ones are listed,
    or the code of the error."""
    view = cards_view(version)
    store = await open_store(f"sqlite:///{path}", views=[view])
    while True:
        try:
            page = await store.query(view.query("by_name", "all"))
        except StoreError as refusal:
            say(refusal.code)
        else:
            say([document.id for document in page.documents])
        await a_line()


async def build(path: str, version: int) -> None:
    """State that a version of the cards is complete."""
    view = cards_view(version)
    store = await open_store(f"sqlite:///{path}", views=[view])
    await store.declare([view])
    say("built")
    await store.close()


WORK: Sequence[Work] = [
    put_for_each_line,
    hold,
    open_and_close,
    open_for_each_line,
    query_for_each_line,
    build,
]


async def a_line() -> None:
    await asyncio.to_thread(sys.stdin.readline)


async def main(work: str, path: str, arguments: str) -> None:
    say("ready")
    await a_line()
    await {do.__name__: do for do in WORK}[work](path, **msgspec.json.decode(arguments))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
