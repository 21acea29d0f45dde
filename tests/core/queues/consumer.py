"""A consumer in a process of its own: `python -m tests.core.queues.consumer URL LIMITS`.

It prints the id of each message after it was acknowledged, and always has some more out.
"""

import asyncio
import sys

import msgspec

from gatherlog.core import Limits
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.queues import VIEWS, Queues
from gatherlog.engines import open_store
from tests.core.queues.messages import ids


async def main(url: str, limits: str) -> None:
    kept = msgspec.json.decode(limits, type=Limits | None)
    queues = Queues(await open_store(url, views=VIEWS, limits=kept), clock=system_clock, ids=ids)
    while out := await queues.receive("work", most=4, visible_after=1, wait=5):
        for one in out:
            await queues.ack("work", [one.receipt])
            print(one.id, flush=True)


asyncio.run(main(*sys.argv[1:]))
