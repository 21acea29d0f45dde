"""What organisers do with their own things, from the draft to the bookings."""

from typing import Any

import pytest

from gatherlog.apps.guests import DEFAULT
from gatherlog.bootstrap import Platform
from gatherlog.core.commands.slices import Window
from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content, thing_input
from tests.stores import eventually

CREATE = "mutation C($input: ThingToDoInput!) { createThingToDo(input: $input) { id } }"
SHOWN = "id status version reasons { field text } name capacity timeZone replaces newVersion"
READ = f"query T($id: ID!) {{ thingToDoById(id: $id) {{ {SHOWN} }} }}"


async def created(ask: Asking, **given: Any) -> str:
    made = await ask.organiser(CREATE, input=thing_input(**given))
    id: str = made.data["createThingToDo"]["id"]
    return id


async def changed(ask: Asking, name: str, **given: Any) -> dict[str, Any]:
    """The thing after a mutation."""
    kind = name[0].upper() + name[1:] + "Input"
    query = f"mutation M($input: {kind}!) {{ {name}(input: $input) {{ {SHOWN} }} }}"
    done: dict[str, Any] = (await ask.organiser(query, input=given)).data[name]
    return done


async def test_a_draft_is_kept_as_it_was_sent(ask: Asking) -> None:
    id = await created(ask, capacity=30)

    query = """query T($id: ID!) { thingToDoById(id: $id) {
      name type status capacity timeZone image { name }
      where { address location { lat lon } } when { dateTime { from to } occurrences { dayOfWeek } }
      contact { email phone www } target { age { from to } type } price { from to }
      bookingMandatory adultMandatory category
    } }"""
    shown = (await ask.organiser(query, id=id)).data["thingToDoById"]

    sent = thing_input(capacity=30)
    starts = shown.pop("when")["dateTime"]
    assert shown == {
        "status": "DRAFT",
        "timeZone": "Europe/Berlin",
        **{name: sent[name] for name in shown if name not in ("status", "timeZone")},
    }
    assert starts["from"] in (f"{DAY}T14:00:00+02:00", f"{DAY}T13:00:00+01:00")


async def test_a_thing_goes_from_draft_to_rejected_and_back_to_review(
    ask: Asking, town: Town
) -> None:
    await town.draft()  # which makes Olga's profile
    id = await created(ask)
    submitted = await changed(ask, "publish", id=id, version=1)
    reject = "mutation R($input: RejectInput!) { reject(input: $input) { status } }"
    why = [{"field": "price", "text": "Too dear."}]
    await ask.audit(reject, input={"id": id, "reasons": why})

    rejected = (await ask.organiser(READ, id=id)).data["thingToDoById"]
    again = await changed(ask, "publish", id=id)

    assert submitted["status"] == "PENDING"
    assert (rejected["status"], rejected["reasons"]) == ("REJECTED", why)
    assert (again["status"], again["reasons"]) == ("PENDING", None)


async def test_an_update_keeps_what_older_clients_do_not_know_of(ask: Asking) -> None:
    id = await created(ask, capacity=30)
    old = {name: value for name, value in thing_input(name="Fair").items() if name != "timeZone"}

    kept = await changed(ask, "updateThingToDo", id=id, thingToDo=old)
    cleared = await changed(ask, "updateThingToDo", id=id, thingToDo={**old, "capacity": None})

    assert (kept["name"], kept["capacity"], kept["timeZone"]) == ("Fair", 30, "Europe/Berlin")
    assert cleared["capacity"] is None


async def test_without_a_time_zone_it_is_the_sites(ask: Asking) -> None:
    given = {name: value for name, value in thing_input().items() if name != "timeZone"}

    made = await ask.organiser(CREATE, input=given)

    shown = await ask.organiser(READ, id=made.data["createThingToDo"]["id"])
    assert shown.data["thingToDoById"]["timeZone"] == "UTC"


