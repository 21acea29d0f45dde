"""All pages, at all usual widths and in all colours: nothing overlaps, is hidden or too faint."""

from typing import Literal

import pytest
from playwright.async_api import Browser

from gatherlog.bootstrap import Platform
from tests.browser.accessibility import barriers
from tests.browser.every_page import faint, overlaps, visit
from tests.every_page import every_page
from tests.node_packages import NEEDS_NODE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
"""Each test opens some seventy pages, several times."""

WIDTHS = (320, 361, 390, 430, 704, 1280)
OPEN = """() => {
  document.querySelectorAll("details.operation").forEach((one, place) => place < 5 || one.remove());
  document.querySelectorAll("details:not(.operation)").forEach(one => one.open = true);
}"""
"""Unfolds a page. Of the reference of the API, whose operations are alike, the first are left."""
BORDERLESS = """() => [...document.querySelectorAll("button, .button")]
  .filter(one => one.checkVisibility() && parseFloat(getComputedStyle(one).borderTopWidth) < 1)
  .map(one => one.textContent.trim())"""
LOOKED_AT_ELSEWHERE = ("/things", "/desk", "/review", "/messages", "/children", "/bookings")
"""Sections whose own tests ask axe."""
Scheme = Literal["light", "dark"]


async def test_nothing_overlaps_at_any_width_and_buttons_are_seen_in_forced_colours(
    chromium: Browser, platform: Platform, site: str
) -> None:
    """In forced colours grounds are not painted, so a button without a border is plain text."""
    found = {}
    for email, paths in (await every_page(platform)).items():
        async with visit(chromium, platform, site, email) as page:
            for path in paths:
                await page.goto(site + path)
                await page.evaluate(OPEN)
                for width in WIDTHS:
                    await page.set_viewport_size({"width": width, "height": 900})
                    if flaws := await overlaps(page):
                        found[f"{path} at {width}"] = flaws
                await page.emulate_media(forced_colors="active")
                if flaws := await page.evaluate(BORDERLESS):
                    found[f"{path} in forced colours"] = flaws
                await page.emulate_media(forced_colors="none")

    assert found == {}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
async def test_every_text_in_the_header_stands_out_from_its_colours(
    chromium: Browser, platform: Platform, site: str, scheme: Scheme, width: int
) -> None:
    """Axe judges the texts of the cards, and cannot judge those on a gradient."""
    found = {}
    kind = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    async with visit(chromium, platform, site, "") as reader:
        for email, paths in (await every_page(platform)).items():
            async with visit(chromium, platform, site, email, **kind) as page:
                for path in paths:
                    await page.goto(site + path)
                    if flaws := await faint(page, "header.hero", reader):
                        found[path] = flaws

    assert found == {}


@NEEDS_NODE
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_has_a_barrier(
    chromium: Browser, platform: Platform, site: str, scheme: Scheme
) -> None:
    """Landmarks and headings among them."""
    found = {}
    for email, paths in (await every_page(platform)).items():
        async with visit(chromium, platform, site, email, color_scheme=scheme) as page:
            for path in paths:
                if path.startswith(LOOKED_AT_ELSEWHERE):
                    continue
                await page.goto(site + path)
                await page.evaluate(OPEN)
                found[path] = await barriers(page)

    assert {path: flaws for path, flaws in found.items() if flaws} == {}
