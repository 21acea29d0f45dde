"""A consumer in a process of its own: `python -m tests.core.queues.consumer URL LIMITS`.

It prints the id of each message after it has acknowledged it, and receives several at a time, so
that it is killed with messages in flight.
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
    decoded = msgspec.json.decode(limits, type=Limits | None)
    store = await open_store(url, views=VIEWS, limits=decoded)
    queues = Queues(store, clock=system_clock, ids=ids)
    while received := await queues.receive("work", most=4, visible_after=1, wait=5):
        for message in received:
            await queues.ack("work", [message.receipt])
            print(message.id, flush=True)


asyncio.run(main(*sys.argv[1:]))
