"""The link in a guest's letter opens the invitation, ends with the guest's own, and no more."""

import re
from pathlib import Path

from httpx2 import ASGITransport, AsyncClient

from gatherlog.apps.guests import Guest, GuestPatch, HouseholdAnswer, NewGuest, Rsvp
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.interfaces.web.conftest import FORM, Invited
from tests.interfaces.web.reading import Page
from tests.stores import eventually


async def mailed(platform: Platform, guest: Guest) -> str:
    """The path of the link in the guest's letter."""
    url = await platform.mailed_links.url(guest)
    return url.removeprefix(platform.settings.base_url)


async def test_the_link_of_a_letter_shows_the_invitation_and_takes_the_answer(ada: Invited) -> None:
    path = await mailed(ada.platform, await ada.stored())
    shown = await ada.browser.get(path)
    assert shown.status_code == 200
    assert "Summer party" in shown.text

    body = Page(shown.text).body(attending="no")
    answered = await ada.browser.post(path, content=body, headers=FORM)

    assert answered.status_code == 303
    assert (await ada.stored()).status == "declined"


async def test_it_is_the_same_until_the_guest_has_a_new_link(ada: Invited) -> None:
    before = await mailed(ada.platform, await ada.stored())
    assert await mailed(ada.platform, await ada.stored()) == before

    await ada.platform.guests.issue_link("default", ada.guest_id, actor="test")

    assert (await ada.browser.get(before)).status_code == 404
    after = await mailed(ada.platform, await ada.stored())
    assert (await ada.browser.get(after)).status_code == 200


async def test_it_ends_when_the_guest_gets_another_address(ada: Invited) -> None:
    """Whoever got a letter by mistake does not keep the invitation."""
    guests = ada.platform.guests
    wrong, right = GuestPatch(email="wrong@example.org"), GuestPatch(email="ada@example.org")
    await guests.change_guest("default", ada.guest_id, wrong, actor="test")
    path = await mailed(ada.platform, await ada.stored())
    assert (await ada.browser.get(path)).status_code == 200

    await guests.change_guest("default", ada.guest_id, right, actor="test")

    assert (await ada.browser.get(path)).status_code == 404


async def test_calendars_are_told_by_it_too_that_the_gathering_was_removed(ada: Invited) -> None:
    path = await mailed(ada.platform, await ada.stored())
    await ada.platform.guests.remove_gathering("default", actor="t")

    told = await ada.browser.get(f"{path}/calendar.ics")

    assert (told.status_code, "METHOD:CANCEL" in told.text) == (200, True)


async def test_it_ends_when_the_guest_is_removed(ada: Invited) -> None:
    path = await mailed(ada.platform, await ada.stored())
    await ada.platform.guests.remove_guest("default", ada.guest_id, actor="test")

    assert (await ada.browser.get(path)).status_code == 404


async def test_what_is_no_such_link_opens_nothing(ada: Invited) -> None:
    path = await mailed(ada.platform, await ada.stored())
    other = path.replace(ada.guest_id, "00000000-0000-7000-8000-000000000001")
    for wrong in (path[:-1], path + "0", other, "/r/mail.", "/r/mail..", "/r/mail.%C3%A9.%C3%A9"):
        assert (await ada.browser.get(wrong)).status_code == 404


async def test_it_opens_no_page_of_hosts_and_logs_nobody_in(
    ada: Invited, nobody: AsyncClient
) -> None:
    guests = ada.platform.guests
    await guests.make_co_host("default", ada.guest_id, True, actor="test")
    await guests.issue_link("default", ada.guest_id, actor="test", names_co_hosts=True)
    assert (await ada.stored()).manages
    path = await mailed(ada.platform, await ada.stored())

    assert "Open the guest list" not in (await ada.browser.get(path)).text
    assert (await ada.browser.post(f"{path}?manage", content="", headers=FORM)).status_code == 404
    login = {"token": path.removeprefix("/r/"), "lastName": "Lovelace"}
    assert (await nobody.post("/auth/login", json=login)).status_code == 401


async def test_the_letter_of_a_household_s_answer_leads_back_to_it(tmp_path: Path) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path}/gatherlog.db", demo=True, rate_limits="off")
    platform = await start(settings)
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    guests, mailbox = platform.guests, platform.mailbox
    assert mailbox is not None

    async def sent() -> list[str]:
        return [letter.to for letter in mailbox.letters()]

    async def invite(first: str, email: str | None = None) -> str:
        new = NewGuest(first_name=first, last_name="Byron", group_id="home", email=email)
        return (await guests.add_guest("default", new, actor="test")).body.id

    ada, ben = await invite("Ada", "ada@example.org"), await invite("Ben")

    async def state() -> str:
        return (await platform.subscription_admin.status("letters")).state

    async with platform.working():
        await eventually(state, "reading")
        said = {ada: Rsvp(attending=True), ben: Rsvp(attending=False)}
        answers = {id: HouseholdAnswer(rsvp=rsvp) for id, rsvp in said.items()}
        await guests.answer_household("default", ada, answers, actor=f"guest:{ada}")
        await eventually(sent, ["ada@example.org"])

    [letter] = mailbox.letters()
    assert "    Ada Byron: coming, 1 person\n    Ben Byron: can’t come\n" in letter.text
    [path] = re.findall(rf"{settings.base_url}(/r/mail\S+)", letter.text)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as browser:
        assert "One of you is coming" in (await browser.get(path)).text
    await platform.stop()
