"""Programs of tests that are killed at any moment."""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


async def killed(module: str, *arguments: str, seconds: float | None) -> bool:
    """Run a module, which prints a line when it begins and `done` at its end, and kill it so many
    seconds after it has begun; whether it had come to its end. None: it is not killed."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline()
    end = asyncio.create_task(child.stdout.read())
    await asyncio.wait([end], timeout=seconds)
    if not end.done():
        child.kill()
    told = await end
    await child.wait()
    return told == b"done\n"
