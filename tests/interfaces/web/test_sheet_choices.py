"""The page of the import asks for the encoding where that is not sure."""

from tests.interfaces.web.hosting import Host
from tests.interfaces.web.reading import Page, flaws_of_form

HEBREW = "Name;Email\nמשה כהן;m@example.org\n".encode("cp1255")


async def test_likely_encodings_are_buttons_with_names_and_one_is_chosen(host: Host) -> None:
    unsure = Page((await host.upload(HEBREW)).text)

    assert flaws_of_form(unsure) == []
    offered = {e["value"]: e.text for e in unsure.all("button") if e.get("name") == "encoding"}
    assert offered["windows-1255"] == "Windows-1255"
    assert "Windows-1255 משה כהן" in [item.text for item in unsure.all("li")]

    packed = next(e["value"] for e in unsure.all("input") if e["name"] == "packed")
    place = f"{host.place}/import"
    fields = {"again": "1", "encoding": "windows-1255", "packed": packed}
    sure = Page((await host.post(place, {"x": b""}, **fields)).text)

    assert [e for e in sure.all("button") if e.get("name") == "encoding"] == []
    assert "Read as a sheet of your own, Windows-1255." in sure.html
    assert await host.guests() == []

    kept = next(e["value"] for e in sure.all("input") if e["name"] == "encoding")
    done = await host.post(place, {"x": b""}, packed=packed, encoding=kept)
    assert done.headers["location"] == f"{host.place}?done=imported"
    assert [guest.first_name for guest in await host.guests()] == ["משה"]


async def test_an_encoding_that_is_not_known_is_refused(host: Host) -> None:
    refused = await host.post(f"{host.place}/import", {"x": b""}, lines="Name", encoding="ebcdic")

    page = Page(refused.text)
    assert (refused.status_code, flaws_of_form(page)) == (422, [])
    assert "Should be one of auto, utf-8" in page.html


async def test_lines_that_are_left_out_are_counted_and_named(host: Host) -> None:
    sheet = b"Name,Status\nAda Winter,Yes\nBen Roth,Declined\nCas Day,Refunded\n"

    page = Page((await host.upload(sheet)).text)

    assert "2 lines name nobody to invite, and are left out" in [
        element.text for element in page.all("summary")
    ]
    assert {"Line 3 is declined", "Line 4 is refunded"} <= {e.text for e in page.all("li")}
