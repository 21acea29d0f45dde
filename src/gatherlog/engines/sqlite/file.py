"""The file of a store: create it, recognise it, connect to it, and copy it while it is in use."""

import errno
import fcntl
import os
import struct
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

import apsw

from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import NotAStore, StoreError
from gatherlog.engines.sqlite.failures import translate

__all__ = [
    "WAL_KEPT_BYTES",
    "FileLock",
    "backup",
    "check_layout",
    "connect",
    "connect_to_read",
    "prepare",
    "tidy_up",
]

APPLICATION_ID = 0x4754_4C47
"""`GTLG`, in the file's header: this SQLite file is a Gatherlog store."""
SCHEMA_VERSION = 2
"""`user_version` in the header; raised with every change of what is stored, see `upgrade`."""
OLDEST_VERSION = 1
"""The oldest layout that `upgrade` can bring to the present one."""
OPENING_MILLISECONDS = 5000
_HEADER_BYTES = 100
_READ_ONLY = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
_CACHE_KIB = 16 * 1024
WAL_PAGES = 4000
"""Pages of 4 KiB of the write-ahead log beyond which the next commit moves them into the file. It
and all who wait for it then wait for the whole disk, so that this is rare; what is written again
and again, as index pages are, is moved once."""
WAL_KEPT_BYTES = 24 * 1024 * 1024
"""How much of the write-ahead log's file is kept when the log begins anew; see `wal.py`."""


