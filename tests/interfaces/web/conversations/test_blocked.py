"""The members whom one has blocked: listed to whoever blocked them alone, and heard again."""

import pytest

from gatherlog.apps.people import ProfilePatch
from gatherlog.bootstrap import Platform
from tests.interfaces.web.conversations.chatting import Chatter, read
from tests.stores import eventually

BLOCKED = "/messages/blocked"


async def shown(member: Chatter) -> list[str]:
    """Whom the page lists."""
    return [one.text for one in (await member.page(BLOCKED)).all("strong")]


async def test_the_blocked_are_listed_and_unblocked_where_they_are(
    ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    for other in bob, eve:
        talk = await ada.start(other.handle, "Hello")
        await ada.send(f"{talk}/about", do="block")
    await eventually(lambda: shown(ada), ["Eve", "Bob"])
    assert (await shown(bob), await shown(eve)) == ([], [])
    assert "You have blocked nobody." in (await bob.page(BLOCKED)).text("main")
    assert BLOCKED in [one.get("href") for one in (await ada.page("/messages/settings")).all("a")]

    sent = await ada.send(BLOCKED, account=bob.account_id)

    assert sent.headers["location"] == f"{BLOCKED}?done=unblocked"
    await eventually(lambda: shown(ada), ["Eve"])
    await bob.start("ada", "Hello again")


async def test_who_has_no_handle_any_more_or_no_account_is_blocked_and_unblocked_too(
    platform: Platform, ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    talk = await ada.start("bob", "Hello")
    await platform.profiles.change(bob.account_id, ProfilePatch(handle=None), actor="test")
    await ada.send(f"{talk}/about", do="block")
    with_eve = await ada.start("eve", "Hello")
    await ada.send(f"{with_eve}/about", do="block")
    await platform.accounts.remove(eve.account_id, actor="test")
    await eventually(lambda: shown(ada), ["somebody", "Bob"])

    for other in bob, eve:
        await ada.send(BLOCKED, account=other.account_id)

    await eventually(lambda: shown(ada), [])


async def test_many_blocked_members_come_in_pages(platform: Platform, ada: Chatter) -> None:
    for number in range(25):
        account = await platform.accounts.ensure(f"m{number}@example.org", actor="test")
        await platform.messages.block_account(ada.account_id, account, True)

    async def counts() -> list[int]:
        found, path = [], BLOCKED
        while path:
            page = await ada.page(path)
            found.append(len(page.all("strong")))
            path = next((one["href"] for one in page.all("a") if one.text == "More"), "")
        return found

    await eventually(counts, [20, 5])
    assert (await ada.browser.get(f"{BLOCKED}?cursor=x")).status_code == 422


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({}, 404, "Nobody has this handle."),
        ({"handle": "nobody"}, 404, "Nobody has this handle."),
        ({"handle": "ada"}, 422, "This is your own handle."),
        ({"account": "x"}, 404, "Nobody has this handle."),
    ],
)
async def test_unblocking_nobody_says_so(
    ada: Chatter, fields: dict[str, str], status: int, sentence: str
) -> None:
    refused = await ada.send(BLOCKED, **fields)

    assert (refused.status_code, read(refused).of_class("error")) == (status, [sentence])
