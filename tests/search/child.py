"""A process that searches a shop which it changes all the time, until it is killed.

`python -m tests.search.child STORE FOLDER`: prints a line once what it has changed is found.
"""

import asyncio
import sys
from pathlib import Path

from gatherlog.engines import open_store
from tests.search.shop import VIEWS, Desk, ids, searching
from tests.stores import eventually


async def main(url: str, folder: Path) -> None:
    store = await open_store(url, views=VIEWS)
    desk, failures = Desk(store), list[Exception]()
    search = searching(store, folder, failures)
    number = 0
    while True:
        number += 1
        await desk.thing(f"{number % 7}", f"piano {number}")
        await desk.remove(f"{(number + 3) % 7}")
        if number % 3 == 0:
            await eventually(lambda: ids(search, f"{number}"), [f"{number % 7}"])  # noqa: B023
            print(number, flush=True)


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