async def test_without_a_time_zone_it_is_that_of_the_organisers_newest_thing(
    ask: Asking, platform: Platform
) -> None:
    given = {name: value for name, value in thing_input().items() if name != "timeZone"}
    for zone in ("Europe/Paris", "Europe/London"):
        await created(ask, timeZone=zone)

    async def zones() -> list[str]:
        found = await platform.things.own_things(ask.people.olga.id, Window(limit=5))
        return [item.body.content.time_zone for item in found.items]

    await eventually(zones, ["Europe/London", "Europe/Paris"])
    made = await ask.organiser(CREATE, input=given)

    shown = await ask.organiser(READ, id=made.data["createThingToDo"]["id"])
    assert shown.data["thingToDoById"]["timeZone"] == "Europe/London"


async def test_what_was_changed_meanwhile_is_not_published(ask: Asking) -> None:
    id = await created(ask)
    await changed(ask, "updateThingToDo", id=id, thingToDo=thing_input(name="Fair"))

    query = "mutation P($input: PublishInput!) { publish(input: $input) { id } }"
    refused = await ask.organiser(query, input={"id": id, "version": 1})

    assert (refused.status, refused.code) == (200, "CONFLICT")


async def test_a_new_version_names_what_it_replaces_and_the_other_way_round(
    ask: Asking, town: Town
) -> None:
    live = await town.published()

    draft = await changed(ask, "newVersion", id=live.id)
    shown = (await ask.organiser(READ, id=live.id)).data["thingToDoById"]

    assert (draft["status"], draft["replaces"]) == ("DRAFT", live.id)
    assert (shown["status"], shown["newVersion"]) == ("PUBLISHED", draft["id"])


async def test_what_is_removed_or_withdrawn_is_told(ask: Asking, town: Town) -> None:
    draft, live = await created(ask), await town.published()

    removed = await changed(ask, "removeThingToDo", id=draft)
    withdrawn = await changed(ask, "withdrawThingToDo", id=live.id, reason="The pond froze.")

    query = "query T($id: ID!) { thingToDoById(id: $id) { withdrawnBecause } }"
    shown = await ask.organiser(query, id=live.id)
    assert (removed["status"], withdrawn["status"]) == ("REMOVED", "REMOVED")
    assert shown.data["thingToDoById"] == {"withdrawnBecause": "The pond froze."}


async def test_one_occurrence_is_cancelled_and_another_one_moved(ask: Asking, town: Town) -> None:
    thing = await town.published()
    move = {"id": thing.id, "date": NEXT_DAY, "from": "10:00", "to": f"{NEXT_DAY}T15:00:00"}

    await changed(ask, "cancelOccurrence", id=thing.id, date=DAY, reason="Ill")
    await changed(ask, "moveOccurrence", **move)

    query = "query P($id: ID!) { places(id: $id, first: 100) { date from } }"
    places = (await ask.guest(query, id=thing.id)).data["places"]
    starts = {one["date"]: one["from"][11:19] for one in places}
    assert (DAY in starts, starts[NEXT_DAY]) == (False, "15:00:00")


BOOKINGS = """query B($id: ID!, $date: AWSDate!) {
  bookings(id: $id, date: $date) {
    status date people children { name allergies emergencyContact pickUp } thingToDo { name }
  }
}"""


async def test_bookings_show_the_children_who_come_and_nothing_of_those_who_wait(
    ask: Asking, town: Town
) -> None:
    thing = await town.published(content(capacity=2))
    mia = await town.child(allergies="nuts", pick_up="Grandma")
    tom = await town.child("paul", name="Tom")
    await town.book(thing, people=1, children=(mia.id,))
    await town.book(thing, "paul", people=0, children=(tom.id,))
    first = {
        "status": "BOOKED",
        "date": DAY,
        "people": 2,
        "children": [
            {"name": "Mia", "allergies": "nuts", "emergencyContact": None, "pickUp": "Grandma"}
        ],
        "thingToDo": {"name": "Painting with frogs"},
    }

    async def listed() -> object:
        return (await ask.organiser(BOOKINGS, id=thing.id, date=DAY)).data["bookings"]

    await eventually(listed, [first, {**first, "status": "WAITING", "people": 1, "children": None}])


async def test_figures_are_numbers_and_nobodys_name(ask: Asking, town: Town) -> None:
    thing = await town.published(content(capacity=2))
    await town.keep(thing)
    await town.book(thing, people=2)
    await town.book(thing, "paul", people=1)
    query = """query F($id: ID!) { figures(id: $id) {
      favourites occurrences { date capacity booked bookings waiting }
    } }"""
    occurrence = {"date": DAY, "capacity": 2, "booked": 2, "bookings": 1, "waiting": 1}

    async def shown() -> object:
        return (await ask.organiser(query, id=thing.id)).data["figures"]

    await eventually(shown, {"favourites": 1, "occurrences": [occurrence]})


