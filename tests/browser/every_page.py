"""What is measured on every page in the browser: boxes that overlap, and contrasts as painted."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page

from gatherlog.bootstrap import Platform

__all__ = ["faint", "overlaps", "visit"]

_OVERLAPS = """() => {
  const text = one => one.textContent.trim().slice(0, 30);
  const named = one => `${one.localName} ${one.id || one.name || text(one)}`;
  const controls = "input, select, textarea, button, .button, label, legend, .hint, h1, h2";
  const shown = [...document.querySelectorAll(controls)]
    .filter(one => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
      && one.type !== "hidden" && !one.closest(".unseen, .foot"))
    .map(one => ({ one, box: one.getBoundingClientRect() }));
  const isPair = (one, other) => one.contains(other) || other.contains(one)
    || (one.parentElement === other.parentElement && one.parentElement.matches(".chip, .choice"));
  const found = [];
  shown.forEach(({ one, box }, index) => {
    for (const { one: other, box: its } of shown.slice(index + 1)) {
      const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      const do_meet = across > 1 && down > 1 && !isPair(one, other);
      if (do_meet) found.push(`${named(one)} meets ${named(other)}`);
    }
    const is_beyond = box.right > innerWidth + 1 && !one.closest(".scroll");
    if (is_beyond) found.push(`${named(one)} is cut off`);
    const isShort = one.matches("[type=date], [type=time], .number input");
    if (isShort && one.scrollWidth > one.clientWidth + 1) found.push(`${named(one)} is too narrow`);
  });
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page moves sideways");
  return found;
}"""
_TEXTS = """within => [...document.querySelectorAll(`${within} *`)]
  .filter(one => one.checkVisibility() && !one.closest(".unseen, .skip") && !one.disabled
    && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  .map(one => {
    const edge = document.querySelector(within).getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(one);
    const box = range.getBoundingClientRect(), style = getComputedStyle(one);
    const is_large = parseFloat(style.fontSize) >= 24;
    return { text: one.textContent.trim().slice(0, 40), ink: style.color, is_large,
      left: box.left - edge.left, top: box.top - edge.top, width: box.width, height: box.height };
  })"""
_WORST = """async ({ png, texts }) => {
  const file = await fetch(`data:image/png;base64,${png}`);
  const image = await createImageBitmap(await file.blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const part = value => value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  return texts.map(text => {
    const ink = light(text.ink.match(/[0-9.]+/g).map(Number));
    const size = [Math.max(1, text.width), Math.max(1, text.height)];
    const pixels = context.getImageData(text.left, text.top, ...size).data;
    let least = 21;
    for (let at = 0; at < pixels.length; at += 4) {
      const ground = light(pixels.slice(at, at + 3));
      least = Math.min(least, (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05));
    }
    return least;
  });
}"""
"""For each text, the least contrast of its colour to any pixel behind it (WCAG 2.2, 1.4.3)."""
_WITHOUT_INK = """() => {
  const style = new CSSStyleSheet();
  style.replaceSync("*, ::before, ::after { color: transparent !important; transition: none; }"
    + " * { text-decoration: none !important; } svg { visibility: hidden; }");
  document.adoptedStyleSheets.push(style);
}"""


@asynccontextmanager
async def visit(
    browser: Browser,
    platform: Platform,
    site: str,
    email: str,
    **kind: Any,  # as `new_context` takes them
) -> AsyncIterator[Page]:
    """A page of a browser in which somebody is signed in, or nobody if there is no address."""
    context = await browser.new_context(**kind)
    if email:
        code = await platform.accounts.issue_code(email)
        session = await platform.accounts.start_session(email, code)
        await context.add_cookies([{"name": "gatherlog", "value": session, "url": site}])
    yield await context.new_page()
    await context.close()


async def overlaps(page: Page) -> list[str]:
    """Controls and labels that cover each other, or do not fit where they are."""
    found: list[str] = await page.evaluate(_OVERLAPS)
    return found


async def faint(page: Page, within: str, reader: Page) -> list[str]:
    """Texts whose contrast to what is painted behind them is below 4.5, or 3 where they are large.

    `within` is the selector of the part that is looked at. Its ground is measured pixel by pixel,
    because it may be a gradient. `reader` is a blank page, which reads the picture. The page cannot
    be read by people afterwards.
    """
    texts = await page.evaluate(_TEXTS, within)
    await page.evaluate(_WITHOUT_INK)
    png = base64.b64encode(await page.locator(within).screenshot()).decode()
    least = await reader.evaluate(_WORST, {"png": png, "texts": texts})
    return [
        f"{text['text']}: {worst:.2f}"
        for text, worst in zip(texts, least, strict=True)
        if worst < (3 if text["is_large"] else 4.5)
    ]
