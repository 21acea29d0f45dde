"""A parent's children: told once, changed, removed, and seen by nobody else."""

from datetime import timedelta

import pytest

from gatherlog.apps.things import Child
from gatherlog.core.eventstore.clock import system_clock, to_datetime
from tests.interfaces.graphql.asking import ON_SQLITE
from tests.interfaces.graphql.sample_town import DAY, Town
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing, only_form, page_of

EVIL = "<script>alert(1)</script>"
SOON = (to_datetime(system_clock()) + timedelta(days=2)).date().isoformat()
"""Not yet past when the tests end, even if they began before midnight."""
TOLD = {
    "name": "Mia Winter",
    "birthDate": "2019-03-21",
    "allergies": "Nuts.\nThe pen is in her bag.",
    "emergencyContact": "Grandma, +49 30 1234",
    "pickUp": "Pia or Grandma",
}


async def children(town: Town, parent: str = "pia") -> list[Child]:
    return await town.service.children(getattr(town.people, parent).id)


async def test_a_child_is_added_and_shown(pia: Browsing, town: Town) -> None:
    sent = await pia.send("/children/new", **TOLD)

    page = await pia.open(sent.headers["location"])
    assert page.of_class("good") == ["Added."]
    [row] = [e for e in page.all("a") if (e.get("href") or "").count("-") > 3]
    assert row.text.startswith("Mia Winter ")
    assert row.text.endswith(" years old · allergies›")
    [child] = await children(town)
    assert (child.name, child.birth_date, child.allergies) == (
        "Mia Winter",
        "2019-03-21",
        "Nuts.\nThe pen is in her bag.",
    )
    assert (child.emergency_contact, child.pick_up) == ("Grandma, +49 30 1234", "Pia or Grandma")


async def test_a_form_that_is_sent_twice_adds_one_child(pia: Browsing, town: Town) -> None:
    form = {**only_form(await pia.open("/children/new")), **TOLD}

    sent = [await pia.post("/children/new", **form) for _ in range(2)]
    await pia.post("/children/new", **{**form, "name": "Ben Winter"})

    assert [one.headers["location"] for one in sent] == ["/children?done=added"] * 2
    assert [child.name for child in await children(town)] == ["Mia Winter", "Ben Winter"]


async def test_from_a_booking_a_new_child_leads_back_to_it(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    path = f"/things/{thing.id}/book?date={DAY}&from=10%3A00"
    [link] = [e["href"] for e in (await pia.open(path)).all("a") if e.text == "Add a child"]

    sent = await pia.send(link, **TOLD)

    assert sent.headers["location"] == path
    [child] = await children(town)
    assert (await pia.open(path)).id(f"child-{child.id}")["value"] == child.id


@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/\\evil.example", "/signout", "/r/x"]
)
@ON_SQLITE
async def test_a_new_child_leads_nowhere_else(pia: Browsing, town: Town, next: str) -> None:
    sent = await pia.send("/children/new", **TOLD, next=next)

    assert sent.headers["location"] == "/children?done=added"


async def test_a_child_is_changed(pia: Browsing, town: Town) -> None:
    mia = await town.child(allergies="Nuts", pick_up="Grandma")
    path = f"/children/{mia.id}"

    form = await pia.open(path)
    sent = await pia.send(path, allergies="", emergencyContact="+49 30 1234")

    assert form.filled()["allergies"] == ["Nuts"]
    assert sent.headers["location"] == "/children?done=saved"
    [child] = await children(town)
    assert (child.allergies, child.emergency_contact, child.pick_up) == (
        None,
        "+49 30 1234",
        "Grandma",
    )


async def test_what_was_changed_in_another_window_is_not_overwritten_unseen(
    pia: Browsing, town: Town
) -> None:
    mia = await town.child(allergies="Nuts")
    path = f"/children/{mia.id}"
    form = only_form(await pia.open(path))
    await pia.send(path, allergies="Nuts, milk", pickUp="Grandma")

    refused = page_of(await pia.post(path, **{**form, "name": "Mia Winter", "pickUp": "Dad"}), 409)

    assert refused.of_class("note")[0].startswith("Somebody has changed this since")
    assert refused.filled()["allergies"] == ["Nuts, milk"]
    assert (refused.filled()["name"], refused.filled()["pickUp"]) == (["Mia Winter"], ["Dad"])
    [child] = await children(town)
    assert (child.name, child.allergies, child.pick_up) == (mia.name, "Nuts, milk", "Grandma")
    again = await pia.post(path, **only_form(refused))
    [child] = await children(town)
    assert again.headers["location"] == "/children?done=saved"
    assert (child.name, child.allergies, child.pick_up) == ("Mia Winter", "Nuts, milk", "Dad")


