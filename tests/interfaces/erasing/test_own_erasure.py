"""Erasing one's own account: asked for, confirmed by mail, thought over for a day, and done."""

import re
from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.apps.people.own_erasure import DAY, Departures
from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.interfaces.erasing.traces import flaws
from tests.interfaces.talking import Member, signed_up
from tests.interfaces.web.reading import Page, flaws_of_form
from tests.stores import HOSTILE_URL, eventually


@pytest.fixture(params=["memory:", HOSTILE_URL], ids=["memory", "hostile"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    """A site with mail, whose work in the background is done by the tests."""
    settings = Settings(store=request.param, demo=True, rate_limits="off", work="off")
    platform = await start(settings)
    yield platform
    await platform.stop()


@pytest.fixture
async def client(site: Platform) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app=build_app(site))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def ada(site: Platform, client: AsyncClient) -> Member:
    return await signed_up(site, client, "ada")


def later(site: Platform, days: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now = site.clock() + int(days * DAY)
    monkeypatch.setattr(site.own_erasures, "_clock", lambda: now)


async def link_of(site: Platform, ada: Member) -> str:
    """Ask, and open the letter: the path of its link."""
    assert (await ada.ask("POST", "/account/erasure")).status_code == 204
    assert site.mailbox is not None
    letter = site.mailbox.letters()[0]
    assert letter.to == "ada@example.org"
    found = re.search(r"https?://[^/]+(/leave/\S+)", letter.text)
    assert found is not None
    return found[1]


async def exists(site: Platform, ada: Member) -> bool:
    try:
        await site.accounts.account(ada.account_id)
    except NotFound:
        return False
    return True


async def test_a_member_is_mailed_a_few_links_only() -> None:
    site = await start(Settings(store="memory:", demo=True, work="off"))
    transport = ASGITransport(app=build_app(site))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        ada = await signed_up(site, client, "ada")
        answers = [(await ada.ask("POST", "/account/erasure")).status_code for _ in range(7)]
    await site.stop()

    assert answers == [204] * 5 + [429] * 2
    assert site.mailbox is not None
    assert len(site.mailbox.letters()) == 5


async def test_what_fails_is_reported_and_keeps_nobody_else(
    site: Platform, client: AsyncClient, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await signed_up(site, client, "bob")
    for one in (ada, bob):
        token = await site.own_erasures._token(one.account_id, site.clock())
        await site.own_erasures.confirm(token)
    later(site, 1.1, monkeypatch)
    reported: list[str] = []

    async def finish() -> None:
        raise RuntimeError("finish")

    async def erase(account_id: str) -> None:
        if account_id == ada.account_id:
            raise RuntimeError("ada")
        await site.eraser.erase("account", account_id, by="test")

    departures = Departures(
        site.own_erasures, erase, finish, report=lambda error: reported.append(str(error))
    )

    async def is_bob_gone() -> bool:
        await departures.go_round()
        return not await exists(site, bob)

    await eventually(is_bob_gone, True)

    assert await exists(site, ada)
    assert set(reported) == {"finish", "ada"}


async def round_erases(site: Platform, accounts: int) -> None:
    """A round erases so many accounts, as soon as queries show them."""
    await eventually(site.departures.go_round, accounts)


async def test_an_account_is_erased_a_day_after_it_was_confirmed_by_mail(
    site: Platform, client: AsyncClient, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await link_of(site, ada)
    assert (await ada.get("/account/erasure"))["due_at"] is None

    page = await client.get(link)
    assert flaws_of_form(Page(page.text)) == []
    assert (await ada.get("/account/erasure"))["due_at"] is None
    assert "will be erased after" in (await client.post(link)).text
    due = (await ada.get("/account/erasure"))["due_at"]
    await client.post(link)
    assert (due is not None, (await ada.get("/account/erasure"))["due_at"]) == (True, due)

    later(site, 0.9, monkeypatch)
    assert await site.departures.go_round() == 0
    assert await exists(site, ada)
    later(site, 1.1, monkeypatch)
    await round_erases(site, 1)

    assert not await exists(site, ada)
    assert (await ada.ask("GET", "/account/erasure")).status_code == 401
    assert (await client.get(link)).status_code == 404
    assert await flaws(site) == []


async def test_whoever_thinks_again_keeps_the_account(
    site: Platform, client: AsyncClient, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post(await link_of(site, ada))

    for _ in range(2):
        assert (await ada.ask("DELETE", "/account/erasure")).status_code == 204

    assert await ada.get("/account/erasure") == {"due_at": None}
    later(site, 2, monkeypatch)
    await round_erases(site, 0)
    assert await exists(site, ada)


@pytest.mark.parametrize("change", ["account", "time", "seal", "nothing"])
async def test_a_link_that_was_not_made_here_confirms_nothing(
    site: Platform, client: AsyncClient, ada: Member, change: str
) -> None:
    account, at, seal = (await link_of(site, ada)).removeprefix("/leave/").split(".")
    forged = {
        "account": f"{'0' * 8}{account[8:]}.{at}.{seal}",
        "time": f"{account}.{int(at) + 1}.{seal}",
        "seal": f"{account}.{at}.{'0' * len(seal)}",
        "nothing": "ü..",
    }[change]

    for method in ("GET", "POST"):
        assert (await client.request(method, f"/leave/{forged}")).status_code == 404
    assert await ada.get("/account/erasure") == {"due_at": None}


async def test_a_link_holds_for_a_day(
    site: Platform, client: AsyncClient, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await link_of(site, ada)
    later(site, 1.01, monkeypatch)

    assert (await client.post(link)).status_code == 404
    assert await ada.get("/account/erasure") == {"due_at": None}


async def test_a_site_without_mail_says_so_and_changes_nothing() -> None:
    platform = await start(Settings(store="memory:", rate_limits="off"))
    transport = ASGITransport(app=build_app(platform))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        ada = await signed_up(platform, client, "ada")

        refused = await ada.ask("POST", "/account/erasure")

        assert (refused.status_code, refused.json()["code"]) == (409, "no_mail_to_confirm")
    await platform.stop()
