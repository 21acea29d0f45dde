"""A server as a process of its own, which tells its schemas."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_SERVE = """
import os
from gatherlog.entrypoints.asgi import serve
from gatherlog.settings import Settings
serve(Settings.from_environment(os.environ), ready=lambda url: print(url, flush=True))
"""


@asynccontextmanager
async def real_server(store: str) -> AsyncIterator[str]:
    """The URL of a server on a store."""
    settings = {
        "GATHERLOG_STORE": store,
        "GATHERLOG_PORT": "0",
        "GATHERLOG_INTROSPECTION": "on",
        "GATHERLOG_RATE_LIMITS": "off",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SERVE),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **settings},
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()
