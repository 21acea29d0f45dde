"""A host signs in through the mailbox, makes a gathering, imports, sends links, watches."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext, FloatRect, Page, expect

from gatherlog.bootstrap import Platform

pytestmark = pytest.mark.browser

SHEET = Path(__file__).parents[2] / "examples/guests.csv"


async def sign_in(page: Page, site: str) -> None:
    """By the code that the mailbox shows."""
    await page.goto(f"{site}/signin")
    await page.get_by_label("Your email address").fill("olga@example.org")
    await page.get_by_role("button", name="Send me a code").click()
    mailbox = await page.context.new_page()
    await mailbox.goto(f"{site}/mailbox")
    letter = await mailbox.locator("article").first.inner_text()
    code = re.search(r"\b[0-9]{6}\b", letter)
    assert code is not None
    await mailbox.close()
    await page.locator("#code").fill(code[0])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("My gatherings")


async def make(page: Page) -> str:
    """A gathering from few fields; the address of its page."""
    await page.get_by_label("What is it called?").fill("Olga’s Fest")
    await page.locator("#event_date").fill("2999-06-06")
    await page.locator("#event_time").fill("18:30")
    await page.locator("#time_zone").select_option("Europe/Berlin")
    await page.get_by_role("button", name="Create gathering").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Olga’s Fest")
    return page.url.partition("?")[0]


async def take_in(page: Page) -> None:
    await page.get_by_role("link", name="Import a sheet").click()
    await page.locator("#file").set_input_files(SHEET)
    await page.get_by_role("button", name="Show a preview").click()
    await expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    await page.get_by_role("button", name="Import 7 guests").click()
    await expect(page.get_by_role("status")).to_have_text("The sheet is imported.")


async def box_of(page: Page, field: str) -> FloatRect:
    box = await page.locator(f"#{field}").bounding_box()
    assert box is not None
    return box


async def test_a_host_goes_from_nothing_to_a_figure_that_moves(
    desk: Page, phone: BrowserContext, site: str, asked: list[str], platform: Platform
) -> None:
    await sign_in(desk, site)
    await expect(desk.locator("#time_zone")).to_have_value("Europe/Berlin")
    place = await make(desk)
    await take_in(desk)

    await desk.get_by_role("link", name="Albrecht, Mira").click()
    await desk.get_by_role("button", name="Make a link").click()
    await desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await desk.get_by_role("button", name="Copy").click()
    await expect(desk.get_by_role("button", name="Copied")).to_be_visible()
    link = await desk.evaluate("navigator.clipboard.readText()")

    await desk.goto(place)
    coming = desk.locator("[data-figure=people]")
    await expect(coming).to_have_text("0")
    await expect(desk.locator("[data-live].live")).to_be_visible()
    new = desk.get_by_text("There are new answers.")
    await expect(new).to_be_hidden()
    guest = await phone.new_page()
    await guest.goto(link)
    for label in await guest.get_by_label("Coming").all():
        await label.tap()
    await guest.get_by_role("button", name="Send our answers").tap()
    await expect(guest.get_by_role("status")).to_contain_text("Thank you, Mira!")

    await expect(coming).to_have_text("4")
    widths = await desk.locator("rect").evaluate_all(
        "all => all.map(one => one.getAttribute('width'))"
    )
    assert widths[0] == "57.14%"
    await expect(desk.locator(".rows .pill.coming")).to_have_count(0)
    await expect(new).to_be_visible()
    await desk.get_by_role("link", name="Show them").click()
    await expect(desk.locator(".rows .pill.coming")).to_have_count(4)
    await expect(new).to_be_hidden()
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(site).netloc}
    await expect(desk).to_have_title("Olga’s Fest")
    assert link.rsplit("/", 1)[1] not in await desk.content()


async def test_all_of_it_works_on_a_phone_without_scripts(page: Page, site: str) -> None:
    await sign_in(page, site)
    await page.locator("#time_zone").select_option("Europe/Paris")
    place = await make(page)
    await take_in(page)

    await page.get_by_label("Name or address").fill("RENAUD")
    await page.get_by_role("button", name="Find").click()
    await expect(page.locator(".rows li")).to_have_count(2)
    await page.get_by_role("link", name="Renaud, Jules").click()
    await page.get_by_label("Can’t come").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.locator("#address")).to_have_value(re.compile(rf"^{site}/r/[\w-]{{43}}$"))
    await expect(page.get_by_role("button", name="Copy")).to_be_hidden()

    await page.goto(place)
    await expect(page.locator("[data-figure=declined]")).to_have_text("1")
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_label("Places").fill("1")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("[data-figure=left]")).to_have_text("1")

    for path in ("", "/settings", "/import", "/households", "/guests/new", "/print"):
        await page.goto(place + path)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert (path, width) == (path, 390)
    await page.goto(place + "/settings")
    for first, second in (("event_date", "event_time"), ("rsvp_deadline", "rsvp_time")):
        before, after = await box_of(page, first), await box_of(page, second)
        assert before["y"] + before["height"] <= after["y"]
        assert after["x"] + after["width"] <= 390
    await page.get_by_role("button", name="Sign out").click()
    await page.goto(place)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_a_host_looks_as_a_guest_names_a_co_host_and_prints(desk: Page, site: str) -> None:
    await sign_in(desk, site)
    place = await make(desk)
    await take_in(desk)

    await desk.get_by_role("link", name="Albrecht, Mira").click()
    await desk.get_by_role("link", name="See the page as Mira sees it").click()
    await expect(desk.get_by_role("heading", level=2)).to_have_text("Hello Mira Albrecht")
    await expect(desk.get_by_role("button", name="Send our answers")).to_be_disabled()
    await desk.get_by_role("link", name="Back to Mira").click()
    await desk.get_by_role("button", name="Make Mira a co-host").click()
    await expect(desk.get_by_role("button", name="Remove Mira as co-host")).to_be_visible()

    await desk.goto(place)
    await desk.get_by_role("link", name="Print").click()
    await desk.evaluate("window.print = () => { document.title = 'printed'; }")
    await desk.get_by_role("button", name="Print").click()
    await expect(desk).to_have_title("printed")
    await desk.emulate_media(media="print")
    await expect(desk.get_by_role("button", name="Print")).to_be_hidden()
    await expect(desk.get_by_role("navigation")).to_be_hidden()
    await expect(desk.get_by_role("cell", name="Albrecht, Mira")).to_be_visible()


async def test_a_guest_who_phones_waits_where_it_is_full(page: Page, site: str) -> None:
    await sign_in(page, site)
    place = await make(page)
    await take_in(page)
    await page.goto(f"{place}/settings")
    await page.get_by_label("Places").fill("1")
    await page.get_by_role("button", name="Save").click()

    for name in ("Albrecht, Mira", "Albrecht, Tom"):
        await page.goto(place)
        await page.get_by_role("link", name=name).click()
        await page.get_by_label("Coming", exact=True).check()
        await page.get_by_role("button", name="Save").click()

    await expect(page.locator(".now .pill")).to_have_text("Waiting")
    await page.goto(f"{place}?status=waiting")
    await expect(page.locator(".rows strong")).to_have_text(["Albrecht, Tom"])


async def test_links_for_all_are_downloaded_and_a_co_host_comes_in_by_one(
    page: Page, site: str
) -> None:
    await sign_in(page, site)
    place = await make(page)
    await take_in(page)
    await page.get_by_role("link", name="Albrecht, Mira").click()
    await page.get_by_role("button", name="Make Mira a co-host").click()
    await page.goto(place)
    await page.get_by_role("link", name="Links").click()
    await page.get_by_role("button", name="Make links for 7 guests").click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download as a sheet").click()

    sheet = (await (await download.value).path()).read_text("utf-8-sig").splitlines()
    link = next(line.rsplit(",", 1)[1] for line in sheet if line.startswith("Mira,Albrecht"))
    await page.get_by_role("link", name="Back to the guests").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.goto(link)
    await page.get_by_role("button", name="Open the guest list").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Olga’s Fest")
    assert page.url == place
    await expect(page.locator(".rows li")).to_have_count(7)
