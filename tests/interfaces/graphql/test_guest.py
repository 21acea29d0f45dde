"""What everybody sees: what is published, and nothing else."""

import msgspec

from gatherlog.bootstrap import Platform
from tests.interfaces.graphql.asking import Asking
from tests.interfaces.graphql.sample_town import DAY, Town, content
from tests.stores import events_in

WHOLE = """
query Thing($id: ID!) {
  thingToDoById(id: $id) {
    id type name description
    where { address location { lat lon } }
    when { occurrences { dayOfWeek hours { from to } } }
    contact { email phone www }
    target { age { from to } type }
    image { name imageUri }
    bookingMandatory adultMandatory category
    price { from to }
    distance capacity timeZone
    organiser { id name }
  }
}
"""


async def test_a_published_thing_is_shown_with_its_organiser(ask: Asking, town: Town) -> None:
    thing = await town.published(content(capacity=8))

    shown = (await ask.guest(WHOLE, id=thing.id)).data["thingToDoById"]

    days = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    hours = {"from": "10:00:00", "to": "12:00:00"}
    assert shown == {
        "id": thing.id,
        "type": "RECURRING_EVENT",
        "name": "Painting with frogs",
        "description": "We paint frogs.\nBring an apron.",
        "where": {"address": "Pond Street 1, Berlin", "location": {"lat": 52.52, "lon": 13.405}},
        "when": {"occurrences": [{"dayOfWeek": day, "hours": hours} for day in days]},
        "contact": {
            "email": "olga@example.org",
            "phone": None,
            "www": "https://frogs.example.org",
        },
        "target": {"age": {"from": 5, "to": 8}, "type": ["CHILD"]},
        "image": {
            "name": "frog.png",
            "imageUri": "https://pictures.s3.eu-west-1.amazonaws.com/a%20b/frog.png",
        },
        "bookingMandatory": True,
        "adultMandatory": False,
        "category": "ARTS",
        "price": {"from": 5.0, "to": 7.5},
        "distance": None,
        "capacity": 8,
        "timeZone": "Europe/Berlin",
        "organiser": {"id": ask.people.olga.id, "name": "House of Olga"},
    }


async def test_moments_have_the_offset_of_the_things_own_zone(ask: Asking, town: Town) -> None:
    when = msgspec.structs.replace(content().when, start="2026-07-01T09:00:00")
    thing = await town.published(content(when=when))

    query = "query T($id: ID!) { thingToDoById(id: $id) { when { dateTime { from } } } }"
    shown = await ask.guest(query, id=thing.id)

    assert shown.data["thingToDoById"]["when"]["dateTime"]["from"] == "2026-07-01T09:00:00+02:00"


async def test_the_coming_dates_are_listed_with_the_places_left(ask: Asking, town: Town) -> None:
    thing = await town.published(content(capacity=3))
    await town.book(thing, people=2)
    await town.book(thing, "paul", people=2)

    query = """query P($id: ID!) {
      places(id: $id, first: 20) { date from to capacity left waiting }
    }"""
    places = (await ask.guest(query, id=thing.id)).data["places"]

    [booked] = [one for one in places if one["date"] == DAY]
    assert (booked["capacity"], booked["left"], booked["waiting"]) == (3, 1, 1)
    assert (booked["from"][11:19], booked["to"][11:19]) == ("10:00:00", "12:00:00")
    assert {one["left"] for one in places if one is not booked} == {3}


async def test_while_there_is_no_index_finding_is_refused_and_says_so(ask: Asking) -> None:
    answer = await ask.guest("{ findThingsToDo { totalCount } }")

    assert (answer.status, answer.code) == (200, "UNAVAILABLE")
    assert answer.errors[0]["message"] == (
        "The index for searching is being built. Try again in a moment."
    )


async def test_a_letter_to_the_site_is_taken(ask: Asking, platform: Platform) -> None:
    query = """mutation C($input: ContactUsInput) { contactUs(input: $input) }"""
    letter = {"subject": "Opening hours", "body": "When?", "from": "ada@example.org"}

    taken = await ask.guest(query, input=letter)

    [event] = await events_in(platform.store, ["enquiry"])
    assert taken.data == {"contactUs": True}
    assert (event.type, b"ada@example.org" in event.data) == ("things.enquiry_made", True)


async def test_a_letter_without_input_or_with_flaws_is_refused(ask: Asking) -> None:
    query = """mutation C($input: ContactUsInput) { contactUs(input: $input) }"""
    letter = {"subject": " ", "body": "When?", "from": "nobody"}

    nothing, wrong = await ask.guest(query), await ask.guest(query, input=letter)

    assert (nothing.code, nothing.flaws) == ("BAD_USER_INPUT", {"/input": "is needed"})
    assert (wrong.code, sorted(wrong.flaws)) == (
        "BAD_USER_INPUT",
        ["/input/from", "/input/subject"],
    )
