"""The page that searches one's conversations."""

from typing import Any

import pytest

from tests.interfaces.web.conversations.chatting import Chatter, read, texts
from tests.stores import eventually


def hits(page: Any) -> list[str]:
    """What the page shows of each message that was found, without its age."""
    return [one.text.removesuffix(" now") for one in page.all("li")]


async def test_one_finds_what_was_written_and_goes_on_to_where_it_stands(
    ada: Chatter, bob: Chatter
) -> None:
    talk = await ada.start("bob", "The lemon cake")
    await bob.write(talk, "Lemons <b>are</b> sour")
    await ada.write(talk, "Thanks")

    async def found() -> list[str]:
        return sorted(hits(await ada.page("/messages/search?q=lemon")))

    await eventually(found, ["Bob Bob: Lemons <b>are</b> sour", "Bob You: The lemon cake"])
    page = await ada.page(f"/messages/search?q=sour&in={talk.split('/')[2]}")
    [link] = [a["href"] for a in page.all("a") if "upto=" in a["href"]]
    there = await ada.page(link)
    assert texts(there) == ["The lemon cake", "Lemons <b>are</b> sour"]
    assert link.split("#")[1] in [element.get("id") for element in there.all("li")]
    assert [a.text for a in there.all("a") if a.get("class") == "button plain"] == [
        "Later messages",
        "Newest messages",
    ]


async def test_nobody_finds_what_others_wrote_to_each_other(
    ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    talk = await ada.start("bob", "A secret lemon")
    await eve.start("ada", "Hello")

    async def found() -> list[str]:
        return hits(await bob.page("/messages/search?q=lemon"))

    await eventually(found, ["Ada Ada: A secret lemon"])
    page = await eve.page("/messages/search?q=lemon")
    assert (hits(page), "Nothing was found." in page.text("main")) == ([], True)
    place = f"/messages/search?q=lemon&in={talk.split('/')[2]}"
    assert (await eve.browser.get(place)).status_code == 404


async def test_what_is_deleted_or_left_is_not_found_any_more(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("bob", "A lemon")
    sent = await ada.send(talk, text="One more lemon", headers={"Accept": "application/json"})

    async def found() -> list[str]:
        return sorted(hits(await bob.page("/messages/search?q=lemon")))

    await eventually(found, ["Ada Ada: A lemon", "Ada Ada: One more lemon"])
    await ada.send(f"{talk}/{sent.json()['id']}", do="delete")
    assert await found() == ["Ada Ada: A lemon"]
    await bob.send(f"{talk}/about", do="leave")
    assert await found() == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("%21%3F", "Please write a word to search for."),
        ("%E2%80%8B", "Please write a word to search for."),
        ("x" * 501, "Please search for fewer words."),
        ("a+b+c+d+e+f+g+h+i+j+k+l+m", "Please search for fewer words."),
    ],
)
async def test_a_question_that_cannot_be_asked_stays_in_the_form(
    ada: Chatter, bob: Chatter, text: str, sentence: str
) -> None:
    await ada.start(bob.handle, "Hello")

    refused = await ada.browser.get(f"/messages/search?q={text}")

    page = read(refused)
    assert (refused.status_code, page.of_class("error")) == (422, [sentence])


async def test_a_search_of_nothing_shows_the_form(ada: Chatter, bob: Chatter) -> None:
    await ada.start(bob.handle, "Hello")
    page = await ada.page("/messages/search?q=")
    assert (page.id("q")["value"], hits(page)) == ("", [])
    for wrong in ("in=x", "in=0198f3c2-0000-7000-8000-000000000000&q=x"):
        assert (await ada.browser.get(f"/messages/search?{wrong}")).status_code == 404
    assert (await ada.browser.get("/messages/search?q=x&cursor=x")).status_code == 422
