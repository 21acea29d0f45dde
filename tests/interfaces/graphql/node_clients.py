"""Clients in Node.js: the packages that the lock file pins, installed when first needed."""

import asyncio
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["FOLDER", "NEEDS_NODE", "installed", "output_of"]

FOLDER = Path(__file__).parent / "audits"
NODE, NPM = shutil.which("node"), shutil.which("npm")
NEEDS_NODE = pytest.mark.skipif(
    (NODE is None or NPM is None) and os.environ.get("GATHERLOG_REQUIRE_NODE") != "1",
    reason="there is no node, or no npm",
)


def installed() -> str:
    """The path of Node.js; the packages are there, whichever test process asks first."""
    assert NODE, "GATHERLOG_REQUIRE_NODE is set, and there is no node"
    assert NPM, "GATHERLOG_REQUIRE_NODE is set, and there is no npm"
    ready = FOLDER / "node_modules" / ".ready"
    lock_file = FOLDER / "package-lock.json"
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (ready.exists() and ready.read_text() == lock_file.read_text()):
            command = [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True)
            ready.write_text(lock_file.read_text())
    return NODE


async def output_of(script: str, *arguments: str) -> str:
    """What a script of FOLDER prints. Fails with what it complains about."""
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(installed),
        str(FOLDER / script),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return output.decode()
