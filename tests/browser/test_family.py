"""A parent finds something for two children, signs in, books both, waits and cancels."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from gatherlog.bootstrap import Platform
from tests.browser.accessibility import barriers
from tests.browser.town import TownOnline, town_online
from tests.node_packages import NEEDS_NODE

pytestmark = pytest.mark.browser

PIA = "pia@example.org"


@pytest.fixture
async def town(platform: Platform, site: str) -> TownOnline:
    return await town_online(platform)


async def enter_code(page: Page, site: str) -> None:
    """Sign in on the page that asks for an address, by the code that the mailbox shows."""
    await page.get_by_label("Your email address").fill(PIA)
    await page.get_by_role("button", name="Send me a code").click()
    mailbox = await page.context.new_page()
    await mailbox.goto(f"{site}/mailbox")
    code = re.search(r"\b[0-9]{6}\b", await mailbox.locator("article").first.inner_text())
    assert code is not None
    await mailbox.close()
    await page.locator("#code").fill(code[0])
    await page.get_by_role("button", name="Sign in").click()


async def add_child(page: Page, town: TownOnline, name: str, age: int) -> None:
    await page.get_by_role("link", name="Add a child").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Date of birth").fill(f"{town.saturday.year - age}-01-15")
    await page.get_by_label("Allergies").fill("Nuts")
    await page.get_by_role("button", name="Add").click()


async def test_a_parent_finds_and_books_for_two_on_a_phone_without_scripts(
    page: Page, site: str, town: TownOnline
) -> None:
    await page.goto(f"{site}/things")
    await expect(page.locator("#found")).to_have_text("3 things to do")
    await page.get_by_text("Ages, day and place").tap()
    await page.get_by_label("Ages of the children").fill("5, 8")
    await page.locator("#day").fill(town.saturday.isoformat())
    await page.get_by_label("Near").fill("52.52, 13.41")
    await page.get_by_label("Within").select_option("5")
    await page.get_by_role("button", name="Find", exact=True).tap()

    await expect(page.locator(".rows strong")).to_have_text(
        ["Painting with frogs", "Kasperl and the lost moon"]
    )
    await expect(page.locator(".rows .pill")).to_have_text(["6 places left", "Full"])
    await expect(page.get_by_label("Ages of the children")).to_have_value("5, 8")
    await expect(page.locator("summary .line")).to_contain_text("ages 5, 8 · Saturday")
    await page.get_by_role("link", name="Painting with frogs").tap()
    await page.get_by_role("link", name="Sign in to keep or book it").tap()
    await enter_code(page, site)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Painting with frogs")

    await page.get_by_role("button", name="Add to my favourites").tap()
    await expect(page.get_by_role("status")).to_have_text("Added to your favourites.")
    day = f"{town.saturday:%A}, {town.saturday.day}"
    await page.get_by_role("link", name=re.compile(f"^Book on {day}")).tap()
    for name, age in (("Mia", 5), ("Ben", 8)):
        await add_child(page, town, name, age)
    for name in ("Mia", "Ben"):
        await page.get_by_label(re.compile(name)).check()
    await page.get_by_role("button", name="Book").tap()

    await expect(page.get_by_role("status")).to_have_text("Your booking is confirmed.")
    await expect(page.get_by_text("You have 2 places")).to_be_visible()
    await page.locator("summary").get_by_text("Cancel this booking").tap()
    await page.get_by_role("button", name="Cancel the booking").tap()
    await expect(page.get_by_role("status")).to_have_text("Your booking is cancelled.")


async def test_where_it_is_full_a_family_waits_together(
    page: Page, site: str, town: TownOnline
) -> None:
    await page.goto(f"{site}/signin?next=/things?q=moon")
    await enter_code(page, site)
    await page.get_by_role("link", name="Kasperl and the lost moon").tap()
    await page.get_by_role("link", name=re.compile("^Wait for a place")).tap()
    await page.get_by_label("Other people").fill("3")
    await page.get_by_role("button", name="Join the waiting list").tap()

    await expect(page.get_by_text("You are on the waiting list", exact=True)).to_be_visible()
    await expect(page.get_by_text("You are number 1 on it.")).to_be_visible()
    await page.get_by_role("link", name="Bookings", exact=True).first.tap()
    await expect(page.locator(".rows .pill")).to_have_text("Waiting, number 1")


async def test_near_me_fills_in_where_the_browser_is(
    desk: Page, site: str, town: TownOnline
) -> None:
    await desk.context.grant_permissions(["geolocation"])
    await desk.context.set_geolocation({"latitude": 52.5, "longitude": 13.42})
    await desk.goto(f"{site}/things")
    await desk.get_by_text("Ages, day and place").click()
    await desk.get_by_role("button", name="Near me").click()
    await expect(desk.get_by_label("Near", exact=True)).to_have_value("52.5000, 13.4200")
    await desk.get_by_role("button", name="Find", exact=True).click()

    await expect(desk.locator(".rows strong").first).to_have_text("Kasperl and the lost moon")
    await expect(desk.locator(".rows li").first).to_contain_text("300 m")


async def test_a_quick_choice_is_added_to_what_was_typed(
    desk: Page, site: str, town: TownOnline
) -> None:
    await desk.goto(f"{site}/things")
    await desk.get_by_text("Ages, day and place").click()
    await desk.get_by_label("Ages of the children").fill("5, 8")
    await desk.get_by_role("link", name="Next seven days").click()

    told = desk.locator("summary .line")
    await expect(told).to_contain_text(re.compile(r"ages 5, 8\s· \w+, .+ to \w+, "))
    await desk.locator("summary").first.click()
    await desk.get_by_role("link", name="Tomorrow").click()
    await expect(told).to_contain_text(re.compile(r"ages 5, 8\s· \w+, [^,]+$"))


async def test_a_mistake_in_the_address_is_told_at_its_field(
    page: Page, site: str, town: TownOnline
) -> None:
    await page.goto(f"{site}/things?ages=90+to+3&near=123,13")

    await expect(page.locator("#ages-error")).to_be_visible()
    await expect(page.locator(".mistakes li")).to_have_count(2)
    await page.get_by_label("Ages of the children").fill("5")
    await page.get_by_label("Near").fill("")
    await page.get_by_role("button", name="Find", exact=True).tap()
    await expect(page.locator("#found")).to_have_text("3 things to do")


@NEEDS_NODE
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_no_page_has_a_barrier(
    chromium: Browser, site: str, town: TownOnline, scheme: str, width: int
) -> None:
    context = await chromium.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = await context.new_page()
    for path in await pages_of(page, site, town):
        await page.goto(f"{site}{path}")
        scrolled = await page.evaluate("document.documentElement.scrollWidth")
        assert (path, await barriers(page), scrolled) == (path, [], width)


async def pages_of(page: Page, site: str, town: TownOnline) -> list[str]:
    """All pages of a parent with children, favourites and bookings."""
    await page.goto(f"{site}/signin?next=/children")
    await enter_code(page, site)
    own = await town.platform.accounts.ensure(PIA, actor="test")
    for name, age in (("Mia", 5), ("Ben", 8)):
        await town.child(own, name, age)
    await page.goto(f"{site}/things?q=frogs")
    thing = (await page.locator(".rows a").first.get_attribute("href")) or ""
    await town.platform.things.add_favourite(thing.split("/")[2], own, actor="test")
    await page.goto(f"{site}{thing}")
    book = await page.get_by_role("link", name=re.compile("^Book on ")).first.get_attribute("href")
    await page.goto(f"{site}{book}")
    await page.get_by_label(re.compile("Mia")).check()
    await page.get_by_role("button", name="Book").click()
    booking = page.url.removeprefix(site).partition("?")[0]
    await page.goto(f"{site}/children")
    child = await page.locator(".rows a").first.get_attribute("href")
    filters = "/things?ages=5,8&near=52.52,13.41&category=ARTS&day=2020-01-01"
    return [
        *("/things", "/things?ages=90+to+3", filters, thing, f"{book}", f"{thing}?done=kept"),
        *("/favourites", "/children", "/children/new", f"{child}", "/bookings", booking),
        *("/host", "/signin"),
    ]
