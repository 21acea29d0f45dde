"""What happens to a store when its disk fills up: run in a child, on a file system of 3 MiB."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gatherlog.core import Append, Commit, Committed, Limits, Store
from gatherlog.core.eventstore.errors import StoreError
from gatherlog.engines import open_store
from tests.contracts.commits import CARDS, card, count, documents_of, event, put, whole_feed

BLOCK = 20 * 1024
GROUP = 8


def filling(name: str) -> Commit:
    """An event and a card of 20 KB each, a count, and a key."""
    data = name.encode().ljust(BLOCK, b".")
    return Commit(
        appends=[Append("card-1", [event(data, id=name)])],
        writes=[put(name, data), count("all", events=1)],
        key=name,
    )


async def try_together(store: Store, names: Sequence[str]) -> list[Committed | BaseException]:
    """Commit all the names as one group."""
    return await asyncio.gather(
        *[store.commit(filling(name)) for name in names], return_exceptions=True
    )


async def agrees(store: Store, acknowledged: Sequence[str]) -> bool:
    """Whether exactly what was acknowledged is there: events, cards, count and keys."""
    events = [e.id for e in await whole_feed(store)]
    ids = [d.id for d in await documents_of(store, "card") if d.id != "all"]
    total = await card(store, "all")
    names = list(acknowledged)
    return (
        sorted(events) == sorted(names)
        and ids == sorted(names)
        and (total.counters if total else {}) == {"events": len(names)}
        and all([await store.recall(name) is not None for name in names])
    )


async def main(url: str, limits: str) -> None:
    folder = Path(url.removeprefix("sqlite:///")).parent
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(1024 * 1024))
    allowed = msgspec.json.decode(limits, type=Limits | None)
    store = await open_store(url, views=[CARDS], limits=allowed)
    found: dict[str, Any] = {}

    acknowledged: list[str] = []
    refused: list[str] = []
    failures: list[BaseException] = []
    for number in range(200):
        names = [f"{number:03}-{part}" for part in range(GROUP)]
        done = await try_together(store, names)
        acknowledged += [n for n, d in zip(names, done, strict=True) if isinstance(d, Committed)]
        failures = [d for d in done if not isinstance(d, Committed)]
        refused = [n for n, d in zip(names, done, strict=True) if not isinstance(d, Committed)]
        if failures:
            break
    found["refused as"] = sorted({type(failure).__name__ for failure in failures})
    found["everyone in the group was told"] = len(failures) == GROUP
    found["acknowledged and there"] = bool(acknowledged) and await agrees(store, acknowledged)
    found["refused and not there"] = [await store.recall(name) for name in refused] == [None] * len(
        refused
    )
    big = [f"big-{part}" for part in range(GROUP)]
    found["still full"] = ", ".join({type(d).__name__ for d in await try_together(store, big)})
    found["readable while full"] = await agrees(store, acknowledged)

    os.unlink(ballast)
    try:
        await store.commit(filling("after"))
    except StoreError as error:
        found["writable once there is room"] = repr(error)
    else:
        acknowledged.append("after")
        found["writable once there is room"] = await agrees(store, acknowledged)
    await store.close()
    again = await open_store(url, views=[CARDS], limits=allowed)
    found["whole when opened again"] = await agrees(again, acknowledged)
    await again.close()
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
