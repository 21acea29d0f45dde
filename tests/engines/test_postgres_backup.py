"""A store on PostgreSQL is dumped while it is written to, and restored elsewhere."""

import asyncio
import subprocess
from pathlib import Path

from gatherlog.engines import open_store
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import (
    CARDS,
    commit,
    count,
    documents_of,
    put,
    whole_feed,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place
from tests.postgres import PostgresServer, execute, server


def run(here: PostgresServer, program: str, *arguments: str) -> None:
    subprocess.run([here.binaries / program, *arguments], check=True, timeout=30)


async def test_a_dump_of_a_store_in_use_is_one_moment_of_it_and_can_be_written_to(
    postgres: Place, tmp_path: Path
) -> None:
    assert postgres.engine.postgres is not None
    here, place = server(postgres.engine.postgres), read_place(postgres.url)
    store, done = await postgres.open(), asyncio.Event()
    await store.commit(writing(put("a", b"A", index_keys={"by_name": ("all", "A")})))

    async def go_on() -> None:
        while not done.is_set():
            await store.commit(writing(count("c", n=1)))

    writing_on = asyncio.create_task(go_on())
    file = tmp_path / "party.dump"
    dump = ("--format=custom", f"--schema={place.schema}", f"--file={file}", place.dsn)
    await asyncio.to_thread(run, here, "pg_dump", *dump)
    done.set()
    await writing_on

    execute(here.url(), "CREATE DATABASE elsewhere")
    elsewhere = place.dsn.replace("/postgres?", "/elsewhere?")
    restore = ("--exit-on-error", f"--dbname={elsewhere}", str(file))
    await asyncio.to_thread(run, here, "pg_restore", *restore)
    copy = await open_store(f"{elsewhere}&schema={place.schema}", views=[CARDS], create=False)

    feed = await whole_feed(copy)
    assert copy.id == store.id
    assert feed == (await whole_feed(store))[: len(feed)]
    a, c = await documents_of(copy, "card")
    assert (a.body, c.counters) == (b"A", {"n": len(feed) - 1})
    assert (await copy.query(CARDS.query("by_name", "all"))).documents == [a]
    done_there = await copy.commit(commit("card-1"))
    assert done_there.positions[0] > feed[-1].position
    assert len(await whole_stream(copy, "card-1")) == len(feed) + 1
    await copy.close()
    execute(here.url(), "DROP DATABASE elsewhere WITH (FORCE)")
