"""Editing, deleting and reporting messages by their page."""

import pytest

from gatherlog.bootstrap import Platform
from tests.interfaces.web.conversations.chatting import Chatter, read, texts
from tests.stores import events_in


async def said(member: Chatter, talk: str, text: str) -> str:
    """The path of the page of a message that was sent just now."""
    sent = await member.send(talk, text=text, headers={"Accept": "application/json"})
    return f"{talk}/{sent.json()['id']}"


async def test_an_edited_message_has_its_new_text_and_a_mark(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    place = await said(ada, talk, "At sx")
    assert (await ada.page(place)).id("text").text == "At sx"

    sent = await ada.send(place, do="edit", text="At six")

    assert (sent.status_code, sent.headers["location"]) == (303, f"{talk}#newest")
    page = await bob.page(talk)
    assert texts(page) == ["Hello", "At six"]
    assert ["edited" in one for one in page.of_class("meta")][:2] == [False, True]


async def test_a_deleted_message_leaves_a_mark_and_no_text(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    place = await said(ada, talk, "A secret")

    for _ in range(2):
        assert (await ada.send(place, do="delete")).status_code == 303

    for member in (ada, bob):
        page = await member.page(talk)
        assert (texts(page), "secret" in page.html) == (["Hello", "Message deleted"], False)
        assert (await member.page(place)).all("textarea") == []
    refused = await ada.send(place, do="edit", text="Again")
    assert (refused.status_code, len(read(refused).of_class("error"))) == (409, 1)


@pytest.mark.parametrize("do", ["edit", "delete", "", "anything"])
async def test_a_message_of_another_is_not_changed(
    platform: Platform, ada: Chatter, bob: Chatter, do: str
) -> None:
    talk = await ada.start("bob", "Hello")
    place = await said(ada, talk, "At six")
    await bob.page(talk)
    before = await events_in(platform.store, ("conversation", "inbox"))
    assert [button.text for button in (await bob.page(place)).all("button")] == [
        "Sign out",
        "Report",
    ]

    refused = await bob.send(place, do=do, text="At seven")

    assert refused.status_code == 403
    assert await events_in(platform.store, ("conversation", "inbox")) == before


@pytest.mark.parametrize("text", ["", "x" * 1025, "a\u202eb"])
async def test_a_bad_new_text_stays_in_the_form(ada: Chatter, bob: Chatter, text: str) -> None:
    talk = await ada.start("bob", "Hello")
    place = await said(ada, talk, "At six")

    refused = await ada.send(place, do="edit", text=text)

    page = read(refused)
    assert (refused.status_code, page.id("text").text) == (422, text)
    assert len(page.of_class("error")) == 1
    assert texts(await bob.page(talk)) == ["Hello", "At six"]


async def test_after_a_day_a_message_can_only_be_deleted(
    monkeypatch: pytest.MonkeyPatch, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    place = await said(ada, talk, "At six")
    monkeypatch.setattr("gatherlog.apps.messages.decisions.EDITABLE", -1)
    monkeypatch.setattr("gatherlog.interfaces.web.conversations.bubbles.EDITABLE", -1)

    assert (await ada.page(place)).text("h1") == "Delete a message"
    refused = await ada.send(place, do="edit", text="At seven")
    assert (refused.status_code, read(refused).of_class("error")) == (
        409,
        ["A message can be edited for a day, unless it was deleted. Nothing was changed."],
    )
    assert (await ada.send(place, do="delete")).status_code == 303
    assert texts(await bob.page(talk)) == ["Hello", "Message deleted"]


async def test_a_report_reaches_the_moderator_with_the_reason(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    place = await said(ada, talk, "Rude words")

    for bad in ("x" * 501, "a\u202eb"):
        refused = await bob.send(place, do="report", reason=bad)
        assert (refused.status_code, len(read(refused).of_class("error"))) == (422, 1)
    sent = await bob.send(place, do="report", reason="It is\r\nrude")
    assert sent.headers["location"] == f"{talk}?done=reported"
    assert "The moderator will look" in (await bob.page(f"{talk}?done=reported")).text("main")

    reports = [
        one
        for one in await events_in(platform.store, ("conversation",))
        if one.type == "messages.reported"
    ]
    assert len(reports) == 1
    assert b"It is rude" in reports[0].data
    assert b"Rude words" in reports[0].data
