"""A browser of somebody who looks for things to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.interfaces.http import Http
from tests.interfaces.web.reading import Page, flaws_of_form

__all__ = ["Browsing"]


class Browsing:
    """Opens pages and sends forms, as a browser without scripts does."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    @staticmethod
    @asynccontextmanager
    async def of(app: Http, secret: str = "") -> AsyncIterator["Browsing"]:
        cookies = {"gatherlog": secret} if secret else {}
        async with AsyncClient(
            transport=ASGITransport(app=app),
            base_url="http://test",
            headers={"Accept": "text/html"},
            cookies=cookies,
        ) as client:
            yield Browsing(client)

    async def get(self, path: str, **query: Any) -> Response:
        return await self.client.get(path, params=query or None)

    async def open(self, path: str, status: int = 200, **query: Any) -> Page:
        """The page, which is one that everybody can use."""
        return page_of(await self.get(path, **query), status)

    async def send(self, path: str, **fields: Any) -> Response:
        """Fill in the form of a page and send it; what is not named is sent as the page has it."""
        page = await self.open(path)
        return await self.post(path, **{**only_form(page), **fields})

    async def post(self, path: str, **fields: Any) -> Response:
        return await self.client.post(path, data=fields)

    async def token(self, path: str = "/things") -> str:
        """The token of this visitor's forms."""
        return str(only_form(await self.open(path))["form"])


def page_of(answer: Response, status: int = 200) -> Page:
    """The page that was answered."""
    assert answer.status_code == status, answer.text
    page = Page(answer.text)
    assert flaws_of_form(page) == []
    return page


def only_form(page: Page) -> dict[str, Any]:
    """What the page's form would send; all forms of a page have the same token."""
    filled = page.filled()
    return {**filled, "form": filled["form"][0]} if "form" in filled else dict(filled)
