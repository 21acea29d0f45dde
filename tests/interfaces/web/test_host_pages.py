"""The pages of hosts: gatherings, figures, guests, links, sheets, and who may see them."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.apps.guests import NewGuest, Rsvp, SettingsPatch
from gatherlog.interfaces.http import Http
from tests.interfaces.web.hosting import Host, fields_of
from tests.interfaces.web.reading import Page, flaws_of_form
from tests.made_up import lettered

EVIL = "<script>alert(1)</script>\"'&<b>"
SHEET = b"First name,Last name,Email,Household\nAda,Lovelace,ada@example.org,L\nIda,Lovelace,,L\n"


async def test_a_gathering_is_made_from_a_few_fields(host: Host) -> None:
    made = await host.post(
        "/host",
        event_name="Ada’s fortieth",
        event_date="2999-06-06",
        event_time="18:30",
        location="Villa Rosa",
        time_zone="Europe/Berlin",
    )

    gathering_id = made.headers["location"].split("/")[2].split("?")[0]
    gathering = (await host.platform.guests.gathering(gathering_id)).body
    assert (made.status_code, gathering.host_account) == (303, host.account_id)
    assert (gathering.event_name, gathering.event_date, gathering.location) == (
        "Ada’s fortieth",
        "2999-06-06T18:30:00",
        "Villa Rosa",
    )
    page = Page((await host.browser.get("/host")).text)
    assert [name.text for name in page.all("strong")] == ["Garden party", "Ada’s fortieth"]


@pytest.mark.parametrize(
    ("typed", "kept", "shown"),
    [
        (("18:30", "", "23:00"), "2999-06-06T23:00:00", "18:30 to 23:00, Berlin time"),
        (
            ("18:30", "", "02:00"),
            "2999-06-07T02:00:00",
            "18:30 to Friday, 7 June 2999, 02:00, Berlin time",
        ),
        (("18:30", "2999-06-06", "19:00"), "2999-06-06T19:00:00", "18:30 to 19:00, Berlin time"),
        (("18:30", "", ""), None, "18:30, Berlin time"),
        (("", "2999-06-08", ""), "2999-06-08", "Thursday, 6 June 2999 to Saturday, 8 June 2999"),
    ],
)
async def test_a_gathering_has_an_end_which_is_shown(
    host: Host, typed: tuple[str, str, str], kept: str | None, shown: str
) -> None:
    time, end, end_time = typed
    when = {"event_date": "2999-06-06", "event_time": time, "event_end": end, "end_time": end_time}
    made = await host.post("/host", event_name="Ball", time_zone="Europe/Berlin", **when)

    host.gathering_id = made.headers["location"].split("/")[2].split("?")[0]
    assert (await host.gathering()).event_end == kept
    assert shown in (await host.page()).html.replace("\xa0", " ")
    form = await host.page("/settings")
    saved = await host.browser.post(f"{host.place}/settings", data=fields_of(form))
    assert (saved.status_code, (await host.gathering()).event_end) == (303, kept)


@pytest.mark.parametrize(
    ("typed", "flaw"),
    [
        (("18:30", "2999-06-06", ""), "The end has a day but no time."),
        (("", "", "23:00"), "The end has a time, but the beginning has none."),
        (("18:30", "2999-06-06", "18:00"), "The end should be after the beginning."),
        (("18:30", "x", "18:00"), "The end should be a date like 2026-06-01,"),
    ],
)
async def test_an_end_that_does_not_fit_is_reported_at_its_field(
    host: Host, typed: tuple[str, str, str], flaw: str
) -> None:
    time, end, end_time = typed
    when = {"event_date": "2999-06-06", "event_time": time, "event_end": end, "end_time": end_time}
    refused = await host.post("/host", event_name="Ball", time_zone="Europe/Berlin", **when)

    page = Page(refused.text)
    assert (refused.status_code, flaws_of_form(page)) == (422, [])
    assert page.id("event_end-error").text[: len(flaw)] == flaw


async def test_who_has_no_gathering_is_shown_the_way_to_things_to_do(host: Host) -> None:
    await host.platform.guests.remove_gathering(host.gathering_id, actor="t")

    page = Page((await host.browser.get("/host")).text)

    assert "/things" in [e.get("href") for e in page.all("a") if e.text == "Find things to do"]


async def test_a_missing_name_of_a_gathering_is_reported_at_its_field(host: Host) -> None:
    refused = await host.post("/host", event_name=" ", event_time="18:00", location=EVIL)

    page = Page(refused.text)
    assert (refused.status_code, flaws_of_form(page)) == (422, [])
    assert page.id("event_date-error").text == "The date has a time but no day."
    assert (page.id("location")["value"], page.all("b")) == (EVIL, [])


async def test_the_figures_and_the_guests_are_those_of_the_gathering(host: Host) -> None:
    ada = await host.add("Ada", expected_guests=3, group_id="home", email="ada@example.org")
    await host.add("Ida")
    await host.platform.guests.rsvp(
        host.gathering_id, ada.id, Rsvp(attending=True, dietary_tags=("vegan",)), actor="t"
    )

    page = await host.page()

    shown = {e["data-figure"]: e.text for e in page.elements if e.get("data-figure")}
    assert {key: shown[key] for key in ("people", "coming", "pending", "left", "meal-vegan")} == {
        "people": "3",
        "coming": "1",
        "pending": "1",
        "left": "no limit",
        "meal-vegan": "3",
    }
    rows = [e.text for e in page.all("li")]
    assert rows == [
        "Lovelace, Ada3 people · home · ada@example.org · special foodComing",
        "Lovelace, IdaNo answer",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=lovel", ["Lovelace, Ada", "Lovelace, Ida"]),
        ("?q=ZOË", ["Zweig, Zoe"]),
        ("?q=zoe@", ["Zweig, Zoe"]),
        ("?status=coming", ["Lovelace, Ida"]),
        ("?household=home", ["Lovelace, Ada"]),
        ("?q=lovel&status=coming&household=", ["Lovelace, Ida"]),
        ("?status=nonsense", ["Lovelace, Ada", "Lovelace, Ida", "Zweig, Zoe"]),
        ("?q=nobody", []),
    ],
)
async def test_guests_are_found_by_name_address_answer_and_household(
    host: Host, query: str, found: list[str]
) -> None:
    await host.add("Ada", group_id="home")
    ida = await host.add("Ida")
    await host.add("Zoe", "Zweig", email="zoe@example.org")
    await host.platform.guests.rsvp(host.gathering_id, ida.id, Rsvp(attending=True), actor="t")

    page = await host.page(query)

    names = [e.text for e in page.all("strong") if e.get("data-figure") is None]
    assert names == found


async def test_a_long_list_comes_in_pages_that_hold_everybody_once(host: Host) -> None:
    sheet = "First name,Last name\n" + "".join(
        f"G{lettered(n)},L{lettered(n)}\n" for n in range(120)
    )
    await host.upload(sheet.encode())
    page = Page((await host.upload(sheet.encode())).text)
    await host.post(f"{host.place}/import", {"x": b""}, packed=page.filled()["packed"][0])

    seen: list[str] = []
    place = host.place
    while place:
        page = Page((await host.browser.get(place)).text)
        seen += [e.text for e in page.all("strong") if e.get("data-figure") is None]
        more = [e["href"] for e in page.all("a") if e.text == "More guests"]
        place = more[0] if more else ""

    assert seen == [f"L{lettered(n)}, G{lettered(n)}" for n in range(120)]


async def test_a_guest_is_added_changed_answered_for_and_removed(host: Host) -> None:
    added = await host.post(
        f"{host.place}/guests/new",
        first_name="Ada",
        last_name="Lovelace",
        email="ada@example.org",
        group_id="home",
        expected_guests="3",
        children="1",
        dietary_tags=["vegan", "halal"],
    )
    place = added.headers["location"].partition("?")[0]
    (guest,) = await host.guests()
    assert (guest.expected_guests, guest.children, guest.group_id) == (3, 1, "home")
    assert guest.dietary_tags == ("vegan", "halal")

    page = await host.page(place.removeprefix(host.place))
    answers = {**fields_of(page), "attending": "coming", "num_guests": "2", "email": ""}
    saved = await host.browser.post(place, data=answers)
    (guest,) = await host.guests()
    assert (saved.status_code, guest.status, guest.num_guests) == (303, "coming", 2)
    assert (guest.email, guest.group_id, guest.dietary_tags) == (None, "home", ("vegan", "halal"))

    removed = await host.post(place, remove="1")
    assert (removed.headers["location"], await host.guests()) == (f"{host.place}?done=removed", [])


async def test_a_guest_who_phoned_may_be_not_sure_and_may_have_said_nothing(host: Host) -> None:
    ada = await host.add("Ada")
    place = f"{host.place}/guests/{ada.id}"

    states = []
    for said in ("undecided", "coming", "undecided", "undecided", "pending", "declined", "pending"):
        form = fields_of(await host.page(f"/guests/{ada.id}"))
        await host.browser.post(place, data={**form, "attending": said})
        states += [guest.status for guest in await host.guests()]

    assert states == [
        *("undecided", "coming", "undecided", "undecided", "pending", "declined", "pending")
    ]


async def test_a_guest_can_be_taken_back_to_no_answer(host: Host) -> None:
    ada = await host.add("Ada")
    await host.platform.guests.rsvp(host.gathering_id, ada.id, Rsvp(attending=True), actor="t")
    path = f"/guests/{ada.id}"

    page = await host.page(path)
    await host.browser.post(host.place + path, data={**fields_of(page), "attending": "pending"})

    assert [guest.status for guest in await host.guests()] == ["pending"]


async def test_a_mistake_about_a_guest_is_named_and_nothing_is_saved(host: Host) -> None:
    refused = await host.post(
        f"{host.place}/guests/new", first_name=EVIL, expected_guests="many", children="0"
    )

    page = Page(refused.text)
    assert (refused.status_code, flaws_of_form(page), await host.guests()) == (422, [], [])
    assert page.id("expected_guests-error").text == (
        "The number of places should be written as a number, such as 2."
    )
    assert (page.id("first_name")["value"], page.all("b")) == (EVIL, [])


async def test_a_guest_who_answered_meanwhile_is_not_overwritten(host: Host) -> None:
    ada = await host.add("Ada")
    place = f"{host.place}/guests/{ada.id}"
    form = fields_of(Page((await host.browser.get(place)).text))
    await host.platform.guests.rsvp(host.gathering_id, ada.id, Rsvp(attending=True), actor="t")

    overtaken = await host.browser.post(place, data={**form, "attending": "declined"})

    page = Page(overtaken.text)
    assert (overtaken.status_code, [g.status for g in await host.guests()]) == (409, ["coming"])
    assert page.of_class("now") == ["Coming"]
    assert page.of_class("news") == ["Changed meanwhile. Saved now: Coming"]
    again = await host.browser.post(place, data=fields_of(page))
    assert (again.status_code, [g.status for g in await host.guests()]) == (303, ["declined"])


@pytest.mark.parametrize("version", ["9" * 5000, "\uff11", "-1", "1e0", ""])
async def test_a_version_that_no_form_had_saves_nothing(host: Host, version: str) -> None:
    ada = await host.add("Ada")

    for path, changed in ((f"/guests/{ada.id}", "first_name"), ("/settings", "event_name")):
        form = fields_of(await host.page(path)) | {"version": [version], changed: ["Zoë"]}
        refused = await host.browser.post(host.place + path, data=form)
        assert (refused.status_code, Page(refused.text).id(changed)["value"]) == (409, "Zoë")

    assert ([g.first_name for g in await host.guests()], (await host.gathering()).event_name) == (
        ["Ada"],
        "Garden party",
    )


async def test_a_link_is_shown_once_and_a_new_one_ends_it(host: Host) -> None:
    ada = await host.add("Ada")
    place = f"{host.place}/guests/{ada.id}"

    links = []
    for _ in range(2):
        page = Page((await host.post(f"{place}/link")).text)
        links.append(re.sub("^.*/r/", "/r/", page.id("address")["value"]))
        assert flaws_of_form(page) == []

    assert [(await host.browser.get(link)).status_code for link in links] == [404, 200]
    again = (await host.browser.get(place)).text
    assert [link.removeprefix("/r/") in again for link in links] == [False, False]


async def test_settings_are_changed_and_cleared(host: Host) -> None:
    page = await host.page("/settings")
    given = {
        "event_date": "2999-06-06",
        "event_time": "18:30",
        "rsvp_deadline": "2999-05-31",
        "max_guests": "2",
        "time_zone": "Europe/Paris",
    }
    saved = await host.browser.post(f"{host.place}/settings", data={**fields_of(page), **given})
    gathering = await host.gathering()
    assert (saved.status_code, gathering.max_guests, gathering.time_zone) == (
        303,
        2,
        "Europe/Paris",
    )
    assert (gathering.event_date, gathering.rsvp_deadline) == ("2999-06-06T18:30:00", "2999-05-31")

    page = await host.page("/settings")
    assert (page.id("event_time")["value"], page.id("rsvp_time")["value"]) == ("18:30", "")
    cleared = {
        **fields_of(page),
        "rsvp_deadline": "",
        "max_guests": "",
        "time_zone": "Europe/Paris",
    }
    await host.browser.post(f"{host.place}/settings", data=cleared)
    gathering = await host.gathering()
    assert (gathering.rsvp_deadline, gathering.max_guests) == (None, None)


async def test_settings_that_changed_meanwhile_are_not_overwritten(host: Host) -> None:
    form = fields_of(await host.page("/settings"))
    moved = SettingsPatch(location="Elsewhere")
    await host.platform.guests.change_settings(host.gathering_id, moved, actor="t")

    stale = await host.browser.post(f"{host.place}/settings", data={**form, "location": "Here"})

    assert (stale.status_code, (await host.gathering()).location) == (409, "Elsewhere")


async def test_what_others_changed_is_marked_and_kept_where_nobody_typed(host: Host) -> None:
    form = fields_of(await host.page("/settings"))
    other = SettingsPatch(event_name="Garden feast", location=EVIL)
    await host.platform.guests.change_settings(host.gathering_id, other, actor="t")

    overtaken = await host.browser.post(
        f"{host.place}/settings", data={**form, "event_name": "Tea", "max_guests": "5"}
    )

    page = Page(overtaken.text)
    assert (overtaken.status_code, flaws_of_form(page), page.all("b")) == (409, [], [])
    marked = {name: page.id(f"{name}-news").text for name in ("event_name", "location")}
    assert marked == {
        "event_name": "Changed meanwhile. Saved now: Garden feast",
        "location": f"Changed meanwhile. Saved now: {EVIL}",
    }
    assert len(page.of_class("news")) == 2
    again = await host.browser.post(f"{host.place}/settings", data=fields_of(page))
    gathering = await host.gathering()
    assert (again.status_code, gathering.event_name, gathering.location, gathering.max_guests) == (
        *(303, "Tea"),
        *(EVIL, 5),
    )


@pytest.mark.parametrize("was", ["", "[]", '{"event_name": 1}', "{" * 500, '{"version": "9"}'])
async def test_a_form_with_tampered_values_marks_nothing(host: Host, was: str) -> None:
    form = fields_of(await host.page("/settings")) | {"version": ["1"], "was": [was]}
    await host.platform.guests.change_settings(
        host.gathering_id, SettingsPatch(location="Ulm"), actor="t"
    )

    refused = await host.browser.post(f"{host.place}/settings", data=form)

    assert (refused.status_code, Page(refused.text).of_class("news")) == (409, [])


async def test_without_scripts_the_time_zone_is_asked_for(host: Host) -> None:
    refused = await host.post("/host", event_name="Tea")

    output = "The time zone is missing: choose where the gathering takes place."
    assert (refused.status_code, Page(refused.text).id("time_zone-error").text) == (422, output)


async def test_a_deadline_that_is_over_is_shown_and_warned_of(host: Host) -> None:
    open_page = await host.page()
    until = SettingsPatch(rsvp_deadline="2999-05-31")
    await host.platform.guests.change_settings(host.gathering_id, until, actor="t")
    with_time = await host.page()
    form = fields_of(await host.page("/settings")) | {"rsvp_deadline": ["2020-05-31"]}
    await host.browser.post(f"{host.place}/settings", data=form)
    over = Page((await host.browser.get(f"{host.place}?done=saved")).text)

    warning = "RSVPs are closed"
    assert ("RSVPs closed" in open_page.html, warning in with_time.html) == (False, False)
    assert "RSVP by Friday, 31\xa0May\xa02999, end of day, Berlin time" in with_time.html
    assert "RSVPs closed: Sunday, 31\xa0May\xa02020" in over.html
    assert [note.split(":")[0] for note in over.of_class("note")][:2] == ["Saved.", warning]


async def test_more_guests_than_places_are_shown_as_too_many(host: Host) -> None:
    ada = await host.add("Ada", expected_guests=8)
    await host.platform.guests.rsvp(host.gathering_id, ada.id, Rsvp(attending=True), actor="t")
    patch = SettingsPatch(max_guests=3)
    await host.platform.guests.change_settings(host.gathering_id, patch, actor="t")

    page = await host.page()

    figures = {e.get("data-figure"): e.text for e in page.all("dd", "strong")}
    assert (figures["people"], figures["left"], figures["reserved"]) == ("8", "5 too many", "8")
    assert page.of_class("caption") == [
        "People",
        "Guests on the list, by answer each may stand for several people",
    ]


async def test_a_gathering_is_removed(host: Host) -> None:
    removed = await host.post(f"{host.place}/settings", remove="1")

    assert (removed.status_code, removed.headers["location"]) == (303, "/host")
    assert (await host.browser.get(host.place)).status_code == 404


async def test_a_sheet_is_previewed_and_then_imported(host: Host) -> None:
    looked = await host.upload(SHEET)
    page = Page(looked.text)
    assert (looked.status_code, flaws_of_form(page), await host.guests()) == (200, [], [])
    assert (
        dict(zip([e.text for e in page.all("dt")], page.all("dd"), strict=True))["New guests"].text
        == "2"
    )

    taken = await host.post(f"{host.place}/import", {"x": b""}, packed=page.filled()["packed"][0])
    assert taken.headers["location"] == f"{host.place}?done=imported"
    assert [(g.first_name, g.group_id) for g in await host.guests()] == [("Ada", "L"), ("Ida", "L")]


async def test_lines_can_be_pasted(host: Host) -> None:
    looked = await host.post(f"{host.place}/import", {"file": ("", b"")}, lines=SHEET.decode())

    assert [e.text for e in Page(looked.text).all("td")][:6] == [
        *("Ada Lovelace", "L"),
        *("1", "", "", "ada@example.org"),
    ]


async def test_pasted_lines_that_are_no_sheet_are_kept_to_be_corrected(host: Host) -> None:
    lines = f"where,email\n{EVIL},ada@example.org"

    refused = await host.post(f"{host.place}/import", {"file": ("", b"")}, lines=lines)

    page = Page(refused.text)
    assert (refused.status_code, flaws_of_form(page), page.all("b")) == (422, [], [])
    assert page.id("lines").text == " ".join(lines.split())


async def test_a_preview_says_what_the_command_line_says(host: Host) -> None:
    sheet = (
        "First name,Last name,E-mail,Address,Seats,Of which children,Diet\n"
        'Ada,Lovelace,ada@example.org,"Dorfstraße 1, Ulm",3,2,vegan; no celery\n'
        'Ida,Lovelace,,"Dorfstraße 1, Ulm",1,,\n'
    )

    page = Page((await host.upload(sheet.encode())).text)

    names = [name.text for name in page.all("dt")]
    figures = dict(zip(names, [e.text for e in page.all("dd")], strict=True))
    assert figures == {
        "New guests": "2",
        "Changed": "0",
        "As before": "0",
        "Households": "1",
        "Places": "4",
        "For children": "2",
    }
    assert [e.text for e in page.all("td")][:6] == [
        *("Ada Lovelace", "Dorfstraße 1, Ulm a guess", "3", "2"),
        *("Vegan, Other; vegan; no celery", "ada@example.org"),
    ]
    columns = [e.text for e in page.all("li") if " as " in e.text]
    assert "“Of which children” as children among the places" in columns
    assert "“Seats” as places" in columns


async def test_a_sheet_that_changes_nothing_offers_no_import(host: Host) -> None:
    new = Page((await host.upload(SHEET)).text)
    packed = next(e["value"] for e in new.all("input") if e["name"] == "packed")
    await host.post(f"{host.place}/import", {"file": ("", b"")}, packed=packed)

    same = Page((await host.upload(SHEET)).text)
    moved = Page((await host.upload(SHEET.replace(b",L\nI", b",M\nI"))).text)

    assert "Import 2 guests" in [button.text for button in new.all("button")]
    assert [button.text for button in same.all("button")] == ["Sign out"]
    assert "There is nothing to import: everything is on the list already." in same.html
    assert "Change 1 guest" in [button.text for button in moved.all("button")]


@pytest.mark.parametrize(
    ("data", "output"),
    [
        (b"", "Choose a file, or paste lines of a sheet."),
        (b"\x00\x01\x02", ""),
        (b"a,b,c\n1,2,3\n", ""),
    ],
)
async def test_a_file_that_is_no_sheet_is_refused_with_the_reason(
    host: Host, data: bytes, output: str
) -> None:
    refused = await host.upload(data)

    page = Page(refused.text)
    assert (refused.status_code, flaws_of_form(page)) == (422, [])
    assert page.of_class("mistakes")[0].startswith(output)
    assert len(page.of_class("mistakes")[0]) > 20


@pytest.mark.parametrize("packed", ["", "!", "eJw=", "QUFB", "x" * 1000])
async def test_a_preview_that_was_changed_is_asked_for_again(host: Host, packed: str) -> None:
    refused = await host.post(f"{host.place}/import", {"x": b""}, packed=packed)

    assert (refused.status_code, await host.guests()) == (422, [])


async def test_bad_lines_are_named_and_the_good_ones_can_be_imported(host: Host) -> None:
    page = Page(
        (
            await host.upload(SHEET + b",,,\n,Nameless,not-an-address,\n" + b",," + EVIL.encode())
        ).text
    )

    assert page.all("b") == []
    assert re.findall(r"Line (\d+)", page.of_class("mistakes")[0]) == ["5", "6"]
    await host.post(f"{host.place}/import", {"x": b""}, packed=page.filled()["packed"][0])
    assert len(await host.guests()) == 2


async def test_the_list_is_exported_as_a_sheet(host: Host) -> None:
    await host.add("Ada", email="ada@example.org")

    sheet = await host.browser.get(f"{host.place}/guests.csv")

    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.headers["content-disposition"] == 'attachment; filename="guests.csv"'
    assert b"ada@example.org" in sheet.content


async def test_diets_that_were_not_understood_are_named_in_the_preview(
    host: Host,
) -> None:
    sheet = b"First name,Last name,Diet\nAda,L,vegan\nIda,L,no mushrooms <b>\n"

    page = Page((await host.upload(sheet)).text)

    assert flaws_of_form(page) == []
    assert page.of_class("note")[0].endswith("the tag “Other”: Line 3: no mushrooms <b>")


async def test_the_printed_list_has_everybody_by_household_and_counts_every_meal_once(
    host: Host,
) -> None:
    vegan = await host.add("Ada", group_id="Byron", dietary_tags=("vegan",))
    both = await host.add("Bo", "Abel", dietary_tags=("vegan", "gluten_free"), dietary="no <b> oil")
    child = await host.add("Cy", group_id="Byron", children=1)
    away = await host.add("Di", "Zorn", dietary_tags=("halal",))
    for guest, people in (vegan, 1), (both, 3), (child, 1), (away, 0):
        answer = Rsvp(attending=bool(people), num_guests=people)
        await host.platform.guests.rsvp(host.gathering_id, guest.id, answer, actor="t")

    page = await host.page("/print")

    cells = [cell.text for cell in page.all("td")]
    assert [cells[at : at + 5] for at in range(0, 20, 5)] == [
        ["Abel, Bo", "Coming", "3", "", "Vegan, Gluten-free; no <b> oil"],
        ["Lovelace, Ada", "Coming", "1", "", "Vegan"],
        ["Lovelace, Cy", "Coming", "1", "1", ""],
        ["Zorn, Di", "Can’t come", "", "", "Halal"],
    ]
    assert [e.text for e in page.all("th") if e.get("scope") == "rowgroup"] == ["Byron"]
    assert [cells[at : at + 3] for at in range(20, len(cells), 3)] == [
        ["Nothing special", "1", "1"],
        ["Vegan and gluten-free", "1", "3"],
        ["Vegan", "1", "1"],
    ]
    assert page.of_class("answer") == ["Bo Abelno <b> oil"]


async def test_a_host_sees_the_page_of_a_guest_and_cannot_send_it(host: Host) -> None:
    guest = await host.add("Ada", group_id="Byron")
    await host.add("Ida", group_id="Byron")
    before = await host.platform.store.heads()

    page = await host.page(f"/guests/{guest.id}/preview")

    assert page.text("h2") == "Hello Ada Lovelace"
    assert [e.text for e in page.elements if "who" in (e.get("class") or "").split()] == [
        "Ada Lovelace (you)",
        "Ida Lovelace",
    ]
    assert page.of_class("preview")[0].endswith("Back to Ada")
    assert [button.get("disabled") for button in page.all("button")] == [""]
    sent = await host.post(f"{host.place}/guests/{guest.id}/preview", attending="yes")
    assert (sent.status_code, await host.platform.store.heads()) == (405, before)


async def test_a_guest_becomes_a_co_host_and_a_guest_again(host: Host) -> None:
    guest = await host.add("Ada")
    place = f"{host.place}/guests/{guest.id}"

    said = []
    for answer in ("yes", "yes", "no", "nonsense"):
        done = await host.post(f"{place}/co-host", co_host=answer)
        assert (done.status_code, done.headers["location"]) == (303, f"{place}?done=saved")
        (button,) = [e.text for e in (await host.page(f"/guests/{guest.id}")).all("button")][-2:-1]
        said.append((button, "co-host" in (await host.page()).of_class("rows")[0]))

    made, ended = ("Remove Ada as co-host", True), ("Make Ada a co-host", False)
    assert said == [made, made, ended, ended]


async def test_households_lead_to_their_guests(host: Host) -> None:
    await host.add("Ada", group_id="A & B")
    await host.add("Ida", group_id="A & B")

    page = await host.page("/households")

    (link,) = [e for e in page.all("a") if "household=" in (e.get("href") or "")]
    assert link.text == "A & B2"
    listed = Page((await host.browser.get(link["href"])).text)
    assert len([e for e in listed.all("strong") if e.get("data-figure") is None]) == 2


SHOWN = ("", "/households", "/settings", "/import", "/print")


async def test_markup_in_any_name_is_shown_as_text(host: Host) -> None:
    guest = await host.add(EVIL, EVIL, group_id=EVIL, dietary=EVIL)
    named = SettingsPatch(event_name=EVIL, location=EVIL)
    await host.platform.guests.change_settings(host.gathering_id, named, actor="t")

    one = f"/guests/{guest.id}"
    for path in (*SHOWN, one, f"{one}/preview", "?q=" + EVIL):
        page = await host.page(path)
        assert (path, page.all("b")) == (path, [])
        scripts = [script["src"].split("?")[0] for script in page.all("script")]
        assert scripts == ([] if path.endswith("/preview") else ["/static/host.js"])
    linked = Page((await host.post(f"{host.place}{one}/link")).text)
    home = Page((await host.browser.get("/host")).text)
    assert (linked.all("b"), home.all("b")) == ([], [])
    assert linked.text("h1") == f"A link for {EVIL} {EVIL}"


PATHS = [*SHOWN, "/live", "/guests.csv", "/guests/new"]


async def test_another_account_sees_and_changes_nothing(host: Host, other: Host) -> None:
    guest = await host.add("Ada")
    before = await host.platform.store.heads()
    one = f"/guests/{guest.id}"

    for path in (*PATHS, one, f"{one}/preview"):
        assert (await other.browser.get(host.place + path)).status_code == 404
    for path in ("/settings", "/import", "/guests/new", f"/guests/{guest.id}"):
        assert (await other.post(host.place + path, remove="1")).status_code == 404
    for path in (f"{one}/link", f"{one}/co-host"):
        assert (await other.post(host.place + path, co_host="yes")).status_code == 404

    assert await host.platform.store.heads() == before
    assert "Garden party" not in (await other.browser.get("/host")).text


async def test_every_path_redirects_to_the_sign_in_without_a_session(
    host: Host, browser: AsyncClient
) -> None:
    guest = await host.add("Ada")
    for path in [*PATHS, f"/guests/{guest.id}", "/guests/none"]:
        answer = await browser.get(host.place + path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (
            303,
            "/signin",
        )
        assert "Ada" not in answer.text
    for path in ("/settings", "/import", "/guests/new", f"/guests/{guest.id}/link"):
        assert (await browser.post(host.place + path, data={"remove": "1"})).status_code == 303
    assert len(await host.guests()) == 1


@pytest.mark.parametrize("path", ["/host/none", "/host/..%2fdefault", "/host/DEFAULT", "/host/"])
async def test_what_is_no_gathering_is_not_found(host: Host, path: str) -> None:
    assert (await host.browser.get(path)).status_code == 404


async def test_a_guest_of_another_gathering_is_not_found(host: Host) -> None:
    stranger = NewGuest(first_name="Eve", last_name="Other")
    eve = (await host.platform.guests.add_guest("default", stranger, actor="t")).body

    for path in (f"/guests/{eve.id}", "/guests/none"):
        assert (await host.browser.get(host.place + path)).status_code == 404
    assert (await host.post(f"{host.place}/guests/{eve.id}", remove="1")).status_code == 404


async def test_the_key_of_a_host_opens_its_gathering_only(host: Host, app: Http) -> None:
    key = await host.platform.keys.create("host", host.gathering_id, "test", actor="t")
    async with AsyncClient(
        transport=ASGITransport(app=app), base_url="http://test", cookies={"gatherlog": key.secret}
    ) as browser:
        statuses = [
            (await browser.get(path)).status_code for path in ("/host", host.place, "/host/default")
        ]
        shown = Page((await browser.get("/host")).text)

    assert statuses == [200, 200, 404]
    assert [e["action"] for e in shown.all("form")] == ["/signout"]


async def test_pages_of_hosts_may_run_our_script_and_no_other(host: Host) -> None:
    answer = await host.browser.get(host.place)

    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "script-src 'self'; connect-src 'self'"
    )
    assert answer.headers["cache-control"] == "no-store"


async def _events(app: Http, host: Host, count: int) -> AsyncIterator[dict[str, Any]]:
    """The first events of the stream; httpx would wait for its end."""
    parts: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            parts.put_nowait(message.get("body", b""))

    cookie = [(b"cookie", f"gatherlog={host.secret}".encode())]
    path = f"{host.place}/live"
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": cookie}
    serving = asyncio.create_task(app(scope, receive, send))
    while count:
        part = await asyncio.wait_for(parts.get(), 5)
        if part.startswith(b"data: "):
            count -= 1
            yield msgspec.json.decode(part.removeprefix(b"data: "))
    gone.set()
    await serving


async def test_the_figures_are_sent_whenever_they_change(host: Host, app: Http) -> None:
    ada = await host.add("Ada")
    seen = []
    async for output in _events(app, host, 2):
        seen.append((output["figures"]["coming"], output["figures"]["people"], output["words"]))
        answer = Rsvp(attending=True, num_guests=2)
        await host.platform.guests.rsvp(host.gathering_id, ada.id, answer, actor="t")

    assert seen == [
        ("0", "0", "coming 0, waiting 0, not sure 0, can’t come 0, no answer 1"),
        ("1", "2", "coming 1, waiting 0, not sure 0, can’t come 0, no answer 0"),
    ]


async def test_the_stream_ends_with_the_session(host: Host, app: Http) -> None:
    async def output() -> list[dict[str, Any]]:
        return [one async for one in _events(app, host, 1)]

    assert len(await output()) == 1
    await host.platform.accounts.end_session(host.secret)

    answer = await host.browser.get(f"{host.place}/live")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/signin?next={host.place}/live",
    )


async def test_what_was_searched_for_is_what_is_exported(host: Host) -> None:
    await host.add("Ada", group_id="home")
    await host.add("Bob")
    coming = await host.add("Cleo")
    await host.platform.guests.rsvp(host.gathering_id, coming.id, Rsvp(attending=True), actor="t")
    page = await host.page("?status=coming")
    link = next(
        e["href"] for e in page.all("a") if e["href"].startswith(f"{host.place}/guests.csv")
    )

    for query, names in (
        (link.removeprefix(f"{host.place}/guests.csv"), ["Cleo"]),
        ("?q=ADA", ["Ada"]),
        ("?household=home", ["Ada"]),
        ("?status=nonsense", ["Ada", "Bob", "Cleo"]),
        ("", ["Ada", "Bob", "Cleo"]),
    ):
        sheet = (await host.browser.get(f"{host.place}/guests.csv{query}")).text
        assert [line.partition(",")[0] for line in sheet.splitlines()[1:]] == names


async def test_settings_that_are_probably_not_meant_are_said(host: Host) -> None:
    await host.add("Ada", expected_guests=5)
    change = host.platform.guests.change_settings

    async def said() -> list[str]:
        text = (await host.browser.get(host.place)).text
        told = {
            "places": "Places reserved: 5. Places in all: 4.",
            "deadline": "Guests can still answer after the gathering",
        }
        return [name for name, part in told.items() if part in text]

    fits = SettingsPatch(event_date="2999-06-06", rsvp_deadline="2999-06-06", max_guests=5)
    await change(host.gathering_id, fits, actor="t")
    assert await said() == []
    await change(host.gathering_id, SettingsPatch(max_guests=4), actor="t")
    assert await said() == ["places"]
    late = SettingsPatch(max_guests=None, rsvp_deadline="2999-06-07")
    await change(host.gathering_id, late, actor="t")
    assert await said() == ["deadline"]
    hours = SettingsPatch(event_date="2999-06-06T18:00", rsvp_deadline="2999-06-06T18:01")
    await change(host.gathering_id, hours, actor="t")
    assert await said() == ["deadline"]
