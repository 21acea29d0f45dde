"""A household answers on a phone without scripts: together, in line, and at the same time."""

import pytest
from playwright.async_api import Page, expect

from gatherlog.apps.guests import NewGuest, Rsvp, SettingsPatch
from gatherlog.bootstrap import Platform
from tests.browser.conftest import Link

pytestmark = pytest.mark.browser


def member(first: str, household: str = "home") -> NewGuest:
    return NewGuest(first_name=first, last_name="Okonkwo", group_id=household)


async def invite(platform: Platform, first: str, household: str = "home") -> str:
    new = member(first, household)
    return (await platform.guests.add_guest("default", new, actor="test")).body.id


async def test_one_form_answers_for_all_and_asks_about_the_rest(
    page: Page, link: Link, platform: Platform
) -> None:
    address = await link(member("Maya"))
    for first in ("Tobe", "Ife"):
        await invite(platform, first)
    await page.goto(address)
    await expect(page.get_by_text("3 places are reserved for you.")).to_be_visible()
    await expect(page.get_by_text("Should the kitchen know anything?")).to_be_hidden()

    await page.get_by_role("group", name="Maya Okonkwo (you)").get_by_label("Coming").tap()
    await page.get_by_role("group", name="Tobe Okonkwo").get_by_label("Coming").tap()
    tobe = page.locator(".person").nth(1)
    await tobe.get_by_label("Yes", exact=True).tap()
    await tobe.get_by_label("Vegan").tap()
    await page.get_by_role("button", name="Send our answers").tap()

    await expect(page.get_by_role("status")).to_contain_text("Thank you, Maya!")
    await expect(page.get_by_role("heading", level=2)).to_have_text(["2 of you are coming"])
    await expect(page.locator(".question")).to_have_text("Ife hasn’t answered yet.")
    stored = {g.body.first_name: g.body for g in (await platform.guests.guests("default")).items}
    assert {name: guest.status for name, guest in stored.items()} == {
        "Maya": "coming",
        "Tobe": "coming",
        "Ife": "pending",
    }
    assert stored["Tobe"].dietary_tags == ("vegan",)


async def test_a_full_gathering_lets_a_family_wait_and_come_in_together(
    page: Page, link: Link, platform: Platform
) -> None:
    await platform.guests.change_settings("default", SettingsPatch(max_guests=2), actor="t")
    first = await invite(platform, "Kofi", "first")
    kofi = Rsvp(attending=True, num_guests=2)
    await platform.guests.rsvp("default", first, kofi, actor="t")
    address = await link(member("Maya"))
    await invite(platform, "Tobe")

    await page.goto(address)
    await expect(page.get_by_text("All places are taken just now.")).to_be_visible()
    for label in await page.get_by_label("Coming").all():
        await label.tap()
    await page.get_by_role("button", name="Send our answers").tap()
    await expect(page.get_by_role("heading", level=2)).to_have_text(["You are on the waiting list"])
    await expect(page.get_by_text("We keep Maya and Tobe together.")).to_be_visible()

    await platform.guests.rsvp("default", first, Rsvp(attending=False), actor="t")
    await page.goto(address)
    await expect(page.get_by_role("heading", level=2)).to_have_text(["2 of you are coming"])


async def test_two_who_answer_at_once_see_both_answers(
    page: Page, link: Link, platform: Platform
) -> None:
    address = await link(member("Maya"))
    grace = await invite(platform, "Grace")
    await page.goto(address)
    await platform.guests.rsvp("default", grace, Rsvp(attending=False), actor="t")

    for label in await page.get_by_label("Coming").all():
        await label.tap()
    await page.get_by_role("button").tap()

    await expect(page.get_by_role("status")).to_contain_text("There is a new answer for Grace")
    await expect(page.locator(".household li").nth(1)).to_have_text("Grace Okonkwo Can’t come")
    await page.get_by_role("button", name="Save our answers").tap()
    await expect(page.get_by_role("heading", level=2)).to_have_text(["2 of you are coming"])


async def test_a_household_fits_a_phone_and_a_finger(
    page: Page, link: Link, platform: Platform
) -> None:
    address = await link(member("W" * 100))
    await invite(platform, "X" * 100)
    await page.goto(address)
    for label in await page.get_by_label("Coming").all():
        await label.tap()

    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    for control in await page.locator(".three label, summary:visible").all():
        box = await control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44


@pytest.mark.parametrize("width", [320, 360, 390, 430])
async def test_the_three_answers_of_a_person_are_on_one_line(
    page: Page, link: Link, platform: Platform, width: int
) -> None:
    address = await link(member("Maya"))
    await invite(platform, "Tobe")
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(address)
    await page.get_by_label("Can’t come").first.check()

    lines = (
        await page.locator(".person")
        .first.locator(".three label")
        .evaluate_all(
            """all => all.map(one => {
          const range = document.createRange();
          range.selectNodeContents(one);
          return [range.getClientRects().length, Math.round(range.getBoundingClientRect().top)];
        })"""
        )
    )
    assert len(lines) == 3
    assert {count for count, _ in lines} == {1}
    assert len({top for _, top in lines}) == 1
