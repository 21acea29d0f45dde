"""The organiser's desk: own things by their state, and what becomes of one."""

import msgspec
import pytest

from gatherlog.apps.things import Reason, When
from gatherlog.bootstrap import Platform
from tests.interfaces.graphql.asking import ON_SQLITE, People
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content
from tests.interfaces.web.things.family import Browsing, page_of
from tests.interfaces.web.things.own.conftest import MovingClock
from tests.interfaces.web.things.own.looking import (
    errors,
    links,
    names,
    notes,
    pills,
    said,
    title_of,
)
from tests.stores import eventually

EVIL = "<script>alert(1)</script> https://evil.example"


async def names_on(browsing: Browsing, path: str) -> list[str]:
    """The names of the things on the desk."""
    page = await browsing.open(path)
    return [name for name in names(page) if not name.isdigit() and " to " not in name]


async def test_the_desk_lists_own_things_by_their_state(
    olga: Browsing, town: Town, people: People
) -> None:
    service = town.service
    await town.draft(content(name="Draft"))
    await town.pending(content(name="Pending"))
    await town.published(content(name="Published"))
    sent_back = await town.pending(content(name="Sent back"))
    await service.reject(sent_back.id, (Reason("name", "Frogs?"),), people.rita.id, actor="test")
    await town.draft(content(name="Of Otto"), "otto")

    async def lists() -> list[list[str]]:
        tabs = ("", "?show=drafts", "?show=waiting", "?show=published", "?show=sent-back")
        return [await names_on(olga, f"/desk{tab}") for tab in tabs]

    await eventually(
        lists,
        [
            ["Sent back", "Name:", "Published", "Pending", "Draft"],
            ["Draft"],
            ["Pending"],
            ["Published"],
            ["Sent back", "Name:"],
        ],
    )


