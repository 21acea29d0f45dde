"""Members who have chosen neither a name nor a handle: called as in what they write about."""

from collections.abc import AsyncIterator

import pytest

from gatherlog.apps.guests import GatheringDetails, NewGuest
from gatherlog.apps.messages import About
from gatherlog.apps.messages.service_following import START
from gatherlog.apps.people import ProfilePatch
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from tests.apps.things.sample_things import Town
from tests.interfaces.graphql.sample_town import DAY, content
from tests.interfaces.web.conversations.chatting import Chatter, signed_in
from tests.stores import eventually

NEW = "/messages/new"


@pytest.fixture
async def nora(platform: Platform, app: Http) -> AsyncIterator[Chatter]:
    """An organiser and host who has no name of her own."""
    member = await signed_in(platform, app, "nora", handle=False)
    yield member
    await member.browser.aclose()


@pytest.fixture
def town(platform: Platform) -> Town:
    return Town(platform.things)


def house(member: Chatter) -> str:
    """The name under which `Town` lets an organiser publish."""
    return f"{member.account_id}'s house"


async def begun(member: Chatter, **fields: str) -> str:
    """The path of the conversation that the member begins by the form about something."""
    sent = await member.send(NEW, text="Hello", **fields)
    assert sent.status_code == 303, sent.text
    return sent.headers["location"].split("?")[0].split("#")[0]


async def answered(platform: Platform, member: Chatter, talk: str) -> None:
    await platform.messages.send(member.account_id, talk.rpartition("/")[2], "Yes")


async def heading(member: Chatter, talk: str) -> str:
    return (await member.page(talk)).text("h1")


async def test_an_organiser_without_a_name_is_called_as_on_the_thing(
    platform: Platform, town: Town, ada: Chatter, nora: Chatter
) -> None:
    thing = await town.published(content(), organiser=nora.account_id)
    form = await ada.page(f"{NEW}?thing={thing.id}")
    assert f"To {house(nora)}, the organiser" in [one.text for one in form.all("p")]

    talk = await begun(ada, thing=thing.id)
    await answered(platform, nora, talk)

    page = await ada.page(talk)
    assert page.text("h1") == house(nora)
    assert f"{house(nora)}:" in [one.text for one in page.all("p")]
    assert house(nora) in (await ada.page(f"{talk}/about")).text("main")
    assert await heading(nora, talk) == "Ada"


async def test_lists_searches_and_live_streams_call_an_organiser_so_too(
    platform: Platform, town: Town, ada: Chatter, nora: Chatter
) -> None:
    thing = await town.published(content(), organiser=nora.account_id)
    id = (await begun(ada, thing=thing.id)).rpartition("/")[2]
    await answered(platform, nora, id)
    messages, me = platform.messages, ada.account_id

    async def listed() -> list[str]:
        return [one.name for one in (await messages.conversations(me)).items]

    await eventually(listed, [house(nora)])
    newest = (await messages.messages(me, id)).items[0]
    one = await messages.message(me, id, newest.message.id)
    found = await messages.shown_to(me, [(id, 2)])
    told = [news.shown for news in (await messages.news(me, START)).items if news.shown]
    for shown in (newest, one, found[id, 2], told[-1]):
        assert shown.author.display_name == house(nora)


async def test_a_parent_and_nobody_else_sees_who_an_organiser_without_a_name_is(
    platform: Platform, town: Town, ada: Chatter, bob: Chatter, nora: Chatter
) -> None:
    """In a conversation about a thing of somebody else, the name of the own things is not told."""
    thing = await town.published(content(), organiser=nora.account_id)
    booking = await town.book(thing, parent=ada.account_id, date=DAY)
    others = await town.published(content(), organiser=bob.account_id)

    at_ada = await begun(ada, booking=booking.id)
    at_bob = await begun(nora, thing=others.id)

    assert await heading(ada, at_ada) == house(nora)
    assert await heading(bob, at_bob) == "a member"
    assert "house" not in (await bob.browser.get(at_bob)).text


async def test_a_parent_without_a_name_stays_a_member(
    town: Town, ada: Chatter, nora: Chatter
) -> None:
    thing = await town.published(content(), organiser=ada.account_id)
    booking = await town.book(thing, parent=nora.account_id, date=DAY)

    talk = await begun(nora, booking=booking.id)

    assert await heading(ada, talk) == "a member"


async def test_what_is_not_published_any_more_names_nobody(
    platform: Platform, town: Town, ada: Chatter, nora: Chatter
) -> None:
    thing = await town.published(content(), organiser=nora.account_id)
    talk = await begun(ada, thing=thing.id)

    await platform.things.withdraw_thing(thing.id, "wet", nora.account_id, actor="test")

    assert await heading(ada, talk) == "a member"


async def test_a_host_without_a_name_is_the_host_to_guests(
    platform: Platform, ada: Chatter, nora: Chatter
) -> None:
    made = await platform.guests.create_gathering(
        GatheringDetails(event_name="Summer party"), actor="test", host=nora.account_id
    )
    id = made.body.id
    new = NewGuest(first_name="Ada", last_name="A", email="ada@example.org")
    await platform.guests.add_guest(id, new, actor="test")

    async def may_write() -> bool:
        return (await ada.browser.get(f"{NEW}?gathering={id}")).status_code == 200

    await eventually(may_write, True)
    talk = await begun(ada, gathering=id)

    assert await heading(ada, talk) == "the host"


async def test_to_who_is_not_invited_a_host_without_a_name_is_a_member(
    platform: Platform, ada: Chatter, nora: Chatter
) -> None:
    made = await platform.guests.create_gathering(
        GatheringDetails(event_name="Summer party"), actor="test", host=nora.account_id
    )
    about = About("gathering", made.body.id)
    sent = await platform.messages.start(nora.account_id, "ada", "Hello", about=about)

    assert await heading(ada, f"/messages/{sent.conversation}") == "a member"


async def test_a_name_of_ones_own_is_shown_once_it_is_chosen(
    platform: Platform, town: Town, ada: Chatter, nora: Chatter
) -> None:
    thing = await town.published(content(), organiser=nora.account_id)
    talk = await begun(ada, thing=thing.id)

    await platform.profiles.change(
        nora.account_id, ProfilePatch(display_name="Nora N."), actor="test"
    )

    assert await heading(ada, talk) == "Nora N."
