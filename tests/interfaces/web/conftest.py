"""A gathering with one invited guest, the guest's link, and a browser-like client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.apps.guests import Guest, NewGuest, SettingsPatch
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Application, Http
from tests.interfaces.web.hosting import Host, sign_in
from tests.interfaces.web.reading import Page

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Invited:
    """A guest who uses a browser."""

    platform: Platform
    browser: AsyncClient
    guest_id: str
    token: str

    @property
    def path(self) -> str:
        return f"/r/{self.token}"

    async def open(self) -> Page:
        answer = await self.browser.get(self.path)
        assert answer.status_code == 200
        return Page(answer.text)

    async def send(self, body: str) -> Response:
        return await self.browser.post(self.path, content=body, headers=FORM)

    async def answer(self, **fields: str | list[str]) -> Response:
        """Fill in the form as it stands, and send it."""
        return await self.send((await self.open()).body(**fields))

    async def stored(self) -> Guest:
        return (await self.platform.guests.guest("default", self.guest_id)).body


Invite = Callable[[NewGuest], Awaitable[Invited]]
ADA = NewGuest(first_name="Ada", last_name="Lovelace", expected_guests=4)
SUMMER = SettingsPatch(
    event_name="Summer party",
    event_date="2999-06-06T18:30",
    location="Villa Rosa, Berlin",
    rsvp_deadline="2999-05-31",
    time_zone="Europe/Berlin",
)


@pytest.fixture
async def browser(app: Application) -> AsyncIterator[AsyncClient]:
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    transport = ASGITransport(app=app)
    async with AsyncClient(transport=transport, base_url="http://test", headers=accept) as client:
        yield client


@pytest.fixture
def invite(platform: Platform, browser: AsyncClient) -> Invite:
    async def invited(new: NewGuest) -> Invited:
        guest = await platform.guests.add_guest("default", new, actor="test")
        token = await platform.guests.issue_link(
            "default", guest.body.id, actor="test", names_co_hosts=True
        )
        return Invited(platform, browser, guest.body.id, token)

    return invited


@pytest.fixture
async def ada(platform: Platform, invite: Invite) -> Invited:
    """A guest with four places at a summer party, whose deadline is far away."""
    await platform.guests.change_settings("default", SUMMER, actor="test")
    return await invite(ADA)


@pytest.fixture
async def host(platform: Platform, app: Http) -> AsyncIterator[Host]:
    """The host of a gathering without guests, signed in."""
    host = await sign_in(platform, app, "host@example.org")
    made = await host.post("/host", event_name="Garden party", time_zone="Europe/Berlin")
    host.gathering_id = made.headers["location"].split("/")[2].split("?")[0]
    yield host
    await host.browser.aclose()


@pytest.fixture
async def other(platform: Platform, app: Http) -> AsyncIterator[Host]:
    other = await sign_in(platform, app, "other@example.org")
    yield other
    await other.browser.aclose()
