"""Takes the lines of a file into the log `meters`, until it is killed.

It prints `ready` and `done`.
"""

import asyncio
import sys
from pathlib import Path

from gatherlog.bootstrap import VIEWS
from gatherlog.engines import open_store
from gatherlog.entrypoints.record_lines import parts_of
from gatherlog.testing import StandingClock
from tests.apps.intake.conftest import service_on


async def main(url: str, file: Path) -> None:
    store = await open_store(url, views=VIEWS)
    intake = service_on(store, StandingClock())
    print("ready", flush=True)
    with file.open("rb") as lines:
        for part in parts_of(lines):
            offers = [intake.read(line.text or b"") for line in part]
            await intake.take("meters", offers, by="test")
    print("done", flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
