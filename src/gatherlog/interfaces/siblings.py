"""What the processes of one `gatherlog serve` know of each other: their metrics, and who lives.

They share a folder. Each process holds a lock there as long as it lives, and writes what it counts
into a file beside it, once a second if that has changed. So whichever process is asked for metrics
gives those of all, and when a process dies, the one that takes its place counts on. Only what was
counted in the last second before a kill may be lost.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Final

import msgspec

from gatherlog.core.eventstore.errors import StoreError

__all__ = ["READER", "Family", "Siblings"]

READER: Final = "reader"
"""The name of the process that reads the subscriptions for the servers beside it."""
PUBLISH_SECONDS: Final = 1.0
_Key = tuple[str, tuple[tuple[str, str], ...]]


class Family(msgspec.Struct, frozen=True):
    """A metric of one process, with a value for each name and set of labels."""

    name: str
    help: str
    type: str
    samples: Sequence[tuple[str, dict[str, str], float]]

    @property
    def is_counter(self) -> bool:
        return self.type == "counter"


Count = Callable[[], Awaitable[Sequence[Family]]]


class Siblings:
    """The processes that belong together; by itself, a process has no others."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._name = ""
        self._lock: IO[bytes] | None = None
        self._before: Sequence[Family] = ()
        """Counters of the processes whose place this one has taken."""
        self._written = b""

    @asynccontextmanager
    async def joined(self, folder: Path, name: str, count: Count) -> AsyncIterator[None]:
        """Be one of the processes of this folder meanwhile; `count` gives what it counts.

        The last one that leaves removes the folder, also where nobody else is left to do so.
        """
        self._join(folder, name)
        publishing = asyncio.create_task(self._publish(count))
        try:
            yield
        finally:
            publishing.cancel()
            await self._write(count)
            self._leave(folder)

    def _join(self, folder: Path, name: str) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder, self._name = folder, name
        self._lock = _locked(folder / f"{name}.lock")
        self._before = [one for one in _read(folder / f"{name}.json") if one.is_counter]

    def _leave(self, folder: Path) -> None:
        self._folder = None
        if self._lock is not None:
            self._lock.close()
        if not any(_is_locked(file) for file in folder.glob("*.lock")):
            shutil.rmtree(folder, ignore_errors=True)

    def lives(self, name: str) -> bool:
        """Whether the process of this name is there and has begun its work."""
        return self._folder is not None and _is_locked(self._folder / f"{name}.lock")

    def summed(self, own: Sequence[Family]) -> list[Family]:
        """What all processes have counted, with `own` for this one.

        Counters are summed, also those of processes that have died; of other figures, the largest
        of a living process counts.
        """
        found = [*own, *self._before]
        for file in self._others():
            is_alive = _is_locked(file.with_suffix(".lock"))
            found += [one for one in _read(file) if is_alive or one.is_counter]
        return _merged(found)

    def _others(self) -> Iterator[Path]:
        if self._folder is not None:
            own = f"{self._name}.json"
            yield from (file for file in self._folder.glob("*.json") if file.name != own)

    async def _publish(self, count: Count) -> None:
        while True:
            await self._write(count)
            await asyncio.sleep(PUBLISH_SECONDS)

    async def _write(self, count: Count) -> None:
        """Write the file anew if it would say something else; a failure costs only the news."""
        with suppress(OSError, StoreError):
            text = msgspec.json.encode(_merged([*await count(), *self._before]))
            if self._folder is not None and text != self._written:
                new = self._folder / f"{self._name}.new"
                new.write_bytes(text)
                new.rename(self._folder / f"{self._name}.json")
                self._written = text


def _merged(families: Iterable[Family]) -> list[Family]:
    """One family of each name, counters summed and the largest of other values kept."""
    kinds: dict[str, Family] = {}
    values: dict[str, dict[_Key, float]] = {}
    for one in families:
        kinds.setdefault(one.name, one)
        merged = values.setdefault(one.name, {})
        for name, labels, value in one.samples:
            key = name, tuple(labels.items())
            other = merged.get(key, 0.0 if one.is_counter else value)
            merged[key] = other + value if one.is_counter else max(other, value)
    return [
        msgspec.structs.replace(
            kinds[name],
            samples=[(sample, dict(labels), value) for (sample, labels), value in merged.items()],
        )
        for name, merged in values.items()
    ]


def _read(file: Path) -> Sequence[Family]:
    """What a process has written; nothing if it has not, or its disk was full."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[Family])
    except (OSError, msgspec.DecodeError):
        return []


def _locked(file: Path) -> IO[bytes]:
    """The file, held by this process until it is closed or the process ends."""
    opened = file.open("ab")
    fcntl.flock(opened, fcntl.LOCK_EX)
    return opened


def _is_locked(file: Path) -> bool:
    """Whether another process holds the file."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
