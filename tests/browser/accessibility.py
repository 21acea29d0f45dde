"""What axe-core finds wrong with a page for people who see, hear or move in other ways."""

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.node_packages import installed

__all__ = ["barriers"]

FOLDER = Path(__file__).parent / "axe"
RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


async def barriers(page: Page) -> list[str]:
    """What axe finds by the rules of WCAG 2.2 AA and good practice; empty if there is nothing.

    The page is of a browser with scripts.
    """
    await asyncio.to_thread(installed, FOLDER)
    source = (FOLDER / "node_modules/axe-core/axe.min.js").read_text()
    await page.evaluate(source)
    found: dict[str, Any] = await page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [
        f"{flaw['id']}: {node['html']}" for flaw in found["violations"] for node in flaw["nodes"]
    ]
