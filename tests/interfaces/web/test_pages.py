"""The first page, the static files, and the error pages."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.apps.guests import GatheringDetails, NewGuest, Rsvp
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.web.rendering import HEADERS
from gatherlog.settings import Settings
from tests.interfaces.web.conftest import Invited
from tests.interfaces.web.reading import Page, flaws_of_form

EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def demo() -> AsyncIterator[Platform]:
    platform = await start(Settings(store="memory:", demo=True))
    yield platform
    await platform.stop()


async def home_of(platform: Platform) -> Page:
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        return Page((await client.get("/")).text)


def figures(page: Page) -> dict[str, str]:
    names, values = page.all("dt"), page.all("dd")
    return {name.text: value.text for name, value in zip(names, values, strict=True)}


async def test_the_first_page_says_what_runs_and_where_to_go_on(ada: Invited) -> None:
    answer = await ada.browser.get("/")

    page = Page(answer.text)
    assert figures(page) == {"Store": "SQLite, one file"}
    assert [link["href"] for link in page.all("a")][1:] == [
        "/signin",
        "/things",
        "/docs",
        "/openapi.json",
        "/healthz",
    ]
    assert flaws_of_form(page) == []
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)


async def test_outside_the_demo_the_first_page_shows_no_gatherings(ada: Invited) -> None:
    page = Page((await ada.browser.get("/")).text)

    for secret in ("Summer party", "Villa Rosa", "Gatherings", "Coming", "Ada"):
        assert secret not in page.text("html")


async def test_the_demo_shows_each_gathering_with_its_totals(demo: Platform) -> None:
    details = GatheringDetails(event_name=EVIL, location=EVIL, max_guests=1200)
    gathering = (await demo.guests.create_gathering(details, actor="test")).body
    for answer in (True, True, False, None):
        new = NewGuest(first_name="A", last_name="B", expected_guests=3)
        guest = (await demo.guests.add_guest(gathering.id, new, actor="test")).body
        await demo.guests.rsvp(gathering.id, guest.id, Rsvp(attending=answer), actor="test")
    pending = NewGuest(first_name="A", last_name="B")
    await demo.guests.add_guest(gathering.id, pending, actor="test")
    await demo.guests.remove_gathering("default", actor="test")

    page = await home_of(demo)

    assert figures(page) == {
        "Store": "Memory, until it stops",
        "Gatherings": "1",
        "Coming": "2",
        "Not sure": "1",
        "Not coming": "1",
        "No answer": "1",
        "People coming": "6",
        "Places": "1,200",
    }
    assert [heading.text for heading in page.all("h2")][1:] == [EVIL]
    bars = [(bar["class"], bar["x"], bar["width"]) for bar in page.all("rect") if bar.get("class")]
    assert bars == [
        ("coming", "0.0%", "40.0%"),
        ("undecided", "40.0%", "20.0%"),
        ("declined", "60.0%", "20.0%"),
    ]
    assert flaws_of_form(page) == []


async def test_the_demo_has_a_first_page_without_a_single_guest(demo: Platform) -> None:
    page = await home_of(demo)

    assert figures(page)["Places"] == "no limit"
    assert flaws_of_form(page) == []


async def test_the_stylesheet_is_kept_by_browsers_until_it_changes(ada: Invited) -> None:
    (link,) = [e for e in (await ada.open()).all("link") if e["rel"] == "stylesheet"]

    style = await ada.browser.get(link["href"])

    assert re.fullmatch(r"/static/gatherlog\.css\?v=[0-9a-f]{12}", link["href"])
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(style.content) < 12_000
    assert re.findall(rb"@import|url\(|https?:", style.content) == []


async def test_only_the_files_of_the_pages_are_served(ada: Invited) -> None:
    for path in ("/static/none.css", "/static/..%2f..%2fsettings.py", "/static/", "/static"):
        assert (await ada.browser.get(path)).status_code == 404
    icon = await ada.browser.get("/static/icon.svg")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")


async def test_robots_are_kept_from_invitations_and_links_that_end_mail(ada: Invited) -> None:
    assert (await ada.browser.get("/robots.txt")).text == (
        "User-agent: *\nDisallow: /r/\nDisallow: /unsubscribe/\nDisallow: /leave/\n"
    )


async def test_no_stylesheet_or_script_of_ours_asks_another_host_or_weighs_much(
    ada: Invited,
) -> None:
    sheets = (("desk.css", 10_000), ("print.css", 1_000), ("reference.css", 1_500))
    for name, most in (*sheets, ("host.js", 5_000)):
        content = (await ada.browser.get(f"/static/{name}")).content
        assert len(content) < most
        assert re.findall(rb"@import|url\(|https?:|innerHTML|eval", content) == []


async def test_the_reference_is_made_once(ada: Invited) -> None:
    first, second = [await ada.browser.get("/docs") for _ in range(2)]

    assert (first.status_code, first.text) == (200, second.text)
    assert {name: second.headers[name] for name in HEADERS} == dict(HEADERS)


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/nothing", 404, "There is no such page"),
        ("GET", f"/{EVIL}", 404, "There is no such page"),
        ("POST", "/", 405, "That does not work here"),
        ("DELETE", "/docs", 405, "That does not work here"),
        ("PATCH", "/r/x", 405, "That does not work here"),
    ],
)
async def test_errors_are_pages_for_browsers(
    ada: Invited, method: str, path: str, status: int, title: str
) -> None:
    answer = await ada.browser.request(method, path)

    page = Page(answer.text)
    assert (answer.status_code, page.text("h1")) == (status, title)
    assert page.text("footer") == f"Error {status} · Gatherlog"
    assert flaws_of_form(page) == []


async def test_a_wrong_method_names_the_right_ones(ada: Invited) -> None:
    answer = await ada.browser.put(ada.path)

    assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD", "POST"]


async def test_the_page_of_a_500_shows_nothing_of_the_error(
    ada: Invited, log_lines: list[bytes]
) -> None:
    await ada.platform.store.close()

    answer = await ada.browser.get(ada.path)

    assert (answer.status_code, Page(answer.text).text("h1")) == (
        503,
        "This is not possible just now",
    )
    assert ada.token.encode() not in b"".join(log_lines)


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/guests", "text/html"), ("/gatherings/x", "text/html"), ("/nothing", "*/*")],
)
async def test_programs_and_the_paths_of_the_api_keep_their_problem_documents(
    ada: Invited, path: str, accept: str
) -> None:
    answer = await ada.browser.get(path, headers={"Accept": accept})

    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.text)["status"] == answer.status_code


def test_no_template_turns_escaping_off() -> None:
    templates = Path(__file__).parents[3] / "src/gatherlog/interfaces/templates"

    for template in templates.rglob("*.html"):
        assert re.findall(r"\|\s*safe|autoescape|Markup", template.read_text()) == []
