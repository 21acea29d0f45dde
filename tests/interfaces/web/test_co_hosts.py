"""Co-hosts sign in to the pages of hosts by their own link, and may do no more than co-hosts."""

import msgspec
import pytest
from httpx2 import AsyncClient, Response

from gatherlog.apps.guests import GatheringDetails, NewGuest
from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.errors import Unauthenticated
from tests.interfaces.web.conftest import FORM, Invite, Invited
from tests.interfaces.web.reading import Page, flaws_of_form

PLACE = "/host/default"


@pytest.fixture
async def co_host(platform: Platform, ada: Invited) -> Invited:
    await platform.guests.make_co_host("default", ada.guest_id, True, actor="test")
    return ada


def token_of(page: Page) -> str:
    return next(e["value"] for e in page.all("input") if e["name"] == "form")


async def go_on(guest: Invited, **fields: str) -> Response:
    """Press the button on the page behind the link."""
    token = token_of(await guest.open())
    data = {"form": token, **fields}
    return await guest.browser.post(f"{guest.path}?manage", data=data)


async def test_a_co_host_gets_from_the_link_to_the_guest_list(co_host: Invited) -> None:
    led = await go_on(co_host)

    assert (led.status_code, led.headers["location"]) == (303, PLACE)
    cookie = led.headers["set-cookie"].lower()
    assert [
        part for part in ("httponly", "samesite=lax", co_host.token.lower()) if part in cookie
    ] == [
        "httponly",
        "samesite=lax",
    ]
    page = Page((await co_host.browser.get(PLACE)).text)
    assert (page.text("h1"), flaws_of_form(page)) == ("Summer party", [])
    home = await co_host.browser.get("/host")
    assert (home.status_code, home.headers["location"]) == (303, PLACE)


async def test_changes_by_a_co_host_are_recorded_with_the_guest_as_actor(co_host: Invited) -> None:
    await go_on(co_host)
    token = token_of(Page((await co_host.browser.get(PLACE)).text))
    fields = {"first_name": "Ida", "last_name": "Byron", "expected_guests": "1", "children": "0"}

    added = await co_host.browser.post(f"{PLACE}/guests/new", data={"form": token, **fields})

    assert added.status_code == 303
    events = await co_host.platform.store.read_stream("gathering-default", limit=100)
    assert events[-1].meta == b'{"actor":"guest:%b"}' % co_host.guest_id.encode()


async def test_a_co_hosts_sign_in_is_noted_in_the_trail(co_host: Invited) -> None:
    await go_on(co_host)

    await co_host.platform.trail.flush()
    events = await co_host.platform.store.read_stream("access-default", limit=10)
    output = [msgspec.json.decode(event.data)["what"] for event in events]
    assert "login" in output


async def test_a_co_host_neither_names_co_hosts_nor_removes_the_gathering(co_host: Invited) -> None:
    await go_on(co_host)
    guest = f"{PLACE}/guests/{co_host.guest_id}"
    page = Page((await co_host.browser.get(guest)).text)
    settings = Page((await co_host.browser.get(f"{PLACE}/settings")).text)
    shown = [heading.text for heading in (*page.all("h2"), *settings.all("h2"))]
    token = {"form": token_of(page)}

    assert {"Co-host", "Remove this gathering"} & set(shown) == set()
    named = await co_host.browser.post(f"{guest}/co-host", data={**token, "co_host": "no"})
    removed = await co_host.browser.post(f"{PLACE}/settings", data={**token, "remove": "1"})
    assert (named.status_code, removed.status_code) == (403, 403)
    assert (await co_host.stored()).is_co_host


async def test_a_co_host_cannot_reach_another_gathering(
    co_host: Invited, platform: Platform
) -> None:
    other = await platform.guests.create_gathering(
        GatheringDetails(event_name="Other"), actor="test", host=None
    )
    await go_on(co_host)

    assert (await co_host.browser.get(f"/host/{other.body.id}")).status_code == 404


async def test_a_guest_who_is_no_co_host_any_more_is_signed_out_at_once(co_host: Invited) -> None:
    await go_on(co_host)

    await co_host.platform.guests.make_co_host("default", co_host.guest_id, False, actor="t")

    assert (await co_host.browser.get(PLACE)).headers["location"] == f"/signin?next={PLACE}"
    assert (await co_host.browser.post(f"{co_host.path}?manage", data={})).status_code == 404
    assert "You are a co-host" not in (await co_host.open()).html


async def test_a_new_link_ends_the_sign_in_by_the_old_one(co_host: Invited) -> None:
    await go_on(co_host)

    await co_host.platform.guests.issue_link(
        "default", co_host.guest_id, actor="t", names_co_hosts=True
    )

    assert (await co_host.browser.get(PLACE)).headers["location"] == f"/signin?next={PLACE}"


async def test_signing_out_ends_the_login_everywhere(co_host: Invited) -> None:
    await go_on(co_host)
    kept = co_host.browser.cookies["gatherlog"]
    token = token_of(Page((await co_host.browser.get(PLACE)).text))

    await co_host.browser.post("/signout", data={"form": token})

    with pytest.raises(Unauthenticated):
        await co_host.platform.guest_login.actor(kept)


async def test_another_site_cannot_sign_a_browser_in_as_a_co_host(
    co_host: Invited, browser: AsyncClient
) -> None:
    forged = await browser.post(f"{co_host.path}?manage", content="form=x", headers=FORM)

    assert forged.status_code == 403
    assert "gatherlog" not in browser.cookies


async def test_a_guest_who_is_no_co_host_sees_no_button_to_the_hosts_pages(
    ada: Invited, invite: Invite
) -> None:
    await invite(NewGuest(first_name="Ida", last_name="Byron"))

    assert "manage" not in (await ada.open()).html
    assert (await ada.browser.post(f"{ada.path}?manage", data={"form": "x"})).status_code == 404
