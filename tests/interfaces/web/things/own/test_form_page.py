"""The form of a thing on its page: drafts, changes while others decide, and new versions."""

from typing import Any

import pytest

from gatherlog.apps.guests import DEFAULT
from gatherlog.apps.things import Reason, Thing, When
from gatherlog.bootstrap import Platform
from tests.interfaces.graphql.asking import ON_SQLITE, People
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing, only_form, page_of
from tests.interfaces.web.things.own.looking import errors, names, notes, pills, title_of
from tests.stores import eventually

EVIL = "<script>alert(1)</script>\"'&<b> https://evil.example"
CONCERT: dict[str, Any] = {
    "name": "Concert in the park",
    "description": "Brass and cake.\n\nBring a blanket.",
    "kind": "EVENT",
    "category": "MUSIC",
    "start_day": DAY,
    "start_time": "14:00",
    "end_time": "16:00",
    "time_zone": "Europe/Berlin",
    "address": "Park 1",
    "location": "52.5, 13.4",
    "audience": ["FAMILY"],
    "age_from": "0",
    "age_to": "99",
    "price_to": "12,50",
    "adult_mandatory": "yes",
    "email": "olga@example.org",
}
WRONG: dict[str, Any] = {
    "name": " ",
    "description": "x" * 10_001,
    "kind": "NEVER",
    "category": "NOISE",
    "start_day": "tomorrow",
    "end_day": "31 June",
    "time_zone": "Berlin",
    "address": "",
    "location": "here",
    "audience": [],
    "age_from": "three",
    "age_to": "150 years",
    "price_from": "cheap",
    "price_to": "-1",
    "capacity": "many",
    "email": "olga",
    "phone": "call me",
    "www": "javascript:alert(1)",
    "hours_0_days": ["MON"],
    "hours_0_from": "9",
    "hours_0_to": "",
}


async def own(town: Town, people: People, thing_id: str) -> Thing:
    return (await town.service.own_thing(thing_id, people.olga.id)).body


async def id_made(olga: Browsing, **fields: Any) -> str:
    """The id of the draft that the form has saved."""
    sent = await olga.post("/desk/new", **{"form": await olga.token("/desk/new"), **fields})
    assert sent.status_code == 303, page_errors(sent.text)
    return str(sent.headers["location"]).split("/")[2].partition("?")[0]


def page_errors(html: str) -> list[str]:
    return errors(Page(html))


async def test_a_draft_is_made_with_the_form(olga: Browsing, town: Town, people: People) -> None:
    made = await own(town, people, await id_made(olga, **CONCERT))

    written = made.content
    assert (made.status, written.name, written.kind) == ("DRAFT", "Concert in the park", "EVENT")
    assert written.description == "Brass and cake.\n\nBring a blanket."
    assert (written.when.start, written.when.end) == (f"{DAY}T14:00:00", f"{DAY}T16:00:00")
    assert (written.price.start, written.price.end) == (0.0, 12.5)
    assert (written.adult_mandatory, written.booking_mandatory) == (True, False)
    assert (written.audience, written.capacity) == (("FAMILY",), None)


async def test_the_first_page_after_saving_says_what_comes_next(olga: Browsing) -> None:
    made = await id_made(olga, **CONCERT)

    page = await olga.open(f"/desk/{made}?done=made")

    assert title_of(page) == "Concert in the park"
    assert notes(page, "status") == ["Your draft is saved. Only you see it until it is approved."]


async def test_a_form_that_is_sent_twice_makes_one_draft(
    olga: Browsing, town: Town, people: People
) -> None:
    """One that somebody went back to and changed makes another one."""
    form = {**only_form(await olga.open("/desk/new")), **CONCERT}

    sent = [await olga.post("/desk/new", **{**form, "name": name}) for name in ("A", "A", "B")]

    one, again, other = [answer.headers["location"] for answer in sent]
    assert (one, one == other) == (again, False)

    async def drafts() -> int:
        return await town.service.count_own_things(people.olga.id)

    await eventually(drafts, 2)


