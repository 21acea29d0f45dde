"""Packages of Node.js for tests: those that a folder's lock file pins, installed when needed."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["NEEDS_NODE", "installed"]

NODE, NPM = shutil.which("node"), shutil.which("npm")
NEEDS_NODE = pytest.mark.skipif(
    (NODE is None or NPM is None) and os.environ.get("GATHERLOG_REQUIRE_NODE") != "1",
    reason="there is no node, or no npm",
)


def installed(folder: Path) -> str:
    """The path of Node.js; the folder's packages are there, whichever test process asks first."""
    assert NODE, "GATHERLOG_REQUIRE_NODE is set, and there is no node"
    assert NPM, "GATHERLOG_REQUIRE_NODE is set, and there is no npm"
    ready = folder / "node_modules" / ".ready"
    lock_file = folder / "package-lock.json"
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (ready.exists() and ready.read_text() == lock_file.read_text()):
            command = [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            ready.write_text(lock_file.read_text())
    return NODE
