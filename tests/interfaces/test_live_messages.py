"""Live streams of inboxes: in order, cut and resumed anywhere, ended with the credential."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.messages import InboxPlace, NewsPage
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces import live_streams
from gatherlog.interfaces.http import Http, build_app
from gatherlog.interfaces.live_inbox import follow_inbox
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.stream_watch import StreamWatch
from gatherlog.settings import Settings
from tests.interfaces.following import StreamClient
from tests.interfaces.talking import Member, signed_up
from tests.stores import HOSTILE_URL

LIVE = "/api/messages/live"


SQLITE = "sqlite:///{folder}/gatherlog.db"


@pytest.fixture(
    params=[SQLITE, HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=request.param.format(folder=tmp_path), rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def ada(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "ada")


@pytest.fixture
async def bob(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "bob")


class Follower(StreamClient):
    """A member's client of the live stream of messages."""

    def __init__(self, app: Http, member: Member, after: str | None) -> None:
        place = {} if after is None else {"last-event-id": after}
        super().__init__(app, LIVE, {"authorization": f"Bearer {member.session}", **place})

    async def news(self) -> tuple[str, str, dict[str, Any]]:
        """The id, the kind and the content of the next event."""
        fields = await self.next()
        return fields["id"], fields["event"], json.loads(fields["data"])


@asynccontextmanager
async def following(app: Http, member: Member, after: str | None = None) -> AsyncIterator[Follower]:
    follower = Follower(app, member, after)
    async with follower.connected():
        assert await follower.answered() == 200
        yield follower


async def test_each_thing_that_happens_is_told_to_those_whom_it_concerns(
    app: Http, ada: Member, bob: Member
) -> None:
    for member in ada, bob:
        await member.ask("PUT", "/account", {"read_receipts": True})
    async with following(app, ada, "0") as adas, following(app, bob, "0") as bobs:
        sent = await ada.write("Hello", handle="bob")
        group, uuid = sent["message_group_uuid"], sent["uuid"]
        path = f"/api/message_groups/{group}/messages/{uuid}"
        await bob.get(f"/api/messages/{group}")
        await ada.ask("PATCH", path, {"message": "Hello!"})
        await ada.ask("DELETE", path)

        told = [(await adas.news())[1:] for _ in range(5)]
        heard = [(await bobs.news())[1:] for _ in range(5)]
        await bob.ask("PUT", f"/api/message_groups/{group}/leave")
        heard.append((await bobs.news())[1:])

    assert [kind for kind, _ in told] == ["group", "message", "read", "edited", "deleted"]
    kinds = [kind for kind, _ in heard]
    assert kinds == ["group", "message", "read", "edited", "deleted", "group"]
    assert heard[-1][1] == {"uuid": group, "left": True}
    assert told[2][1] == {"message_group_uuid": group, "uuid": uuid, "user_uuid": bob.account_id}
    assert {one["uuid"] for kind, one in told[1:]} == {uuid}


async def test_what_is_told_of_a_message_is_what_sending_it_answered(
    app: Http, ada: Member, bob: Member
) -> None:
    async with following(app, bob, "0") as follower:
        sent = await ada.write("Hello", handle="bob")
        await follower.news()

        _, kind, content = await follower.news()

    assert (kind, content) == ("message", sent)


async def test_a_stream_that_is_cut_a_hundred_times_loses_and_doubles_nothing(
    app: Http, ada: Member, bob: Member
) -> None:
    """Bob's client is cut after every few events, while Ada and Cy go on writing."""
    chance = random.Random(7)
    count = 120
    expected = [f"{n}" for n in range(count)]

    async def write() -> None:
        for text in expected:
            await ada.write(text, handle="bob")

    writing = asyncio.create_task(write())
    got: list[str] = []
    place = "0"
    while len(got) < count:
        async with following(app, bob, place) as follower:
            for _ in range(chance.randint(0, 2)):
                if len(got) == count:
                    break
                place, kind, content = await follower.news()
                if kind == "message":
                    got.append(content["message"])
    await writing

    assert got == expected


