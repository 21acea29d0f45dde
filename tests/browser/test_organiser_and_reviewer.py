"""An organiser and a reviewer: a draft, its review, a new version, a date with its roster."""

import re
from typing import Literal

import msgspec
import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from gatherlog.apps.things import BookingWish, Reason, Thing
from gatherlog.bootstrap import Platform
from tests.browser.accessibility import barriers
from tests.browser.town import TownOnline, town_online
from tests.node_packages import NEEDS_NODE

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1280, "height": 860}


@pytest.fixture
async def town(platform: Platform, site: str) -> TownOnline:
    town = await town_online(platform)
    roles = platform.accounts.change_roles
    await roles(town.organiser, add=["organiser"], actor="test")
    await roles(town.reviewer, add=["reviewer"], actor="test")
    return town


async def sign_in(context: BrowserContext, platform: Platform, site: str, email: str) -> None:
    code = await platform.accounts.issue_code(email)
    session = await platform.accounts.start_session(email, code)
    await context.add_cookies([{"name": "gatherlog", "value": session, "url": site}])


async def fill_in(page: Page, town: TownOnline) -> None:
    """The form of a single event, but for the place."""
    await page.get_by_label("What is it called?").fill("Lantern walk")
    await page.get_by_label("What happens there?").fill(
        "We walk around the pond.\n\nBring a lantern."
    )
    await page.locator("#category").select_option("OUTDOOR")
    await page.locator("#start_day").fill(town.saturday.isoformat())
    await page.locator("#start_time").fill("17:00")
    await page.locator("#end_time").fill("18:30")
    await page.locator("#time_zone").select_option("Europe/Berlin")
    await page.get_by_label("Address", exact=True).fill("Pond House, Teichstraße 1")
    await page.get_by_label("Ages from").fill("3")
    await page.get_by_label("Ages to").fill("10")
    await page.get_by_label("Places on each date").fill("12")


async def test_a_draft_is_written_on_a_phone_sent_back_changed_and_published(
    page: Page, desk: Page, platform: Platform, site: str, town: TownOnline
) -> None:
    await sign_in(page.context, platform, site, "olga@example.org")
    await sign_in(desk.context, platform, site, "rita@example.org")
    await page.goto(f"{site}/desk")
    await page.get_by_role("link", name="New", exact=True).tap()
    await page.locator("label[for=kind-EVENT]").tap()
    await expect(page.locator("#hours")).to_be_hidden()
    await fill_in(page, town)
    await page.get_by_role("button", name="Save the draft").tap()

    mistake = page.locator(".mistakes a")
    await expect(mistake).to_have_text(["The point on the map is missing."])
    await mistake.tap()
    await page.locator("#location").fill("52.5208, 13.4095")
    await page.get_by_role("button", name="Save and preview").tap()
    await expect(page.get_by_text("This is how families will see it.")).to_be_visible()
    await page.get_by_role("link", name="Submit it").tap()
    await page.get_by_role("button", name="Submit for review").tap()
    await expect(page.get_by_role("status")).to_contain_text("It is waiting for review now.")

    await desk.goto(f"{site}/review")
    await desk.get_by_role("link", name=re.compile("Lantern walk")).click()
    await desk.get_by_text("Something is wrong here: Place", exact=True).click()
    await desk.locator("#reason_where").fill("Which side of the pond?")
    await desk.get_by_role("button", name="Send it back with these reasons").click()
    await expect(desk.get_by_role("status")).to_contain_text("It went back to the organiser")

    await page.goto(f"{site}/desk")
    await expect(page.locator(".reasons")).to_have_text("Place: Which side of the pond?")
    await page.get_by_role("link", name=re.compile("Lantern walk")).tap()
    await page.get_by_role("link", name="Change it").tap()
    await expect(page.locator(".reason")).to_have_text("The reviewer: Which side of the pond?")
    await page.get_by_label("Address", exact=True).fill("Pond House, north gate")
    await page.get_by_role("button", name="Save", exact=True).tap()
    await page.get_by_role("button", name="Submit for review").tap()
    await expect(page.get_by_role("status")).to_contain_text("It is waiting for review now.")

    await desk.reload()
    await desk.get_by_role("link", name=re.compile("Lantern walk")).click()
    await desk.get_by_role("button", name="Approve and publish").click()
    await expect(desk.get_by_role("status")).to_have_text("It is published.")
    await page.reload()
    await expect(page.locator(".now .pill")).to_have_text("Published")


