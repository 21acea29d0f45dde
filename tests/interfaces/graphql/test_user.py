"""What parents do: favourites, children and bookings, all of them their own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.interfaces.graphql.asking import Asking
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content
from tests.stores import eventually

BOOK = """mutation B($input: BookInput!) { book(input: $input) {
  id status date people place children { name } thingToDo { name }
} }"""
FAVOURITES = """query F($first: Int, $after: String) { myFavorites(first: $first, after: $after) {
  totalCount edges { cursor node { id thingToDo { name myFavorite } } }
  pageInfo { hasNextPage hasPreviousPage endCursor }
} }"""
BORN = (datetime.now(UTC) - timedelta(days=6 * 366)).date().isoformat()


async def test_a_favourite_is_kept_shown_and_removed(ask: Asking, town: Town) -> None:
    thing = await town.published()
    given: dict[str, Any] = {"input": {"id": thing.id}}
    add = """mutation A($input: AddToMyFavoritesInput!) {
      addToMyFavorites(input: $input) { id thingToDo { name } }
    }"""
    remove = """mutation R($input: RemoveFromMyFavoritesInput!) {
      removeFromMyFavorites(input: $input) { id }
    }"""
    mine = (
        "query M($id: ID!) { thingToDoById(id: $id) { myFavorite } myFavoriteById(id: $id) {id} }"
    )

    added, twice = await ask.user(add, **given), await ask.user(add, **given)
    shown = await ask.user(mine, id=thing.id)
    removed = await ask.user(remove, **given)
    after = await ask.user(mine, id=thing.id)

    favourite = {"id": thing.id, "thingToDo": {"name": "Painting with frogs"}}
    assert added.data == twice.data == {"addToMyFavorites": favourite}
    assert removed.data == {"removeFromMyFavorites": {"id": thing.id}}
    assert [shown.data, after.data] == [
        {"thingToDoById": {"myFavorite": True}, "myFavoriteById": {"id": thing.id}},
        {"thingToDoById": {"myFavorite": False}, "myFavoriteById": None},
    ]


async def test_favourites_come_in_full_pages_without_what_is_not_published_now(
    ask: Asking, town: Town
) -> None:
    things = [await town.published(content(name=f"Frogs {number}")) for number in range(4)]
    for thing in things:
        await town.keep(thing)
    await town.service.withdraw_thing(things[2].id, "closed", ask.people.olga.id, actor="cli")

    async def names() -> object:
        first = (await ask.user(FAVOURITES, first=2)).data["myFavorites"]
        rest = await ask.user(FAVOURITES, first=2, after=first["pageInfo"]["endCursor"])
        return [_page(first), _page(rest.data["myFavorites"])]

    await eventually(
        names,
        [(3, ["Frogs 3", "Frogs 1"], True, False), (3, ["Frogs 0"], False, True)],
    )


async def test_children_are_added_changed_and_removed(ask: Asking) -> None:
    add = "mutation A($input: AddChildInput!) { addChild(input: $input) { id name allergies } }"
    update = """mutation U($input: UpdateChildInput!) {
      updateChild(input: $input) { id name allergies }
    }"""
    remove = "mutation R($input: RemoveChildInput!) { removeChild(input: $input) { id } }"
    mia = {"name": "Mia", "birthDate": BORN}

    added = (await ask.user(add, input={**mia, "allergies": "nuts"})).data["addChild"]
    renamed = await ask.user(update, input={"id": added["id"], "child": {**mia, "name": "Maja"}})
    listed = await ask.user("{ myChildren { id name birthDate } }")
    removed = await ask.user(remove, input={"id": added["id"]})
    after = await ask.user("query C($id: ID!) { myChildById(id: $id) { id } }", id=added["id"])

    assert renamed.data["updateChild"] == {"id": added["id"], "name": "Maja", "allergies": "nuts"}
    assert listed.data["myChildren"] == [{**mia, "id": added["id"], "name": "Maja"}]
    assert removed.data["removeChild"] == {"id": added["id"]}
    assert after.data["myChildById"] is None


async def test_a_child_of_the_future_is_refused(ask: Asking) -> None:
    add = "mutation A($input: AddChildInput!) { addChild(input: $input) { id } }"

    refused = await ask.user(add, input={"name": "Mia", "birthDate": "2999-01-01"})

    assert (refused.code, list(refused.flaws)) == ("BAD_USER_INPUT", ["/input/birthDate"])


async def test_a_parent_books_for_a_child_and_gives_the_place_up(ask: Asking, town: Town) -> None:
    thing, mia = await town.published(content(capacity=2)), await town.child()
    given = {"id": thing.id, "date": DAY, "from": "10:00:00", "children": [mia.id], "people": 1}

    booked = (await ask.user(BOOK, input=given)).data["book"]
    cancel = "mutation C($input: CancelBookingInput!) { cancelBooking(input: $input) { status } }"
    cancelled = await ask.user(cancel, input={"id": booked["id"]})

    assert booked == {
        "id": booked["id"],
        "status": "BOOKED",
        "date": DAY,
        "people": 2,
        "place": None,
        "children": [{"name": "Mia"}],
        "thingToDo": {"name": "Painting with frogs"},
    }
    assert cancelled.data == {"cancelBooking": {"status": "CANCELLED"}}


async def test_who_does_not_fit_waits_and_more_than_all_places_are_refused(
    ask: Asking, town: Town
) -> None:
    thing = await town.published(content(capacity=2))
    await town.book(thing, "paul", people=2)

    waiting = await ask.user(BOOK, input={"id": thing.id, "date": DAY, "people": 1})
    full = await ask.user(BOOK, input={"id": thing.id, "date": NEXT_DAY, "people": 3})
    twice = await ask.user(BOOK, input={"id": thing.id, "date": DAY, "people": 1})

    booking = waiting.data["book"]
    assert (booking["status"], booking["place"]) == ("WAITING", 1)
    assert (full.code, twice.code) == ("FULL", "CONFLICT")


async def test_what_cannot_be_booked_is_refused_with_its_reason(ask: Asking, town: Town) -> None:
    thing, tom = await town.published(), await town.child("paul")
    old = await town.child(name="Ida", birth_date="2001-01-01")

    async def flaws(**given: Any) -> object:
        refused = await ask.user(BOOK, input={"id": thing.id, "date": DAY, **given})
        return refused.flaws if refused.code == "BAD_USER_INPUT" else refused.code

    assert [
        await flaws(),
        await flaws(people=1, date="2020-01-01"),
        await flaws(people=1, **{"from": "09:00:00"}),
        await flaws(children=[tom.id]),
        await flaws(children=["no-id"]),
        list(await flaws(children=[old.id])),  # type: ignore[call-overload]
    ] == [
        {"/input/people": "should be at least 1 where no child is named"},
        {"/input/date": "is over"},
        {"/input/date": "has no occurrence"},
        "NOT_FOUND",
        "NOT_FOUND",
        ["/input/children/0"],
    ]


async def test_bookings_are_listed_the_newest_first_and_go_on_from_a_cursor(
    ask: Asking, town: Town
) -> None:
    thing = await town.published()
    for day in (DAY, NEXT_DAY):
        await town.book(thing, date=day)
    query = """query B($first: Int, $after: String) {
      myBookings(first: $first, after: $after) { date cursor }
    }"""

    async def dates() -> object:
        [first] = (await ask.user(query, first=1)).data["myBookings"] or [{}]
        rest = await ask.user(query, after=first.get("cursor"))
        return [first.get("date"), *(one["date"] for one in rest.data["myBookings"])]

    await eventually(dates, [NEXT_DAY, DAY])


async def test_a_report_reaches_the_reviewers(ask: Asking, town: Town) -> None:
    thing = await town.published()
    report = "mutation R($input: ReportThingInput!) { reportThing(input: $input) }"
    taken = await ask.user(report, input={"id": thing.id, "reason": "Wrong address"})
    query = "{ reports { edges { node { accountId reason thingToDo { name } } } } }"
    node = {
        "accountId": ask.people.pia.id,
        "reason": "Wrong address",
        "thingToDo": {"name": "Painting with frogs"},
    }

    async def reports() -> object:
        return (await ask.audit(query)).data["reports"]["edges"]

    await eventually(reports, [{"node": node}])
    settle = "mutation S($input: SettleReportInput!) { settleReport(input: $input) }"
    given = {"id": thing.id, "accountId": ask.people.pia.id}
    settled = await ask.audit(settle, input=given)
    assert (taken.data, settled.data) == ({"reportThing": True}, {"settleReport": True})
    await eventually(reports, [])


def _page(part: dict[str, Any]) -> tuple[Any, ...]:
    names = [edge["node"]["thingToDo"]["name"] for edge in part["edges"]]
    info = part["pageInfo"]
    return part["totalCount"], names, info["hasNextPage"], info["hasPreviousPage"]
