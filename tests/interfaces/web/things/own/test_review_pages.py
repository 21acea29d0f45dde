"""The pages of reviewers: the queue, the difference to what is published, and decisions."""

import asyncio

import msgspec
import pytest

from gatherlog.apps.things import Reason, Thing
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from tests.interfaces.graphql.asking import ON_SQLITE, People
from tests.interfaces.graphql.sample_town import Town, content
from tests.interfaces.web.things.family import Browsing, only_form, page_of
from tests.interfaces.web.things.own.looking import (
    errors,
    links,
    names,
    notes,
    pills,
    title_of,
)
from tests.stores import eventually

EVIL = "<script>alert(1)</script> https://evil.example"


async def new_version(town: Town, people: People, live: Thing, **changed: object) -> Thing:
    """A new version with these changes that waits for review."""
    own = people.olga.id
    draft = (await town.service.make_new_version(live.id, own, actor="test")).body
    written = msgspec.structs.replace(draft.content, **changed)
    await town.service.change_thing(draft.id, written, own, actor="test")
    return (await town.service.submit_thing(draft.id, own, actor="test")).body


async def status(town: Town, people: People, thing: Thing) -> str:
    return (await town.service.own_thing(thing.id, people.olga.id)).body.status


async def test_what_waits_is_listed_the_oldest_first(
    rita: Browsing, town: Town, people: People
) -> None:
    await town.pending(content(name="First"))
    live = await town.published(content(name="Live"))
    await new_version(town, people, live, name="Second", capacity=4)
    await town.draft(content(name="Draft"))

    async def listed() -> list[str]:
        return names(await rita.open("/review"))

    await eventually(listed, ["First", "Second"])
    page = await rita.open("/review")
    assert page.all("h2")[0].text == "2 things are waiting for review"
    lines = page.of_class("line")
    assert [line.partition(" · ")[0] for line in lines] == [
        "House of Olga",
        "House of Olga",
        "New version: name, places",
    ]


@ON_SQLITE
async def test_a_long_queue_comes_in_parts(rita: Browsing, town: Town) -> None:
    for count in range(23):
        await town.pending(content(name=f"Thing {count:02}"))
    seen, path = [], "/review"
    while path:
        page = await rita.open(path)
        seen += names(page)
        path = "".join(links(page, "More")[:1])

    assert seen == [f"Thing {count:02}" for count in range(23)]


async def test_a_thing_is_approved_and_published(
    rita: Browsing, town: Town, visitor: Browsing
) -> None:
    thing = await town.pending()

    sent = await rita.send(f"/review/{thing.id}", do="approve")

    page = await rita.open(sent.headers["location"])
    assert notes(page, "status") == ["It is published."]
    assert pills(page)[0] == "Published"
    assert title_of(await visitor.open(f"/things/{thing.id}")) == "Painting with frogs"


async def test_a_new_version_is_shown_beside_what_is_published(
    rita: Browsing, town: Town, people: People
) -> None:
    live = await town.published()
    version = await new_version(
        town, people, live, description="We paint toads.\nBring an apron.", capacity=4
    )

    page = await rita.open(f"/review/{version.id}")

    assert [e.text for e in page.all("del", "ins")] == [
        "taken out: frogs.",
        "put in: toads.",
        "taken out: No limit",
        "put in: 4 on each date",
    ]
    assert pills(page) == ["Waiting for review", "changed", "changed"]
    assert links(page, "what is published now") == [f"/review/{live.id}"]


async def test_an_approved_version_takes_the_place_of_the_published_one(
    rita: Browsing, town: Town, people: People, visitor: Browsing
) -> None:
    live = await town.published()
    version = await new_version(town, people, live, name="Toads")

    sent = await rita.send(f"/review/{version.id}", do="approve")

    assert sent.headers["location"] == f"/review/{live.id}?done=approved"
    assert title_of(await visitor.open(f"/things/{live.id}")) == "Toads"
    assert (await visitor.get(f"/things/{version.id}")).status_code == 404


