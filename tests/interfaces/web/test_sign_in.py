"""Signing in by a mailed code or a key, signing out, and the protection of cookies and forms."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.apps.guests import GatheringDetails
from gatherlog.apps.people import Role
from gatherlog.apps.things import ChildDetails
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import Http, build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.interfaces.web.reading import Page, flaws_of_form

ADDRESS = "ada@example.org"


@pytest.fixture
async def demo() -> AsyncIterator[Platform]:
    platform = await start(Settings(store="memory:", demo=True, rate_limits="off"))
    yield platform
    await platform.stop()


def served(platform: Platform, log: list[bytes] | None = None) -> Http:
    lines = [] if log is None else log
    return build_app(platform, log=RequestLog(platform.clock, lines.append))


def client(platform: Platform, log: list[bytes] | None = None) -> AsyncClient:
    return AsyncClient(
        transport=ASGITransport(app=served(platform, log)),
        base_url="http://test",
        headers={"Accept": "text/html"},
    )


def token(page: Response) -> str:
    return next(e["value"] for e in Page(page.text).all("input") if e["name"] == "form")


async def send(browser: AsyncClient, **fields: Any) -> Response:
    """Open the form as a browser does, and send it."""
    form = token(await browser.get("/signin"))
    return await browser.post("/signin", data={"form": form, "next": "", **fields})


def code_in(platform: Platform) -> str:
    assert platform.mailbox is not None
    found = re.search(r"\b[0-9]{6}\b", platform.mailbox.letters()[0].text)
    assert found is not None
    return found[0]


async def signed_in(browser: AsyncClient, platform: Platform) -> Response:
    await send(browser, email=ADDRESS)
    return await send(browser, email=ADDRESS, code=code_in(platform))


async def test_a_code_from_the_mail_opens_a_session(demo: Platform) -> None:
    async with client(demo) as browser:
        asked = await send(browser, email=ADDRESS)
        entered = await send(browser, email=ADDRESS, code=code_in(demo))

        assert Page(asked.text).text("h1") == "Check your email"
        assert (entered.status_code, entered.headers["location"]) == (303, "/host")
        (cookie,) = [c for c in entered.headers.get_list("set-cookie") if "gls_" in c]
        assert re.sub("gls_[A-Za-z0-9_-]{43}", "…", cookie) == (
            "gatherlog=…; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"
        )
        assert Page((await browser.get("/host")).text).text("h1") == "My gatherings"
        assert (await browser.get("/signin")).headers["location"] == "/host"


async def test_a_device_keeps_a_token_of_its_own_also_when_it_signs_out(demo: Platform) -> None:
    async with client(demo) as browser:
        entered = await signed_in(browser, demo)
        (cookie,) = [c for c in entered.headers.get_list("set-cookie") if "gld_" in c]
        assert re.sub("gld_[^;]+", "…", cookie) == (
            "gatherlog-device=…; HttpOnly; Max-Age=15552000; Path=/; SameSite=lax"
        )
        before = browser.cookies["gatherlog-device"]
        await browser.post("/signout", data={"form": token(await browser.get("/host"))})

        assert browser.cookies["gatherlog-device"] == before
        assert (await browser.get("/host")).headers["location"] == "/signin?next=/host"


async def test_strangers_keep_no_browser_out_that_has_signed_in_before(demo: Platform) -> None:
    async with client(demo) as browser, client(demo) as stranger:
        await signed_in(browser, demo)
        await browser.post("/signout", data={"form": token(await browser.get("/host"))})
        for _ in range(12):  # in the same network
            await send(stranger, email=ADDRESS)
        await send(browser, email=ADDRESS)
        code = code_in(demo)
        for _ in range(12):
            await send(stranger, email=ADDRESS, code="000000")

        refused = await send(stranger, email=ADDRESS, code=code)
        entered = await send(browser, email=ADDRESS, code=code)

    assert [refused.status_code, entered.status_code] == [401, 303]


async def test_over_https_cookies_are_secure_and_bound_to_the_host() -> None:
    settings = Settings(
        store="memory:", demo=True, rate_limits="off", public_url="https://party.example"
    )
    platform = await start(settings)
    async with client(platform) as browser:
        answer = await browser.get("/signin")
    await platform.stop()

    assert re.sub("=[A-Za-z0-9_-]{22};", "=…;", answer.headers["set-cookie"]) == (
        "__Host-gatherlog-form=…; HttpOnly; Path=/; SameSite=lax; Secure"
    )


async def test_known_and_unknown_addresses_get_the_same_answer(demo: Platform) -> None:
    await demo.accounts.ensure(ADDRESS, actor="test")
    async with client(demo) as browser:
        known = await send(browser, email=ADDRESS)
        unknown = await send(browser, email="bob@example.org")

    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text.replace("bob@", "ada@")


@pytest.mark.parametrize("code", ["000000", "", "abc", "1" * 5000, "<b>"])
async def test_a_wrong_code_opens_nothing_and_says_why(demo: Platform, code: str) -> None:
    async with client(demo) as browser:
        await send(browser, email=ADDRESS)
        refused = await send(browser, email=ADDRESS, code=code)

        page = Page(refused.text)
        assert refused.status_code == 401
        assert page.id("code-error").text == (
            "This code is wrong, has been used, or is more than ten minutes old. "
            "Look again: the latest one works until 5 wrong ones have been tried."
        )
        assert flaws_of_form(page) == []
        assert (await browser.get("/host")).headers["location"] == "/signin?next=/host"


@pytest.mark.parametrize("email", ["", "ada", "<script>alert(1)</script>", "a@b\r\nBcc: x@y.z"])
async def test_an_invalid_address_is_reported_at_its_field(demo: Platform, email: str) -> None:
    async with client(demo) as browser:
        refused = await send(browser, email=email)

    page = Page(refused.text)
    assert (refused.status_code, page.all("script")) == (422, [])
    assert page.id("email-error").text == (
        "This is not an email address; one looks like ada@example.org."
    )
    assert flaws_of_form(page) == []


async def test_a_key_opens_pages_until_the_browser_is_closed(demo: Platform) -> None:
    key = await demo.keys.create("operator", None, "test", actor="test")
    async with client(demo) as browser:
        entered = await send(browser, key=key.secret)
        (cookie,) = [c for c in entered.headers.get_list("set-cookie") if "glk_" in c]
        assert "Max-Age" not in cookie
        assert (await browser.get("/host/default")).status_code == 200

        await browser.post("/signout", data={"form": token(await browser.get("/host"))})
        assert (await browser.get("/host")).headers["location"] == "/signin?next=/host"
    assert await demo.keys.authenticate(key.secret) is not None


async def test_an_unknown_key_opens_nothing(demo: Platform) -> None:
    async with client(demo) as browser:
        refused = await send(browser, key="glk_" + "x" * 43)

    page = Page(refused.text)
    assert (refused.status_code, flaws_of_form(page)) == (401, [])
    assert page.id("key-error").text == "This key is unknown, or has ended."


async def test_signing_out_ends_the_session_everywhere(demo: Platform) -> None:
    async with client(demo) as browser:
        await signed_in(browser, demo)
        secret = browser.cookies["gatherlog"]
        out = await browser.post("/signout", data={"form": token(await browser.get("/host"))})

        assert (out.status_code, out.headers["location"]) == (303, "/signin")
        assert await demo.accounts.session(secret) is None
        browser.cookies.set("gatherlog", secret)
        assert (await browser.get("/host")).headers["location"] == "/signin?next=/host"


async def test_a_form_of_another_site_does_nothing(demo: Platform) -> None:
    async with client(demo) as browser:
        await signed_in(browser, demo)
        secret = browser.cookies["gatherlog"]
        for fields in ({}, {"form": ""}, {"form": "x" * 43}, {"form": "é"}):
            for path in ("/signout", "/host", "/host/default/settings"):
                await demo.accounts.session(secret)
                answer = await browser.post(path, data={"event_name": "Evil", **fields})
                expected = 404 if "default" in path else 403  # not one's own: nothing is there
                assert (path, answer.status_code) == (path, expected)
        assert await demo.accounts.session(secret) is not None
        assert (await demo.guests.gatherings()).items[0].body.event_name == "Our gathering"
        assert len((await demo.guests.gatherings()).items) == 1


async def test_a_sign_in_form_of_another_browser_is_refused(demo: Platform) -> None:
    async with client(demo) as browser, client(demo) as other:
        form = token(await other.get("/signin"))
        await browser.get("/signin")
        for cookies in (True, False):
            if not cookies:
                browser.cookies.clear()
            forged = await browser.post("/signin", data={"form": form, "email": ADDRESS})
            assert (forged.status_code, Page(forged.text).text("h1")) == (
                403,
                "This form is out of date",
            )
    assert demo.mailbox is not None
    assert demo.mailbox.letters() == []


async def test_a_program_sends_a_header_instead_of_the_forms_token(demo: Platform) -> None:
    async with client(demo) as browser:
        await signed_in(browser, demo)
        made = await browser.post(
            "/host",
            data={"event_name": "By program", "time_zone": "UTC"},
            headers={"X-Gatherlog": "1"},
        )

    assert made.status_code == 303


@pytest.mark.parametrize(
    ("next_place", "led_to"),
    [
        ("/host/default/settings", "/host/default/settings"),
        ("/things?q=a%26b&ages=5%2C+8", "/things?q=a%26b&ages=5%2C+8"),
        ("https://evil.example/", "/host"),
        ("//evil.example", "/host"),
        ("/host/../r/x", "/host"),
        ("/host\n", "/host"),
    ],
)
async def test_the_sign_in_leads_to_pages_of_the_site_only(
    demo: Platform, next_place: str, led_to: str
) -> None:
    async with client(demo) as browser:
        await send(browser, email=ADDRESS)
        entered = await send(browser, email=ADDRESS, code=code_in(demo), next=next_place)

    assert entered.headers["location"] == led_to


async def test_all_of_the_sign_in_keeps_where_it_leads_to(demo: Platform) -> None:
    path = "/things?q=a%26b"
    async with client(demo) as browser:
        first = Page((await browser.get("/signin", params={"next": path})).text)
        asked = Page((await send(browser, email=ADDRESS, next=path)).text)
        await signed_in(browser, demo)
        later = await browser.get("/signin", params={"next": path})

    assert [page.filled()["next"][0] for page in (first, asked)] == [path, path]
    [again] = [e["href"] for e in asked.all("a") if e.text == "ask again"]
    assert again == "/signin?next=%2Fthings%3Fq%3Da%2526b"
    assert later.headers["location"] == path


async def test_without_a_session_pages_redirect_to_the_sign_in_and_back(demo: Platform) -> None:
    async with client(demo) as browser:
        answers = [await browser.get(path) for path in ("/host", "/host/default/settings")]

    assert [(one.status_code, one.headers["location"]) for one in answers] == [
        (303, "/signin?next=/host"),
        (303, "/signin?next=/host/default/settings"),
    ]


async def test_the_mailbox_shows_letters_newest_first_as_text(demo: Platform) -> None:
    async with client(demo) as browser:
        await send(browser, email="first@example.org")
        await send(browser, email="second@example.org")
        page = Page((await browser.get("/mailbox")).text)

    assert [line.split(" · ")[0] for line in page.of_class("soft")[:2]] == [
        "To second@example.org",
        "To first@example.org",
    ]
    assert flaws_of_form(page) == []


async def test_outside_the_demo_there_is_no_mailbox(browser: AsyncClient) -> None:
    assert (await browser.get("/mailbox")).status_code == 404
    assert "/mailbox" not in (await browser.get("/signin")).text


async def test_the_code_that_was_sent_still_works_after_a_wrong_one(demo: Platform) -> None:
    async with client(demo) as browser:
        await send(browser, email=ADDRESS)
        await send(browser, email=ADDRESS, code="000000")

        assert (await send(browser, email=ADDRESS, code=code_in(demo))).status_code == 303


async def test_without_a_mail_server_every_address_gets_the_same_page(
    platform: Platform, browser: AsyncClient
) -> None:
    await platform.accounts.ensure("known@example.org", actor="test")

    pages = []
    for email in ("known@example.org", "unknown@example.org"):
        asked = await send(browser, email=email)
        assert asked.status_code == 200
        pages.append(asked.text.replace(email, "…"))

    assert pages[0] == pages[1]
    page = Page(pages[0])
    assert (page.text("h1"), page.text("code")) == ("Ask for your code", "gatherlog signin …")
    assert "We sent" not in pages[0]
    assert "We’ll email you a code" not in (await browser.get("/signin")).text


async def test_too_many_attempts_are_answered_with_429() -> None:
    platform = await start(
        Settings(store="memory:", demo=True, rate_limits="email=2/minute,sign_in=off")
    )
    async with client(platform) as browser:
        answers = [await send(browser, email=ADDRESS) for _ in range(3)]
    await platform.stop()

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Please wait a minute, then try to sign in again." in answers[2].text
    assert "What you answered" not in answers[2].text
    assert "retry-after" in answers[2].headers


async def test_neither_code_nor_session_nor_address_gets_into_the_log(demo: Platform) -> None:
    log: list[bytes] = []
    async with client(demo, log) as browser:
        await signed_in(browser, demo)
        await browser.get("/host?q=secret")
        secret = browser.cookies["gatherlog"]

    written = b"".join(log)
    for hidden in (secret, code_in(demo), ADDRESS, "q=secret"):
        assert hidden.encode() not in written


async def landed(platform: Platform, next_place: str = "") -> str:
    """Where somebody lands who signs in."""
    async with client(platform) as browser:
        await send(browser, email=ADDRESS)
        entered = await send(browser, email=ADDRESS, code=code_in(platform), next=next_place)
    return entered.headers["location"]


@pytest.mark.parametrize(
    ("roles", "path"),
    [
        ([Role.ORGANISER], "/desk"),
        ([Role.REVIEWER], "/review"),
        ([Role.ORGANISER, Role.REVIEWER], "/review"),
    ],
)
async def test_reviewers_and_organisers_land_where_their_work_is(
    demo: Platform, roles: list[Role], path: str
) -> None:
    account = await demo.accounts.ensure(ADDRESS, actor="test")
    await demo.accounts.change_roles(account, add=roles, actor="test")

    assert await landed(demo) == path
    assert await landed(demo, "/host") == "/host"


async def test_who_has_children_but_no_gathering_lands_on_things_to_do(demo: Platform) -> None:
    account = await demo.accounts.ensure(ADDRESS, actor="test")
    mia = ChildDetails(name="Mia", birth_date="2020-06-15")
    await demo.things.add_child(mia, account, actor="test")

    assert await landed(demo) == "/things"

    await demo.guests.create_gathering(
        GatheringDetails(event_name="Tea"), host=account, actor="test"
    )
    assert await landed(demo) == "/host"
