"""Conversations about a gathering, a thing or a booking: who begins one, and who sees of what."""

import pytest

from gatherlog.apps.guests import GatheringDetails, NewGuest
from gatherlog.apps.messages import About
from gatherlog.bootstrap import Platform
from tests.apps.things.sample_things import Town
from tests.interfaces.graphql.sample_town import DAY, content
from tests.interfaces.web.conversations.chatting import Chatter, read, texts
from tests.interfaces.web.reading import Page
from tests.stores import eventually

NEW = "/messages/new"


@pytest.fixture
def town(platform: Platform) -> Town:
    return Town(platform.things)


def links(page: Page) -> list[str]:
    return [one.get("href") or "" for one in page.all("a")]


async def rows(member: Chatter) -> list[str]:
    """What the conversations in the list are about, those that say so."""
    return (await member.page()).of_class("about")


async def asked(member: Chatter, query: str, text: str) -> Page:
    """What the member sees of the conversation that they begin by the form about something."""
    form = await member.page(f"{NEW}?{query}")
    assert "to" not in [one["name"] for one in form.all("input")]
    name, _, id = query.partition("=")
    sent = await member.send(NEW, **{name: id, "text": text})
    assert sent.status_code == 303, sent.text
    return await member.page(sent.headers["location"].split("?")[0])