async def test_a_thing_goes_back_with_a_reason_at_each_field(
    rita: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()

    sent = await rita.send(
        f"/review/{thing.id}",
        do="reject",
        reason_name="Which frogs?",
        reason_where="Which door?\nThe left one?",
        reason_="Nice.",
    )

    assert sent.headers["location"] == "/review?done=rejected"
    stored = (await town.service.own_thing(thing.id, people.olga.id)).body
    assert (stored.status, set(stored.reasons)) == (
        "REJECTED",
        {
            Reason("name", "Which frogs?"),
            Reason("where", "Which door?\nThe left one?"),
            Reason("", "Nice."),
        },
    )


@ON_SQLITE
async def test_without_a_reason_nothing_goes_back(
    rita: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()

    page = page_of(await rita.send(f"/review/{thing.id}", do="reject", reason_name=" "), 422)

    assert errors(page) == ["The reason is missing: say why, here or at one of the fields."]
    assert await status(town, people, thing) == "PENDING"


@ON_SQLITE
async def test_a_reason_that_does_not_fit_is_named_at_its_field(rita: Browsing, town: Town) -> None:
    thing = await town.pending()
    long = "x" * 2_001

    page = page_of(
        await rita.send(f"/review/{thing.id}", do="reject", reason_="a", reason_price=long), 422
    )

    assert errors(page) == ["The reason at “Price” has 2,001 characters; at most 2,000 fit."]
    assert page.id("reason_price").typed == long
    assert page.id("reason_").typed == "a"


@ON_SQLITE
async def test_what_was_found_wrong_is_not_published_by_the_wrong_button(
    rita: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()

    page = page_of(await rita.send(f"/review/{thing.id}", do="approve", reason_name="Hm"), 422)

    assert errors(page) == [
        "The reason at “Name” is written, so it was not published: send it back, or empty the "
        "reason."
    ]
    assert await status(town, people, thing) == "PENDING"


async def test_approving_twice_says_that_it_is_decided(rita: Browsing, town: Town) -> None:
    thing = await town.pending()
    path = f"/review/{thing.id}"
    form = only_form(await rita.open(path))
    await rita.post(path, **{**form, "do": "approve"})
    before = await town.service.review(thing.id)

    again = page_of(await rita.post(path, **{**form, "do": "approve"}), 409)
    sent_back = page_of(await rita.post(path, **{**form, "do": "reject", "reason_name": "No"}), 409)

    for page in (again, sent_back):
        assert notes(page, "alert") == [
            "This has been decided in the meantime, so nothing was done."
        ]
        assert pills(page)[0] == "Published"
    assert await town.service.review(thing.id) == before


async def test_approving_a_new_version_twice_shows_who_decided_what(
    rita: Browsing, town: Town, people: People
) -> None:
    live = await town.published()
    version = await new_version(town, people, live, name="Toads")
    path = f"/review/{version.id}"
    form = only_form(await rita.open(path))
    await rita.post(path, **{**form, "do": "approve"})

    page = page_of(await rita.post(path, **{**form, "do": "approve"}), 409)

    assert notes(page, "alert") == ["This has been decided in the meantime, so nothing was done."]
    assert names(page) == ["Approved by you", "Submitted", "Started by the organiser"]
    assert title_of(await rita.open(path)) == "This is no longer waiting"


async def test_two_reviewers_at_once_decide_once(
    app: Http, platform: Platform, town: Town, people: People
) -> None:
    thing = await town.pending()
    account = await platform.accounts.ensure("ruth@example.org", actor="test")
    ruth = await platform.keys.create("reviewer", None, "", actor="test", account_id=account)
    path = f"/review/{thing.id}"
    async with Browsing.of(app, people.rita.secret) as one, Browsing.of(app, ruth.secret) as other:
        forms = [only_form(await browsing.open(path)) for browsing in (one, other)]
        answers = await asyncio.gather(
            one.post(path, **forms[0], do="approve"),
            other.post(path, **{**forms[1], "do": "reject", "reason_name": "No"}),
        )

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    decided = "PUBLISHED" if answers[0].status_code == 303 else "REJECTED"
    assert await status(town, people, thing) == decided


async def test_what_was_changed_since_it_was_read_is_not_approved(
    rita: Browsing, town: Town, people: People
) -> None:
    thing = await town.pending()
    path = f"/review/{thing.id}"
    form = only_form(await rita.open(path))
    await town.service.change_thing(thing.id, content(name=EVIL), people.olga.id, actor="test")

    page = page_of(await rita.post(path, **{**form, "do": "approve"}), 409)

    [told] = notes(page, "alert")
    assert told.startswith("The organiser has changed this since you opened the page")
    assert told.endswith(" Changed since: name.")
    assert pills(page) == ["Waiting for review", "just changed"]
    assert title_of(page) == EVIL
    assert await status(town, people, thing) == "PENDING"
    refused = page_of(
        await rita.post(path, **{**form, "do": "reject", "reason_name": "No adverts"}), 409
    )
    assert refused.id("reason_name").typed == "No adverts"
    assert pills(refused) == pills(page)
    assert pills(await rita.open(path)) == ["Waiting for review"]
    sent = await rita.post(path, **only_form(refused), do="reject")
    assert (sent.status_code, await status(town, people, thing)) == (303, "REJECTED")


async def test_what_was_changed_since_it_was_sent_back_is_said(
    rita: Browsing, town: Town, people: People
) -> None:
    thing, own = await town.pending(), people.olga.id
    path, seen = f"/review/{thing.id}", list[list[str]]()
    for written in (content(name="Toads"), content(name="Frogs", capacity=4), None):
        seen.append((await rita.open(path)).of_class("note"))
        why = (Reason("name", "Which?"),)
        await town.service.reject(thing.id, why, people.rita.id, actor="test")
        if written is not None:
            await town.service.change_thing(thing.id, written, own, actor="test")
        await town.service.submit_thing(thing.id, own, actor="test")
    seen.append((await rita.open(path)).of_class("note"))

    before = "It was sent back before, for the reasons below."
    assert seen == [
        [],
        [f"{before} Changed since then: name."],
        [f"{before} Changed since then: name, places."],
        [f"{before} Nothing has changed since then."],
    ]


async def test_a_new_version_of_what_was_taken_down_meanwhile_is_not_approved_unseen(
    rita: Browsing, town: Town, people: People
) -> None:
    live = await town.published()
    version = await new_version(town, people, live, name="Toads")
    path = f"/review/{version.id}"
    form = only_form(await rita.open(path))
    await town.service.withdraw_as_reviewer(live.id, "not safe", people.rita.id, actor="test")

    page = page_of(await rita.post(path, **{**form, "do": "approve"}), 409)

    assert notes(page, "alert")[0].startswith("What this was to replace has been taken down")
    assert await status(town, people, version) == "PENDING"
    await rita.post(path, **{**only_form(page), "do": "approve"})
    assert await status(town, people, version) == "PUBLISHED"


async def test_nobody_decides_on_what_is_their_own(
    olga: Browsing, town: Town, people: People, platform: Platform
) -> None:
    """A moderator who is also the organiser: it is shown, explained, and refused."""
    await platform.accounts.change_roles(people.olga.id, add=["reviewer"], actor="test")
    both = await platform.accounts.issue_code("olga@example.org")
    session = await platform.accounts.start_session("olga@example.org", both)
    await platform.accounts.change_roles(people.olga.id, add=["organiser"], actor="test")
    olga.client.cookies.clear()
    olga.client.cookies.set("gatherlog", session)
    thing, live = await town.pending(), await town.published()

    async def own_in_queue() -> bool:
        return "Your own" in pills(await olga.open("/review"))

    await eventually(own_in_queue, True)
    page = await olga.open(f"/review/{thing.id}")

    assert "Somebody else decides about it" in page.text("main")
    assert [e.text for e in page.all("button")] == ["Sign out"]
    before = [await town.service.review(one.id) for one in (thing, live)]
    for path, do in ((thing, "approve"), (thing, "reject"), (live, "withdraw")):
        fields = {"do": do, "version": "2", "reason": "x"}
        if do == "reject":
            fields["reason_name"] = "x"
        refused = page_of(await olga.send(f"/review/{path.id}", **fields), 403)
        assert notes(refused, "alert") == [
            "This is your own, so somebody else decides about it. Nothing was done."
        ]
    assert [await town.service.review(one.id) for one in (thing, live)] == before


@ON_SQLITE
async def test_an_operator_reads_but_decides_with_an_account_only(
    app: Http, platform: Platform, town: Town, people: People
) -> None:
    thing = await town.pending()
    key = await platform.keys.create("operator", None, "", actor="test")
    async with Browsing.of(app, key.secret) as operator:
        page = await operator.open(f"/review/{thing.id}")
        token = await operator.token("/review")
        refused = await operator.post(f"/review/{thing.id}", form=token, do="approve", version="2")

    assert "a decision is recorded under the reviewer’s account" in page.text("main")
    assert [e.text for e in page.all("button")] == ["Sign out"]
    assert (refused.status_code, await status(town, people, thing)) == (403, "PENDING")


async def test_what_is_published_is_taken_down_with_a_reason(
    rita: Browsing, town: Town, people: People, visitor: Browsing
) -> None:
    thing = await town.published()
    path = f"/review/{thing.id}"

    refused = page_of(await rita.send(path, do="withdraw"), 422)
    assert errors(refused) == ["The reason is missing or blank."]
    sent = await rita.send(path, do="withdraw", reason="Dangerous")

    assert sent.headers["location"] == "/review?done=taken_down"
    assert (await visitor.get(f"/things/{thing.id}")).status_code == 404
    past = await rita.open(path)
    assert names(past)[0] == "Taken down by you"
    assert "Dangerous" in past.text("main")


async def test_the_history_says_who_decided_what(
    rita: Browsing, town: Town, people: People, platform: Platform
) -> None:
    thing = await town.pending()
    ruth = await platform.accounts.ensure("ruth@example.org", actor="test")
    await town.service.reject(thing.id, (Reason("name", "Frogs?"),), ruth, actor="test")
    await town.service.submit_thing(thing.id, people.olga.id, actor="test")

    page = await rita.open(f"/review/{thing.id}")

    assert names(page) == [
        "Submitted",
        f"Sent back by the account {ruth}",
        "Name:",
        "Submitted",
        "Started by the organiser",
    ]


async def test_what_was_sent_back_is_not_shown_to_reviewers_any_more(
    rita: Browsing, town: Town, people: People
) -> None:
    """The organiser may be at work on it: it is a draft again."""
    thing = await town.pending()
    await town.service.reject(thing.id, (Reason("", "No"),), people.rita.id, actor="test")
    await town.service.change_thing(
        thing.id, content(name="Secret plan"), people.olga.id, actor="test"
    )

    page = await rita.open(f"/review/{thing.id}")

    assert "Secret plan" not in page.html
    assert "Painting with frogs" not in page.html
    assert names(page)[0] == "Sent back by you"


async def test_reports_are_listed_and_taken_off(rita: Browsing, town: Town, people: People) -> None:
    thing = await town.published()
    for parent, reason in ((people.pia.id, EVIL), (people.paul.id, "Closed")):
        await town.service.report_thing(thing.id, reason, parent, actor="test")

    async def reports() -> list[str]:
        return [e.text for e in (await rita.open("/review")).all("blockquote")]

    await eventually(reports, [EVIL, "Closed"])
    page = await rita.open("/review")
    assert [e["href"] for e in page.all("a") if "evil" in (e.get("href") or "")] == []
    form = {"form": only_form(page)["form"], "thing": thing.id, "account": people.pia.id}
    for _ in range(2):  # a second time does nothing
        sent = await rita.post("/review", **form)
        assert sent.headers["location"] == "/review?done=settled"
    await eventually(reports, ["Closed"])


@ON_SQLITE
@pytest.mark.parametrize("field", ["thing", "account"])
@pytest.mark.parametrize("id", ["", "x", "x" * 2_000, "00000000-0000-7000-8000-000000000000"])
async def test_a_report_that_is_none_is_no_error(
    rita: Browsing, town: Town, people: People, platform: Platform, field: str, id: str
) -> None:
    thing = await town.published()
    await town.service.report_thing(thing.id, "Closed", people.pia.id, actor="test")
    form = {"form": await rita.token("/review"), "thing": thing.id, "account": people.pia.id}
    before = await platform.store.heads()

    answer = await rita.post("/review", **{**form, field: id})

    assert answer.status_code == (303 if len(id) == 36 else 404)
    assert await platform.store.heads() == before


@ON_SQLITE
async def test_a_web_address_in_a_text_is_pointed_out_and_is_no_link(
    rita: Browsing, town: Town
) -> None:
    plain, evil = await town.pending(), await town.pending(content(description=EVIL))
    hint = "There is a web address in the name or the description."

    pages = [await rita.open(f"/review/{thing.id}") for thing in (plain, evil)]

    assert [hint in page.text("main") for page in pages] == [False, True]
    assert EVIL in pages[1].of_class("prose")
    assert [e["href"] for e in pages[1].all("a") if "evil" in (e.get("href") or "")] == []
