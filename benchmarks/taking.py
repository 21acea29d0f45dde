"""Taking records in: in commits of 100, from a file, over HTTP, and with the lists behind it."""

import asyncio
import contextlib
import io
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks import servers
from benchmarks.hosting import connected
from benchmarks.measuring import (
    Benchmark,
    Contender,
    Figures,
    Measure,
    Plan,
    Size,
    Stopwatch,
    Target,
)
from benchmarks.raw import log
from gatherlog.apps.intake.events import event_of
from gatherlog.apps.intake.records import read_record, type_check
from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.entrypoints.cli.intake import take
from gatherlog.settings import Settings

BATCH = 100
ENTITIES = 500
CONNECTIONS = 4
IDENTITIES = """
CREATE TABLE identity (id TEXT PRIMARY KEY, stream TEXT NOT NULL, content BLOB NOT NULL) STRICT;
"""
KNOWN = "SELECT content FROM identity WHERE id = ?"
KEEP = "INSERT INTO identity VALUES (?, ?, ?)"


def records(size: Size) -> list[bytes]:
    """Records of about 300 bytes, whose EventIDs are in no order."""
    chance = random.Random(7)
    return [
        msgspec.json.encode(
            {
                "Timestamp": 1_790_000_000 + number,
                "EventType": "METER_READ",
                "ID": f"meter-{number % ENTITIES:04}",
                "EmitterId": f"gateway-{number % 7}",
                "EmitterType": "SYSTEM",
                "EventID": f"{chance.getrandbits(128):032x}",
                "Data": {"litres": number, "note": "x" * 100, "tags": ["cellar", "north"]},
            }
        )
        for number in range(size.concurrent)
    ]


def batches(size: Size) -> Iterator[list[bytes]]:
    texts = records(size)
    for begin in range(0, len(texts), BATCH):
        yield texts[begin : begin + BATCH]


def by_hand(size: Size) -> Measure:
    """Per record: its identity is looked up, its stream's version, and both rows are inserted."""

    async def measure(folder: Path) -> Figures:
        db, check, now = log.open_log(folder / "raw.db"), type_check(), system_clock()
        db.execute(IDENTITIES)
        made = [[read_record(text, check) for text in batch] for batch in batches(size)]
        rows = [
            [(f"meters-{one.entity}", one, event_of(one, by="key:1", now=now)) for one in batch]
            for batch in made
        ]
        with Stopwatch() as watch:
            for batch in rows:
                db.execute(log.BEGIN)
                for stream, record, event in batch:
                    if db.execute(KNOWN, (record.key,)).get is not None:
                        raise RuntimeError("every record is new")
                    version = (db.execute(log.VERSION, (stream,)).get or 0) + 1
                    db.execute(log.INSERT, log.row(stream, version, event))
                    db.execute(KEEP, (record.key, stream, record.content.encode()))
                db.execute(log.COMMIT)
        db.close()
        return watch.figures(size.concurrent)

    return measure


def in_process(size: Size, *, works: bool) -> Measure:
    """From JSON; with `works` the time counts until all lists have all records."""

    async def measure(folder: Path) -> Figures:
        platform = await start(settings(folder))
        intake, parts = platform.intake, list(batches(size))
        async with platform.working() if works else contextlib.nullcontext():
            with Stopwatch() as watch:
                for part in parts:
                    await intake.take("meters", [intake.read(text) for text in part], by="key:1")
                if works:
                    await until_listed(platform)
        await platform.stop()
        return watch.figures(size.concurrent)

    return measure


async def until_listed(platform: Platform) -> None:
    """Return once the subscription that makes the lists has read the whole log."""
    while any(lag.behind for lag in (await platform.subscription_admin.status("intake")).lags):
        await asyncio.sleep(0.05)


def from_file(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        await (await start(settings(folder))).stop()
        file = folder / "all.jsonl"
        file.write_bytes(b"\n".join(records(size)))
        with Stopwatch() as watch, contextlib.redirect_stdout(io.StringIO()):
            status = await asyncio.to_thread(
                take, str(file), log="meters", store=settings(folder).store
            )
        if status:
            raise RuntimeError("a line was bad")
        return watch.figures(size.concurrent)

    return measure


def over_http(size: Size, *, works: bool) -> Measure:
    async def measure(folder: Path) -> Figures:
        platform = await start(settings(folder))
        key = await platform.keys.create("intake", None, "", actor="bench", logs=["meters"])
        await platform.stop()
        headers = f"Authorization: Bearer {key.secret}\r\nContent-Type: application/x-ndjson\r\n"
        bodies = iter([b"\n".join(batch) for batch in batches(size)])
        environ = {"GATHERLOG_WORK": "on" if works else "off"}
        async with servers.gatherlog(folder / "ours.db", environ) as server:

            async def send() -> None:
                async with connected(server.port) as connection:
                    for body in bodies:
                        answer = await connection.answer(
                            "POST", "/intake?log=meters", headers, body
                        )
                        if not answer.startswith(b'{"accepted":%d,' % BATCH):
                            raise RuntimeError(answer[:100])

            with Stopwatch() as watch:
                await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
        return watch.figures(size.concurrent)

    return measure


def settings(folder: Path) -> Settings:
    return Settings(store=f"sqlite:///{folder / 'ours.db'}", rate_limits="off")


async def prepare(size: Size, _: Path) -> Plan:
    return Plan(
        [
            Contender(
                "by hand", "apsw: look up and insert both rows, made beforehand", by_hand(size)
            ),
            Contender("gatherlog", "from JSON, in commits of 100", in_process(size, works=False)),
            Contender("file", "gatherlog intake FILE, its start included", from_file(size)),
            Contender("http", "4 clients, batches of 100", over_http(size, works=False)),
            Contender(
                "http, worker on", "the same server makes the lists", over_http(size, works=True)
            ),
            Contender(
                "until listed", "from JSON, until all lists have all", in_process(size, works=True)
            ),
        ],
        [
            Target("gatherlog", "rate", "by hand", at_least=0.5),
            Target("file", "rate", "gatherlog", at_least=0.7),
            Target("http", "rate", "gatherlog", at_least=0.7),
        ],
    )


BENCHMARKS = [Benchmark("intake", "records of other systems, each taken once", prepare)]
