"""Ending mail about unread messages, by the link in it: for people, and for mail programs."""

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from tests.interfaces.talking import signed_up


async def test_one_post_without_a_cookie_ends_the_mail_and_a_get_does_not(
    platform: Platform, nobody: AsyncClient
) -> None:
    bob = await signed_up(platform, nobody, "bob")
    path = f"/unsubscribe/{await platform.mail_links.token(bob.account_id)}"

    shown = await nobody.get(path)
    assert (shown.status_code, "Stop these emails" in shown.text) == (200, True)
    assert (await bob.get("/account"))["message_mail"] is True

    for _ in range(2):
        ended = await nobody.post(path, data={"List-Unsubscribe": "One-Click"})
        assert (ended.status_code, "any more emails" in ended.text) == (200, True)
    assert (await bob.get("/account"))["message_mail"] is False
    assert "any more emails" in (await nobody.get(path)).text


@pytest.mark.parametrize("change", ["", "x", "."])
async def test_a_link_that_was_not_made_here_is_not_found(
    platform: Platform, nobody: AsyncClient, change: str
) -> None:
    bob = await signed_up(platform, nobody, "bob")
    token = await platform.mail_links.token(bob.account_id)
    wrong = token[:-1] if not change else token + change

    for method in "GET", "POST":
        assert (await nobody.request(method, f"/unsubscribe/{wrong}")).status_code == 404
    await platform.accounts.remove(bob.account_id, actor="test")
    assert (await nobody.post(f"/unsubscribe/{token}")).status_code == 404
