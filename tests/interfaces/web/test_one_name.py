"""Guests with one name: in lists, sheets, prints, letters, and where they sign in."""

from httpx2 import AsyncClient

from gatherlog.apps.guests.letter_texts import Around, confirmation
from tests.interfaces.web.hosting import Host, fields_of
from tests.interfaces.web.reading import Page

NAMES = [("Ada", "Lovelace"), ("Grandma", ""), ("Zoë", "Adams"), ("grand", "Grandma")]
SORTED = ["Adams, Zoë", "Grandma", "Grandma, grand", "Lovelace, Ada"]


async def test_the_guest_api_takes_a_blank_last_name_and_answers_it(
    api: AsyncClient, nobody: AsyncClient
) -> None:
    for first, last in NAMES:
        made = await api.post("/guests", json={"first_name": first, "last_name": last})
        assert (made.status_code, made.json()["last_name"]) == (201, last)
    listed = (await api.get("/admin/guests")).json()
    found = (await api.get("/admin/guests", params={"q": "grandma"})).json()
    cleared = await api.put(f"/guests/{listed[0]['id']}", json={"last_name": ""})

    assert [one["firstName"] for one in listed] == ["Zoë", "Grandma", "grand", "Ada"]
    assert [one["firstName"] for one in found] == ["Grandma", "grand"]
    assert (cleared.status_code, cleared.json()["last_name"]) == (200, "")
    link = (await api.post(f"/guests/{listed[1]['id']}/link")).json()["token"]
    for name, status in (("GRANDMA", 200), ("Lovelace", 401), ("", 400)):
        answer = await nobody.post("/auth/login", json={"token": link, "lastName": name})
        assert answer.status_code == status


async def test_a_last_name_has_to_be_named_even_if_it_is_blank(api: AsyncClient) -> None:
    missing = await api.post("/guests", json={"first_name": "Grandma"})

    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/last_name")


async def test_pages_sheets_and_prints_have_the_one_name_in_its_place(host: Host) -> None:
    for first, last in NAMES:
        await host.add(first, last)

    listed, printed = await host.page(), await host.page("/print")
    sheet = await host.browser.get(f"{host.place}/guests.csv")
    again = Page((await host.upload(sheet.content)).text)

    names = [text for text in [one.text for one in listed.all("strong")] if text in SORTED]
    assert names == SORTED
    assert [
        text for text in [one.text for one in printed.all("td", "th")] if text in SORTED
    ] == SORTED
    assert "There is nothing to import" in again.html


async def test_the_form_adds_a_guest_with_one_name_and_shows_it(host: Host) -> None:
    form = fields_of(await host.page("/guests/new"))
    made = await host.browser.post(
        f"{host.place}/guests/new", data={**form, "first_name": "Grandma", "last_name": " "}
    )

    [grandma] = await host.guests()
    assert (made.status_code, grandma.name, grandma.last_name) == (303, "Grandma", "")
    assert (await host.page(f"/guests/{grandma.id}")).text("h1") == "Grandma"


async def test_a_letter_greets_by_the_one_name(host: Host) -> None:
    grandma = await host.add("Grandma", "", email="grandma@example.org")

    letter = confirmation(await host.gathering(), grandma, Around(site="https://party.example"))

    assert letter.text.startswith("Dear Grandma,\n")
