"""A host answers what an import asks: on a phone without scripts, and without barriers."""

import pytest
from playwright.async_api import Page, expect

from gatherlog.apps.guests import NewGuest, Rsvp
from gatherlog.bootstrap import Platform
from tests.browser.accessibility import barriers
from tests.browser.test_host import make, sign_in

pytestmark = pytest.mark.browser

SHEET = """First name,Last name,Email,Household,Seats
Ben,Winter,family@example.org,,
Ada,Winter,a.new.address.that.is.as.long.as.some.are@subdomain.example.org,,
Zoë,Müller,zoe@example.org,Familie Müller,3
José,Ruiz,jose@example.org,,1
Anna,Koch,,Ulm,1
"""


async def preview(page: Page, site: str, platform: Platform) -> str:
    """The address of the gathering; the page shows the preview of the sheet."""
    await sign_in(page, site)
    await page.locator("#time_zone").select_option("Europe/Paris")
    place = await make(page)
    here, guests = place.rsplit("/", 1)[1], platform.guests
    ada = NewGuest(first_name="Ada", last_name="Winter", email="family@example.org")
    zoe = NewGuest(first_name="Zoë", last_name="Mueller", email="zoe@example.org", group_id="M")
    anna = NewGuest(first_name="Anna", last_name="Koch", group_id="Bonn")
    for new in ada, zoe, anna:
        guest = (await guests.add_guest(here, new, actor="test")).body
        await guests.rsvp(here, guest.id, Rsvp(attending=True), actor="test")
    await page.goto(f"{place}/import")
    await page.get_by_label("Or paste lines").fill(SHEET)
    await page.get_by_role("button", name="Show a preview").click()
    await expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    return place


async def test_questions_are_answered_on_a_phone_without_scripts(
    page: Page, site: str, platform: Platform
) -> None:
    place = await preview(page, site, platform)

    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    ben = page.get_by_role("group", name="Line 2: Ben Winter")
    await ben.get_by_label("Somebody new").check()
    ada = page.get_by_role("group", name="Line 3: Ada Winter")
    await ada.get_by_label("The same person as Ada Winter").check()
    await page.get_by_label("Somebody else: add as new").check()
    await page.get_by_role("button", name="Import 1 guest, change 2, and what you chose").click()
    await expect(page.get_by_role("status")).to_have_text("The sheet is imported.")

    names = [
        f"{guest.first_name} {guest.last_name}, {guest.group_id}, {guest.status}"
        for guest in await platform.guests.all_guests(place.rsplit("/", 1)[1])
    ]
    assert names == [
        *("Anna Koch, Bonn, coming", "Anna Koch, Ulm, pending"),
        *("Zoë Müller, Familie Müller, coming", "José Ruiz, None, pending"),
        *("Ada Winter, None, coming", "Ben Winter, None, pending"),
    ]


async def test_the_preview_has_no_barriers(desk: Page, site: str, platform: Platform) -> None:
    await preview(desk, site, platform)

    assert await barriers(desk) == []
    for width in (360, 1280):
        await desk.set_viewport_size({"width": width, "height": 900})
        assert await desk.evaluate("document.documentElement.scrollWidth") == width
