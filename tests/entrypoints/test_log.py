"""The commands read and tail: the log for people and for programs."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from gatherlog.apps.guests.events import GuestAdded
from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import COMMAND, environment, gatherlog, running

THREE = b"Name\nAda Lovelace\nAlan Turing\nGrace Hopper\n"


@pytest.fixture
def full(party: Terminal) -> Terminal:
    """A store whose default gathering has 4 events: its creation and three guests."""
    assert party("import", "-", "--yes", stdin=THREE).status == 0
    return party


def versions(out: str) -> list[int]:
    return [json.loads(line)["version"] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [1, 2, 3, 4]),
        (["--after", "2"], [3, 4]),
        (["--limit", "2"], [1, 2]),
        (["--backwards"], [4, 3, 2, 1]),
        (["--backwards", "--limit", "1"], [4]),
        (["--backwards", "--after", "2"], [4, 3]),
        (["--after", "4"], []),
    ],
)
def test_read_prints_the_part_of_a_stream_that_was_asked_for(
    full: Terminal, options: list[str], expected: list[int]
) -> None:
    status, out, err = full("read", "gathering-default", "--json", *options)

    assert (status, versions(out), err) == (0, expected, "")


LARGE = '"' + "x" * 500_000 + '"'


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [*range(1, 21)]),
        (["--backwards"], [*range(20, 0, -1)]),
        (["--limit", "19"], [*range(1, 20)]),
        (["--backwards", "--limit", "19"], [*range(20, 1, -1)]),
    ],
)
def test_read_goes_on_to_the_end_of_a_stream_of_large_events(
    full: Terminal, options: list[str], expected: list[int]
) -> None:
    for _ in range(20):
        full("append", "order-7", "order.paid", "-", stdin=LARGE.encode())

    status, out, err = full("read", "order-7", "--json", *options)

    assert (status, versions(out), err) == (0, expected, "")


def test_names_have_400_bytes_at_most(party: Terminal) -> None:
    longest = "n-" + "ü" * 199

    taken = party("append", longest, longest, "--subject", longest)
    long = party("append", longest + "x", "t")
    typed = party("append", "n-1", longest + "x", "--subject", longest + "x")

    assert (taken.status, taken.err) == (0, "")
    assert (long.status, long.out) == (2, "")
    assert "a stream's name has 401 bytes; at most 400 are allowed" in long.err
    assert (typed.status, typed.out) == (2, "")
    assert "an event's type has 401 bytes; at most 400 are allowed" in typed.err
    assert "an event's subject has 401 bytes; at most 400 are allowed" in typed.err


def test_an_event_in_json_has_its_place_and_its_data(full: Terminal) -> None:
    out = full("read", "gathering-default", "--json", "--after", "1", "--limit", "1").out

    event = json.loads(out)
    assert (event["stream"], event["version"]) == ("gathering-default", 2)
    assert (event["type"], event["schema"]) == GuestAdded.__event_type__  # type: ignore[attr-defined]
    assert (event["data"]["last_name"], event["meta"]["actor"]) == ("Lovelace", "cli")


def test_an_event_for_people_is_one_line_without_control_characters(full: Terminal) -> None:
    out = full("read", "gathering-default", "--after", "3").out

    assert out.count("\n") == 1
    assert "gathering-default 4  guests.guest_added" in out
    assert out.rstrip("\n").isprintable()


def test_a_name_that_is_not_utf_8_is_refused_in_one_line(full: Terminal, here: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "read", b"a-\xff"],
        cwd=here,
        env=environment(),
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"gatherlog: 'a-\\udcff' is not valid UTF-8\n"


def test_tail_prints_earlier_events_and_new_ones_until_it_is_interrupted(
    full: Terminal, here: Path
) -> None:
    with running("tail", "--from-start", "--json", cwd=here) as tail:
        tail.read_until('"version":4')
        gatherlog("import", "-", "--yes", cwd=here, stdin=b"Name\nEmmy Noether\n")
        tail.read_until("Noether")
        status = tail.stop(signal.SIGINT)

    assert (status, versions("\n".join(tail.lines))) == (0, [1, 2, 3, 4, 5])


def test_tail_begins_after_a_position(full: Terminal, here: Path) -> None:
    place = json.loads(
        full("read", "gathering-default", "--json", "--backwards").out.split("\n")[1]
    )
    with running("tail", "--after", str(place["position"]), "--json", cwd=here) as tail:
        tail.read_until("version")
        tail.stop(signal.SIGINT)

    assert versions("\n".join(tail.lines)) == [4]


def test_a_stream_is_read_to_its_end_although_its_events_fill_several_pages(here: Path) -> None:
    assert gatherlog("init", cwd=here).status == 0
    large = json.dumps({"text": "x" * 700_000}).encode()
    for _ in range(14):
        added = gatherlog("append", "large-1", "told", "-", cwd=here, stdin=large)
        assert added.status == 0
    forwards = gatherlog("read", "large-1", "--json", cwd=here).out
    backwards = gatherlog("read", "large-1", "--json", "--backwards", cwd=here).out

    assert versions(forwards) == list(range(1, 15))
    assert versions(backwards) == list(range(14, 0, -1))
