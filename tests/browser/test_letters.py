"""A host changes the place, and is asked whether the guests are told by e-mail."""

import pytest
from playwright.async_api import Page, expect

from gatherlog.apps.guests import Guest, Rsvp
from gatherlog.bootstrap import Platform
from tests.browser.test_host import make, sign_in, take_in

pytestmark = pytest.mark.browser

QUESTION = "Tell your guests by email?"


async def all_come(platform: Platform, place: str) -> list[Guest]:
    gathering = place.rsplit("/", 1)[1]
    guests = await platform.guests.all_guests(gathering)
    for guest in guests:
        await platform.guests.rsvp(gathering, guest.id, Rsvp(attending=True), actor="cli")
    return guests


@pytest.mark.parametrize(
    ("button", "notify"),
    [("Save and send emails", b"true"), ("Save without emails", b"false")],
)
async def test_a_new_place_asks_about_letters_and_saves_what_is_chosen(
    page: Page, site: str, platform: Platform, button: str, notify: bytes
) -> None:
    await sign_in(page, site)
    await page.locator("#time_zone").select_option("Europe/Paris")
    place = await make(page)
    await take_in(page)
    guests = await all_come(platform, place)

    await page.goto(f"{place}/settings")
    await page.get_by_label("Location", exact=True).fill("The old mill")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    asked = page.get_by_role("alert")
    await expect(asked).to_contain_text(f"{len(guests)} guests are coming or waiting for a place.")
    await expect(page.get_by_label("Location", exact=True)).to_have_value("The old mill")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert (await platform.guests.gathering(place.rsplit("/", 1)[1])).body.location is None

    await page.get_by_role("button", name=button).click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    last = await platform.store.read_stream(
        f"gathering-{place.rsplit('/', 1)[1]}", limit=1, backwards=True
    )
    assert last[0].type == "guests.settings_changed"
    assert b'"notify":' + notify in last[0].data


async def test_a_change_of_the_name_asks_nothing(page: Page, site: str, platform: Platform) -> None:
    await sign_in(page, site)
    await page.locator("#time_zone").select_option("Europe/Paris")
    place = await make(page)
    await take_in(page)
    await all_come(platform, place)

    await page.goto(f"{place}/settings")
    await page.get_by_label("What is it called?").fill("Olga’s Ball")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    await expect(page.get_by_role("heading", name=QUESTION)).to_be_hidden()
