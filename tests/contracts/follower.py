"""A worker in a process of its own, that a test can kill: `python -m tests.contracts.follower`.

It counts every event in a projection, and a handler appends a line to a file for every event it is
given, unbuffered. It stops when its standard input ends, or kills itself at a given commit.
"""

import asyncio
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from gatherlog.core import Change, Commit, Committed, Limits, Recorded, Ref, Store, View
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.worker import VIEWS, Worker
from gatherlog.engines import open_store
from tests.contracts.engines import Place

ROOT = Path(__file__).parents[2]
LEASE = 0.5


class Tally(msgspec.Struct, frozen=True):
    """How many events there were, and a checksum that depends on their order."""

    events: int = 0
    sum: int = 0

    def after(self, event: Recorded) -> "Tally":
        return Tally(self.events + 1, crc32(b"%d/%s" % (self.sum, event.data)))


TALLIES = View("tally", Tally)


def name_of(event: Recorded) -> str:
    """The stream and subject of an event."""
    return f"{event.stream}/{event.subject}"


class Tallying:
    """The projection of a follower."""

    views: tuple[View[Any], ...] = (TALLIES,)

    def keys(self, event: Recorded) -> Iterable[Ref]:
        return [TALLIES.ref(name_of(event))] if event.type == "tests.happened" else []

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        [before] = documents.values()
        return [Change(TALLIES, name_of(event), (before or Tally()).after(event))]


def tallied(events: Iterable[Recorded]) -> dict[str, Tally]:
    """The documents that the projection must have in the end."""
    tallies: dict[str, Tally] = {}
    for event in events:
        if event.type == "tests.happened":
            tallies[name_of(event)] = tallies.get(name_of(event), Tally()).after(event)
    return tallies


class Notes:
    """The events that the handlers of all processes were given, from the file."""

    def __init__(self, path: Path) -> None:
        written = path.read_bytes() if path.exists() else b""
        lines = written[: written.rfind(b"\n") + 1].splitlines()  # the last may be incomplete
        self.given = [msgspec.json.decode(line, type=tuple[str, int]) for line in lines]

    @property
    def doubles(self) -> int:
        return len(self.given) - len(set(self.given))

    def firsts(self) -> dict[str, list[int]]:
        """By stream and subject, the versions in the order in which they were first seen."""
        found: dict[str, list[int]] = {}
        for name, version in dict.fromkeys(self.given):
            found.setdefault(name, []).append(version)
        return found


def ordered(events: Iterable[Recorded]) -> dict[str, list[int]]:
    """What `Notes.firsts` must be in the end."""
    found: dict[str, list[int]] = {}
    for event in events:
        if event.type == "tests.happened":
            found.setdefault(name_of(event), []).append(event.version)
    return found


class Follower:
    """A running follower as its parent sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(
        cls, place: Place, notes: Path, *, die_at: int = 0, after: int = 0
    ) -> "Follower":
        """Start one, and wait until its worker runs."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.contracts.follower", *place.arguments),
            *(str(notes), str(die_at), str(after)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return cls(process)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """Stop it as a server stops; it must have reported no error."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert await self.process.wait() == 0

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


class DyingStore:
    """A store that kills its process at the n-th commit, before or after the commit is done."""

    def __init__(self, store: Store, at: int, *, after: bool) -> None:
        self._store = store
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        self._left -= 1
        is_the_one = self._left == 0
        if is_the_one and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
        committed = await self._store.commit(commit)
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return committed


async def main(url: str, limits: str, notes: str, die_at: str, after: str) -> None:
    opened = await open_store(
        url, views=[*VIEWS, TALLIES], limits=msgspec.json.decode(limits, type=Limits | None)
    )
    store: Any = DyingStore(opened, int(die_at), after=after == "1") if int(die_at) else opened
    file = os.open(notes, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    async def note(delivery: Delivery) -> None:
        line = msgspec.json.encode((name_of(delivery.event), delivery.event.version))
        os.write(file, line + b"\n")

    errors: Counter[str] = Counter()
    worker = Worker(
        store,
        [Projection("tallying", Tallying()), Handlers("noting", {"tests.happened": note})],
        clock=system_clock,
        ids=lambda: str(uuid.uuid4()),
        lease_seconds=LEASE,
        report=lambda name, error: errors.update([repr(error)]),
    )
    running = asyncio.create_task(worker.run())
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([running, ended], return_when=asyncio.FIRST_COMPLETED)
    worker.stop()
    await running
    await opened.close()
    sys.exit(str(errors) if errors else 0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