@ON_SQLITE
async def test_a_new_form_begins_with_the_time_zone_of_the_site(olga: Browsing) -> None:
    page = await olga.open("/desk/new?kind=PLACE")

    filled = page.filled()
    assert (filled["time_zone"], filled["kind"]) == (["UTC"], ["PLACE"])
    assert "What a reviewer looks at" in page.text("aside")


@ON_SQLITE
async def test_a_new_form_begins_with_the_time_zone_of_ones_newest_thing(
    olga: Browsing, otto: Browsing, town: Town
) -> None:
    await town.draft(content(time_zone="Europe/Paris"))
    await town.draft(content(time_zone="Europe/London"))

    own, other = [await one.open("/desk/new") for one in (olga, otto)]

    assert own.filled()["time_zone"] == ["Europe/London"]
    assert other.filled()["time_zone"] == ["UTC"]


async def test_the_form_says_which_dates_were_moved_and_to_when(
    olga: Browsing, town: Town, people: People
) -> None:
    own, event = people.olga.id, When(start=f"{DAY}T14:00:00", end=f"{DAY}T16:00:00")
    thing = await town.published(content(kind="EVENT", when=event))
    to = f"{NEXT_DAY}T15:30"
    assert "Moved:" not in (await olga.open(f"/desk/{thing.id}/edit")).text("main")
    await town.service.move_occurrence(thing.id, DAY, to, own, actor="test")

    live = await olga.open(f"/desk/{thing.id}/edit")
    draft = (await town.service.make_new_version(thing.id, own, actor="test")).body
    version = await olga.open(f"/desk/{draft.id}/edit")

    for page in (live, version):
        assert "14:00 to 16:00 takes place on" in page.text("main")
        assert "15:30 to 17:30." in page.text("main")
        assert page.filled()["start_day"] == [DAY]


@ON_SQLITE
async def test_two_dozen_wrong_fields_are_named_and_what_was_typed_stays(
    olga: Browsing, platform: Platform
) -> None:
    token, before = await olga.token("/desk/new"), await platform.store.heads()

    page = page_of(await olga.post("/desk/new", form=token, **WRONG), 422)

    named = [e["href"] for e in page.all("a") if (e.get("href") or "").startswith("#")]
    wrong = [name for name in WRONG if not name.startswith("hours_")]
    assert sorted(named) == sorted(["#content", "#hours", *[f"#{name}" for name in wrong]])
    assert len(errors(page)) == len(wrong) + 1
    filled = page.filled()
    kept = {name: filled.get(name, [""])[0] for name in WRONG if name not in ("name", "kind")}
    assert kept == {
        **{name: value for name, value in WRONG.items() if name not in ("name", "kind")},
        "category": "",
        "audience": "",
        "hours_0_days": "MON",
    } | {"time_zone": "Berlin"}
    assert page.text("title").startswith("Please check this: ")
    assert await platform.store.heads() == before


@ON_SQLITE
@pytest.mark.parametrize("count", [1, 3])
async def test_one_more_line_of_hours_loses_nothing(olga: Browsing, count: int) -> None:
    token = await olga.token("/desk/new")
    lines = {
        f"hours_{place}_{name}": value
        for place in range(count)
        for name, value in (("days", ["SAT"]), ("from", "10:00"), ("to", "12:00"))
    }

    page = page_of(await olga.post("/desk/new", form=token, more="1", name=EVIL, **lines))

    filled = page.filled()
    assert filled["name"] == [EVIL]
    begins = [filled[name][0] for name in filled if name.startswith("hours_") and "from" in name]
    assert begins == [*["10:00"] * count, "", ""]
    assert errors(page) == []


async def test_sending_the_form_unchanged_changes_nothing(
    olga: Browsing, town: Town, people: People
) -> None:
    draft = await town.draft(content(capacity=4))
    before = await town.service.own_thing(draft.id, people.olga.id)

    sent = await olga.send(f"/desk/{draft.id}/edit")

    assert sent.headers["location"] == f"/desk/{draft.id}?done=saved"
    assert await town.service.own_thing(draft.id, people.olga.id) == before


