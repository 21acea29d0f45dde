"""Links for many guests at once: who gets one, which ones end, and that they are shown once."""

import asyncio
import re

import pytest
from httpx2 import Response

from gatherlog.apps.guests import NewGuest
from gatherlog.core.eventstore.errors import NotFound
from tests.interfaces.web.hosting import Host
from tests.interfaces.web.reading import Page, flaws_of_form

EVIL = "<b>"
LINK = re.compile(r"http://127\.0\.0\.1:8000/r/([\w-]{43})")


async def make(host: Host, which: str) -> Response:
    return await host.post(f"{host.place}/links", which=which)


async def holder(host: Host, token: str) -> str:
    return (await host.platform.guests.guest_by_link(token)).guest_id


@pytest.fixture
async def host_of_two(host: Host) -> Host:
    await host.add("Ada", email="ada@example.org", group_id="L")
    await host.add("=Ida", last=EVIL)
    return host


async def test_links_are_made_for_those_who_have_none(host_of_two: Host) -> None:
    [ida, ada] = await host_of_two.guests()
    token = await host_of_two.platform.guests.issue_link(ada.gathering_id, ada.id, actor="t")

    made = await make(host_of_two, "missing")

    [new] = LINK.findall(made.text)
    assert (await holder(host_of_two, new), await holder(host_of_two, token)) == (ida.id, ada.id)
    page = Page(made.text)
    assert (flaws_of_form(page), page.all("b")) == ([], [])
    assert [name.text for name in page.all("strong")] == ["=Ida <b>"]


async def test_new_links_for_all_end_those_before(host_of_two: Host) -> None:
    old = LINK.findall((await make(host_of_two, "missing")).text)

    output = (await host_of_two.page("/links")).text("details")
    new = LINK.findall((await make(host_of_two, "all")).text)

    assert "2 guests have stop working at once" in output
    assert (len(old), len(new), set(old) & set(new)) == (2, 2, set())
    for token in old:
        with pytest.raises(NotFound):
            await holder(host_of_two, token)
    assert {await holder(host_of_two, token) for token in new} == {
        guest.id for guest in await host_of_two.guests()
    }


async def test_links_are_shown_once_and_come_as_a_sheet(host_of_two: Host) -> None:
    made = Page((await make(host_of_two, "all")).text)
    packed = next(e["value"] for e in made.all("input") if e["name"] == "packed")

    sheet = await host_of_two.post(f"{host_of_two.place}/links.csv", packed=packed)

    head, *rows = sheet.content.decode("utf-8-sig").splitlines()
    links = [code.text for code in made.all("code")]
    assert head == "First name,Last name,Email,Household,Link"
    assert rows == [f"'=Ida,<b>,,,{links[0]}", f"Ada,Lovelace,ada@example.org,L,{links[1]}"]
    assert sheet.headers["content-disposition"] == 'attachment; filename="links.csv"'
    again = await make(host_of_two, "missing")
    assert (LINK.findall(again.text), "Every guest has a link." in again.text) == ([], True)


@pytest.mark.parametrize("packed", ["", "%%%", "AAAA", "eJwDAAAAAAE=", "é"])
async def test_a_tampered_sheet_is_refused(host: Host, packed: str) -> None:
    lost = await host.post(f"{host.place}/links.csv", packed=packed)

    assert (lost.status_code, Page(lost.text).text("h1")) == (422, "The sheet got lost on the way")


async def test_the_page_and_the_post_are_for_hosts_alone(host_of_two: Host, other: Host) -> None:
    place = f"{host_of_two.place}/links"

    assert (await other.browser.get(place)).status_code == 404
    assert (await other.post(place, which="all")).status_code == 404
    assert (await host_of_two.browser.post(place, data={"which": "all"})).status_code == 403
    assert [guest.link for guest in await host_of_two.guests()] == [None, None]


async def test_a_list_of_hundreds_gets_a_link_each(host: Host) -> None:
    guests = host.platform.guests
    for n in range(450):
        new = NewGuest(first_name=f"{n:03}", last_name="Lovelace")
        await guests.add_guest(host.gathering_id, new, actor="t")

    tokens = LINK.findall((await make(host, "missing")).text)

    holders = await asyncio.gather(*[holder(host, token) for token in tokens])
    everybody = [guest.id for guest in await guests.all_guests(host.gathering_id)]
    assert holders == everybody


async def test_two_hosts_at_once_do_not_end_each_others_new_links(
    host_of_two: Host,
) -> None:
    both = await asyncio.gather(*[make(host_of_two, "missing") for _ in range(2)])

    tokens = [token for made in both for token in LINK.findall(made.text)]
    assert {await holder(host_of_two, token) for token in tokens} == {
        guest.id for guest in await host_of_two.guests()
    }
    assert len(tokens) == 2


async def test_a_gathering_without_guests_needs_no_links(host: Host) -> None:
    assert "No guests yet." in (await host.page("/links")).html
    assert LINK.findall((await make(host, "all")).text) == []
