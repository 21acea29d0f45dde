"""What is left of a conversation with somebody who was erased: places without texts or names."""

from gatherlog.bootstrap import Platform
from tests.interfaces.web.conversations.chatting import Chatter, texts
from tests.stores import eventually


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


async def test_who_was_blocked_and_erased_is_listed_without_a_name_and_unblocked(
    platform: Platform, ada: Chatter, bob: Chatter
) -> None:
    await platform.messages.block_account(bob.account_id, ada.account_id, True)
    await platform.messages.block_account(ada.account_id, bob.account_id, True)

    await platform.eraser.erase("account", ada.account_id, by="test")

    async def shown() -> list[str]:
        return [one.text for one in (await bob.page("/messages/blocked")).all("strong")]

    await eventually(shown, ["somebody"])
    await bob.send("/messages/blocked", account=ada.account_id)
    await eventually(shown, [])
