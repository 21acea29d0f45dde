"""Events expire as the rules of retention say: each once, in the background, and no others."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from gatherlog.core import Recorded, Store
from tests.core.retention.conftest import Site
from tests.stores import eventually


async def test_events_expire_when_they_are_older_than_the_rule_says(site: Site) -> None:
    await site.say("note-1", 0, 5, 12)
    await site.keep("short", "note", 10)

    site.now = 9.9
    assert (await site.expiry.go_round(), await site.blank("note-1")) == (0, [False] * 3)
    site.now = 10
    assert (await site.expiry.go_round(), await site.blank("note-1")) == (1, [True, False, False])
    site.now = 30
    assert (await site.expiry.go_round(), await site.blank("note-1")) == (2, [True] * 3)
    assert await site.expiry.go_round() == 0


async def test_an_expired_event_keeps_its_envelope_and_place(site: Site) -> None:
    await site.say("note-1", 0, 0, type="tests.written", subject="ada")
    before = await site.events("note-1")
    await site.keep("short", "note", 1)
    site.now = 2

    await site.expiry.go_round()

    assert await site.events("note-1") == [
        msgspec.structs.replace(event, data=b"", meta=b"") for event in before
    ]


async def test_a_rule_concerns_the_events_of_its_log_type_and_subject_only(site: Site) -> None:
    await site.say("note-1", 0, type="tests.a", subject="ada")
    await site.say("note-1", 0, type="tests.a", subject="bob")
    await site.say("note-1", 0, type="tests.b", subject="ada")
    await site.say("notes-1", 0, type="tests.a", subject="ada")
    await site.keep("one", "note", 1, type="tests.a", subject="ada")
    site.now = 2

    assert await site.expiry.go_round() == 1
    assert await site.blank("note-1") == [True, False, False]
    assert await site.blank("notes-1") == [False]


async def test_a_rule_with_fewer_days_lets_more_expire_and_none_twice(site: Site) -> None:
    await site.say("note-1", 0, 5, 9)
    await site.keep("short", "note", 10)
    site.now = 11
    assert await site.expiry.go_round() == 1

    await site.keep("short", "note", 4)

    assert (await site.expiry.go_round(), await site.blank("note-1")) == (1, [True, True, False])
    assert await site.rules.expired() == {"short": 2}


async def test_a_rule_that_concerns_other_events_now_begins_anew(site: Site) -> None:
    await site.say("note-1", 0)
    await site.say("memo-1", 0)
    await site.keep("short", "note", 1)
    site.now = 2
    await site.expiry.go_round()

    await site.keep("short", "memo", 2)

    assert await site.expiry.go_round() == 1
    assert await site.blank("memo-1") == [True]
    assert await site.rules.expired() == {"short": 1}


async def test_a_removed_rule_lets_nothing_expire(site: Site) -> None:
    await site.say("note-1", 0)
    await site.keep("short", "note", 1)
    await site.rules.remove("short", by="cli")
    site.now = 5

    assert (await site.expiry.go_round(), await site.blank("note-1")) == (0, [False])


async def test_an_event_recorded_by_a_wrong_clock_does_not_keep_the_others(site: Site) -> None:
    await site.say("note-1", 40_000, 1)
    await site.keep("short", "note", 10)
    site.now = 20

    assert (await site.expiry.go_round(), await site.blank("note-1")) == (1, [False, True])


async def test_several_processes_let_each_event_expire(store: Store) -> None:
    one, other = Site(store), Site(store)
    for number in range(12):
        await one.say(f"note-{number}", 0, 0)
    await one.keep("short", "note", 1)
    one.now = other.now = 3

    await asyncio.gather(one.expiry.go_round(), other.expiry.go_round())
    await one.expiry.go_round()

    assert [await one.blank(f"note-{number}") for number in range(12)] == [[True, True]] * 12
    assert await one.rules.expired() == {"short": 24}


async def test_commits_go_on_meanwhile(site: Site) -> None:
    for number in range(5):
        await site.say(f"note-{number}", *[0] * 20)
    await site.keep("short", "note", 1)
    site.now = 3

    await asyncio.gather(site.expiry.go_round(), *[site.say("note-0", 3) for _ in range(20)])

    assert await site.blank("note-0") == [True] * 20 + [False] * 20


class Interrupted(Exception):
    pass


class Listening:
    """Hears of what was blanked, and breaks off the first times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.heard: list[Recorded] = []

    async def __call__(self, events: Sequence[Recorded]) -> None:
        if self.failures:
            self.failures -= 1
            raise Interrupted
        self.heard += events


async def test_whoever_keeps_copies_hears_of_every_event_also_after_a_crash(store: Store) -> None:
    archive = Listening(failures=2)
    site = Site(store, on_blanked=(archive,))
    await site.say("note-1", 0, 0, 0)
    await site.keep("short", "note", 1)
    site.now = 3

    for _ in range(2):
        try:
            await site.expiry.go_round()
        except Interrupted:
            continue
    await site.expiry.go_round()

    assert [event.version for event in archive.heard] == [1, 2, 3]
    assert await site.rules.expired() == {"short": 3}


async def test_it_goes_round_until_it_is_cancelled(site: Site) -> None:
    await site.say("note-1", 0)
    await site.keep("short", "note", 1)
    site.now = 3
    running = asyncio.create_task(site.expiry.run())

    await eventually(lambda: site.blank("note-1"), [True])
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
