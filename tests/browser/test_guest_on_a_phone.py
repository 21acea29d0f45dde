"""A guest opens the link on a phone without scripts, answers, and changes the answer."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, expect

from gatherlog.apps.guests import NewGuest, Rsvp
from gatherlog.bootstrap import Platform
from tests.browser.conftest import Link

pytestmark = pytest.mark.browser

MAYA = NewGuest(first_name="Maya", last_name="Okonkwo", expected_guests=4)
PAGES = ["/", "/docs", "/nothing", "/r/unknown"]


async def test_a_guest_answers_changes_the_answer_and_declines(page: Page, link: Link) -> None:
    address = await link(MAYA)
    await page.goto(address)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ada & Grace’s Summer Party")

    await page.get_by_label("Yes, I’m coming").tap()
    await page.get_by_label("How many people in all?").fill("3")
    await page.get_by_label("Yes", exact=True).tap()
    await page.get_by_label("Nut allergy").tap()
    await page.get_by_label("In your own words").fill("Only Maya.")
    await page.get_by_role("button", name="Send my answer").tap()
    await expect(page.get_by_role("status")).to_contain_text("Thank you, Maya!")
    await expect(page.locator("dd")).to_have_text(["3 people", "Nut allergy", "Only Maya."])

    await page.get_by_text("Change my answer").tap()
    await page.get_by_label("Not sure yet").tap()
    await page.get_by_role("button", name="Save my answer").tap()
    await expect(page.get_by_role("heading", level=2)).to_have_text(["You’re not sure yet"])

    await page.goto(address)
    await page.get_by_text("Change my answer").tap()
    await page.get_by_label("No, I can’t come").tap()
    await page.get_by_role("button", name="Save my answer").tap()
    await expect(page.get_by_role("heading", level=2)).to_have_text(["You’re not coming"])


async def test_what_only_matters_to_those_who_come_steps_aside(page: Page, link: Link) -> None:
    await page.goto(await link(MAYA))
    people = page.get_by_label("How many people in all?")
    vegan = page.get_by_label("Vegan")
    await expect(people).to_be_hidden()

    await page.get_by_label("Yes, I’m coming").tap()
    await expect(people).to_be_visible()
    await expect(vegan).to_be_hidden()
    await page.get_by_label("Yes", exact=True).tap()
    await expect(vegan).to_be_visible()

    await page.get_by_label("No, I can’t come").tap()
    await expect(people).to_be_hidden()
    await expect(vegan).to_be_hidden()


async def test_a_mistake_leads_by_a_link_to_its_field(page: Page, link: Link) -> None:
    await page.goto(await link(MAYA))
    await page.get_by_label("Yes, I’m coming").tap()
    await page.get_by_label("How many people in all?").fill("a few")
    await page.get_by_role("button").tap()

    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_role("link", name="The number of people").tap()

    field = page.get_by_label("How many people in all?")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("a few")
    await expect(field).to_have_attribute("aria-invalid", "true")


async def test_the_keyboard_goes_through_the_form_from_top_to_bottom(
    page: Page, link: Link
) -> None:
    await page.goto(await link(MAYA))
    await page.get_by_label("Yes, I’m coming").check()
    await page.get_by_label("Yes", exact=True).check()
    await page.get_by_label("Yes, I’m coming").focus()

    order = []
    for _ in range(14):
        order.append(
            await page.evaluate("document.activeElement.id || document.activeElement.type")
        )
        await page.keyboard.press("Tab")

    tags = ["vegetarian", "vegan", "gluten_free", "lactose_free", "halal", "kosher", "nut_allergy"]
    assert order == [
        "attending-yes",
        "num_guests",
        "children",
        "diet-yes",
        *(f"tag-{tag}" for tag in (*tags, "other")),
        "dietary",
        "submit",
    ]


async def test_the_first_tab_offers_to_skip_to_the_content(page: Page, link: Link) -> None:
    await page.goto(await link(MAYA))

    await page.keyboard.press("Tab")

    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()


async def test_no_page_asks_any_other_host_or_scrolls_sideways(
    page: Page, link: Link, site: str, asked: list[str], platform: Platform
) -> None:
    long = NewGuest(first_name="W" * 100, last_name="X" * 100, dietary="y" * 900, expected_guests=9)
    address = await link(long)
    (guest,) = (await platform.guests.guests("default")).items
    coming = Rsvp(attending=True)
    await platform.guests.rsvp("default", guest.body.id, coming, actor="test")

    for place in [*(site + path for path in PAGES), address, await link(MAYA)]:
        await page.goto(place)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert (place, width) == (place, 390)

    assert {urlsplit(url).netloc for url in asked} == {urlsplit(site).netloc}


async def test_everything_to_touch_is_large_enough_for_a_finger(page: Page, link: Link) -> None:
    await page.goto(await link(MAYA))
    await page.get_by_label("Yes, I’m coming").tap()
    await page.get_by_label("Yes", exact=True).tap()

    small = []
    for control in await page.locator("form label:not(.label), form [type=text], button").all():
        box = await control.bounding_box()
        assert box is not None
        if min(box["width"], box["height"]) < 44:
            small.append((await control.text_content(), box))

    assert small == []


async def test_the_page_follows_the_colours_that_the_guest_prefers(
    phone: BrowserContext, link: Link
) -> None:
    page = await phone.new_page()
    await page.goto(await link(MAYA))

    grounds = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        grounds.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert grounds == ["rgb(250, 245, 239)", "rgb(21, 16, 25)"]


async def test_a_policy_of_the_page_stops_every_script(phone: BrowserContext, link: Link) -> None:
    browser = phone.browser
    assert browser is not None
    context = await browser.new_context(java_script_enabled=True)
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    await page.goto(await link(MAYA))

    ran = await page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            return window.ran === true;
        }"""
    )

    assert ran is False
    assert len(refused) == 1
    assert "Content Security Policy" in refused[0]
    await context.close()
