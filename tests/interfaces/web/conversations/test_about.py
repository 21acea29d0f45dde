"""Muting, blocking, leaving; members of a group."""

import pytest

from gatherlog.bootstrap import Platform
from tests.interfaces.web.conversations.chatting import Chatter, read, texts
from tests.stores import events_in


async def group(owner: Chatter, members: str, **fields: str) -> str:
    """The path of a new group."""
    sent = await owner.send("/messages/new", do="group", members=members, **fields)
    assert sent.status_code == 303, sent.text
    return sent.headers["location"].split("#")[0]


async def test_a_muted_conversation_counts_no_more_until_it_is_unmuted(
    ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")

    for do, title, offered in (
        ("mute", "Messages", "Unmute"),
        ("unmute", "(1) Messages", "Mute"),
    ):
        sent = await bob.send(f"{talk}/about", do=do)
        assert sent.headers["location"] == f"{talk}/about?done=saved"
        assert (await bob.page()).text("title") == title
        buttons = [one.text for one in (await bob.page(f"{talk}/about")).all("button")]
        assert buttons == ["Sign out", offered, "Block", "Leave the conversation"]


async def test_who_leaves_sees_the_conversation_no_more(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")

    left = await bob.send(f"{talk}/about", do="leave")

    assert left.headers["location"] == "/messages?done=left"
    assert "You have left the conversation." in (await bob.page("/messages?done=left")).text("main")
    assert (await bob.browser.get(talk)).status_code == 404
    await ada.write(talk, "Are you there?")
    assert texts(await bob.page(talk)) == ["Are you there?"]


async def test_a_group_has_a_title_members_and_an_owner_who_changes_them(
    ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    talk = await group(ada, "@bob", title="Choir")
    await ada.write(talk, "Welcome")
    added = await ada.send(f"{talk}/about", do="add", handle="@eve")
    assert added.headers["location"] == f"{talk}/about?done=saved"
    await bob.write(talk, "Hello Eve")

    page = await eve.page(talk)
    assert (page.text("h1"), texts(page)) == ("Choir", ["Hello Eve"])
    assert "Bob:" in page.of_class("by")
    about = await eve.page(f"{talk}/about")
    assert [one.text for one in about.all("li")] == [
        "Ada @ada · owner",
        "Bob @bob",
        "Eve @eve · you",
    ]

    await ada.send(f"{talk}/about", do="remove", handle="eve")
    assert (await eve.browser.get(talk)).status_code == 404


async def test_a_group_that_is_started_twice_by_one_form_is_one(ada: Chatter, bob: Chatter) -> None:
    assert bob.handle == "bob"
    made = [await group(ada, "bob", title="Choir", once="nonce-1") for _ in range(2)]
    other = [await group(ada, "bob", title=title, once="nonce-1") for title in ("Band", "Choir")]

    assert made == [made[0], made[0]]
    assert (other[0] == made[0], other[1]) == (False, made[0])


@pytest.mark.parametrize(
    ("do", "handle", "status", "sentence"),
    [
        ("add", "nobody", 404, "Nobody has this handle."),
        ("add", "", 404, "Nobody has this handle."),
        ("add", "ada", 422, "This is your own handle."),
        ("remove", "nobody", 404, "Nobody in this conversation has this handle."),
        ("remove", "eve", 404, "Nobody in this conversation has this handle."),
    ],
)
async def test_a_handle_that_does_not_fit_stays_in_the_form(
    ada: Chatter, bob: Chatter, eve: Chatter, do: str, handle: str, status: int, sentence: str
) -> None:
    talk = await group(ada, bob.handle, title=eve.handle)

    refused = await ada.send(f"{talk}/about", do=do, handle=handle)

    page = read(refused)
    assert (refused.status_code, page.of_class("error")) == (status, [sentence])
    assert page.id("handle")["value"] == handle


async def test_only_the_owner_changes_members_and_announces(
    ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    talk = await group(ada, "bob", title="News", announce_only="yes")
    await ada.write(talk, "Read this")

    for do in ("add", "remove"):
        assert (await bob.send(f"{talk}/about", do=do, handle=eve.handle)).status_code == 403
    refused = await bob.send(talk, text="May I?")

    assert refused.status_code == 403
    page = read(refused)
    assert "Only the owner of this conversation can write here." in page.text("main")
    assert (texts(page), page.all("textarea")) == (["Read this"], [])


async def test_a_page_does_nothing_else(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    choir = await group(ada, "bob", title="Choir")

    assert (await ada.send(f"{talk}/about", do="anything")).status_code == 404
    assert (await ada.send(f"{talk}/about")).status_code == 404
    assert (await ada.send(f"{talk}/about", do="add", handle="bob")).status_code == 403
    assert (await ada.send(f"{choir}/about", do="block")).status_code == 409


@pytest.mark.parametrize(
    "fields",
    [
        {"members": ""},
        {"members": " ,; "},
        {"members": "bob " * 101},
        {"members": "bob", "title": "x" * 101},
        {"members": "bob", "title": "a\u202eb"},
        {"members": "bob nobody"},
        {"members": "ada", "title": "Choir"},
    ],
)
async def test_a_bad_group_stays_in_the_form(
    platform: Platform, ada: Chatter, bob: Chatter, fields: dict[str, str]
) -> None:
    assert bob.handle == "bob"
    refused = await ada.send("/messages/new", do="group", **fields)

    page = read(refused)
    assert refused.status_code in (404, 422)
    assert len(page.of_class("error")) == 1
    assert page.id("members")["value"] == fields["members"]
    assert await events_in(platform.store, ("conversation", "inbox")) == []
