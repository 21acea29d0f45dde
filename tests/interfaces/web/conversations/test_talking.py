"""A conversation by its pages: written, read, opened at the new ones, older ones by a link."""

import re
from typing import Any

from gatherlog.bootstrap import Platform
from tests.interfaces.web.conversations.chatting import Chatter, read, texts
from tests.interfaces.web.reading import Page
from tests.stores import eventually

_CLOCK = re.compile(r" \d\d:\d\d")
WAITING = "message own waiting"
"""The class of the model for messages that a script sends."""


def links_of(page: Page, name: str) -> list[str]:
    return [link["href"] for link in page.all("a") if link.text == name]


def places(page: Page) -> list[str]:
    """What stands in the list of messages, in order: days, the line above the new ones, texts."""
    kinds = {"day", "first-new", "message"}
    items = [one for one in page.all("li") if kinds & {*(one.get("class") or "").split()}]
    return [_CLOCK.split(one.text)[0] for one in items if one.get("class") != WAITING]


async def written(platform: Platform, author: Chatter, to: Chatter, count: int) -> str:
    """So many messages, numbered from 1; the path of the conversation."""
    messages = platform.messages
    shown = await messages.start(author.account_id, to.handle, "1")
    for number in range(2, count + 1):
        await messages.send(author.account_id, shown.conversation, str(number))
    return f"/messages/{shown.conversation}"


