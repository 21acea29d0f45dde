"""What is left of a conversation with somebody who was erased: places without texts or names."""

from gatherlog.bootstrap import Platform
from tests.interfaces.web.conversations.chatting import Chatter, texts


async def test_a_conversation_stays_readable_for_the_other(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    path = await ada.start("bob", "It was me, Ada")
    await bob.write(path, "Hello Ada")
    await ada.write(path, "And me again")

    await platform.eraser.erase("account", ada.account_id, by="test")

    for place in ("/messages", path):
        page = await bob.page(place)
        assert "It was me" not in page.text("main")
        assert "And me again" not in page.text("main")
    assert "Hello Ada" in texts(await bob.page(path))
    assert (await ada.browser.get("/messages")).status_code == 303
