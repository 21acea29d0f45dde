"""The page that imports a sheet asks the host about what is not sure."""

import asyncio
import csv
import io
from typing import Any

import pytest
from httpx2 import Response

from gatherlog.apps.guests import Guest, Rsvp
from tests.interfaces.web.hosting import Host
from tests.interfaces.web.reading import Page, flaws_of_form
from tests.made_up import lettered

HEAD = "First name,Last name,Email,Household\n"
SHEET = f"{HEAD}Ben,Winter,family@example.org,\nAda,Winter,new@example.org,\nCas,Roth,,R\n"


@pytest.fixture
async def ada(host: Host) -> Guest:
    """Ada has said yes."""
    guest = await host.add("Ada", "Winter", email="family@example.org", group_id="W")
    rsvp = Rsvp(attending=True, dietary_tags=("vegan",))
    return (await host.platform.guests.rsvp(host.gathering_id, guest.id, rsvp, actor="t")).body


async def preview(host: Host, sheet: str = SHEET) -> Page:
    looked = await host.upload(sheet.encode())
    page = Page(looked.text)
    assert (looked.status_code, flaws_of_form(page)) == (200, [])
    return page


async def take_in(host: Host, page: Page, **chosen: str) -> Response:
    """Send the form of the preview; by line, what the texts of the chosen answers begin with."""
    answers = {f"row-{line[4:]}": answer(page, line[4:], text) for line, text in chosen.items()}
    return await host.post(f"{host.place}/import", {"x": b""}, **hidden(page), **answers)


def hidden(page: Page) -> dict[str, Any]:
    filled = page.filled()
    return {"packed": filled["packed"][0], "after": filled["after"][0]}


def answer(page: Page, line: str, text: str) -> str:
    """The value of the answer to a question."""
    labels = {label["for"]: label.text for label in page.all("label")}
    [value] = [
        one["value"]
        for one in page.all("input")
        if one["name"] == f"row-{line}" and labels[one["id"]].startswith(text)
    ]
    return value


def figures(page: Page) -> dict[str, str]:
    names = [name.text for name in page.all("dt")]
    return dict(zip(names, [figure.text for figure in page.all("dd")], strict=True))


async def names(host: Host) -> list[str]:
    return sorted(f"{guest.first_name} {guest.email}" for guest in await host.guests())


async def test_doubtful_lines_are_asked_about_with_what_was_answered(
    host: Host, ada: Guest
) -> None:
    page = await preview(host)

    assert [legend.text for legend in page.all("legend")] == [
        *("Line 2: Ben Winter", "Line 3: Ada Winter")
    ]
    told = "Ada Winter, family@example.org, household W (said yes)"
    assert [label.text for label in page.all("label")] == [
        f"The same person as {told}Then: first name Ada becomes Ben",
        *("Somebody new", "Leave out"),
        f"The same person as {told}Then: address family@example.org becomes new@example.org",
        *("Somebody new", "Leave out"),
    ]
    assert "Ada Winter is on the list with another address: family@example.org." in page.html
    assert figures(page)["To be chosen"] == "2"
    assert "Import 1 guest, and what you chose" in [button.text for button in page.all("button")]


async def test_nothing_is_chosen_beforehand_and_what_is_sure_is_imported(
    host: Host, ada: Guest
) -> None:
    page = await preview(host)
    assert [one for one in page.all("input") if one.get("checked") is not None] == []

    done = await take_in(host, page)

    assert done.headers["location"] == f"{host.place}?done=imported_in_part"
    assert await names(host) == ["Ada family@example.org", "Cas None"]
    again = await preview(host)
    assert (figures(again)["As before"], len(again.all("legend"))) == ("1", 2)


async def test_what_was_chosen_is_imported(host: Host, ada: Guest) -> None:
    page = await preview(host)

    done = await take_in(host, page, line2="Somebody new", line3="The same")

    assert done.headers["location"] == f"{host.place}?done=imported"
    assert await names(host) == ["Ada new@example.org", "Ben family@example.org", "Cas None"]
    [changed] = [guest for guest in await host.guests() if guest.id == ada.id]
    assert (changed.status, changed.dietary_tags) == ("coming", ("vegan",))
    assert "everything is on the list already" in (await preview(host)).html


async def test_a_choice_that_does_not_fit_any_more_is_shown_with_the_question_as_it_is_now(
    host: Host, ada: Guest
) -> None:
    page = await preview(host)
    no = Rsvp(attending=False)
    await host.platform.guests.rsvp(host.gathering_id, ada.id, no, actor="t")

    refused = Page((await take_in(host, page, line2="Leave out", line3="The same")).text)

    assert flaws_of_form(refused) == []
    assert refused.of_class("mistakes") == [
        "These choices were not carried out Line 3: what was asked about this line has changed "
        "meanwhile: look at it again."
    ]
    assert [legend.text for legend in refused.all("legend")] == ["Line 3: Ada Winter"]
    assert "(said no)" in refused.html
    assert await names(host) == ["Ada family@example.org", "Cas None"]
    await take_in(host, refused, line3="The same")
    assert await names(host) == ["Ada new@example.org", "Cas None"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("row-2", value) for value in ("", "nonsense", "same @ab", "new @zz", "same =x,5")],
        *(("row-x", "take"), ("row-99", "leave"), ("row-2.2", "leave"), ("row-", "leave")),
    ],
)
async def test_a_choice_that_was_tampered_with_imports_nothing(
    host: Host, ada: Guest, name: str, value: str
) -> None:
    page = await preview(host)

    sent = {**hidden(page), name: value}
    refused = await host.post(f"{host.place}/import", {"x": b""}, **sent)

    assert (refused.status_code, flaws_of_form(Page(refused.text))) == (422, [])
    assert await host.guests() == [ada]