@ON_SQLITE
@pytest.mark.parametrize("place", ["new", "one"])
@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ({"name": ""}, "name", "The name "),
        ({"name": "a" * 121}, "name", "The name "),
        ({"name": "a\nb"}, "name", "The name "),
        ({"birthDate": ""}, "birthDate", "The date of birth should be a date like 2019-03-21."),
        ({"birthDate": "21.3.2019"}, "birthDate", "The date of birth should be a date"),
        ({"birthDate": SOON}, "birthDate", "The date of birth should be within the last"),
        ({"birthDate": "1850-01-01"}, "birthDate", "The date of birth should be within the last"),
        ({"allergies": "a" * 10_000}, "allergies", "The text about allergies "),
        ({"emergencyContact": "a" * 2_001}, "emergencyContact", "The emergency contact "),
        ({"pickUp": "a" * 2_001}, "pickUp", "The text about pick-up "),
    ],
)
async def test_a_mistake_is_named_and_what_was_typed_stays(
    pia: Browsing, town: Town, place: str, wrong: dict[str, str], field: str, told: str
) -> None:
    path = "/children/new" if place == "new" else f"/children/{(await town.child()).id}"
    before = await children(town)

    refused = await pia.send(path, **{**TOLD, **wrong})

    page = page_of(refused, 422)
    assert page.id(f"{field}-error").text.startswith(told)
    assert page.text("title").startswith("Please check this: ")
    kept = {name: page.filled()[name] for name in TOLD}
    typed = {name: [" ".join(text.split())] for name, text in {**TOLD, **wrong}.items()}
    assert {name: [" ".join(of[0].split())] for name, of in kept.items()} == typed
    assert await children(town) == before


@ON_SQLITE
async def test_what_a_parent_wrote_is_text(pia: Browsing, town: Town) -> None:
    mia = await town.child(name=f"Mia {EVIL}", allergies=EVIL)

    pages = [await pia.open("/children"), await pia.open(f"/children/{mia.id}")]

    assert [EVIL in page.html for page in pages] == [False, False]
    assert pages[1].id("allergies").text == EVIL


async def test_a_child_is_removed(pia: Browsing, town: Town) -> None:
    mia = await town.child()

    sent = await pia.send(f"/children/{mia.id}", do="remove")

    assert sent.headers["location"] == "/children?done=removed"
    assert await children(town) == []
    assert (await pia.get(f"/children/{mia.id}")).status_code == 404


@ON_SQLITE
async def test_a_child_with_a_booking_stays(pia: Browsing, town: Town) -> None:
    mia = await town.child()
    await town.book(await town.published(), people=0, children=(mia.id,))

    refused = await pia.send(f"/children/{mia.id}", do="remove")

    [note] = page_of(refused, 409).of_class("note")
    assert note.startswith("Mia has an upcoming booking.")
    assert [child.id for child in await children(town)] == [mia.id]


async def test_children_of_others_do_not_exist(pia: Browsing, town: Town) -> None:
    theirs = await town.child("paul", name="Secret")
    form = only_form(await pia.open("/children/new"))

    answers = [
        await pia.get(f"/children/{theirs.id}"),
        await pia.post(f"/children/{theirs.id}", **{**form, **TOLD}),
        await pia.post(f"/children/{theirs.id}", **form, do="remove"),
        await pia.get("/children/x"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert ["Secret" in answer.text for answer in answers] == [False] * 4
    assert [child.name for child in await children(town, "paul")] == ["Secret"]


@ON_SQLITE
async def test_a_family_has_an_end(pia: Browsing, town: Town) -> None:
    for _ in range(20):
        await town.child()

    refused = await pia.send("/children/new", **TOLD)

    page = page_of(refused, 409)
    assert page.of_class("note") == ["You cannot add any more children."]
    assert page.id("name")["value"] == TOLD["name"]


@ON_SQLITE
async def test_a_form_of_another_site_changes_nothing(pia: Browsing, town: Town) -> None:
    mia = await town.child()

    refused = [
        await pia.post("/children/new", form="x", **TOLD),
        await pia.post(f"/children/{mia.id}", form="x", **TOLD),
        await pia.post(f"/children/{mia.id}", form="", do="remove"),
    ]

    assert [Page(one.text).text("h1") for one in refused] == ["This form is out of date"] * 3
    assert await children(town) == [mia]


@ON_SQLITE
async def test_who_is_not_signed_in_is_led_there_and_back(visitor: Browsing) -> None:
    for path in ("/children", "/children/new"):
        assert (await visitor.get(path)).headers["location"] == f"/signin?next={path}"
