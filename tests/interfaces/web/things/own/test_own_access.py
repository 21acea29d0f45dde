"""Who may open and use the pages of organisers and reviewers, and what others are told."""

from urllib.parse import quote

import pytest

from gatherlog.apps.things import Thing
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from gatherlog.interfaces.web.things.own_frame import NOT_A_REVIEWER, NOT_AN_ORGANISER
from tests.interfaces.graphql.asking import ON_SQLITE, People
from tests.interfaces.graphql.sample_town import DAY, Town
from tests.interfaces.web.things.family import Browsing, only_form
from tests.interfaces.web.things.own.looking import title_of
from tests.interfaces.web.things.test_actors import login_of_co_host

NONE = "00000000-0000-7000-8000-000000000000"
OF_A_THING = ("", "/edit", "/preview", f"/dates/{DAY}?at=10:00", f"/dates/{DAY}/print?at=10:00")
DESK = ["/desk", "/desk/new", "/desk/profile", *[f"/desk/{NONE}{part}" for part in OF_A_THING]]
REVIEW = ["/review", f"/review/{NONE}"]
FORMS = ["/desk/new", "/desk/profile", f"/desk/{NONE}", f"/desk/{NONE}/edit", *REVIEW]


async def browsing_as(name: str, app: Http, platform: Platform, people: People) -> str:
    """The secret of somebody with one role."""
    match name:
        case "parent":
            return people.pia.secret
        case "organiser":
            return people.olga.secret
        case "reviewer":
            return people.rita.secret
        case "co-host":
            return await login_of_co_host(platform)
        case "host":
            made = await platform.keys.create(name, "default", "", actor="test")
        case _:
            made = await platform.keys.create(name, None, "", actor="test")
    return made.secret


@ON_SQLITE
@pytest.mark.parametrize("path", [*DESK, *REVIEW])
async def test_whoever_is_not_signed_in_is_led_to_the_page_by_signing_in(
    visitor: Browsing, path: str
) -> None:
    answer = await visitor.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/signin?next={quote(path)}"


@ON_SQLITE
@pytest.mark.parametrize("who", ["parent", "reviewer", "operator", "host", "co-host"])
@pytest.mark.parametrize("path", DESK)
async def test_the_desk_is_for_organisers(
    app: Http, platform: Platform, people: People, who: str, path: str
) -> None:
    async with Browsing.of(app, await browsing_as(who, app, platform, people)) as browsing:
        page = await browsing.open(path, 403)

    assert title_of(page) == NOT_AN_ORGANISER.title


@ON_SQLITE
@pytest.mark.parametrize("who", ["parent", "organiser", "host", "co-host"])
@pytest.mark.parametrize("path", REVIEW)
async def test_reviews_are_for_reviewers(
    app: Http, platform: Platform, people: People, who: str, path: str
) -> None:
    async with Browsing.of(app, await browsing_as(who, app, platform, people)) as browsing:
        page = await browsing.open(path, 403)

    assert title_of(page) == NOT_A_REVIEWER.title


@ON_SQLITE
async def test_a_role_holds_from_the_moment_at_which_it_is_given(
    pia: Browsing, platform: Platform, people: People
) -> None:
    await pia.open("/desk", 403)
    roles = ["organiser", "reviewer"]

    await platform.accounts.change_roles(people.pia.id, add=roles, actor="test")

    desk = await pia.open("/desk")
    sections = [e.text for e in desk.all("a") if e.get("href") in ("/desk", "/review")]
    assert (title_of(desk), sections) == ("Organise", ["Organise", "Review"])
    assert title_of(await pia.open("/review")) == "Review"
    await platform.accounts.change_roles(people.pia.id, remove=roles, actor="test")
    assert [(await pia.get(path)).status_code for path in ("/desk", "/review")] == [403, 403]


async def things_of(town: Town) -> list[Thing]:
    """One in each state that others may not see."""
    return [
        await town.draft(),
        await town.pending(),
        await town.published(),
    ]


