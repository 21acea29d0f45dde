"""A real server on a port of its own; Chromium as a phone without scripts, and as a desk with them.

Without Chromium these tests are skipped; where GATHERLOG_REQUIRE_BROWSER is 1, they fail.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from gatherlog.apps.guests import NewGuest, SettingsPatch
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SUMMER = SettingsPatch(
    event_name="Ada & Grace’s Summer Party",
    event_date="2999-06-06T18:30",
    location="Villa Rosa, Lindenstraße 12, Berlin",
    rsvp_deadline="2999-05-31",
    time_zone="Europe/Berlin",
    max_guests=120,
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives Chromium against a running server")


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket on a free port, so that the platform knows its own address."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture
async def platform(tmp_path: Path, listening: socket.socket) -> AsyncIterator[Platform]:
    settings = Settings(
        store=f"sqlite:///{tmp_path}/gatherlog.db",
        port=listening.getsockname()[1],
        demo=True,
        rate_limits="off",
    )
    platform = await start(settings)
    await platform.guests.change_settings("default", SUMMER, actor="test")
    yield platform
    await platform.stop()


@pytest.fixture
async def site(platform: Platform, listening: socket.socket) -> AsyncIterator[str]:
    """The address of a server on 127.0.0.1."""
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=5)
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield platform.settings.base_url
    app.stop()
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await serving


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("GATHERLOG_REQUIRE_BROWSER") == "1":
            pytest.fail("GATHERLOG_REQUIRE_BROWSER is 1, but there is no Chromium")
        pytest.skip("there is no Chromium here")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def asked() -> list[str]:
    """The address of every request that the browser made."""
    return []


@pytest.fixture
async def phone(chromium: Browser, asked: list[str]) -> AsyncIterator[BrowserContext]:
    """A phone of today's usual size, with scripts turned off."""
    context = await chromium.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        java_script_enabled=False,
    )
    context.on("request", lambda request: asked.append(request.url))
    yield context
    await context.close()


@pytest.fixture
async def desk(chromium: Browser, asked: list[str]) -> AsyncIterator[Page]:
    """A wide window with scripts, of somebody in Berlin; errors of scripts fail the test."""
    context = await chromium.new_context(
        viewport={"width": 1280, "height": 860}, timezone_id="Europe/Berlin"
    )
    context.on("request", lambda request: asked.append(request.url))
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.message))
    page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    yield page
    await context.close()
    assert errors == []


@pytest.fixture
async def page(phone: BrowserContext) -> Page:
    return await phone.new_page()


Link = Callable[[NewGuest], Awaitable[str]]


@pytest.fixture
def link(platform: Platform, site: str) -> Link:
    """Invites a guest and gives the address of the invitation."""

    async def invited(new: NewGuest) -> str:
        guest = await platform.guests.add_guest("default", new, actor="test")
        token = await platform.guests.issue_link("default", guest.body.id, actor="test")
        return f"{site}/r/{token}"

    return invited
