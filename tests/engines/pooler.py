"""A real PgBouncer before a server of the tests, if the machine has one."""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gatherlog.core.eventstore.errors import StoreError
from tests.postgres import PostgresServer

__all__ = ["pooler"]

CONFIGURATION = """
[databases]
postgres = host={server} port=5432 dbname=postgres user=postgres

[pgbouncer]
listen_port = 5432
unix_socket_dir = {folder}
auth_type = any
logfile = {folder}/log
default_pool_size = 40
{settings}
"""


@asynccontextmanager
async def pooler(server: PostgresServer, **settings: str) -> AsyncIterator[str]:
    """The host of a PgBouncer with these settings, which hands on to the server."""
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if program is None:
        if os.environ.get("GATHERLOG_REQUIRE_PGBOUNCER"):
            pytest.fail("pgbouncer is not installed")
        pytest.skip("pgbouncer is not installed")
    with tempfile.TemporaryDirectory(prefix="gatherlog-pooler-") as name:
        folder = Path(name)
        who = _someone(folder)
        lines = "\n".join(f"{key} = {value}" for key, value in settings.items())
        file = folder / "pgbouncer.ini"
        file.write_text(CONFIGURATION.format(server=server.folder, folder=folder, settings=lines))
        process = subprocess.Popen([program, "--quiet", str(file)], **who)
        try:
            await _listening(process, folder / ".s.PGSQL.5432")
            yield name
        finally:
            process.kill()
            process.wait()


def _someone(folder: Path) -> dict[str, Any]:
    """Who runs it: it refuses to run as root."""
    if os.getuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


async def _listening(process: "subprocess.Popen[bytes]", socket: Path) -> None:
    while not socket.exists():
        if process.poll() is not None:
            raise StoreError(f"pgbouncer has ended with {process.returncode}")
        await asyncio.sleep(0.01)
