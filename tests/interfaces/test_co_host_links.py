"""Whoever has a guest's link is the guest, so links of co-hosts are made by hosts only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.apps.guests import NewGuest
from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.errors import Unauthenticated
from gatherlog.interfaces.http import Http
from tests.stores import eventually

ALL = "/host/default/links"


@dataclass
class CoHost:
    """A guest whom the host made a co-host, with the link that the host made."""

    platform: Platform
    guest_id: str
    link: str
    login: str
    client: AsyncClient
    """Sends the login as a program does, and as a browser does, with the header of programs."""

    @property
    def by_rest(self) -> str:
        return f"/guests/{self.guest_id}/link"

    @property
    def by_page(self) -> str:
        return f"/host/default/guests/{self.guest_id}/link"

    async def post(self, path: str, **fields: str) -> Response:
        return await self.client.post(path, data={"form": "", **fields})


Join = Callable[[str], Awaitable[CoHost]]


@pytest.fixture
async def join(platform: Platform, app: Http) -> AsyncIterator[Join]:
    """Makes a co-host of that last name, who is signed in."""
    clients = []

    async def joined(name: str) -> CoHost:
        guest_id = await added(platform, name)
        link = await platform.guests.issue_link(
            "default", guest_id, actor="host", names_co_hosts=True
        )
        await platform.guests.make_co_host("default", guest_id, True, actor="host")
        login = await platform.guest_login.login(link, name)
        headers = {"Authorization": f"Bearer {login}", "X-Gatherlog": "1"}
        client = AsyncClient(
            transport=ASGITransport(app=app),
            base_url="http://test",
            headers=headers,
            cookies={"gatherlog": login},
        )
        clients.append(client)
        return CoHost(platform, guest_id, link, login, client)

    yield joined
    for client in clients:
        await client.aclose()


async def added(platform: Platform, name: str) -> str:
    new = NewGuest(first_name="Ada", last_name=name)
    return (await platform.guests.add_guest("default", new, actor="host")).body.id


async def link_of(platform: Platform, guest_id: str) -> str | None:
    return (await platform.guests.guest("default", guest_id)).body.link


@pytest.mark.parametrize("way", ["by_rest", "by_page"])
async def test_a_co_host_makes_no_link_of_another_co_host_nor_a_new_own_one(
    join: Join, way: str
) -> None:
    ada, ida = await join("Lovelace"), await join("Byron")
    before = await link_of(ida.platform, ida.guest_id)

    refused = [await ada.post(getattr(whose, way)) for whose in (ida, ada)]

    assert [answer.status_code for answer in refused] == [403, 403]
    assert await link_of(ida.platform, ida.guest_id) == before
    assert (await ida.client.get("/guests")).status_code == 200


@pytest.mark.parametrize("which", ["all", "missing"])
async def test_links_for_all_made_by_a_co_host_leave_out_co_hosts(join: Join, which: str) -> None:
    ada, ida = await join("Lovelace"), await join("Byron")
    plain = await added(ada.platform, "Babbage")
    before = [await link_of(ada.platform, one.guest_id) for one in (ada, ida)]

    made = await ada.post(ALL, which=which)

    assert made.status_code == 200
    assert made.text.count("<code>") == 1
    assert "Babbage" in made.text
    assert await link_of(ada.platform, plain) is not None
    assert [await link_of(ada.platform, one.guest_id) for one in (ada, ida)] == before


async def test_the_page_of_links_tells_a_co_host_that_co_hosts_are_left_out(join: Join) -> None:
    ada = await join("Lovelace")
    await added(ada.platform, "Babbage")

    page = await ada.client.get(ALL)

    assert "The links of co-hosts are not among them" in page.text
    assert "Make a link for 1 guest" in page.text


async def test_a_link_that_a_co_host_made_opens_no_pages_of_hosts_later(
    join: Join, platform: Platform
) -> None:
    """A co-host makes links of plain guests, of whom the host may make one a co-host later."""
    ada, plain = await join("Lovelace"), await added(platform, "Babbage")
    answer = await ada.post(f"/guests/{plain}/link")
    token = answer.json()["token"]

    await platform.guests.make_co_host("default", plain, True, actor="host")

    login = await platform.guest_login.login(token, "Babbage")
    headers = {"Authorization": f"Bearer {login}"}
    assert (await ada.client.get("/rsvp", headers=headers)).status_code == 200
    assert (await ada.client.get("/guests", headers=headers)).status_code == 404
    assert (await ada.post(f"/r/{token}?manage")).status_code == 404


async def test_a_demoted_co_hosts_login_is_not_valid_any_more_whatever_happens_later(
    join: Join, platform: Platform
) -> None:
    ada = await join("Lovelace")

    await platform.guests.make_co_host("default", ada.guest_id, False, actor="host")
    ended = await ada.client.get("/guests")
    await platform.guests.make_co_host("default", ada.guest_id, True, actor="host")

    assert [ended.status_code, (await ada.client.get("/guests")).status_code] == [401, 401]
    with pytest.raises(Unauthenticated):
        await platform.guest_login.actor(ada.login)


async def test_a_removed_co_hosts_login_and_link_are_not_valid_any_more(
    join: Join, platform: Platform
) -> None:
    ada = await join("Lovelace")

    await platform.guests.remove_guest("default", ada.guest_id, actor="host", names_co_hosts=True)

    assert (await ada.client.get("/guests")).status_code == 401
    assert (await ada.client.get(f"/r/{ada.link}")).status_code == 404


async def test_a_co_host_removes_no_co_host(join: Join, platform: Platform) -> None:
    ada, ida = await join("Lovelace"), await join("Byron")

    refused = [
        await ada.client.delete(f"/guests/{ida.guest_id}"),
        await ada.client.delete(f"/admin/guests/{ida.guest_id}"),
        await ada.post(f"/host/default/guests/{ida.guest_id}", remove="1"),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert (await platform.guests.guest("default", ida.guest_id)).body.is_co_host


@pytest.mark.usefixtures("working")
async def test_the_trail_names_who_made_a_link_whichever_way(
    join: Join, api: AsyncClient, platform: Platform
) -> None:
    ada, plain = await join("Lovelace"), await added(platform, "Babbage")

    await ada.client.post(f"/guests/{plain}/link")
    await ada.post(f"/host/default/guests/{plain}/link")
    await ada.post(ALL, which="all")
    await api.post(f"/guests/{plain}/link")

    async def makers() -> list[str]:
        path = f"/guests/{plain}/activities"
        told = (await api.get(path)).json()
        return [one["actor"] for one in told if one["action"] == "guests.link_issued"]

    operator = (await platform.keys.keys())[0]
    await eventually(makers, [f"key:{operator.id}", *[f"guest:{ada.guest_id}"] * 3])


async def test_a_link_is_not_in_the_head_of_the_answer(join: Join, api: AsyncClient) -> None:
    ada = await join("Lovelace")

    made = await api.post(ada.by_rest)

    token = made.json()["token"]
    assert made.status_code == 201
    assert token not in str(made.headers)
