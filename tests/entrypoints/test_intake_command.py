"""`gatherlog intake` and `gatherlog records`: files and pipes with good and bad lines."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from gatherlog.core.queues import Outgoing
from gatherlog.entrypoints.cli.opening import open_platform
from gatherlog.settings import Settings
from tests.apps.intake.made_up import record
from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import running
from tests.stores import eventually


def write(path: Path, *lines: bytes) -> None:
    path.write_bytes(b"\n".join(lines))


def test_a_file_is_taken_in_once_and_read_back(party: Terminal, here: Path) -> None:
    write(here / "all.jsonl", record(EventID="a"), record(EventID="b", ID="m2"), b"")

    first = party("intake", "all.jsonl", "--log", "meters")
    again = party("intake", "all.jsonl", "--log", "meters")
    read = party("records", "--log", "meters", "--id", "m1", "--json")

    assert first == (0, "2 records taken, 0 taken before, 0 bad lines.\n", "")
    assert again == (0, "0 records taken, 2 taken before, 0 bad lines.\n", "")
    assert (read.status, [json.loads(line)["EventID"] for line in read.out.splitlines()]) == (
        0,
        ["a"],
    )
    shown = party("records", "--log", "meters", "--id", "m2").out
    assert shown == '2026-09-21T14:13:20.000000Z  m2  METER_READ  gateway-7  {"litres":12}\n'
    back = party("intake", "-", "--log", "meters", stdin=read.out.encode())
    assert back.out == "0 records taken, 1 taken before, 0 bad lines.\n"


def test_bad_lines_keep_no_others_out_and_are_kept_to_be_mended(
    party: Terminal, here: Path
) -> None:
    good, late = record(EventID="a"), record(EventID="b", Timestamp="soon", Data=1)
    write(here / "all.jsonl", good, b"{", b"", late, record(EventID="c"), good[:40])

    status, out, err = party("intake", "all.jsonl", "--bad", "bad.jsonl")

    assert (status, out) == (2, "2 records taken, 0 taken before, 3 bad lines.\n")
    assert [line.partition(":")[0] for line in err.splitlines()] == ["line 2", "line 4", "line 6"]
    assert "Timestamp should be a number" in err
    assert (here / "bad.jsonl").read_bytes() == b"{\n%b\n%b\n" % (late, good[:40])


def test_with_json_every_bad_line_is_told_with_its_places(party: Terminal, here: Path) -> None:
    write(here / "all.jsonl", record(EventID="a"), *[b"{}"] * 30)

    status, out, err = party("intake", "all.jsonl", "--json")

    *bad, end = map(json.loads, out.splitlines())
    assert (status, err, end) == (2, "", {"accepted": 1, "repeated": 0, "rejected": 30})
    assert [line["line"] for line in bad] == [*range(2, 32)]
    assert bad[0]["errors"][0] == {
        "code": "missing",
        "pointer": "/Timestamp",
        "detail": "is needed",
    }
    shown = party("intake", "all.jsonl").err.splitlines()
    assert (len(shown), shown[-1]) == (21, "and 10 bad lines more")


def test_lines_that_were_read_before_can_be_left_out(party: Terminal, here: Path) -> None:
    write(here / "all.jsonl", b"{", record(EventID="a"), b"{", record(EventID="b"))
    party("intake", "all.jsonl", "--bad", "bad.jsonl")

    status, out, err = party("intake", "all.jsonl", "--skip", "2", "--bad", "bad.jsonl")

    assert (status, out) == (2, "0 records taken, 1 taken before, 1 bad line.\n")
    assert err.startswith("line 3: ")
    assert (here / "bad.jsonl").read_bytes() == b"{\n" * 3


def test_what_cannot_be_done_is_refused_in_one_line(party: Terminal, here: Path) -> None:
    write(here / "all.jsonl", record())

    refused = [
        party("intake", "none.jsonl"),
        party("intake", "all.jsonl", "--log", "gathering"),
        party("intake", "all.jsonl", "--skip", "-1"),
        party("intake", "all.jsonl", "--bad", "all.jsonl"),
        party("records", "--since", "soon"),
        party("records", "--limit", "0"),
    ]

    assert [(one.status, one.out, one.err.count("\n")) for one in refused] == [
        (1, "", 1),
        *[(2, "", 1)] * 5,
    ]
    assert (here / "all.jsonl").read_bytes() == record()


def test_lines_of_a_pipe_are_taken_as_they_come_until_it_is_interrupted(
    party: Terminal, here: Path
) -> None:
    os.mkfifo(here / "pipe")
    with running("intake", "pipe", "--json", cwd=here) as command:
        with (here / "pipe").open("wb", buffering=0) as pipe:
            pipe.write(record() + b"\n{\n")
            command.read_until('"line":2')

            assert command.stop(signal.SIGINT) == 130
        command.read_until("Read up to line 2. .* --skip 2 leaves these lines out")


def test_a_queue_is_read_until_it_is_interrupted(party: Terminal, here: Path) -> None:
    async def send() -> None:
        async with open_platform(Settings()) as platform:
            content = [record(EventID="a"), b"{}"]
            sent = [
                Outgoing(id=f"{n}", stream="", subject=f"{n}", version=0, content=text)
                for n, text in enumerate(content)
            ]
            await platform.queues.send("orders", sent)

    async def dead() -> list[str]:
        async with open_platform(Settings()) as platform:
            page = await platform.queues.admin.dead_messages("orders")
            return [one.reason.partition(";")[0] for one in page.messages]

    asyncio.run(send())
    with running("intake", "--queue", "orders", "--log", "meters", cwd=here) as command:
        command.read_until("Reading the queue orders into the log meters")
        asyncio.run(eventually(dead, ["/Timestamp: is needed"]))

        assert command.stop(signal.SIGINT) == 0
    assert party("records", "--log", "meters", "--id", "m1").out.count("METER_READ") == 1
    for wrong in (["--queue", "q", "f"], [], ["--queue", "q", "--json"], ["--queue", "Q!"]):
        assert party("intake", *wrong).status == 2


@pytest.mark.heavy
def test_a_file_of_a_hundred_thousand_lines_is_taken_in_constant_memory(
    party: Terminal, here: Path
) -> None:
    bad = {n: b"{" if n % 200 == 7 else record(Timestamp=n, ID="") for n in range(7, 100_000, 100)}
    texts = (bad.get(n) or record(EventID=f"{n}", ID=f"m{n % 500}") for n in range(100_000))
    write(here / "all.jsonl", *texts)

    with running("intake", "all.jsonl", "--json", "--bad", "bad.jsonl", cwd=here) as command:
        end = json.loads(command.read_until('"accepted"'))
        status, usage = os.wait4(command.process.pid, 0)[1:]
        command.process.returncode = os.waitstatus_to_exitcode(status)

    told = [json.loads(line) for line in command.lines[:-1]]
    assert (command.process.returncode, end) == (
        2,
        {"accepted": 99_000, "repeated": 0, "rejected": 1_000},
    )
    assert [one["line"] for one in told] == [n + 1 for n in bad]
    assert {one["errors"][0]["pointer"] for one in told} == {"", "/ID"}
    assert (here / "bad.jsonl").read_bytes() == b"".join(b"%b\n" % text for text in bad.values())
    assert usage.ru_maxrss < 150 * 1024
    again = party("intake", "bad.jsonl", "--json")
    assert json.loads(again.out.splitlines()[-1])["rejected"] == 1_000
