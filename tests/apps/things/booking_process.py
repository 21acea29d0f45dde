"""A process of its own that books for many parents at once, once it is told to go.

Its arguments are the address of the store, the thing, and a prefix of the parents' names. It prints
a line when it is ready, and one with the state of each booking.
"""

import asyncio
import sys

from gatherlog.apps.things import VIEWS, BookingWish, ThingService
from gatherlog.bootstrap import new_id
from gatherlog.engines import open_store
from gatherlog.testing import StandingClock
from tests.apps.things.sample_things import NOW, SATURDAY

PARENTS = 8


async def main(url: str, thing_id: str, prefix: str) -> None:
    store = await open_store(url, views=VIEWS)
    service = ThingService(store, clock=StandingClock(NOW), ids=new_id)
    print("ready", flush=True)
    sys.stdin.readline()
    wish = BookingWish(date=SATURDAY, people=1)
    booked = await asyncio.gather(
        *(service.book(thing_id, wish, f"{prefix}{n}", actor="test") for n in range(PARENTS))
    )
    print(*[one.body.status for one in booked], flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
