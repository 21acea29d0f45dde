"""Sheets over HTTP: workbooks, and the choice of an encoding."""

import io

import openpyxl
import pytest
from httpx2 import AsyncClient

CSV = {"content-type": "text/csv"}
XLSX = {"content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
HEBREW = "Name;Email\nמשה כהן;m@example.org\n".encode("cp1255")


def workbook(*rows: list[str | int]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("headers", [XLSX, CSV])
async def test_a_workbook_is_imported(api: AsyncClient, headers: dict[str, str]) -> None:
    sheet = workbook(["Name", "Seats"], ["Jürgen Müller", 2])

    done = await api.post("/guests/import", content=sheet, headers=headers)

    assert (done.status_code, done.json()["encoding"], done.json()["new"]) == (200, "XLSX", 1)
    [guest] = (await api.get("/guests")).json()
    assert (guest["first_name"], guest["expected_guests"]) == ("Jürgen", 2)


async def test_other_media_types_are_refused_with_those_that_are_taken(api: AsyncClient) -> None:
    refused = await api.post("/guests/import", content=b"x", headers={"content-type": "image/png"})

    assert refused.status_code == 415
    assert "text/csv or application/vnd.openxml" in refused.text


async def test_likely_encodings_are_told_and_one_is_chosen(api: AsyncClient) -> None:
    path = "/guests/import?preview=true"

    unsure = (await api.post(path, content=HEBREW, headers=CSV)).json()
    url = f"{path}&encoding=windows-1255"
    chosen = (await api.post(url, content=HEBREW, headers=CSV)).json()

    assert unsure["encoding_sure"] is False
    names = {one["name"]: one["samples"] for one in unsure["encodings"]}
    assert names["windows-1255"] == ["משה כהן"]
    assert (chosen["encoding"], chosen["encoding_sure"]) == ("Windows-1255", True)


async def test_an_encoding_that_is_not_known_is_refused(api: AsyncClient) -> None:
    refused = await api.post("/guests/import?encoding=ebcdic", content=HEBREW, headers=CSV)

    assert refused.status_code == 422
    assert (await api.get("/guests")).json() == []
