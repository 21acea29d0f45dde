"""Who may ask what: every API and every kind of credential; and what is hidden from whom."""

from typing import Any

import pytest
from graphql import GraphQLObjectType

from gatherlog.apps.guests import NewGuest
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.graphql.apis import built_apis
from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_town import DAY, Town, content, thing_input

MISSING = "0198f3c2-0000-7000-8000-000000000000"
CREDENTIALS = ("nobody", "dead", "parent", "organiser", "reviewer", "operator", "host", "member")
U, F, A = 401, 403, 200
GATE = {
    "organiser": (U, U, F, A, F, F, F, F),
    "user": (U, U, A, A, A, F, F, A),
    "guest": (A, A, A, A, A, A, A, A),
    "audit": (U, U, F, F, A, A, F, F),
}
"""The status for each of CREDENTIALS. The operator's key has no family and no things of its own."""


async def credential(platform: Platform, ask: Asking, name: str) -> str | None:
    olga = ask.people.olga.id
    match name:
        case "nobody":
            return None
        case "dead":
            return "glk_" + "x" * 43
        case "parent":
            return ask.people.pia.secret
        case "organiser" | "reviewer" | "member":
            made = await platform.keys.create(name, None, "", actor="test", account_id=olga)
        case "host":
            made = await platform.keys.create(name, "default", "", actor="test", account_id=olga)
        case _:
            made = await platform.keys.create(name, None, "", actor="test")
    return made.secret


@ON_SQLITE
@pytest.mark.parametrize("api", GATE)
@pytest.mark.parametrize("media", ["application/graphql-response+json", "application/json"])
async def test_each_api_is_for_those_whose_it_is(
    ask: Asking, platform: Platform, api: str, media: str
) -> None:
    found = []
    for name in CREDENTIALS:
        secret = await credential(platform, ask, name)
        headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
        answer = await ask.api(api, "{ __typename }", headers={"accept": media, **headers})
        found.append((answer.status, sorted(answer.body), answer.body.get("errors")))

    assert tuple(status for status, _, _ in found) == GATE[api]
    assert {(status, *names) for status, names, _ in found} == {
        (status, "data" if status == 200 else "errors") for status in GATE[api]
    }
    assert {(status, errors[0]["extensions"]["code"]) for status, _, errors in found if errors} == {
        (status, {U: "UNAUTHENTICATED", F: "FORBIDDEN"}[status])
        for status in GATE[api]
        if status != 200
    }


@ON_SQLITE
async def test_a_session_has_the_apis_of_its_accounts_roles(
    ask: Asking, platform: Platform
) -> None:
    """At once, and only as long as the account has the role."""
    pia = ask.people.pia.id

    async def statuses() -> list[int]:
        apis = ("organiser", "audit")
        return [(await ask.api(api, "{ __typename }", who="pia")).status for api in apis]

    before = await statuses()
    await platform.accounts.change_roles(pia, add=["organiser", "reviewer"], actor="test")
    given = await statuses()
    await platform.accounts.change_roles(pia, remove=["organiser"], actor="test")

    assert (before, given, await statuses()) == ([403, 403], [200, 200], [403, 200])


@ON_SQLITE
async def test_a_guests_login_opens_no_api_but_that_of_everybody(
    ask: Asking, platform: Platform
) -> None:
    new = NewGuest(first_name="Ada", last_name="Lovelace")
    guest = await platform.guests.add_guest("default", new, actor="test")
    link = await platform.guests.issue_link("default", guest.body.id, actor="test")
    body = {"lastName": "Lovelace", "token": link}
    login = (await ask.client.post("/auth/login", json=body)).json()
    headers = {"authorization": f"Bearer {login['token']}"}

    statuses = [(await ask.api(api, "{ __typename }", headers=headers)).status for api in GATE]

    assert statuses == [403, 403, 200, 403]


# What belongs to others is answered like what does not exist, for the same reads.

Case = tuple[str, dict[str, Any]]


def changes(name: str, kind: str, **given: Any) -> Case:
    return f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ id }} }}", given


def reads_of(fields: str) -> Case:
    return f"query($id: ID!) {{ {fields} }}", {}


BY_ID: dict[str, list[Case]] = {
    "organiser": [
        reads_of("thingToDoById(id: $id) { name }"),
        reads_of("figures(id: $id) { favourites }"),
        reads_of(f'bookings(id: $id, date: "{DAY}") {{ id }}'),
        changes("publish", "Publish"),
        changes("newVersion", "NewVersion"),
        changes("removeThingToDo", "RemoveThingToDo"),
        changes("updateThingToDo", "UpdateThingToDo", thingToDo=thing_input()),
        changes("withdrawThingToDo", "WithdrawThingToDo", reason="x"),
        changes("cancelOccurrence", "CancelOccurrence", date=DAY, reason="x"),
        changes("moveOccurrence", "MoveOccurrence", date=DAY, to=DAY),
        changes("writeToFamilies", "WriteToFamilies", date=DAY, subject="x", body="x"),
    ],
    "user": [
        reads_of("thingToDoById(id: $id) { name }"),
        reads_of("places(id: $id) { date }"),
        reads_of("myFavoriteById(id: $id) { id }"),
        changes("addToMyFavorites", "AddToMyFavorites"),
        changes("book", "Book", date=DAY, people=1),
        ("mutation($input: ReportThingInput!) { reportThing(input: $input) }", {"reason": "x"}),
    ],
    "guest": [
        reads_of("thingToDoById(id: $id) { name }"),
        reads_of("places(id: $id) { date }"),
    ],
    "audit": [
        reads_of("thingToDoById(id: $id) { name }"),
        reads_of("history(id: $id) { what }"),
        changes("approve", "Approve"),
        changes("reject", "Reject", reasons=[{"text": "x"}]),
        changes("withdraw", "Withdraw", reason="x"),
    ],
}
CASES = [(api, query, given) for api, rows in BY_ID.items() for query, given in rows]
WHO = {"organiser": "otto", "user": "pia", "guest": None, "audit": "rita"}
Reads = list[tuple[str, int]]


