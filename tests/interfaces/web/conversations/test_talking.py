"""A conversation by its pages: written, read, opened at the new ones, older ones by a link."""

from tests.interfaces.web.conversations.chatting import Chatter, texts


async def test_two_members_write_to_each_other_without_scripts(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("@bob", "Hello Bob,\r\nsee https://example.org.")
    await bob.write(talk, "Hello Ada")

    page = await ada.page(talk)

    assert texts(page) == ["Hello Bob, see https://example.org.", "Hello Ada"]
    assert page.text("h1") == "Bob"
    links = [a["href"] for a in page.all("a") if a.get("target") == "_blank"]
    assert links == ["https://example.org"]


async def test_the_pages_render(ada: Chatter, bob: Chatter) -> None:
    talk = await ada.start("@bob", "Hello Bob,\r\nsee https://example.org.")
    for path in ("/messages", "/messages/new", "/messages/settings", talk, talk + "/about"):
        await bob.page(path)
