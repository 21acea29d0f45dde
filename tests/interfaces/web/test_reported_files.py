"""Files that were read wrong, through the page and over REST: both ask about the same lines. And
files that were read one after the other."""

import re

import pytest
from httpx2 import AsyncClient

from tests.apps.guests_sheets.reported_files import BECOMES, REPORTED, asked, bad
from tests.interfaces.web.hosting import Host
from tests.interfaces.web.reading import Page

CSV = {"content-type": "text/csv"}


async def test_over_rest_a_file_is_asked_about_as_it_was_read(api: AsyncClient) -> None:
    for name in BECOMES:
        sheet = (REPORTED / f"{name}.csv").read_bytes()

        answer = (await api.post("/guests/import?preview=true", content=sheet, headers=CSV)).json()

        kinds = [
            (one["row"].split(".")[0], ", ".join({doubt["kind"]: 0 for doubt in one["doubts"]}))
            for one in answer["questions"]
        ]
        reasons = [(line["line"], line["reason"]) for line in answer["bad"]]
        assert (name, kinds, reasons) == (name, asked(name), bad(name))


async def test_the_page_asks_about_the_same_lines(host: Host) -> None:
    for name in BECOMES:
        page = Page((await host.upload((REPORTED / f"{name}.csv").read_bytes())).text)

        legends = [one.text for one in page.all("legend")]
        wrong = " ".join(page.of_class("mistakes"))
        assert (name, [re.split(r"[ .:]", one)[1] for one in legends]) == (
            name,
            [line for line, _ in asked(name)],
        )
        assert re.findall(r"Line (\d+): ", wrong) == [str(line) for line, _ in bad(name)]


@pytest.mark.parametrize(
    ("pair", "counts", "reasons"),
    [
        ("apostrophe", (0, 0, 1, 0), []),
        ("household-renamed", (0, 1, 0, 0), []),
        (
            "same-name-list",
            (0, 0, 0, 1),
            ["John Smith is on the list with another address: a@example.org."],
        ),
        (
            "shared-address-list",
            (0, 0, 0, 1),
            ["Ada Winter has this address on the list, under another name."],
        ),
    ],
)
async def test_a_second_list_changes_nobody_without_a_question(
    api: AsyncClient, pair: str, counts: tuple[int, ...], reasons: list[str]
) -> None:
    first, second = [(REPORTED / f"{pair}-{n}.csv").read_bytes() for n in (1, 2)]
    made = await api.post("/guests/import", content=first, headers=CSV)

    done = (await api.post("/guests/import", content=second, headers=CSV)).json()

    assert made.json()["new"] == 1
    assert tuple(done[name] for name in ("new", "changed", "unchanged", "asked")) == counts
    told = [doubt["reason"] for one in done["questions"] for doubt in one["doubts"]]
    assert (told, len((await api.get("/guests")).json())) == (reasons, 1)
