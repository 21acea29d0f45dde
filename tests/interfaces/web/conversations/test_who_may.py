"""Who may open and send what: nobody without a session, a token of the form, and a part in it."""

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from tests.interfaces.web.conversations.chatting import Chatter
from tests.stores import events_in

FORMS = ("/messages/new", "/messages/settings", "/messages/blocked")
OF_A_TALK = ("", "/about", "/read", "/live", "/{message}")
NOBODYS = "0198f3c2-0000-7000-8000-000000000000"


async def sent(ada: Chatter, bob: Chatter) -> tuple[str, str]:
    """The path of a conversation, and the id of its first message."""
    talk = await ada.start("bob", "A secret")
    answer = await ada.send(talk, text="Another", headers={"Accept": "application/json"})
    assert bob.handle == "bob"
    return talk, answer.json()["id"]


async def recorded(platform: Platform) -> int:
    return len(await events_in(platform.store, ("conversation", "inbox", "account")))


@pytest.mark.parametrize("cookie", ["", "gls_" + "A" * 43, "glk_" + "A" * 43, "eyJ" + "A" * 40])
async def test_without_a_session_that_holds_every_page_leads_to_signing_in(
    platform: Platform, nobody: AsyncClient, ada: Chatter, bob: Chatter, cookie: str
) -> None:
    talk, message = await sent(ada, bob)
    before = await recorded(platform)
    paths = ["/messages", "/messages/live", *FORMS, *[talk + one for one in OF_A_TALK]]
    for path in [one.format(message=message) for one in paths]:
        for method in "GET", "POST":
            answer = await nobody.request(method, path, headers={"Cookie": f"gatherlog={cookie}"})
            assert "A secret" not in answer.text
            if answer.status_code != 405:
                assert answer.status_code == 303, path
                assert answer.headers["location"].startswith("/signin")
    assert await recorded(platform) == before


async def test_who_takes_no_part_finds_nothing_there(
    platform: Platform, ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    talk, message = await sent(ada, bob)
    before = await recorded(platform)
    for path in OF_A_TALK:
        for place in (talk, f"/messages/{NOBODYS}"):
            answers = [
                await eve.browser.get(place + path.format(message=message)),
                await eve.send(
                    place + path.format(message=message), do="delete", text="x", upto=message
                ),
            ]
            assert {answer.status_code for answer in answers} <= {404, 405}, path
            assert not any("secret" in answer.text for answer in answers)
    assert await recorded(platform) == before


@pytest.mark.parametrize("token", ["", "x", "of another"])
async def test_a_form_of_another_site_does_nothing(
    platform: Platform, ada: Chatter, bob: Chatter, token: str
) -> None:
    talk, message = await sent(ada, bob)
    token = await bob.token() if token == "of another" else token
    before = await recorded(platform)
    paths = [*FORMS, talk, f"{talk}/about", f"{talk}/read", f"{talk}/{message}"]
    for path in paths:
        for do in ("leave", "delete", "report", "group", "unblock", "handle"):
            answer = await ada.send(path, form=token, do=do, to="bob", text="x", upto=message)
            assert answer.status_code == 403, path
            assert "This form is out of date" in answer.text
    assert await recorded(platform) == before


async def test_a_key_without_an_account_has_no_conversations(
    platform: Platform, nobody: AsyncClient
) -> None:
    key = await platform.keys.create("operator", None, "", actor="test")
    for path in ("/messages", "/messages/live", *FORMS):
        answer = await nobody.get(path, headers={"Cookie": f"gatherlog={key.secret}"})
        assert answer.status_code == 404
    home = await nobody.get("/host", headers={"Cookie": f"gatherlog={key.secret}"})
    assert (home.status_code, 'href="/messages"' in home.text) == (200, False)


async def test_what_can_be_no_id_is_not_found(ada: Chatter, bob: Chatter) -> None:
    talk, message = await sent(ada, bob)
    for path in (
        "/messages/x",
        f"/messages/{NOBODYS[:-1]}g",
        f"{talk}/x",
        f"{talk}/{NOBODYS}",
        f"{talk}?before=x",
        f"{talk}?after=",
        f"{talk}?before={NOBODYS}",
        f"{talk}?after={message[:-1]}9",
    ):
        answer = await ada.browser.get(path)
        assert answer.status_code == 404, path
    assert (await ada.browser.get(f"{talk}?before={message}&read=x")).status_code == 200
    assert (await ada.browser.get("/messages?cursor=x")).status_code == 422
    assert (await ada.browser.get("/messages/live?cursor=x")).status_code == 422


async def test_signing_in_leads_back_to_the_conversation(nobody: AsyncClient) -> None:
    answer = await nobody.get(f"/messages/{NOBODYS}")

    assert answer.headers["location"] == f"/signin?next=/messages/{NOBODYS}"
    form = await nobody.get(answer.headers["location"])
    assert f'name="next" value="/messages/{NOBODYS}"' in form.text