async def test_a_parent_writes_to_the_organiser_of_a_thing_from_its_page(
    town: Town, ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    thing = await town.published(content(), organiser=bob.account_id)
    place, name = f"/things/{thing.id}", thing.content.name
    assert f"{NEW}?thing={thing.id}" in links(await ada.page(place))
    assert f"{NEW}?thing={thing.id}" not in links(await bob.page(place))

    page = await asked(ada, f"thing={thing.id}", "For how old?")

    assert (page.text("h1"), texts(page)) == ("Bob", ["For how old?"])
    assert (place in links(page), f"About {name}" in [one.text for one in page.all("p")]) == (
        True,
        True,
    )
    await eventually(lambda: rows(ada), [f"About {name}"])
    await eventually(lambda: rows(bob), [f"About {name}"])
    talk = next(one for one in links(await bob.page()) if one.endswith("#new"))
    assert f"/desk/{thing.id}" in links(await bob.page(talk.removesuffix("#new")))
    assert await rows(eve) == []


async def test_nobody_who_is_not_signed_in_is_offered_to_write(town: Town, bob: Chatter) -> None:
    thing = await town.published(content(), organiser=bob.account_id)
    bob.browser.cookies.clear()

    page = await bob.page(f"/things/{thing.id}")

    assert "Sign in to keep or book it" in page.text("main")
    assert "Write to the organiser" not in page.text("main")


async def test_a_parent_and_an_organiser_write_to_each_other_about_a_booking(
    town: Town, ada: Chatter, bob: Chatter
) -> None:
    thing = await town.published(content(), organiser=bob.account_id)
    booking = await town.book(thing, parent=ada.account_id, date=DAY)
    query = f"booking={booking.id}"
    assert f"{NEW}?{query}" in links(await ada.page(f"/bookings/{booking.id}"))

    page = await asked(ada, query, "We come by bus")
    answered = await asked(bob, query, "Good")

    assert (page.text("h1"), answered.text("h1")) == ("Bob", "Ada")
    assert texts(answered) == ["We come by bus", "Good"]
    assert f"/bookings/{booking.id}" in links(page)
    assert f"/desk/{thing.id}" in links(answered)


async def test_a_guest_with_an_account_writes_to_the_host_and_the_host_to_anybody(
    platform: Platform, ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    made = await platform.guests.create_gathering(
        GatheringDetails(event_name="Summer party"), actor="test", host=ada.account_id
    )
    id, query = made.body.id, f"gathering={made.body.id}"
    new = NewGuest(first_name="Bob", last_name="B", email="bob@example.org")
    guest = await platform.guests.add_guest(id, new, actor="test")
    token = await platform.guests.issue_link(id, guest.body.id, actor="test")
    assert f"{NEW}?{query}" in links(await ada.page(f"/host/{id}"))

    async def is_offered(member: Chatter) -> bool:
        return f"{NEW}?{query}" in (await member.browser.get(f"/r/{token}")).text

    await eventually(lambda: is_offered(bob), True)
    assert (await is_offered(eve), await is_offered(ada)) == (False, False)
    page = await asked(bob, query, "May I bring my dog?")
    assert (page.text("h1"), texts(page)) == ("Ada", ["May I bring my dog?"])
    assert (await eve.browser.get(f"{NEW}?{query}")).status_code == 404


async def test_a_host_writes_to_anybody_about_the_own_gathering_which_only_guests_see_named(
    platform: Platform, ada: Chatter, eve: Chatter
) -> None:
    made = await platform.guests.create_gathering(
        GatheringDetails(event_name="Summer party"), actor="test", host=ada.account_id
    )
    form = await ada.page(f"{NEW}?gathering={made.body.id}")
    assert "About Summer party" in [one.text for one in form.all("p")]

    sent = await ada.send(NEW, to="eve", text="Will you help?", gathering=made.body.id)

    talk = sent.headers["location"].split("?")[0]
    assert "About Summer party" in [one.text for one in (await ada.page(talk)).all("p")]
    at_eve = await eve.browser.get(talk)
    assert ("Will you help?" in at_eve.text, "Summer party" in at_eve.text) == (True, False)
    assert await rows(eve) == []


async def test_what_is_not_published_is_named_to_its_organiser_alone(
    platform: Platform, town: Town, ada: Chatter, bob: Chatter
) -> None:
    draft = await town.draft(content(), organiser=bob.account_id)
    about = About("thing", draft.id)
    sent = await platform.messages.start(bob.account_id, "ada", "Look", about=about)
    talk, name = f"/messages/{sent.conversation}", draft.content.name

    assert name in (await bob.browser.get(talk)).text
    for path in talk, "/messages":
        shown = await ada.browser.get(path)
        assert ("Look" in shown.text or path == "/messages", name in shown.text) == (True, False)
    assert (await ada.browser.get(f"{NEW}?thing={draft.id}")).status_code == 404


async def test_what_does_not_concern_a_member_is_not_there(
    town: Town, ada: Chatter, bob: Chatter, eve: Chatter
) -> None:
    thing = await town.published(content(), organiser=bob.account_id)
    booking = await town.book(thing, parent=ada.account_id, date=DAY)
    wrong: list[dict[str, str]] = [
        {"booking": booking.id},
        {"thing": booking.id},
        {"thing": "x" * 65},
        {"thing": "a\nb"},
        {"gathering": "default"},
        {"thing": thing.id, "booking": booking.id},
    ]
    for fields in wrong:
        shown = await eve.browser.get(NEW, params=fields)
        sent = await eve.send(NEW, text="Hello", to="bob", **fields)
        group = await eve.send(NEW, do="group", members="bob ada", **fields)
        assert {shown.status_code, sent.status_code, group.status_code} == {404}, fields
    assert "No messages yet" in (await bob.page()).text("main")


async def test_where_one_has_blocked_the_other_nothing_is_sent_to_whoever_organises(
    platform: Platform, town: Town, ada: Chatter, bob: Chatter
) -> None:
    thing = await town.published(content(), organiser=bob.account_id)
    await platform.messages.block(bob.account_id, "ada", True)

    refused = await ada.send(NEW, thing=thing.id, text="Hello?")

    page = read(refused)
    assert (refused.status_code, page.of_class("error")) == (
        404,
        ["Your message cannot be delivered."],
    )
    assert page.id("text").text == "Hello?"
    await platform.messages.block(bob.account_id, "ada", False)
    await platform.messages.block(ada.account_id, "bob", True)
    own = await ada.send(NEW, thing=thing.id, text="Hello?")
    assert (own.status_code, "/messages/blocked" in links(read(own))) == (409, True)


async def test_the_form_about_a_thing_that_is_sent_twice_sends_once(
    town: Town, ada: Chatter, bob: Chatter
) -> None:
    thing = await town.published(content(), organiser=bob.account_id)
    once = {"thing": thing.id, "text": "Hello", "once": "n-1"}

    sent = [(await ada.send(NEW, **once)).headers["location"] for _ in range(2)]

    assert sent[0] == sent[1]
    assert texts(await bob.page(sent[0].split("?")[0])) == ["Hello"]