async def test_a_new_version_is_read_by_its_difference(
    desk: Page, phone: BrowserContext, platform: Platform, site: str, town: TownOnline
) -> None:
    thing = await town.publish(town.painting())
    await sign_in(desk.context, platform, site, "olga@example.org")
    await sign_in(phone, platform, site, "rita@example.org")
    await desk.goto(f"{site}/desk/{thing.id}")
    await desk.get_by_role("link", name="Change it in a new version").click()
    await expect(desk.locator("#start_time")).to_be_hidden()
    await desk.get_by_role("button", name="One more line").click()
    await expect(desk.locator(".week")).to_have_count(4)
    await desk.get_by_label("Price from").fill("9")
    await desk.get_by_role("button", name="Save as a new version").click()
    await expect(desk.locator("ins, del")).to_have_count(2)
    await desk.get_by_role("button", name="Submit for review").click()
    await expect(desk.get_by_role("status")).to_contain_text("It is waiting for review now.")

    page = await phone.new_page()
    await page.goto(f"{site}/review")
    await expect(page.locator(".rows .line").last).to_have_text("New version: price")
    await page.get_by_role("link", name=re.compile("New version")).tap()
    await expect(page.locator("del")).to_contain_text("8")
    await expect(page.locator("ins")).to_contain_text("9")
    await page.get_by_role("button", name="Approve the new version").tap()
    await expect(page.get_by_role("status")).to_have_text("It is published.")
    await desk.goto(f"{site}/things/{thing.id}")
    await expect(desk.get_by_text("9 to 12.50")).to_be_visible()


async def booked(platform: Platform, town: TownOnline) -> Thing:
    """A class with one child booked on Saturday, and with many who wait."""
    thing = await town.publish(town.painting())
    parent = await platform.accounts.ensure("pia@example.org", actor="test")
    await town.child(parent, "Mia", 6)
    [child] = await platform.things.children(parent)
    wish = BookingWish(date=town.saturday.isoformat(), children=(child.id,), people=1)
    await platform.things.book(thing.id, wish, parent, actor="test")
    await town.book(thing, people=6)
    await platform.things.add_favourite(thing.id, parent, actor="test")
    return thing


async def test_a_roster_is_printed_and_a_date_moved_on_a_phone(
    page: Page, platform: Platform, site: str, town: TownOnline
) -> None:
    thing = await booked(platform, town)
    await sign_in(page.context, platform, site, "olga@example.org")
    await page.goto(f"{site}/desk/{thing.id}")
    day = re.compile(rf"Saturday, {town.saturday.day}\s")
    await page.locator(".rows a").filter(has_text=day).tap()

    await expect(page.locator(".roster td").first).to_have_text("Mia")
    await expect(page.get_by_text("number 1 on the waiting list")).to_be_visible()
    await page.get_by_role("link", name="Print").tap()
    await expect(page.get_by_role("heading", level=2)).to_have_text("2 people")
    await page.go_back()
    await page.locator("summary", has_text="Move this date").tap()
    await page.locator("#to_day").fill(town.saturday.isoformat())
    await page.locator("#to_time").fill("14:00")
    await page.get_by_role("button", name="Move it").tap()
    await expect(page.get_by_role("status")).to_contain_text("The date is moved.")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("14:00 to 16:00")


async def pages_of(platform: Platform, town: TownOnline) -> list[tuple[str, list[str]]]:
    """Who opens which pages, with something on each."""
    things, olga = platform.things, town.organiser
    thing = await booked(platform, town)
    sent_back = (await things.create_thing(town.puppets(), olga, actor="test")).body
    await things.submit_thing(sent_back.id, olga, actor="test")
    reasons = (Reason("name", "Who is Kasperl?"), Reason("", "Nearly."))
    await things.reject(sent_back.id, reasons, town.reviewer, actor="test")
    version = (await things.make_new_version(thing.id, olga, actor="test")).body
    changed = msgspec.structs.replace(town.painting(), name="Painting with toads", capacity=9)
    await things.change_thing(version.id, changed, olga, actor="test")
    await things.submit_thing(version.id, olga, actor="test")
    await things.report_thing(thing.id, "It was closed.", town.neighbour, actor="test")
    date = f"/desk/{thing.id}/dates/{town.saturday}"
    mine = [f"/desk/{thing.id}", f"/desk/{sent_back.id}", f"/desk/{version.id}"]
    more = [f"/desk/{sent_back.id}/edit", f"/desk/{sent_back.id}/preview", f"/desk/{thing.id}/edit"]
    dates = [f"{date}?at=10:00", f"{date}/print?at=10:00"]
    return [
        ("olga@example.org", ["/desk", "/desk/profile", "/desk/new", *mine, *more, *dates]),
        ("rita@example.org", ["/review", f"/review/{version.id}", f"/review/{thing.id}"]),
    ]


@NEEDS_NODE
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_has_a_barrier(
    chromium: Browser,
    platform: Platform,
    site: str,
    town: TownOnline,
    size: ViewportSize,
    scheme: Literal["light", "dark"],
) -> None:
    """Nor does any of them have to be moved sideways."""
    found = {}
    for email, paths in await pages_of(platform, town):
        context = await chromium.new_context(viewport=size, color_scheme=scheme)
        await sign_in(context, platform, site, email)
        page = await context.new_page()
        for path in paths:
            await page.goto(site + path)
            for fold in await page.locator("summary").all():
                await fold.click()
            wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found[path] = [*await barriers(page), *["too wide"] * wide]
        await context.close()

    assert {path: flaws for path, flaws in found.items() if flaws} == {}
