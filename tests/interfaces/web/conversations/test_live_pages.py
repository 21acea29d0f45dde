"""Pages that are open: what arrives is told as pieces of the page, to members alone."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from gatherlog.apps.people import ProfilePatch
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from tests.interfaces.following import StreamClient
from tests.interfaces.web.conversations.chatting import Chatter
from tests.interfaces.web.reading import Page


@asynccontextmanager
async def following(
    app: Http, member: Chatter, path: str, **headers: str
) -> AsyncIterator[StreamClient]:
    """The stream of a page, which is open; a cursor of 0 is the beginning."""
    cookie = f"gatherlog={member.browser.cookies['gatherlog']}"
    stream = StreamClient(app, path, {"cookie": cookie, **headers})
    async with stream.connected():
        assert await stream.answered() == 200
        yield stream


async def news(stream: StreamClient) -> tuple[str, dict[str, Any]]:
    """The place and the content of the next event."""
    fields = await stream.next()
    return fields["id"], json.loads(fields["data"])


async def texts_until(stream: StreamClient, last: str) -> list[str]:
    """The texts of the messages that are told, up to that one."""
    found: list[str] = []
    while last not in found:
        _, told = await news(stream)
        found += [Page(one["html"]).of_class("text")[0] for one in told["messages"]]
    return found


async def test_a_list_is_told_its_rows_and_the_unread_count(
    app: Http, ada: Chatter, bob: Chatter
) -> None:
    async with following(app, bob, "/messages/live") as stream:
        talk = await ada.start("bob", "Hello")
        told: dict[str, Any] = {}
        while told.get("count") != 1:
            _, told = await news(stream)

    [row] = told["rows"]
    assert row["id"] == talk.split("/")[2]
    assert Page(row["html"]).all("li")[0].text == "Ada Hello now 1 unread"


async def test_a_row_goes_when_its_member_leaves(app: Http, ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    async with following(app, bob, "/messages/live") as stream:
        await bob.send(f"{talk}/about", do="leave")
        _, told = await news(stream)

    assert told == {"count": 0, "rows": [{"id": talk.split("/")[2], "html": ""}]}


async def test_a_conversation_is_told_what_is_written_edited_and_deleted_in_it(
    app: Http, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    async with following(app, bob, f"{talk}/live") as stream:
        sent = await ada.send(talk, text="At sx", headers={"Accept": "application/json"})
        place = f"{talk}/{sent.json()['id']}"
        assert await texts_until(stream, "At sx") == ["At sx"]
        await ada.send(place, do="edit", text="At six")
        assert await texts_until(stream, "At six") == ["At six"]
        await ada.send(place, do="delete")
        assert await texts_until(stream, "Message deleted") == ["Message deleted"]


async def test_a_conversation_is_told_nothing_of_another_one(
    app: Http, ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    async with following(app, bob, f"{talk}/live?cursor=0") as stream:
        await eve.start("bob", "A secret")
        await ada.write(talk, "The end")
        found = await texts_until(stream, "The end")

    assert found == ["Hello", "The end"]


async def test_what_the_other_has_read_is_told_where_both_want_that(
    platform: Platform, app: Http, ada: Chatter, bob: Chatter
) -> None:
    for member in (ada, bob):
        agreed = ProfilePatch(read_receipts=True)
        await platform.profiles.change(member.account_id, agreed, actor="test")
    talk = await ada.start("bob", "Hello")
    async with following(app, ada, f"{talk}/live") as stream:
        await bob.page(talk)
        _, told = await news(stream)

    assert told == {"count": 0, "messages": [], "seen": 1, "left": None}


async def test_a_stream_that_is_cut_goes_on_where_it_was(
    app: Http, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "1")
    found: list[str] = []
    last = "0"
    for number in range(2, 30):
        await ada.write(talk, str(number))
        async with following(
            app, bob, f"{talk}/live?cursor=0", **{"last-event-id": last}
        ) as stream:
            last, told = await news(stream)
        found += [Page(one["html"]).of_class("text")[0] for one in told["messages"]]

    async with following(app, bob, f"{talk}/live", **{"last-event-id": last}) as stream:
        await ada.write(talk, "30")
        found += await texts_until(stream, "30")
    assert found == [str(number) for number in range(1, 31)]


async def test_a_member_who_was_removed_is_told_that_and_nothing_more(
    app: Http, ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    made = await ada.send("/messages/new", do="group", members="bob eve", title="Choir")
    talk = made.headers["location"].split("#")[0]
    async with following(app, eve, f"{talk}/live") as stream:
        await ada.send(f"{talk}/about", do="remove", handle="eve")
        _, told = await news(stream)
        await bob.write(talk, "A secret")
        await bob.start("eve", "Hello")
        _, next_told = await news(stream)

    assert (told["left"], told["messages"]) == (True, [])
    assert (next_told["messages"], "secret" in json.dumps(next_told)) == ([], False)


async def test_a_stream_ends_at_once_when_its_session_does(
    app: Http, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    for path in ("/messages/live", f"{talk}/live"):
        ada.browser.cookies.set("gatherlog", await _session(ada))
        async with following(app, ada, path) as stream:
            await bob.write(talk, "Hello")
            await news(stream)
            await ada.platform.accounts.end_session(ada.browser.cookies["gatherlog"])
            await stream.ended()


async def _session(member: Chatter) -> str:
    """Another session of the member."""
    code = await member.platform.accounts.issue_code("ada@example.org")
    return await member.platform.accounts.start_session("ada@example.org", code)


async def test_a_member_has_so_many_streams_open_at_once(app: Http, ada: Chatter) -> None:
    async with AsyncExitStack() as opened:
        for _ in range(8):
            await opened.enter_async_context(following(app, ada, "/messages/live"))
        refused = await ada.browser.get("/messages/live")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
