"""What cannot be sent is shown again with a sentence that says why, and nothing is recorded."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.interfaces.web.conversations.chatting import Chatter, read, signed_in, texts
from tests.stores import events_in

EMPTY = "Please write something first."
LONG = "A message can have up to 1,024 characters. Please shorten it."
CONTROL = "The message contains a character that cannot be sent"
BAD_TEXTS = [
    ("", EMPTY),
    (" \r\n\t", EMPTY),
    ("\u200b\u2060", EMPTY),
    ("x" * 1025, LONG),
    ("a\r\n" * 513, LONG),
    ("a\x00b", CONTROL),
    ("pay \u202e001", CONTROL),
]


async def happened(platform: Platform) -> int:
    return len(await events_in(platform.store, ("conversation", "inbox")))


@pytest.mark.parametrize(("text", "sentence"), BAD_TEXTS)
async def test_a_bad_message_stays_in_the_form(
    platform: Platform, ada: Chatter, bob: Chatter, text: str, sentence: str
) -> None:
    talk = await ada.start("bob", "Hello")
    await bob.page(talk)
    before = await happened(platform)
    for path, to, what in ((talk, "", "your message: "), ("/messages/new", "ada", "this: ")):
        refused = await bob.send(path, text=text, to=to)

        page = read(refused)
        assert refused.status_code == 422
        assert page.text("title").startswith(f"Please check {what}")
        assert any(one.startswith(sentence) for one in page.of_class("error"))
        field = page.id("text")
        assert (field.text, field["name"]) == (" ".join(text.split()), "text")
        assert await happened(platform) == before


@pytest.mark.parametrize(
    ("to", "status", "sentence"),
    [
        ("", 404, "Nobody has this handle."),
        ("nobody", 404, "Nobody has this handle."),
        ("x" * 5000, 404, "Nobody has this handle."),
        ("ada\x00", 404, "Nobody has this handle."),
        ("@ADA", 422, "This is your own handle."),
        ("bob eve", 404, "Nobody has this handle."),
    ],
)
@pytest.mark.usefixtures("bob")
async def test_who_cannot_be_written_to_is_named_again(
    platform: Platform, ada: Chatter, to: str, status: int, sentence: str
) -> None:
    refused = await ada.send("/messages/new", to=to, text="Hello")

    page = read(refused)
    assert (refused.status_code, page.of_class("error")) == (status, [sentence])
    assert (page.id("text").text, page.id("to")["value"]) == ("Hello", to)
    assert await happened(platform) == 0


@pytest.mark.usefixtures("bob")
async def test_of_several_handles_of_a_group_the_one_that_nobody_has_is_named(
    ada: Chatter,
) -> None:
    refused = await ada.send("/messages/new", do="group", members="bob, @nobody", title="Choir")

    sentence = "Nobody has the handle nobody."
    assert (refused.status_code, read(refused).of_class("error")) == (404, [sentence])


async def test_whoever_is_blocked_is_answered_as_if_nobody_had_the_handle(
    ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    await ada.send(f"{talk}/about", do="block")

    new = await bob.send("/messages/new", to="ada", text="Please")
    old = await bob.send(talk, text="Please")

    assert (new.status_code, read(new).of_class("error")) == (404, ["Nobody has this handle."])
    assert (old.status_code, read(old).of_class("error")) == (
        404,
        ["Your message cannot be delivered."],
    )
    assert read(old).id("text").text == "Please"
    assert "block" not in old.text.lower()
    assert texts(await ada.page(talk)) == ["Hello"]


async def test_whoever_has_blocked_is_offered_to_unblock(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "Hello")
    await ada.send(f"{talk}/about", do="block")

    refused = await ada.send("/messages/new", to="@bob", text="Hello again")
    page = read(refused)
    buttons = [button.text for button in page.all("button")]
    assert (refused.status_code, "Unblock @bob" in buttons) == (409, True)
    assert (await ada.page(talk)).all("textarea") == []
    unblocked = await ada.send("/messages/blocked", handle="bob")
    assert unblocked.headers["location"] == "/messages/blocked?done=unblocked"
    await ada.write(talk, "Hello again")
    assert texts(await bob.page(talk)) == ["Hello", "Hello again"]


async def test_an_account_that_was_removed_is_somebody_to_whom_nobody_writes(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    await bob.write(talk, "Bye")
    await platform.accounts.remove(bob.account_id, actor="test")

    page = await ada.page(talk)

    assert (page.text("h1"), texts(page), page.all("textarea")) == (
        "somebody",
        ["Hello", "Bye"],
        [],
    )
    refused = await ada.send(talk, text="Are you there?")
    assert refused.status_code == 404


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Chatter]:
    """A member of a site where three conversations may be started in a minute."""
    settings = Settings(store=f"sqlite:///{tmp_path}/l.db", rate_limits="conversation=3/minute")
    platform = await start(settings)
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    await signed_in(platform, app, "bob")
    yield await signed_in(platform, app, "ada")
    await platform.stop()


async def test_whoever_starts_too_many_conversations_waits_and_keeps_the_text(
    limited: Chatter,
) -> None:
    for _ in range(3):
        await limited.start("bob", "Hello")
    for fields in ({"to": "bob", "text": "Hello"}, {"do": "group", "members": "bob", "title": "T"}):
        refused = await limited.send("/messages/new", **fields)

        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 60
        page = read(refused)
        assert any("Please wait a minute" in one for one in page.of_class("error"))
        assert page.id("title")["value"] == fields.get("title", "")


FORM = "application/x-www-form-urlencoded"
BODIES = [
    (b"", FORM),
    (b"form=%ff&text=%ff", FORM),
    (b"form={token}&do=nothing&text=%ff%fe&to=%00", FORM),
    (b'{"text": "x"}', "application/json"),
    (b"&" * 3000, FORM),
    (b"x" * 2_000_000, FORM),
]


@pytest.mark.parametrize(("body", "kind"), BODIES)
async def test_broken_forms_are_refused_and_never_a_failure_here(
    ada: Chatter, bob: Chatter, body: bytes, kind: str
) -> None:
    talk = await ada.start(bob.handle, "Hello")
    body = body.replace(b"{token}", (await ada.token()).encode())
    for path in (talk, f"{talk}/about", f"{talk}/read", "/messages/new", "/messages/settings"):
        answer = await ada.browser.post(path, content=body, headers={"Content-Type": kind})
        assert 400 <= answer.status_code < 500 or answer.status_code == 303, path