@pytest.mark.parametrize("part", OF_A_THING)
async def test_what_belongs_to_another_is_refused_like_what_does_not_exist(
    otto: Browsing, town: Town, part: str
) -> None:
    missing = await otto.get(f"/desk/{NONE}{part}")
    assert missing.status_code == 404

    for thing in await things_of(town):
        hidden = await otto.get(f"/desk/{thing.id}{part}")

        assert (hidden.status_code, hidden.text) == (404, missing.text)


@ON_SQLITE
@pytest.mark.parametrize("part", ["", "/edit", f"/dates/{DAY}?at=10:00"])
async def test_nothing_is_done_with_what_belongs_to_another(
    otto: Browsing, platform: Platform, town: Town, part: str
) -> None:
    things = await things_of(town)
    token, before = await otto.token("/desk"), await platform.store.heads()
    fields = {"form": token, "do": "withdraw", "reason": "x", "version": "1"}
    missing = await otto.post(f"/desk/{NONE}{part}", **fields)

    for thing in things:
        for do in ("withdraw", "remove", "submit", "cancel", "move", "write"):
            refused = await otto.post(f"/desk/{thing.id}{part}", **{**fields, "do": do})

            assert (refused.status_code, refused.text) == (404, missing.text)
    assert await platform.store.heads() == before


async def test_a_draft_does_not_exist_for_reviewers_either(rita: Browsing, town: Town) -> None:
    draft, missing = await town.draft(), await rita.get(f"/review/{NONE}")

    hidden = await rita.get(f"/review/{draft.id}")

    assert (hidden.status_code, hidden.text) == (404, missing.text)
    token = await rita.token("/review")
    for do in ("approve", "reject", "withdraw"):
        refused = await rita.post(f"/review/{draft.id}", form=token, do=do, version="1")
        assert (refused.status_code, refused.text) == (404, missing.text)


@ON_SQLITE
@pytest.mark.parametrize("path", FORMS)
async def test_a_form_of_another_site_changes_nothing(
    app: Http, platform: Platform, people: People, town: Town, path: str
) -> None:
    """It has no token, that of somebody else, or none that is text."""
    thing = await town.pending()
    secret = people.rita.secret if path.startswith("/review") else people.olga.secret
    async with Browsing.of(app, people.otto.secret) as other:
        stolen = await other.token("/desk")
    before = await platform.store.heads()
    async with Browsing.of(app, secret) as browsing:
        for token in ({}, {"form": ""}, {"form": stolen}, {"form": "ö\U0001f600"}):
            fields = {"do": "approve", "version": "2", "organiser": "Evil", **token}
            refused = await browsing.post(path.replace(NONE, thing.id), **fields)

            assert refused.status_code == 403
            assert "This form is out of date" in refused.text
    assert await platform.store.heads() == before


@ON_SQLITE
@pytest.mark.parametrize("path", [f"/desk/{NONE}", "/review/{id}", "/desk/{id}/dates/x"])
@pytest.mark.parametrize("id", ["x", "%00", "..%2fdesk", NONE[:-1], "x" * 2_000])
async def test_an_address_that_names_nothing_is_no_page(
    olga: Browsing, rita: Browsing, path: str, id: str
) -> None:
    browsing = rita if path.startswith("/review") else olga

    answer = await browsing.get(path.replace(NONE, id).replace("{id}", id))

    assert answer.status_code == 404


@ON_SQLITE
@pytest.mark.parametrize(
    "query", ["?cursor=x", "?show=published&cursor=%00", "?cursor=" + "A" * 99]
)
async def test_a_cursor_that_somebody_made_up_is_refused(olga: Browsing, query: str) -> None:
    assert (await olga.get(f"/desk{query}")).status_code == 422


@ON_SQLITE
async def test_a_form_that_does_not_say_what_to_do_is_refused(
    olga: Browsing, rita: Browsing, town: Town
) -> None:
    thing = await town.published()
    for browsing, path in (
        (olga, f"/desk/{thing.id}"),
        (olga, f"/desk/{thing.id}/dates/{DAY}?at=10:00"),
        (rita, f"/review/{thing.id}"),
    ):
        fields = only_form(await browsing.open(path))

        assert (await browsing.post(path, **fields)).status_code == 400
        assert (await browsing.post(path, **fields, do="nonsense")).status_code == 400
