"""A member who uses the pages of conversations with a browser."""

import re
from dataclasses import dataclass
from typing import Any

from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.apps.people import ProfilePatch
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from tests.interfaces.web.reading import Page, flaws_of_form

__all__ = ["Chatter", "signed_in"]


@dataclass
class Chatter:
    """A member with an account, signed in; `handle` is empty for one who has none yet."""

    platform: Platform
    browser: AsyncClient
    account_id: str
    handle: str

    async def page(self, path: str = "/messages", status: int = 200) -> Page:
        answer = await self.browser.get(path)
        assert answer.status_code == status, answer.text
        return read(answer)

    async def send(self, path: str, **fields: Any) -> Response:
        """Post a form of the pages, with the token that all forms of this visitor have."""
        data = {"form": await self.token(), **fields}
        headers = fields.pop("headers", {})
        return await self.browser.post(path, data=data, headers=headers)

    async def token(self) -> str:
        page = read(await self.browser.get("/messages"))
        return next(e["value"] for e in page.all("input") if e["name"] == "form")

    async def write(self, path: str, text: str) -> None:
        """Write into a conversation by its form."""
        sent = await self.send(path, text=text)
        assert (sent.status_code, sent.headers["location"]) == (303, f"{path}#newest")

    async def start(self, handle: str, text: str) -> str:
        """Write to somebody by the form; the path of the conversation."""
        sent = await self.send("/messages/new", to=handle, text=text)
        assert sent.status_code == 303, sent.text
        return re.split("[?#]", sent.headers["location"])[0]


def read(answer: Response) -> Page:
    """The page of an answer, which has no faults for screen readers."""
    page = Page(answer.text)
    assert flaws_of_form(page) == []
    return page


def texts(page: Page) -> list[str]:
    """The messages of a conversation, as it shows them."""
    return [one for one in page.of_class("text") if one]


async def signed_in(platform: Platform, app: Http, name: str, *, handle: bool = True) -> Chatter:
    address = f"{name}@example.org"
    code = await platform.accounts.issue_code(address)
    secret = await platform.accounts.start_session(address, code)
    actor = await platform.accounts.session(secret)
    assert actor is not None
    account = actor.account_id or ""
    if handle:
        patch = ProfilePatch(handle=name, display_name=name.capitalize())
        await platform.profiles.change(account, patch, actor="test")
    browser = AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://test",
        headers={"Accept": "text/html"},
        cookies={"gatherlog": secret},
    )
    return Chatter(platform, browser, account, name if handle else "")