async def asked(
    ask: Asking, reads: Reads, api: str, query: str, given: dict[str, Any], id: str
) -> tuple[int, str, Reads]:
    """The answer about an id, without the id, and what was read for it."""
    variables = {"input": {**given, "id": id}} if "$input" in query else {"id": id}
    reads.clear()
    answer = await ask.api(api, query, variables, who=WHO[api])
    return answer.status, str(answer.body).replace(id, "…"), [*reads]


@pytest.mark.parametrize(("api", "query", "given"), CASES, ids=lambda one: str(one)[:60])
async def test_a_draft_of_somebody_else_is_answered_like_nothing_for_the_same_reads(
    ask: Asking, town: Town, reads: Reads, api: str, query: str, given: dict[str, Any]
) -> None:
    draft = await town.draft(content(description="frogs " * 500))

    missing = await asked(ask, reads, api, query, given, MISSING)

    assert await asked(ask, reads, api, query, given, draft.id) == missing
    assert ("NOT_FOUND" in missing[1]) == query.startswith("mutation")
    assert ("errors" in missing[1]) == query.startswith("mutation")


OF_BOOKINGS = [
    reads_of("myBookingById(id: $id) { status }"),
    changes("cancelBooking", "CancelBooking"),
]
OF_CHILDREN = [
    reads_of("myChildById(id: $id) { name }"),
    changes("removeChild", "RemoveChild"),
    changes("updateChild", "UpdateChild", child={"name": "x", "birthDate": "2020-01-01"}),
]


@pytest.mark.parametrize(("query", "given"), OF_BOOKINGS, ids=lambda one: str(one)[:40])
async def test_a_booking_of_somebody_else_is_answered_like_none(
    ask: Asking, town: Town, reads: Reads, query: str, given: dict[str, Any]
) -> None:
    booking = await town.book(await town.published(), "paul")

    missing = await asked(ask, reads, "user", query, given, MISSING)

    assert await asked(ask, reads, "user", query, given, booking.id) == missing


@pytest.mark.parametrize(("query", "given"), OF_CHILDREN, ids=lambda one: str(one)[:40])
async def test_a_child_of_somebody_else_is_answered_like_none(
    ask: Asking, town: Town, reads: Reads, query: str, given: dict[str, Any]
) -> None:
    child = await town.child("paul", allergies="nuts")

    missing = await asked(ask, reads, "user", query, given, MISSING)

    assert await asked(ask, reads, "user", query, given, child.id) == missing


async def test_no_list_or_count_shows_what_belongs_to_others(ask: Asking, town: Town) -> None:
    await town.draft(content(name="Secret plans"))
    await town.pending(content(name="Secret review"))
    thing = await town.published()
    await town.book(thing, "paul")
    await town.keep(thing, "paul")
    await town.child("paul", name="Secret child")
    own = """{
      thingsToDo { totalCount edges { node { name } } }
      found: thingsToDo(search: "secret") { totalCount edges { node { name } } }
      thingsToDoByStatus(status: DRAFT) { totalCount edges { node { name } } }
    }"""
    mine = "{ myFavorites { totalCount } myChildren { name } myBookings { id } }"

    organiser, parent = await ask.organiser(own, who="otto"), await ask.user(mine)

    nothing = {"totalCount": 0, "edges": []}
    assert organiser.data == dict.fromkeys(("thingsToDo", "found", "thingsToDoByStatus"), nothing)
    assert parent.data == {"myFavorites": {"totalCount": 0}, "myChildren": [], "myBookings": []}


def test_what_guests_are_shown_of_things_is_this_and_no_more() -> None:
    assert _fields("guest") == {
        "ThingToDo": "adultMandatory bookingMandatory capacity category contact description"
        " distance id image name organiser price target timeZone type when where",
        "Organiser": "id name",
        "Places": "capacity date from left to waiting",
        "ImageObject": "imageUri name",
        "Contact": "email phone www",
    }


def test_reviewers_are_shown_no_bookings_and_organisers_nobodys_account() -> None:
    audit, organiser = _fields("audit"), _fields("organiser")

    assert [name for name in audit if name in ("Child", "Booking", "Figures")] == []
    assert organiser["Booking"] == "children date from id people status thingToDo to"


_PLAIN = (
    *("Where", "Coordinates", "When", "DateTimeRange", "Occurence", "TimeRange", "Target"),
    *("IntRange", "FloatRange", "PageInfo", "Query", "Mutation", "Subscription"),
)


def _fields(api: str) -> dict[str, str]:
    """The fields of every type that is not plain and no list."""
    schema = built_apis()[f"/graphql/{api}"].schema
    return {
        name: " ".join(sorted(kind.fields))
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        and not name.startswith("__")
        and not name.endswith(("Connection", "Edge"))
        and name not in _PLAIN
    }
