"""Clients in Node.js, of the packages that the lock file in FOLDER pins."""

import asyncio
from pathlib import Path

from tests.node_packages import NEEDS_NODE, installed

__all__ = ["FOLDER", "NEEDS_NODE", "node", "output_of"]

FOLDER = Path(__file__).parent / "audits"


def node() -> str:
    """The path of Node.js, once the packages are there."""
    return installed(FOLDER)


async def output_of(script: str, *arguments: str) -> str:
    """What a script of FOLDER prints. Fails with what it complains about."""
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(node),
        str(FOLDER / script),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return output.decode()