async def test_two_members_write_to_each_other_without_scripts(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("@bob", "Hello Bob,\r\nsee https://example.org.")
    await bob.write(talk, "Hello Ada")

    page = await ada.page(talk)

    assert texts(page) == ["Hello Bob, see https://example.org.", "Hello Ada"]
    assert (page.text("h1"), page.text("title")) == ("Bob", "Bob")
    assert [one.split()[0] for one in page.of_class("own")][:1] == ["You:"]
    links = [(a["href"], a["rel"]) for a in page.all("a") if a.get("target") == "_blank"]
    assert links == [("https://example.org", "noopener noreferrer nofollow")]


async def test_what_people_write_and_are_called_is_text_and_never_html(
    ada: Chatter, bob: Chatter
) -> None:
    evil = '<script>alert(1)</script>"\'&amp; javascript:alert(1) https://a.example/"onclick=x'
    talk = await ada.start("bob", evil)
    await ada.send("/messages/settings", handle="ada", display_name=evil[:60], time_zone="UTC")

    async def listed() -> bool:
        return evil[:25] in (await bob.page()).text("main")

    await eventually(listed, True)
    for path in ("/messages", talk, f"{talk}/about"):
        page = await bob.page(path)
        assert evil[:25] in page.text("main")
        assert [one["src"].split("?")[0] for one in page.all("script")] == [
            "/static/host.js",
            "/static/messages.js",
        ]
    assert [a["href"] for a in (await bob.page(talk)).all("a") if a.get("target")] == [
        "https://a.example/"
    ]


async def test_unread_messages_are_marked_in_the_list_the_title_and_the_conversation(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "One")
    await bob.page(talk)
    await bob.write(talk, "Two")
    await ada.write(talk, "Three")
    await ada.write(talk, "Four")

    async def listed() -> Any:
        page = await bob.page()
        return page.text("title"), page.of_class("unread")

    await eventually(listed, ("(2) Messages", ["Ada Four now 2 unread"]))
    assert [places(await bob.page(talk)) for _ in range(2)] == [
        ["Today", "Ada: One", "You: Two", "New", "Ada: Three", "Ada: Four"],
        ["Today", "Ada: One", "You: Two", "Ada: Three", "Ada: Four"],
    ]
    assert (await bob.page()).text("title") == "Messages"


async def test_older_messages_follow_by_plain_links_in_both_directions(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    talk = await written(platform, ada, bob, 45)
    newest = await ada.page(talk)
    assert texts(newest) == [str(number) for number in range(26, 46)]

    [link] = links_of(newest, "Earlier messages")
    earlier = await ada.page(link)
    assert texts(earlier) == [str(number) for number in range(6, 26)]
    assert (earlier.all("textarea"), links_of(earlier, "Newest messages")) == (
        [],
        [f"{talk}#newest"],
    )

    [link] = links_of(earlier, "Earlier messages")
    first = await ada.page(link)
    assert (texts(first), links_of(first, "Earlier messages")) == (list("12345"), [])
    [link] = links_of(first, "Later messages")
    assert texts(await ada.page(link)) == [str(number) for number in range(6, 26)]


async def test_a_conversation_opens_with_all_that_is_new(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    talk = await written(platform, ada, bob, 30)

    page = await bob.page(talk)

    assert len(texts(page)) == 30
    assert places(page)[:3] == ["Today", "New", "Ada: 1"]


async def test_where_more_is_new_than_a_page_has_it_says_so_and_the_line_is_further_up(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    talk = await written(platform, ada, bob, 110)

    page = await bob.page(talk)

    assert "110 new messages. The first ones are further up." in page.of_class("note")
    assert page.of_class("first-new") == []
    [link] = links_of(page, "Earlier messages")
    assert (await bob.page(link)).of_class("first-new") == ["New"]


async def test_a_form_that_is_sent_twice_sends_one_message(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    for _ in range(2):
        sent = await ada.send(talk, text="How are you?", once="nonce-1")
        assert (sent.status_code, sent.headers["location"]) == (303, f"{talk}#newest")
    await ada.send(talk, text="Fine?", once="nonce-1")
    await ada.send(talk, text="How are you?", once="nonce-2")
    again = [await ada.send("/messages/new", to="bob", text="Start", once="n") for _ in range(2)]

    assert [one.headers["location"] for one in again] == [f"{talk}?done=started#newest"] * 2
    assert texts(await bob.page(talk)) == [
        "Hello",
        "How are you?",
        "Fine?",
        "How are you?",
        "Start",
    ]


async def test_a_script_gets_the_piece_of_the_page_that_is_new(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    asks = {"Accept": "application/json"}

    sent = [await ada.send(talk, text="Hi", once="1", headers=asks) for _ in range(2)]
    refused = await ada.send(talk, text=" ", once="2", headers=asks)

    assert [(one.status_code, one.json()["id"]) for one in sent] == [
        (200, sent[0].json()["id"])
    ] * 2
    assert Page(sent[0].json()["html"]).of_class("text") == ["Hi"]
    assert (refused.status_code, refused.json()) == (
        422,
        {"detail": "Please write something first."},
    )
    assert texts(await bob.page(talk)) == ["Hello", "Hi"]


async def test_a_page_that_is_open_says_what_was_read(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "One")
    await bob.page(talk)
    sent = await ada.send(talk, text="Two", headers={"Accept": "application/json"})
    id = sent.json()["id"]

    for upto in (id, id.upper(), id):
        answer = await bob.send(f"{talk}/read", upto=upto)
        assert (answer.status_code, answer.text) == (204, "")
    assert (await bob.page()).text("title") == "Messages"

    first = f"{id[:-10]}0000000001"
    for wrong, status in (("x", 404), ("", 404), (f"{id[:-1]}9", 422), (first, 422)):
        assert (await bob.send(f"{talk}/read", upto=wrong)).status_code == status


async def test_a_page_that_nobody_looks_at_yet_leaves_messages_unread(
    ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")

    await bob.browser.head(talk)
    ahead = await bob.browser.get(talk, headers={"Sec-Purpose": "prefetch;prerender"})

    assert texts(read(ahead)) == ["Hello"]
    assert (await bob.page()).text("title") == "(1) Messages"
    assert (await bob.page(talk)).text("title") == "Ada"


async def test_reading_is_shown_only_where_both_want_that(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    await bob.page(talk)

    async def shown() -> list[bool]:
        marks = [one for one in (await ada.page(talk)).all("span") if one.text == "· read"]
        return [mark.get("hidden") is None for mark in marks]

    for member, expected in ((ada, [False]), (bob, [True])):
        saved = await member.send(
            "/messages/settings", handle=member.handle, time_zone="UTC", read_receipts="yes"
        )
        assert (saved.status_code, await shown()) == (303, expected)


async def test_messages_stand_under_their_day_in_the_zone_of_the_reader(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        await bob.send("/messages/settings", handle="bob", time_zone=zone)
        page = await bob.page(talk)
        assert page.of_class("day") == ["Today"]
        city = zone.split("/")[1].replace("_", " ")
        assert f"Times are in {city} time. Change the time zone" in page.text("main")


async def test_a_new_message_moves_its_conversation_to_the_top(
    ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    with_bob = await ada.start("bob", "Hello Bob")
    with_eve = await ada.start("eve", "Hello Eve")

    async def rows() -> list[str]:
        page = await ada.page()
        return [a["href"].split("#")[0] for a in page.all("a") if a["href"].startswith(talks)]

    talks = "/messages/0"
    await eventually(rows, [with_eve, with_bob])
    await bob.write(with_bob, "Hello Ada")
    await eventually(rows, [with_bob, with_eve])
    assert read(await ada.browser.get("/messages")).of_class("last") == [
        "Hello Ada",
        "You: Hello Eve",
    ]
