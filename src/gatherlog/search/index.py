"""An index in a folder: opened and checked, written to by one thread, read by any.

The folder holds the files of the index and `place.json`, which says up to which positions of which
log it is complete. The place is written after what it speaks of, so it is never ahead of it; and
because documents are always indexed in their present state, it does no harm to index some again.
Whatever cannot be trusted is thrown away: the log has it all.
"""

import json
import os
import shutil
import struct
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
import tantivy

from gatherlog.core.eventstore.store import Heads
from gatherlog.search.rows import FORMAT, SCHEMA, Row
from gatherlog.search.snapshots import Snapshot
from gatherlog.search.vocabulary import Vocabulary

__all__ = ["Index", "Origin", "Reached", "damage_of"]

_WRITER_BYTES: Final = 20_000_000
"""Memory of the thread that writes, before it writes what it has to a file."""
_FOOTER: Final = struct.Struct("<II")
_MAGIC: Final = 1337
_UNCHECKED: Final = ("meta.json", ".managed.json", "place.json", ".lock", ".tmp")


class IndexUnusable(Exception):
    """What is in the folder cannot be trusted, or belongs to something else."""


class Origin(msgspec.Struct, frozen=True):
    """Of what an index is: one of another origin is not used."""

    store: str
    source: str
    revision: int
    format: str = f"{FORMAT}, tantivy {version('tantivy')}"


class Reached(msgspec.Struct, frozen=True):
    """How far in the log an index is complete."""

    positions: Heads
    ids: tuple[str, ...]
    """Of the events at these positions; empty at position 0. They tell whether the log is still the
    one that was followed, which it is not after a backup was restored."""


class _PlaceFile(msgspec.Struct, frozen=True):
    origin: Origin
    reached: Reached


class Index:
    """One index that is open for writing. All methods but `snapshot` are for one thread."""

    def __init__(self, folder: Path, origin: Origin, reached: Reached | None) -> None:
        self._folder = folder
        self._origin = origin
        self.reached = reached
        """Up to where in the log it is complete; None: it is empty and has to be built."""
        self._index = tantivy.Index(SCHEMA, path=str(folder), reuse=reached is not None)
        self._index.config_reader("manual")
        self._writer = self._index.writer(_WRITER_BYTES, 1)
        self._vocabulary = Vocabulary(_words(self._index.searcher()))
        self.snapshot = self._new_snapshot()

    @classmethod
    def open(cls, folder: Path, origin: Origin) -> "Index":
        """The index in a folder, if it is whole and of this origin; else a new, empty one."""
        try:
            return cls(folder, origin, _checked(folder, origin))
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001 - the library may also panic, which is no Exception
            return cls.create(folder, origin)

    @classmethod
    def create(cls, folder: Path, origin: Origin) -> "Index":
        """A new, empty index; whatever is in the folder is deleted."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return cls(folder, origin, None)

    def add(self, rows: Iterable[Row]) -> None:
        """Add documents that are not in the index yet; they are found after `commit`."""
        for row in rows:
            self._vocabulary.add(row.all.split())
            self._writer.add_json(msgspec.json.encode(row).decode())

    def replace(self, rows: Mapping[str, Row | None]) -> None:
        """Put documents in the place of those with the same ids; None removes one."""
        for id in rows:
            self._writer.delete_documents_by_term("id", id)
        self.add(row for row in rows.values() if row is not None)

    def commit(self, reached: Reached) -> None:
        """Make all changes durable and found, and note how far the index is complete."""
        self._writer.commit()
        self._index.reload()
        self.snapshot = self._new_snapshot()
        self.note(reached)

    def note(self, reached: Reached) -> None:
        """Note how far the index is complete, where nothing of it has changed."""
        unfinished = self._folder / "place.tmp"
        unfinished.write_bytes(msgspec.json.encode(_PlaceFile(self._origin, reached)))
        unfinished.replace(self._folder / "place.json")
        self.reached = reached

    def give_up(self) -> None:
        """Have it built anew when it is opened next."""
        (self._folder / "place.json").unlink(missing_ok=True)

    def close(self) -> None:
        """Wait for files that are being merged, and end writing; the snapshot stays usable."""
        self._writer.wait_merging_threads()
        del self._writer

    def _new_snapshot(self) -> Snapshot:
        return Snapshot(self._index.searcher(), self._vocabulary)


def damage_of(folder: Path) -> str | None:
    """What is wrong with the files of an index; None if they are as they were written."""
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        names = {segment["segment_id"].replace("-", "") for segment in meta["segments"]}
        for file in sorted(os.listdir(folder)):
            if file.partition(".")[0] in names and not file.endswith(_UNCHECKED):
                _check_file(folder / file)
    except (OSError, ValueError, KeyError, TypeError, IndexUnusable) as error:
        return str(error)
    return None


def _checked(folder: Path, origin: Origin) -> Reached:
    """How far the index in a folder is complete. Raises IndexUnusable, OSError and ValueError."""
    place = msgspec.json.decode((folder / "place.json").read_bytes(), type=_PlaceFile)
    if place.origin != origin:
        raise IndexUnusable("it is of another store, source or format")
    if (damage := damage_of(folder)) is not None:
        raise IndexUnusable(damage)
    return place.reached


def _check_file(file: Path) -> None:
    """Compare a file with the checksum in its footer."""
    content = file.read_bytes()
    length, magic = _FOOTER.unpack(content[-_FOOTER.size :])
    body = content[: -_FOOTER.size - length]
    footer = json.loads(content[len(body) : -_FOOTER.size])
    if magic != _MAGIC or crc32(body) != footer["crc"]:
        raise IndexUnusable(f"{file.name} is damaged")


def _words(searcher: tantivy.Searcher) -> Iterable[str]:
    return (word for word, _ in searcher.terms_with_prefix("all", ""))