async def test_an_organiser_cancels_a_booking_and_writes_to_the_families(
    ask: Asking, town: Town
) -> None:
    thing = await town.published()
    booking = await town.book(thing)

    await changed(ask, "cancelBooking", id=booking.id, reason="Double booking")
    await changed(
        ask, "writeToFamilies", id=thing.id, date=DAY, subject="Rain", body="Bring boots."
    )

    query = "query B($id: ID!) { myBookingById(id: $id) { status reason } }"
    shown = await ask.user(query, id=booking.id)
    assert shown.data["myBookingById"] == {"status": "CANCELLED", "reason": "Double booking"}


async def test_the_profile_is_null_until_it_was_saved(ask: Asking) -> None:
    before = await ask.organiser("{ profile { id name } }")
    query = "mutation S($input: SaveProfileInput!) { saveProfile(input: $input) { id name } }"
    saved = await ask.organiser(query, input={"name": "Frog House"})
    after = await ask.organiser("{ profile { id name } }")

    profile = {"id": ask.people.olga.id, "name": "Frog House"}
    assert (before.data, saved.data, after.data) == (
        {"profile": None},
        {"saveProfile": profile},
        {"profile": profile},
    )


@ON_SQLITE
async def test_every_flaw_is_named_by_its_place_in_the_input(ask: Asking) -> None:
    wrong = thing_input(
        name=" ", price={"from": 3, "to": 1}, target={"age": {"from": 9, "to": 3}, "type": []}
    )
    id = await created(ask)

    refused = await ask.organiser(CREATE, input=wrong)
    query = "mutation U($input: UpdateThingToDoInput!) { updateThingToDo(input: $input) { id } }"
    update = await ask.organiser(query, input={"id": id, "thingToDo": wrong})

    flaws = ["name", "price/to", "target/age/to", "target/type"]
    assert sorted(refused.flaws) == [f"/input/{flaw}" for flaw in flaws]
    assert sorted(update.flaws) == [f"/input/thingToDo/{flaw}" for flaw in flaws]


@ON_SQLITE
@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        (
            {
                "when": {
                    "dateTime": {"from": "2027-05-01T14:00:00", "to": "x"},
                    "occurrences": [{"dayOfWeek": "MON", "hours": {"from": "1", "to": "12:00"}}],
                }
            },
            ["when/dateTime/from", "when/dateTime/to", "when/occurrences/0/hours/from"],
        ),
        ({"contact": {"email": "nobody"}}, ["contact/email"]),
        ({"contact": {"www": "javascript:alert(1)"}}, ["contact/www"]),
        ({"category": "GOLF"}, ["category"]),
        ({"capacity": 1.5}, ["capacity"]),
        ({"capacity": "NaN"}, ["capacity"]),
        ({"price": {"from": "1", "to": 2}}, ["price/from"]),
        ({"name": None}, ["name"]),
    ],
    ids=str,
)
async def test_a_value_of_the_wrong_type_never_reaches_the_service(
    ask: Asking, given: dict[str, Any], pointers: list[str]
) -> None:
    refused = await ask.organiser(CREATE, input=thing_input(**given))

    found = [error["extensions"]["errors"][0]["pointer"] for error in refused.errors]
    codes = {error["extensions"]["code"] for error in refused.errors}
    assert (refused.status, codes) == (400, {"BAD_USER_INPUT"})
    assert found == [f"/input/{pointer}" for pointer in pointers]


@ON_SQLITE
async def test_a_thing_is_begun_also_where_the_default_gathering_was_removed(
    ask: Asking, platform: Platform
) -> None:
    await platform.guests.remove_gathering(DEFAULT, actor="test")
    create = "mutation C($input: ThingToDoInput!) { createThingToDo(input: $input) { timeZone } }"
    given = thing_input()
    del given["timeZone"]

    made = await ask.organiser(create, input=given)

    assert made.data["createThingToDo"] == {"timeZone": "UTC"}