async def test_what_waits_is_changed_and_goes_on_waiting(
    olga: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()

    await olga.send(f"/desk/{thing.id}/edit", name="Toads")

    changed = await own(town, people, thing.id)
    assert (changed.status, changed.content.name) == ("PENDING", "Toads")


async def test_the_reasons_stand_at_the_fields_that_they_are_about(
    olga: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()
    reasons = (Reason("where", "Which door?"), Reason("", "Nearly."), Reason("target", "All of 5?"))
    await town.service.reject(thing.id, reasons, people.rita.id, actor="test")

    page = await olga.open(f"/desk/{thing.id}/edit")

    order = [e.text for e in page.all("p", "legend", "label") if is_about(e.text)]
    assert order == [
        "The reviewer: Nearly.",
        "The reviewer: Which door?",
        "Address",
        "The reviewer: All of 5?",
        "Who is it for?",
    ]


def is_about(text: str) -> bool:
    return text.startswith("The reviewer:") or text in ("Address", "Who is it for?")


async def test_a_change_in_another_window_is_marked_and_nothing_is_lost(
    olga: Browsing, town: Town, people: People
) -> None:
    draft = await town.draft()
    path = f"/desk/{draft.id}/edit"
    form = only_form(await olga.open(path))
    await town.service.change_thing(
        draft.id, content(name="Toads", capacity=7), people.olga.id, actor="test"
    )

    refused = page_of(await olga.post(path, **{**form, "description": "Mine."}), 409)

    assert notes(refused, "alert")[0].startswith("Somebody has changed this")
    assert refused.of_class("news") == [
        "Changed meanwhile. Saved now: Toads",
        "Changed meanwhile. Saved now: 7",
    ]
    again = only_form(refused)
    assert (again["name"], again["capacity"], again["description"]) == (["Toads"], ["7"], ["Mine."])
    sent = await olga.post(path, **again)
    saved = (await own(town, people, draft.id)).content
    assert (sent.status_code, saved.name, saved.description) == (303, "Toads", "Mine.")


async def test_what_is_approved_while_it_is_edited_is_saved_as_a_new_version(
    olga: Browsing, town: Town, people: People, visitor: Browsing
) -> None:
    thing = await town.pending()
    path = f"/desk/{thing.id}/edit"
    form = only_form(await olga.open(path))
    await town.service.approve(thing.id, people.rita.id, actor="test")

    refused = page_of(await olga.post(path, **{**form, "name": "Toads"}), 409)

    assert notes(refused, "alert")[0].startswith("This was published while you were changing it")
    again = only_form(refused)
    assert again["name"] == ["Toads"]
    sent = await olga.post(path, **again)
    version = str(sent.headers["location"]).split("/")[2].partition("?")[0]
    draft = await own(town, people, version)
    assert (draft.status, draft.replaces, draft.content.name) == ("DRAFT", thing.id, "Toads")
    assert title_of(await visitor.open(f"/things/{thing.id}")) == "Painting with frogs"


async def test_a_new_version_that_is_approved_while_it_is_edited_gets_another_one(
    olga: Browsing, town: Town, people: People
) -> None:
    thing, account = await town.published(), people.olga.id
    first = (await town.service.make_new_version(thing.id, account, actor="test")).body
    await town.service.submit_thing(first.id, account, actor="test")
    path = f"/desk/{first.id}/edit"
    form = only_form(await olga.open(path))
    await town.service.approve(first.id, people.rita.id, actor="test")

    refused = page_of(await olga.post(path, **{**form, "name": "Toads"}), 409)
    sent = await olga.post(path, **only_form(refused))

    version = str(sent.headers["location"]).split("/")[2].partition("?")[0]
    draft = await own(town, people, version)
    assert (draft.replaces, draft.content.name) == (thing.id, "Toads")


async def test_what_is_sent_back_while_it_is_edited_keeps_what_was_typed(
    olga: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()
    path = f"/desk/{thing.id}/edit"
    form = only_form(await olga.open(path))
    reason = (Reason("name", "Frogs?"),)
    await town.service.reject(thing.id, reason, people.rita.id, actor="test")

    refused = page_of(await olga.post(path, **{**form, "name": "Toads"}), 409)

    assert notes(refused, "alert")[0].startswith("A reviewer has sent this back")
    assert "The reviewer: Frogs?" in [e.text for e in refused.all("p")]
    assert refused.id("name")["value"] == "Toads"
    await olga.post(path, **only_form(refused))
    assert (await own(town, people, thing.id)).content.name == "Toads"


async def test_what_is_taken_down_while_it_is_edited_is_not_saved(
    olga: Browsing, town: Town, people: People
) -> None:
    thing = await town.published()
    path = f"/desk/{thing.id}/edit"
    form = only_form(await olga.open(path))
    await town.service.withdraw_as_reviewer(thing.id, "No", people.rita.id, actor="test")

    refused = page_of(await olga.post(path, **{**form, "name": "Toads"}), 409)

    assert notes(refused, "alert")[0].startswith("This was taken down meanwhile")
    assert refused.id("name")["value"] == "Toads"


async def test_what_is_published_is_changed_in_a_new_version_only(
    olga: Browsing, town: Town, people: People
) -> None:
    """Also by a form that pretends that it is still a draft."""
    thing = await town.published()
    path = f"/desk/{thing.id}/edit"
    page = await olga.open(path)
    form = only_form(page)
    assert [e.text for e in page.all("button") if "version" in e.text] == ["Save as a new version"]

    pretended = {name: value for name, value in form.items() if name != "as_version"}
    refused = await olga.post(path, **{**pretended, "name": "Toads"})

    assert refused.status_code == 409
    await olga.post(path, **{**form, "name": "Toads"})
    live = await own(town, people, thing.id)
    assert (live.content.name, live.new_version is None) == ("Painting with frogs", False)
    again = page_of(await olga.post(path, **{**form, "name": "Newts"}), 409)
    assert notes(again, "alert")[0].startswith("There is a new version already")


@ON_SQLITE
async def test_a_script_or_a_link_in_a_text_is_shown_as_text(olga: Browsing) -> None:
    made = await id_made(olga, **{**CONCERT, "name": "Concert", "description": EVIL})

    for path in (f"/desk/{made}", f"/desk/{made}/edit", f"/desk/{made}/preview"):
        page = await olga.open(path)

        assert "https://evil.example" in page.text("main")
        assert page.all("b") == []
        assert [e["href"] for e in page.all("a") if "evil" in (e.get("href") or "")] == []


async def test_the_preview_is_the_page_that_families_will_see(
    olga: Browsing, town: Town, visitor: Browsing
) -> None:
    draft = await town.draft()

    page = await olga.open(f"/desk/{draft.id}/preview")

    assert title_of(page) == "Painting with frogs"
    assert "not published" in page.of_class("preview")[0]
    assert [e["href"] for e in page.all("a") if "/book?" in (e.get("href") or "")] == []
    assert (await visitor.get(f"/things/{draft.id}")).status_code == 404
    published = await town.published()
    live = await visitor.open(f"/things/{published.id}")
    rows = [[e.text for e in one.all("dd")] for one in (page, live)]
    assert rows[0] == rows[1]


async def test_saving_leads_to_the_preview_where_that_was_asked_for(
    olga: Browsing, town: Town
) -> None:
    draft = await town.draft()

    sent = await olga.send(f"/desk/{draft.id}/edit", preview="1")

    assert sent.headers["location"] == f"/desk/{draft.id}/preview?done=saved"
    assert notes(await olga.open(sent.headers["location"]), "status") == ["Saved."]


async def test_what_is_removed_has_no_form(olga: Browsing, town: Town, people: People) -> None:
    draft = await town.draft()
    await town.service.remove_thing(draft.id, people.olga.id, actor="test")

    for part in ("/edit", "/preview"):
        answer = await olga.get(f"/desk/{draft.id}{part}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/{draft.id}")
    assert names(await olga.open(f"/desk/{draft.id}")) == []
    assert pills(await olga.open(f"/desk/{draft.id}"))[0] == "Taken down"


@ON_SQLITE
async def test_a_thing_is_begun_also_where_the_default_gathering_was_removed(
    olga: Browsing, platform: Platform
) -> None:
    await platform.guests.remove_gathering(DEFAULT, actor="test")

    page = await olga.open("/desk/new")

    assert page.filled()["time_zone"] == ["UTC"]
