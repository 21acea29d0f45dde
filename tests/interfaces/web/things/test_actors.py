"""Who may open which page: nobody, parents, organisers, reviewers, keys and co-hosts."""

import pytest

from gatherlog.apps.guests import NewGuest
from gatherlog.bootstrap import Platform
from tests.interfaces.graphql.asking import ON_SQLITE, People
from tests.interfaces.graphql.sample_town import DAY, Town
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing, only_form

FOR_EVERYBODY = [200, 200]
OWN = ["/favourites", "/children", "/children/new", "/bookings"]
ACTORS = {
    "nobody": (FOR_EVERYBODY, 303),
    "parent": (FOR_EVERYBODY, 200),
    "organiser": (FOR_EVERYBODY, 200),
    "reviewer": (FOR_EVERYBODY, 200),
    "operator's key": (FOR_EVERYBODY, 403),
    "host's key": (FOR_EVERYBODY, 403),
    "co-host": (FOR_EVERYBODY, 403),
}


async def credential(who: str, platform: Platform, people: People) -> str:
    """What the cookie of such an actor holds."""
    if who == "nobody":
        return ""
    if who == "operator's key":
        return (await platform.keys.create("operator", None, "k", actor="t")).secret
    if who == "host's key":
        return (await platform.keys.create("host", "default", "k", actor="t")).secret
    if who == "co-host":
        return await login_of_co_host(platform)
    return {"parent": people.pia, "organiser": people.olga, "reviewer": people.rita}[who].secret


async def login_of_co_host(platform: Platform) -> str:
    guests, new = platform.guests, NewGuest(first_name="Ada", last_name="Lovelace")
    ada = (await guests.add_guest("default", new, actor="t")).body
    await guests.make_co_host("default", ada.id, True, actor="t")
    link = await guests.issue_link("default", ada.id, actor="t", names_co_hosts=True)
    return await platform.guest_login.login(link, "Lovelace")


@ON_SQLITE
@pytest.mark.parametrize("who", ACTORS)
async def test_everybody_opens_what_is_theirs(
    visitor: Browsing, town: Town, platform: Platform, who: str
) -> None:
    thing = await town.published()
    secret = await credential(who, platform, town.people)
    if secret:
        visitor.client.cookies.set("gatherlog", secret)

    public = [await visitor.get("/things"), await visitor.get(f"/things/{thing.id}")]
    own = [await visitor.get(path) for path in [*OWN, f"/things/{thing.id}/book?date={DAY}"]]

    opened, private = ACTORS[who]
    assert [answer.status_code for answer in public] == opened
    assert [answer.status_code for answer in own] == [private] * 5


@ON_SQLITE
@pytest.mark.parametrize("who", ["operator's key", "host's key", "co-host"])
async def test_who_has_no_family_changes_nothing(
    visitor: Browsing, town: Town, platform: Platform, who: str
) -> None:
    thing = await town.published()
    visitor.client.cookies.set("gatherlog", await credential(who, platform, town.people))
    token = only_form(await visitor.open("/things"))["form"]

    refused = [
        await visitor.post(f"/things/{thing.id}", form=token, do="keep"),
        await visitor.post(f"/things/{thing.id}", form=token, do="report", reason="x"),
        await visitor.post(f"/things/{thing.id}/book?date={DAY}", form=token, people="1"),
        await visitor.post("/children/new", form=token, name="Mia", birthDate="2020-01-01"),
        await visitor.post("/favourites", form=token, thing=thing.id),
    ]

    assert [answer.status_code for answer in refused] == [403] * 5
    assert {Page(answer.text).text("h1") for answer in refused} == {"You don’t have access to this"}
    assert (await town.service.places_left(thing.id, DAY)).booked == 0