@ON_SQLITE
async def test_the_desk_counts_and_tells_why_something_was_sent_back(
    olga: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()
    reasons = (
        Reason("where", "Which door?"),
        Reason("", "Nice!\nNearly."),
        Reason("name", "Frogs?"),
    )
    await town.service.reject(thing.id, reasons, people.rita.id, actor="test")

    page = await olga.open("/desk")

    assert pills(page) == [
        *("All 1", "Drafts 0", "Waiting for review 0", "Published 0", "Sent back 1"),
        "Sent back",
    ]
    items = [e.text for e in page.all("li")]
    assert items[1:] == ["Nice! Nearly.", "Name: Frogs?", "Place: Which door?"]


async def test_the_desk_shows_the_next_dates_of_all_that_is_published(
    olga: Browsing, town: Town
) -> None:
    first = When(start=f"{DAY}T15:00:00", end=f"{DAY}T16:00:00")
    later = When(start=f"{DAY}T16:00:00", end=f"{DAY}T17:00:00")
    concert = await town.published(content(name="Concert", kind="EVENT", when=first, capacity=9))
    show = await town.published(content(name="Show", kind="EVENT", when=later))
    await town.book(concert, people=2)

    async def coming() -> list[str]:
        page = await olga.open("/desk")
        return [line for line in page.of_class("line") if "booked" in line]

    await eventually(coming, ["Concert · 2 of 9 places booked", "Show · Nobody has booked"])
    page = await olga.open("/desk")
    dates = [e["href"] for e in page.all("a") if "/dates/" in (e.get("href") or "")]
    assert dates == [
        f"/desk/{concert.id}/dates/{DAY}?at=15:00",
        f"/desk/{show.id}/dates/{DAY}?at=16:00",
    ]
    await olga.open(dates[0])
    assert "Next dates" not in (await olga.open("/desk?show=published")).html


@ON_SQLITE
async def test_a_long_desk_comes_in_parts(olga: Browsing, town: Town) -> None:
    for count in range(23):
        await town.draft(content(name=f"Thing {count:02}"))
    seen, path = [], "/desk?show=drafts"
    while path:
        page = await olga.open(path)
        seen += [name for name in names(page) if name.startswith("Thing")]
        path = "".join(links(page, "More")[:1])

    assert seen == [f"Thing {count:02}" for count in range(22, -1, -1)]


@ON_SQLITE
async def test_an_empty_desk_says_how_to_begin(olga: Browsing) -> None:
    page = await olga.open("/desk")

    assert links(page, "New") == ["/desk/new"]
    assert "Begin with a draft" in page.html
    assert links(page, "Set your name") == ["/desk/profile"]
    [place] = links(page, "Place to visit")
    assert (await olga.open(place)).filled()["kind"] == ["PLACE"]


async def test_the_name_under_which_one_publishes_is_saved(olga: Browsing, people: People) -> None:
    saved = await olga.send("/desk/profile", organiser="  Olga’s house ")

    page = page_of(await olga.get(saved.headers["location"]))
    assert notes(page, "status") == ["Your name as an organiser is saved."]
    assert "You publish as Olga’s house." in page.text("header")
    assert (await olga.open("/desk/profile")).id("organiser")["value"] == "Olga’s house"


@ON_SQLITE
@pytest.mark.parametrize("name", ["", " ", "a\u202eb", "x" * 121])
async def test_a_name_that_is_none_is_refused_and_stays_in_the_form(
    olga: Browsing, name: str
) -> None:
    page = page_of(await olga.send("/desk/profile", organiser=name), 422)

    assert len(errors(page)) == 1
    assert page.id("organiser")["value"] == name.strip()


async def test_a_draft_is_submitted_and_waits(olga: Browsing, town: Town, people: People) -> None:
    draft = await town.draft()

    sent = await olga.send(f"/desk/{draft.id}", do="submit")

    page = page_of(await olga.get(sent.headers["location"]))
    assert notes(page, "status")[0].startswith("It is waiting for review now.")
    assert pills(page)[0] == "Waiting for review"
    stored = await town.service.own_thing(draft.id, people.olga.id)
    assert stored.body.status == "PENDING"


async def test_the_first_submission_asks_for_the_name_at_once(
    olga: Browsing, town: Town, people: People
) -> None:
    draft = (await town.service.create_thing(content(), people.olga.id, actor="test")).body
    path = f"/desk/{draft.id}"

    refused = page_of(await olga.send(path, do="submit", organiser=" "), 422)
    assert errors(refused) == ["Your name as an organiser is missing or blank."]
    await olga.send(path, do="submit", organiser="House of Olga")

    profile = await town.service.profile(people.olga.id)
    stored = await town.service.own_thing(draft.id, people.olga.id)
    assert profile is not None
    assert (profile.name, stored.body.status) == ("House of Olga", "PENDING")


@ON_SQLITE
async def test_what_is_over_is_not_submitted(
    olga: Browsing, town: Town, clock: MovingClock, people: People
) -> None:
    when = When(start=f"{DAY}T14:00:00", end=f"{DAY}T16:00:00")
    draft = await town.draft(content(kind="EVENT", when=when))
    clock.days = 20

    page = page_of(await olga.send(f"/desk/{draft.id}", do="submit"), 422)

    said_why = "The plan lies in the past, or has no date within the next 90 days."
    assert said_why in page.html
    assert (await town.service.own_thing(draft.id, people.olga.id)).body.status == "DRAFT"


async def test_what_was_changed_in_another_window_is_not_submitted_unseen(
    olga: Browsing, town: Town, people: People
) -> None:
    draft, own = await town.draft(), people.olga.id
    await town.service.change_thing(draft.id, content(name="Toads"), own, actor="test")

    page = page_of(await olga.send(f"/desk/{draft.id}", do="submit", version="1"), 409)

    assert notes(page, "alert")[0].startswith("This has changed since you opened the page")
    assert (title_of(page), pills(page)[0]) == ("Toads", "Draft")


async def test_submitting_twice_says_that_nothing_was_done(olga: Browsing, town: Town) -> None:
    draft = await town.draft()
    await olga.send(f"/desk/{draft.id}", do="submit")

    page = page_of(await olga.send(f"/desk/{draft.id}", do="submit"), 409)

    assert pills(page)[0] == "Waiting for review"


async def test_a_draft_is_removed(olga: Browsing, town: Town) -> None:
    draft = await town.draft()

    removed = await olga.send(f"/desk/{draft.id}", do="remove")

    assert removed.headers["location"] == "/desk?done=removed"
    assert pills(await olga.open(f"/desk/{draft.id}"))[0] == "Taken down"
    await eventually(lambda: names_on(olga, "/desk"), [])


async def test_what_is_published_is_taken_down_with_a_reason(
    olga: Browsing, town: Town, visitor: Browsing
) -> None:
    thing = await town.published()
    booking = await town.book(thing)
    path = f"/desk/{thing.id}"

    refused = page_of(await olga.send(path, do="withdraw", reason=" "), 422)
    assert errors(refused) == ["The reason is missing or blank."]
    await olga.send(path, do="withdraw", reason=EVIL)

    page = await olga.open(path)
    assert EVIL in page.text("main")
    assert (await visitor.get(f"/things/{thing.id}")).status_code == 404
    details = await town.service.booking(booking.id, booking.account_id)
    assert details.booking.status == "CANCELLED"


async def test_the_figures_are_numbers_without_names(olga: Browsing, town: Town) -> None:
    thing = await town.published(content(capacity=3))
    child = await town.child()
    await town.book(thing, children=(child.id,), people=1)
    await town.book(thing, "paul", people=2)
    await town.keep(thing)

    page = await olga.open(f"/desk/{thing.id}")

    assert list(said(page).items())[:4] == [
        ("Kept as a favourite", "1"),
        ("Bookings", "1"),
        ("People booked", "2"),
        ("Bookings waiting", "1"),
    ]
    [date] = [e.text for e in page.all("li") if "booking waiting" in e.text]
    assert date.endswith("2 of 3 places booked, 1 booking waiting›")
    assert "Mia" not in page.html


@ON_SQLITE
async def test_dates_that_are_off_or_moved_say_so(
    olga: Browsing, town: Town, people: People
) -> None:
    thing, own = await town.published(), people.olga.id
    await town.service.cancel_occurrence(thing.id, DAY, "It snows", own, actor="test")
    await town.service.move_occurrence(thing.id, NEXT_DAY, f"{NEXT_DAY}T15:30", own, actor="test")

    page = await olga.open(f"/desk/{thing.id}")

    rows = [e.text for e in page.all("li")]
    assert len([row for row in rows if row.endswith("Cancelled: It snowsOff")]) == 1
    assert len([row for row in rows if "15:30 to 17:30" in row and row.endswith("moved›")]) == 1


@ON_SQLITE
async def test_a_new_version_has_the_moved_and_cancelled_dates_that_stay_when_it_is_approved(
    olga: Browsing, town: Town, people: People
) -> None:
    thing, own = await town.published(), people.olga.id
    await town.service.cancel_occurrence(thing.id, DAY, "It snows", own, actor="test")
    await town.service.move_occurrence(thing.id, NEXT_DAY, f"{NEXT_DAY}T15:30", own, actor="test")
    draft = (await town.service.make_new_version(thing.id, own, actor="test")).body

    page = await olga.open(f"/desk/{draft.id}")
    preview = await olga.open(f"/desk/{draft.id}/preview")

    for rows, off in (
        ([e.text for e in page.all("li")], "Off"),
        (preview.of_class("date"), "snows"),
    ):
        assert len([row for row in rows if off in row]) == 1
        assert len([row for row in rows if "15:30 to 17:30" in row]) == 1


async def test_a_new_version_shows_what_changes_while_the_published_one_stays(
    olga: Browsing, town: Town, people: People, visitor: Browsing
) -> None:
    thing, own = await town.published(), people.olga.id
    draft = (await town.service.make_new_version(thing.id, own, actor="test")).body
    changed = msgspec.structs.replace(draft.content, name="Toads")
    await town.service.change_thing(draft.id, changed, own, actor="test")

    version = await olga.open(f"/desk/{draft.id}")
    live = await olga.open(f"/desk/{thing.id}")

    assert [e.text for e in version.all("del", "ins")] == [
        "taken out: Painting with frogs",
        "put in: Toads",
    ]
    assert pills(version) == ["Draft", "changed"]
    assert links(live, "see the new version") == [f"/desk/{draft.id}"]
    assert title_of(await visitor.open(f"/things/{thing.id}")) == "Painting with frogs"


async def test_the_page_of_a_new_version_leads_to_the_thing_once_it_is_approved(
    olga: Browsing, town: Town, people: People
) -> None:
    thing, own = await town.published(), people.olga.id
    draft = (await town.service.make_new_version(thing.id, own, actor="test")).body
    await town.service.submit_thing(draft.id, own, actor="test")
    await town.service.approve(draft.id, people.rita.id, actor="test")

    answer = await olga.get(f"/desk/{draft.id}")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/{thing.id}")


@ON_SQLITE
async def test_names_and_reasons_are_shown_as_text(
    olga: Browsing, town: Town, people: People, platform: Platform
) -> None:
    thing = await town.pending(content(name=EVIL, description=f"{EVIL}\n\nmore"))
    await town.service.reject(thing.id, (Reason("name", EVIL),), people.rita.id, actor="test")

    for path in ("/desk", f"/desk/{thing.id}", f"/desk/{thing.id}/edit"):
        page = await olga.open(path)

        assert "evil.example" in page.html
        assert [e.get("href") for e in page.all("a") if "evil" in (e.get("href") or "")] == []
        assert "<script>alert" not in page.html
