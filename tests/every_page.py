"""A site with something on each of its pages, and the paths of all of them, by who opens them."""

from datetime import timedelta

import msgspec

from gatherlog.apps.guests import GatheringDetails, NewGuest, Rsvp, SettingsPatch
from gatherlog.apps.people import ProfilePatch
from gatherlog.apps.things import BookingWish, Reason
from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.clock import to_datetime
from tests.browser.town import TownOnline, town_online

__all__ = ["Visits", "every_page"]

Visits = dict[str, list[str]]
"""The paths that each visitor opens, by e-mail address; those of nobody by an empty text."""

OLGA, RITA, PAUL = "olga@example.org", "rita@example.org", "paul@example.org"
"""A host and organiser, a reviewer, and a parent."""


async def every_page(platform: Platform) -> Visits:
    """Fill the site, and say where to look."""
    town = await town_online(platform)
    roles = platform.accounts.change_roles
    await roles(town.organiser, add=["organiser"], actor="test")
    await roles(town.reviewer, add=["reviewer"], actor="test")
    hosted, invited = await _gathering(platform, town.organiser)
    family, shown, organised, reviewed = await _things(platform, town)
    talks = await _messages(platform, town)
    unsubscribe = f"/unsubscribe/{await platform.mail_links.token(town.neighbour)}"
    return {
        "": ["/", "/docs", "/signin", "/things", "/nothing", "/r/nothing", unsubscribe, *invited],
        OLGA: ["/host", *hosted, *organised, *talks, "/nothing"],
        RITA: [*reviewed, "/host"],
        PAUL: [*family, *shown],
    }


async def _gathering(platform: Platform, host: str) -> tuple[list[str], list[str]]:
    """A gathering with every answer; the pages of its host, and those of its guests."""
    guests, day = platform.guests, to_datetime(platform.clock()).date() + timedelta(days=90)
    details = GatheringDetails(
        event_name="Garden party",
        event_date=f"{day}T18:30",
        location="Villa Rosa, Lindenstraße 12",
        time_zone="Europe/Berlin",
    )
    made = (await guests.create_gathering(details, actor="test", host=host)).body.id
    limits = SettingsPatch(max_guests=3, rsvp_deadline=str(day - timedelta(days=9)))
    await guests.change_settings(made, limits, actor="test")
    answers = {
        "Maya": Rsvp(attending=True, num_guests=2, dietary_tags=("vegan",), dietary="No nuts"),
        "Tobe": Rsvp(attending=None),
        "Ife": Rsvp(attending=False),
        "Kofi": Rsvp(attending=True, num_guests=2),
    }
    links, guest = [], ""
    for first in (*answers, "Ada"):
        home = "Okonkwo" if first in ("Maya", "Tobe", "Ife") else None
        new = NewGuest(first_name=first, last_name="Okonkwo", group_id=home, expected_guests=2)
        guest = (await guests.add_guest(made, new, actor="test")).body.id
        links.append(f"/r/{await guests.issue_link(made, guest, actor='test')}")
        if first in answers:
            await guests.rsvp(made, guest, answers[first], actor="test")
    place = f"/host/{made}"
    own = ("", "/guests/new", "/settings", "/import", "/links", "/print", "/households")
    one = (f"/guests/{guest}", f"/guests/{guest}/preview")
    return [f"{place}{path}" for path in (*own, *one)], links


async def _things(
    platform: Platform, town: TownOnline
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Pages of a parent, of anybody, of an organiser and of a reviewer."""
    things, olga, paul, saturday = platform.things, town.organiser, town.neighbour, town.saturday
    thing = await town.publish(town.painting())
    await town.child(paul, "Mia", 6)
    [child] = await things.children(paul)
    wish = BookingWish(date=saturday.isoformat(), children=(child.id,), people=1)
    booking = (await things.book(thing.id, wish, paul, actor="test")).body
    await things.add_favourite(thing.id, paul, actor="test")
    sent_back = (await things.create_thing(town.puppets(), olga, actor="test")).body
    await things.submit_thing(sent_back.id, olga, actor="test")
    reasons = (Reason("name", "Who is Kasperl?"), Reason("", "Nearly."))
    await things.reject(sent_back.id, reasons, town.reviewer, actor="test")
    version = (await things.make_new_version(thing.id, olga, actor="test")).body
    changed = msgspec.structs.replace(town.painting(), name="Painting with toads", capacity=9)
    await things.change_thing(version.id, changed, olga, actor="test")
    await things.submit_thing(version.id, olga, actor="test")
    await things.report_thing(thing.id, "It was closed.", paul, actor="test")
    await town.found()
    one, date = f"/desk/{thing.id}", f"/desk/{thing.id}/dates/{saturday}"
    family = ["/children", "/children/new", f"/children/{child.id}", "/favourites", "/bookings"]
    searches = ["/things", "/things?ages=90+to+3", "/things?q=frogs&day=2020-01-01"]
    mine = [f"/desk/{sent_back.id}", f"/desk/{version.id}", f"{one}/edit"]
    return (
        [*family, f"/bookings/{booking.id}"],
        [*searches, f"/things/{thing.id}", f"/things/{thing.id}/book?date={saturday}&at=10:00"],
        [
            *("/desk", "/desk/new", "/desk/profile", one, *mine),
            *(f"/desk/{sent_back.id}/edit", f"/desk/{sent_back.id}/preview"),
            *(f"{date}?at=10:00", f"{date}/print?at=10:00"),
        ],
        ["/review", f"/review/{version.id}", f"/review/{thing.id}"],
    )


async def _messages(platform: Platform, town: TownOnline) -> list[str]:
    """The organiser's pages of messages."""
    olga, paul = town.organiser, town.neighbour
    for account, handle in ((olga, "olga"), (paul, "paul")):
        named = ProfilePatch(handle=handle, display_name=handle.capitalize())
        await platform.profiles.change(account, named, actor="test")
    talk = (await platform.messages.start(paul, "olga", "Hello there")).conversation
    sent = await platform.messages.send(olga, talk, "Hello Paul")
    await platform.messages.start_group(olga, ["paul"], title="Choir")
    paths = ("", "/new", "/settings", "/blocked", "/search?q=hello")
    return [
        f"/messages{path}"
        for path in (*paths, f"/{talk}", f"/{talk}/about", f"/{talk}/{sent.message.id}")
    ]
