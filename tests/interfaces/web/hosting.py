"""A host who uses the pages of hosts with a browser."""

from dataclasses import dataclass
from typing import Any

from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.apps.guests import Gathering, Guest, NewGuest
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from tests.interfaces.web.reading import Page, flaws_of_form


@dataclass
class Host:
    """A host with an account, signed in."""

    platform: Platform
    browser: AsyncClient
    account_id: str
    secret: str
    gathering_id: str = ""

    @property
    def place(self) -> str:
        return f"/host/{self.gathering_id}"

    async def page(self, path: str = "") -> Page:
        answer = await self.browser.get(self.place + path)
        assert answer.status_code == 200, answer.text
        page = Page(answer.text)
        assert flaws_of_form(page) == []
        return page

    async def token(self) -> str:
        page = Page((await self.browser.get("/host")).text)
        return next(e["value"] for e in page.all("input") if e["name"] == "form")

    async def post(self, path: str, files: Any = None, **fields: Any) -> Response:
        data = {"form": await self.token(), **fields}
        return await self.browser.post(path, data=data, files=files)

    async def upload(self, data: bytes) -> Response:
        files = {"file": ("guests.csv", data, "text/csv")}
        return await self.post(f"{self.place}/import", files)

    async def add(self, first: str, last: str = "Lovelace", **fields: Any) -> Guest:
        new = NewGuest(first_name=first, last_name=last, **fields)
        return (await self.platform.guests.add_guest(self.gathering_id, new, actor="t")).body

    async def guests(self) -> list[Guest]:
        listing = await self.platform.guests.guests(self.gathering_id)
        return [stored.body for stored in listing.items]

    async def gathering(self) -> Gathering:
        return (await self.platform.guests.gathering(self.gathering_id)).body


async def sign_in(platform: Platform, app: Http, email: str) -> Host:
    code = await platform.accounts.issue_code(email)
    secret = await platform.accounts.start_session(email, code)
    actor = await platform.accounts.session(secret)
    assert actor is not None
    browser = AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://test",
        headers={"Accept": "text/html"},
        cookies={"gatherlog": secret},
    )
    return Host(platform, browser, actor.account_id or "", secret)


def fields_of(page: Page) -> dict[str, list[str]]:
    """The fields that the page's form would send; its token is also that of the sign-out form."""
    return {**page.filled(), "form": page.filled()["form"][:1]}
