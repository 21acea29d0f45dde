"""What a server remembers of the log for those who follow it, once somebody was erased."""

from contextlib import aclosing

from gatherlog.bootstrap import Platform
from gatherlog.core import Append, Commit, Event
from gatherlog.core.eventstore.events import Recorded
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.rest.feed import event_line
from tests.interfaces.test_feed import events

NOON = 1_790_000_000_000_000


def is_note(event: Recorded) -> bool:
    return event.stream == "note-ada" or event.type == "erasure.done"


async def test_a_slow_follower_is_not_told_what_was_erased_meanwhile(platform: Platform) -> None:
    store, hub = platform.store, FeedHub(platform.store, event_line)
    start = await store.heads()
    async with (
        aclosing(hub.follow(start, is_note)) as one,
        aclosing(hub.follow(start, is_note)) as two,
    ):
        slow, quick = events(one), events(two)
        for number in range(4):
            said = Event(f"said-{number}", "told", NOON, NOON, b'{"name":"Ada"}')
            await store.commit(Commit(appends=[Append("note-ada", [said])]))
            for follower in (quick, slow) if number < 2 else (quick,):
                assert (await anext(follower))[1]["data"] == {"name": "Ada"}

        await platform.eraser.erase("entity", "ada", by="test")
        assert (await anext(quick))[1]["type"] == "erasure.done"

        found = [(await anext(slow))[1] for _ in range(3)]
        told = sorted((one["type"], one.get("expired", False)) for one in found)
        assert told == [("erasure.done", False), ("told", True), ("told", True)]