class FileLock:
    """The lock that a process holds while it writes to a file, on a file beside it.

    SQLite's own lock is not fair: its busy handler polls, so that a waiting process may never get
    it. `flock` queues the waiting processes in the kernel.
    """

    def __init__(self, path: str) -> None:
        self._handle = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_acquire(self) -> bool:
        """Take the lock if it is free; whether it was."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def acquire(self) -> None:
        """Wait for the lock and take it; blocks the thread."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def release(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release the lock and close its file; closing twice does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def prepare(path: str, *, create: bool) -> str:
    """Create the file if it is missing and `create` is set.

    Returns its path without links, so that a store has one lock by whatever name it is opened.
    Raises NotAStore, and changes nothing, if it is missing or is not a Gatherlog store.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise NotAStore(f"{path}: there is no directory {target.parent}")
    try:
        if target.is_symlink() and not target.exists():
            raise NotAStore(f"{path} is a link to nothing")
        if target.exists() and (not target.is_file() or target.stat().st_size):
            _recognise(target)
        elif create:
            _make(target)
        else:
            what = "is empty" if target.exists() else "does not exist"
            raise NotAStore(f"{path} {what}; make a store: gatherlog init --store sqlite:///{path}")
    except OSError as error:
        raise NotAStore(f"{path}: {error.strerror or error}") from error
    except apsw.Error as error:
        raise translate(error) from error
    return os.path.realpath(path)


def connect(path: str, *, readonly: bool = False) -> apsw.Connection:
    """A connection with the settings that the engine's promises depend on.

    Its statements wait for no lock. Opening it waits up to OPENING_MILLISECONDS while another
    process opens or closes the file. It may be used in several threads, but never in two at once:
    SQLite does not lock a mutex around every call.
    """
    flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE
    flags |= apsw.SQLITE_OPEN_NOMUTEX | (apsw.SQLITE_OPEN_URI if readonly else 0)
    connection = apsw.Connection(path, flags=flags, statementcachesize=200)
    # One plan for all values. Otherwise every new value of a LIMIT compiles a statement again.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.set_busy_timeout(OPENING_MILLISECONDS)
    if connection.execute("PRAGMA journal_mode = WAL").get != "wal" and not readonly:
        raise NotAStore(f"{path}: this file system cannot hold a store in use (no WAL)")
    connection.execute("PRAGMA synchronous = FULL")
    # What is freed within a page is overwritten, at no cost in writes. So the pages of the log hold
    # no copies of events; see `freed_space`.
    connection.execute("PRAGMA secure_delete = FAST").fetchall()
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    connection.wal_autocheckpoint(WAL_PAGES)
    connection.execute("SELECT id FROM store").fetchall()
    connection.set_busy_timeout(0)
    return connection


def connect_to_read(path: str) -> apsw.Connection:
    """A connection that can write nothing, also to a file in a folder that nobody may write to.

    There SQLite cannot make the files beside the store by which it tells what others write. Where
    there are none, nobody else has it open for writing, and it is read as what never changes.
    """
    if os.access(os.path.dirname(path), os.W_OK) or os.path.exists(f"{path}-shm"):
        return connect(path, readonly=True)
    return connect(f"file:{quote(path)}?immutable=1", readonly=True)


def tidy_up(path: str) -> None:
    """Let SQLite remove the empty files beside the store that its last reader cannot remove.

    They would belong to that reader, and keep a server with another user from starting.
    """
    with suppress(apsw.Error, OSError, StoreError):
        if not os.stat(f"{path}-wal").st_size:
            connect(path).close()


def backup(path: str, target: str) -> None:
    """Copy a store, which may be in use, to a new file, as it is at one moment.

    The copy gets the name `target` when it is complete. Raises FileExistsError if the target
    exists.
    """
    prepare(path, create=False)
    goal = Path(target)
    if goal.exists() or goal.is_symlink():
        raise FileExistsError(f"{target} exists; a backup overwrites nothing")
    _refuse_leftovers(goal)
    unfinished: Path | None = None
    try:
        unfinished = _beside(goal)
        source, copy = connect(path), apsw.Connection(str(unfinished))
        with closing(source), closing(copy), _one_moment(source):
            copying = copy.backup("main", source, "main")
            while not copying.done:
                copying.step(4096)
            copying.finish()
        _publish(unfinished, goal)
    except FileExistsError:
        raise FileExistsError(f"{target} has come to exist; a backup overwrites nothing") from None
    except (apsw.Error, OSError) as error:
        raise translate(error) from error
    finally:
        if unfinished is not None:
            _remove(unfinished)


@contextmanager
def _one_moment(source: apsw.Connection) -> Iterator[None]:
    """Hold a read transaction, or every commit of another process would restart the copy."""
    source.execute("BEGIN")
    source.execute("SELECT id FROM store").fetchall()
    try:
        yield
    finally:
        source.execute("ROLLBACK")


def _beside(target: Path) -> Path:
    """A new empty file beside `target`, which only its owner may read."""
    unfinished = target.with_name(f"{target.name}.{uuid.uuid4().hex[:12]}.part")
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    return unfinished


def _remove(unfinished: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)


def _recognise(target: Path) -> None:
    """Raise NotAStore unless the header is that of a store. SQLite does not open the file."""
    if not target.is_file():
        raise NotAStore(f"{target} is not a file")
    header = _read_header(target)
    if len(header) < _HEADER_BYTES or not header.startswith(b"SQLite format 3\x00"):
        raise NotAStore(f"{target} is not a Gatherlog store; nothing in it was changed")
    page_size, pages = (
        struct.unpack_from(">H", header, 16)[0],
        struct.unpack_from(">I", header, 28)[0],
    )
    schema_version, application_id = (struct.unpack_from(">I", header, at)[0] for at in (60, 68))
    if application_id != APPLICATION_ID:
        raise NotAStore(f"{target} is a SQLite file, but not a Gatherlog store; it was not changed")
    check_layout(target, schema_version)
    wal = Path(f"{target}-wal")  # if it is not empty, the missing pages may be in it
    missing = pages * (65536 if page_size == 1 else page_size) > target.stat().st_size
    if missing and not (wal.exists() and wal.stat().st_size):
        raise NotAStore(f"{target} is cut short: restore it from a backup")


def check_layout(target: Path | str, layout: int) -> None:
    """Raise NotAStore for a layout that `upgrade` cannot bring to the present one."""
    if layout > SCHEMA_VERSION:
        raise NotAStore(
            f"{target} was made or upgraded by a newer version of Gatherlog (layout {layout}; this"
            f" version uses {SCHEMA_VERSION}): use that version, or restore a backup from before"
        )
    if layout < OLDEST_VERSION:
        raise NotAStore(f"{target} has layout {layout}, which Gatherlog does not know")


def _read_header(target: Path) -> bytes:
    """The first bytes of a file, read through SQLite.

    Where a file is opened and closed in any other way, POSIX drops all locks that this process has
    on it, also those of a store that is in use.
    """
    if not os.access(target, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    file = apsw.VFSFile("", os.path.realpath(target), _READ_ONLY)  # it follows no links
    try:
        return file.xRead(_HEADER_BYTES, 0)
    finally:
        file.xClose()


def _make(target: Path) -> None:
    """Create a store under another name, and rename it when it is complete."""
    lock = FileLock(str(target))
    lock.acquire()  # so that two processes do not create it at once
    try:
        if target.exists() and target.stat().st_size:
            _recognise(target)
            return
        _refuse_leftovers(target)
        unfinished = _beside(target)
        try:
            _fill(unfinished)
            _publish(unfinished, target, over_empty=target.exists())
        finally:
            _remove(unfinished)
    finally:
        lock.close()


def _refuse_leftovers(target: Path) -> None:
    """Raise NotAStore if there is a write-ahead log without its file: SQLite would apply it to the
    new file."""
    wal = Path(f"{target}-wal")
    if wal.exists() and wal.stat().st_size:
        raise NotAStore(
            f"{wal} is left of a store that is gone: it may hold its last commits; put"
            f" {target.name} back beside it, or remove it"
        )


def _fill(unfinished: Path) -> None:
    with closing(apsw.Connection(str(unfinished))) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        with connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute((files("gatherlog.engines") / "schema" / "sqlite.sql").read_text())
            connection.execute(
                "INSERT INTO store (id, partitions, created) VALUES (?, 1, ?)",
                (str(uuid.uuid4()), system_clock()),
            )


def _publish(unfinished: Path, target: Path, *, over_empty: bool = False) -> None:
    """Give a complete file its name, durably. Raises FileExistsError if the name is in use.

    With `over_empty` it takes the place of an empty file in one step: at no moment is the name
    without a file, so a process that opens the store meanwhile finds the one or the other.
    """
    handle = os.open(unfinished, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    if over_empty:
        unfinished.replace(target)
    else:
        os.link(unfinished, target)
    directory = os.open(target.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
