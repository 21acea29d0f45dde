"""A second opinion: a store on Amazon's own DynamoDB Local, of which a jar of 2020 is to be had.

`make dynamodb-local` runs this in a network namespace, because it listens on all interfaces. That
jar takes no more than 10 actions in a transaction, no empty values, which the service takes, and
gives tables no id. So the contract cannot run on it. What can is what the other emulator might take
for granted: expressions, reserved words, conditions, indexes, and transactions that collide.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import msgspec

from gatherlog.core import Query, Store
from gatherlog.core.eventstore.engine import GroupLimits
from gatherlog.core.eventstore.errors import Busy, Conflict
from gatherlog.engines import open_store
from gatherlog.engines.dynamodb import installing
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.engine import DynamoEngine
from gatherlog.engines.dynamodb_address import DynamoPlace
from tests.contracts.commits import CARDS, commit, count, put, whole_stream, writing
from tests.dynamo import CREDENTIALS, REGION

PORT = 8000
URL = f"dynamodb://party?region={REGION}&endpoint=http://127.0.0.1:{PORT}"


async def check(store: Store, other: Store) -> None:
    """Whether two processes on one table get what the contract promises."""
    keyed = [
        msgspec.structs.replace(commit(f"card-{n % 4}", key=f"{n}"), fingerprint=b"f", answer=b"a")
        for n in range(40)
    ]
    stores = (store, other)
    await asyncio.gather(*[stores[n % 2].commit(one) for n, one in enumerate(keyed)])
    again = await other.commit(keyed[7])
    streams = [await whole_stream(store, f"card-{n}") for n in range(4)]
    assert again.repeated
    assert [[e.version for e in one] for one in streams] == [[*range(1, 11)]] * 4

    listed = {"by_name": ("all", "a")}
    put_once = [writing(put("a", b"x", index_keys=listed, expects=0)) for _ in stores]
    won = await asyncio.gather(
        *[one.commit(asked) for one, asked in zip(stores, put_once, strict=True)],
        return_exceptions=True,
    )
    assert Counter(type(one).__name__ for one in won) == {"Committed": 1, Conflict.__name__: 1}

    await asyncio.gather(*[stores[n % 2].commit(writing(count("a", n=1))) for n in range(10)])
    page = await other.query(Query(view="card", index="by_name", partition="all", limit=5))
    assert [(one.id, one.counters) for one in page.documents] == [("a", {"n": 10})]

    heads = await store.heads()
    fed = [await other.read_feed(n, after=0, limit=100) for n in range(len(heads))]
    assert [[e.position for e in one] for one in fed] == [[*range(1, n + 1)] for n in heads]


async def run() -> None:
    DynamoEngine.group = GroupLimits(commits=100, bytes=1024 * 1024, actions=10)
    describe = installing.describe

    async def with_id(client: Client, place: DynamoPlace) -> installing.TableDescription | None:
        told = await describe(client, place)
        return told and msgspec.structs.replace(told, table_id=told.table_arn)

    installing.describe = with_id
    store = await opened()
    other = await open_store(URL, views=[CARDS])
    await check(store, other)
    await store.close()
    await other.close()


async def opened() -> Store:
    """The store, once the program that was just started answers."""
    for _ in range(12):
        with suppress(Busy):  # after 5 seconds
            return await open_store(URL, views=[CARDS])
    return await open_store(URL, views=[CARDS])


def main(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ.update(CREDENTIALS)
    java = ["java", "-Xmx256m", "-Djava.library.path=DynamoDBLocal_lib"]
    jar = ["-jar", "DynamoDBLocal.jar", "-inMemory", "-port", str(PORT)]
    log = subprocess.DEVNULL
    with subprocess.Popen([*java, *jar], cwd=folder, stdout=log, stderr=log) as process:
        try:
            asyncio.run(run())
        finally:
            process.kill()
    print("DynamoDB Local agrees.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