async def test_changes_show_the_old_beside_the_new_and_the_answer(host: Host, ada: Guest) -> None:
    page = await preview(host, f"{HEAD}Ada,Winter,family@example.org,W2\n")

    assert [cell.text for cell in page.all("td")] == ["Ada Winter said yes", "household", "W", "W2"]
    assert page.all("legend") == []


async def test_a_guest_found_by_the_name_alone_can_be_somebody_new(host: Host) -> None:
    await host.add("Anna", "Koch", group_id="Bonn")
    page = await preview(host, f"{HEAD}Anna,Koch,,Ulm\n")

    assert "Somebody else: add as new" in [label.text for label in page.all("label")]
    await take_in(host, page, line2="Somebody else")
    assert sorted(guest.group_id or "" for guest in await host.guests()) == ["Bonn", "Ulm"]


async def test_names_beyond_ascii_are_shown_first_and_a_few_of_the_rest(host: Host) -> None:
    plain = "".join(f"{lettered(n)},Roth,,\n" for n in range(30))
    page = await preview(host, f"{HEAD}{plain}Zoë,Müller,,\nJosé,Ruiz,,\n")

    shown = [row.text.split("  ")[0] for row in page.all("td")][::6]
    assert shown == ["Zoë Müller", "José Ruiz", *(f"{lettered(n)} Roth" for n in range(8))]
    assert "And 22 more." in page.html


async def test_many_questions_come_page_by_page(host: Host, ada: Guest) -> None:
    lines = "".join(f"{lettered(n)},Roth,family@example.org,\n" for n in range(120))
    page = await preview(host, HEAD + lines)

    seen: list[str] = []
    done = None
    for expected in (50, 50, 20):
        questions = [legend.text for legend in page.all("legend")]
        assert len(questions) == expected
        seen += questions
        first = questions[0].split()[1].rstrip(":")
        done = await take_in(host, page, **{f"line{first}": "Somebody new"})
        page = Page(done.text) if done.status_code == 200 else page

    assert seen == [f"Line {n + 2}: {lettered(n)} Roth" for n in range(120)]
    assert done is not None
    assert done.headers["location"] == f"{host.place}?done=imported_in_part"
    assert len(await host.guests()) == 4


async def test_all_questions_are_downloaded_as_a_sheet(host: Host, ada: Guest) -> None:
    page = await preview(host)

    sheet = await host.post(f"{host.place}/import", {"x": b""}, **hidden(page), download="1")

    assert sheet.headers["content-disposition"] == 'attachment; filename="questions.csv"'
    told = "Ada Winter, family@example.org, household W (said yes)"
    assert list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig")))) == [
        ["Line", "First name", "Last name", "Email", "Household", "Not sure", "May be"],
        [
            *("2", "Ben", "Winter", "family@example.org", ""),
            *("Ada Winter has this address on the list, under another name.", told),
        ],
        [
            *("3", "Ada", "Winter", "new@example.org", ""),
            *("Ada Winter is on the list with another address: family@example.org.", told),
        ],
    ]
    assert await names(host) == ["Ada family@example.org"]


@pytest.mark.parametrize(
    ("sheet", "sentence"),
    [
        (f"{HEAD}Ada,Winter,nowhere,\n", "every line is bad"),
        (HEAD, "the sheet names no guests"),
        (
            f"{HEAD}Ada,Winter,family@example.org,W\nBen,Roth,nowhere,\n",
            "all guests of the good lines are on the list already",
        ),
        (f"{HEAD}Ada,Winter,family@example.org,W\n", "everything is on the list already"),
    ],
)
async def test_nothing_to_import_says_why(
    host: Host, ada: Guest, sheet: str, sentence: str
) -> None:
    page = await preview(host, sheet)

    assert f"There is nothing to import: {sentence}." in page.html
    assert [button.text for button in page.all("button")] == ["Sign out"]


async def test_a_page_of_questions_alone_does_not_say_that_all_is_there(
    host: Host, ada: Guest
) -> None:
    page = await preview(host, f"{HEAD}Ben,Winter,family@example.org,\n")

    assert "There is nothing to import" not in page.html
    assert "Import what you chose" in [button.text for button in page.all("button")]


async def test_the_same_choices_sent_twice_at_once_add_nobody_twice(host: Host, ada: Guest) -> None:
    page = await preview(host)
    chosen = {"row-2": answer(page, "2", "Somebody new"), "row-3": answer(page, "3", "The same")}

    await asyncio.gather(
        *(host.post(f"{host.place}/import", {"x": b""}, **hidden(page), **chosen) for _ in range(2))
    )

    assert await names(host) == ["Ada new@example.org", "Ben family@example.org", "Cas None"]
