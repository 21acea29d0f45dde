"""What happens to a store when its disk fails: `python -m tests.engines.faulty_disk`, in a child.

The kernel's own limit on the size of files gives EFBIG, and a layer below SQLite gives EIO.
"""

import asyncio
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import msgspec

from gatherlog.core import Append, Commit, Committed, Store
from gatherlog.engines import open_store
from tests.contracts.commits import CARDS, card, count, documents_of, event, put, whole_feed

GROUP = 8
BLOCK = 4096
failing = ""
"""The kind of file and the method that fail now, as in `wal sync`."""


class FaultyFile(apsw.VFSFile):
    """A file whose calls fail with EIO when `failing` names them."""

    def __init__(self, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        is_log = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        self._kind = "wal" if is_log else "file"

    def _fail(self, method: str) -> None:
        if failing == f"{self._kind} {method}":
            raise apsw.IOError(f"EIO in {method}")

    def xRead(self, amount: int, offset: int) -> bytes:
        self._fail("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._fail("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._fail("sync")
        super().xSync(flags)


class FaultyVfs(apsw.VFS):
    def __init__(self) -> None:
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> FaultyFile:
        return FaultyFile(name, flags)


@contextmanager
def eio(method: str) -> Iterator[None]:
    global failing  # noqa: PLW0603 - SQLite makes the files, so nothing can be handed to them
    failing = method
    try:
        yield
    finally:
        failing = ""


@contextmanager
def efbig(bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def filling(name: str) -> Commit:
    """An event, a card, a count, and a key."""
    data = name.encode().ljust(BLOCK, b".")
    return Commit(
        appends=[Append("card-1", [event(data, id=name)])],
        writes=[put(name, data), count("all", events=1)],
        key=name,
    )


async def try_together(store: Store, prefix: str) -> tuple[list[str], list[BaseException]]:
    """Commit some as one group; the names of those acknowledged, and the failures of others."""
    names = [f"{prefix}-{number}" for number in range(GROUP)]
    done = await asyncio.gather(*[store.commit(filling(n)) for n in names], return_exceptions=True)
    acknowledged = [n for n, d in zip(names, done, strict=True) if isinstance(d, Committed)]
    return acknowledged, [d for d in done if isinstance(d, BaseException)]


async def whole(store: Store, acknowledged: list[str]) -> bool:
    """Whether all that was acknowledged is there, and every commit wholly or not at all."""
    events = {e.id for e in await whole_feed(store)}
    cards = {d.id for d in await documents_of(store, "card")} - {"all"}
    total = await card(store, "all")
    keys = [await store.recall(name) is not None for name in events]
    counted = total.counters.get("events", 0) if total else 0
    return set(acknowledged) <= events == cards and counted == len(events) and all(keys)


async def main(url: str, fault: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    faulty = FaultyVfs()
    store = await open_store(url, views=[CARDS])
    acknowledged, _ = await try_together(store, "before")
    failures: list[BaseException] = []
    with efbig(96 * 1024) if fault == "efbig" else eio(fault):
        for number in range(300):
            more, failed = await try_together(store, f"{number:03}")
            acknowledged += more
            failures += failed
            if failed:
                break
    after, refused = await try_together(store, "after")
    acknowledged += after
    found = {
        "told as": sorted({type(one).__name__ for one in failures}),
        "works again": refused == [],
        "whole": await whole(store, acknowledged),
    }
    await store.close()
    again = await open_store(url, views=[CARDS])
    found["whole when opened again"] = await whole(again, acknowledged)
    await again.close()
    del faulty
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