@pytest.mark.parametrize("platform", [SQLITE], indirect=True)
async def test_servers_on_one_store_tell_what_is_written_at_the_other(
    tmp_path: Path, ada: Member, bob: Member, platform: Platform
) -> None:
    async with AsyncExitStack() as stack:
        other = await start(platform.settings)
        stack.push_async_callback(other.stop)
        app = build_app(other, log=RequestLog(other.clock, lambda line: None))
        follower = await stack.enter_async_context(following(app, bob, "0"))
        sent = [await ada.write(f"{n}", handle="bob") for n in range(3)]

        heard = [await follower.news() for _ in range(4)]

        assert [content["uuid"] for _, kind, content in heard if kind == "message"] == [
            one["uuid"] for one in sent
        ]


@pytest.mark.parametrize("end", ["session", "all sessions", "account"])
async def test_a_stream_ends_at_once_with_its_credential(
    app: Http, ada: Member, bob: Member, platform: Platform, end: str
) -> None:
    assert live_streams.KEEP_ALIVE > 5  # which is not what ends it here
    async with following(app, bob) as follower, asyncio.timeout(5):
        await ada.write("Hello", handle="bob")
        await follower.news()
        if end == "session":
            await platform.accounts.end_session(bob.session)
        elif end == "all sessions":
            await platform.accounts.end_all(bob.account_id, actor="test")
        else:
            await platform.accounts.remove(bob.account_id, actor="test")

        await follower.ended()


async def test_a_stream_whose_credential_ends_as_it_begins_ends_at_once(
    ada: Member, platform: Platform
) -> None:
    async def is_allowed() -> bool:
        return (await platform.accounts.session(ada.session)) is not None

    async def frames(page: NewsPage) -> list[bytes]:
        return []

    actor, watch = await platform.accounts.session(ada.session), StreamWatch(platform.store)
    assert actor is not None
    await platform.accounts.end_session(ada.session)
    parts = follow_inbox(
        platform.messages, watch, actor, InboxPlace(0), is_allowed=is_allowed, frames=frames
    )

    with watch.waiting("another") as another:
        assert await another.wait(5) == {"another"}  # from now on, only what is new is heard
        async with asyncio.timeout(5):
            assert [part async for part in parts] == [b"retry: 1000\n\n"]


async def test_a_member_who_was_removed_is_told_nothing_more(
    app: Http, ada: Member, bob: Member
) -> None:
    made = await ada.ask("POST", "/api/message_groups", {"handles": ["bob"], "title": "Party"})
    group = made.json()["uuid"]
    async with following(app, bob, "0") as follower:
        await ada.write("One", message_group_uuid=group)
        await ada.ask("DELETE", f"/api/message_groups/{group}/members/@bob")
        await ada.write("Two", message_group_uuid=group)
        await ada.write("Three", handle="bob")

        heard: list[dict[str, Any]] = []
        while not heard or heard[-1].get("message") != "Three":
            heard.append((await follower.news())[2])

    assert "Two" not in [content.get("message") for content in heard]


async def test_a_place_behind_the_end_means_the_end(app: Http, ada: Member, bob: Member) -> None:
    await ada.write("Old", handle="bob")
    async with following(app, bob, "999999") as follower:
        await ada.write("New", handle="bob")

        assert (await follower.news())[2]["message"] == "New"


async def test_a_malformed_place_is_refused(ada: Member) -> None:
    for cursor in ("x", "-1", "1.2.3", "٣", "9" * 30):
        answer = await ada.ask("GET", f"{LIVE}?cursor={cursor}")
        assert (answer.status_code, answer.json()) == (422, ["cursor_invalid"])


async def test_many_streams_are_woken_by_their_own_events_alone(
    app: Http, ada: Member, bob: Member, platform: Platform, nobody: AsyncClient
) -> None:
    async with AsyncExitStack() as stack:
        others = [await signed_up(platform, nobody, f"other{n}") for n in range(5)]
        quiet = [await stack.enter_async_context(following(app, one, "0")) for one in others]
        bobs = await stack.enter_async_context(following(app, bob, "0"))
        await ada.write("Hello", handle="bob")
        assert [(await bobs.news())[1] for _ in range(2)] == ["group", "message"]

        await ada.write("Hello you", handle="other0")
        assert [(await quiet[0].news())[1] for _ in range(2)] == ["group", "message"]
