"""The page behind a guest's link, for those who are invited together."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response

from gatherlog.apps.guests import Guest, GuestPatch, NewGuest, Rsvp, SettingsPatch
from gatherlog.bootstrap import Platform
from tests.interfaces.web.conftest import FORM, SUMMER
from tests.interfaces.web.reading import Page, flaws_of_form


class Family:
    """A household at a browser; the page is that of the first member."""

    def __init__(self, platform: Platform, browser: AsyncClient, ids: list[str], token: str):
        self.platform = platform
        self.browser = browser
        self.ids = ids
        self.path = f"/r/{token}"

    async def open(self) -> Page:
        answer = await self.browser.get(self.path)
        assert answer.status_code == 200
        return Page(answer.text)

    async def send(self, page: Page, *members: dict[str, Any], sure: str = "") -> Response:
        """Send the form of `page`, with changed fields of each member, in order."""
        changed: dict[str, Any] = {"sure": sure} if sure else {}
        for id, fields in zip(self.ids, members, strict=False):
            prefix = "" if id == self.ids[0] else f"{id}."
            changed |= {prefix + name: value for name, value in fields.items()}
        body = urlencode({**page.filled(), **changed}, doseq=True)
        return await self.browser.post(self.path, content=body, headers=FORM)

    async def answer(self, *members: dict[str, Any], sure: str = "") -> Response:
        return await self.send(await self.open(), *members, sure=sure)

    async def guests(self) -> list[Guest]:
        return [(await self.platform.guests.guest("default", id)).body for id in self.ids]

    async def states(self) -> list[str]:
        return [guest.status for guest in await self.guests()]


Invite = Callable[..., Awaitable[Family]]
COMING, UNSURE, DECLINED = ({"attending": said} for said in ("yes", "undecided", "no"))


@pytest.fixture
def invited(platform: Platform, browser: AsyncClient) -> Invite:
    """Invites a household, of first names or of whole guests."""

    async def invite(*members: str | NewGuest, group_id: str = "home") -> Family:
        await platform.guests.change_settings("default", SUMMER, actor="test")
        ids = []
        for one in members:
            new = one
            if isinstance(new, str):
                new = NewGuest(first_name=new, last_name="Lovelace", group_id=group_id)
            ids.append((await platform.guests.add_guest("default", new, actor="test")).body.id)
        token = await platform.guests.issue_link("default", ids[0], actor="test")
        return Family(platform, browser, ids, token)

    return invite


async def places(platform: Platform, count: int | None) -> None:
    await platform.guests.change_settings("default", SettingsPatch(max_guests=count), actor="t")


async def test_a_household_sees_its_names_and_the_places_reserved(invited: Invite) -> None:
    page = await (await invited("Ada", "Charles", "Ida")).open()

    assert page.of_class("who") == ["Ada Lovelace (you)", "Charles Lovelace", "Ida Lovelace"]
    assert page.of_class("seats") == ["3 places are reserved for you."]
    assert flaws_of_form(page) == []


async def test_one_form_answers_for_everybody_in_one_commit(invited: Invite) -> None:
    family = await invited("Ada", "Charles", "Ida")

    sent = await family.answer(
        {**COMING, "diet": "yes", "dietary_tags": ["vegan"]},
        {**DECLINED},
        {**COMING, "num_guests": "2", "children": "1", "diet": "yes", "dietary": "no nuts"},
        sure="4",
    )

    assert (sent.status_code, sent.headers["location"]) == (303, "?saved")
    ada, charles, ida = await family.guests()
    assert (ada.status, ada.num_guests, ada.dietary_tags) == ("coming", 1, ("vegan",))
    assert charles.status == "declined"
    assert (ida.status, ida.num_guests, ida.children, ida.dietary) == ("coming", 2, 1, "no nuts")
    events = await family.platform.store.read_stream("gathering-default", limit=4, backwards=True)
    mine = f'{{"actor":"guest:{ada.id}"}}'.encode()
    assert [event.meta == mine for event in events] == [True, True, True, False]
    assert len({event.recorded for event in events[:3]}) == 1


async def test_members_left_out_stay_without_an_answer_and_are_asked_about(
    invited: Invite,
) -> None:
    family = await invited("Ada", "Charles", "Ida")
    await family.answer(COMING, {}, COMING)

    page = Page((await family.browser.get(family.path + "?saved")).text)
    assert await family.states() == ["coming", "pending", "coming"]
    assert page.all("h2")[0].text == "2 of you are coming"
    assert page.of_class("question") == ["Charles hasn’t answered yet."]
    assert flaws_of_form(page) == []


async def test_a_guest_who_answers_only_for_others_is_addressed_as_you(invited: Invite) -> None:
    family = await invited("Siân", "Charles", "Ida")
    await family.answer({}, COMING, {})

    page = Page((await family.browser.get(family.path + "?saved")).text)
    assert page.of_class("good") == ["Thank you, Siân! Your answers have been saved."]
    assert page.of_class("question") == ["You haven’t answered yet.", "Ida hasn’t answered yet."]
    await family.answer({}, {}, COMING)
    assert (await family.open()).of_class("question") == ["You haven’t answered yet."]


async def test_members_who_declined_are_not_asked_about(invited: Invite) -> None:
    family = await invited("Ada", "Charles")
    await family.answer(COMING, DECLINED)

    assert (await family.open()).of_class("question") == []


async def test_a_form_without_any_answer_is_refused(invited: Invite) -> None:
    family = await invited("Ada", "Charles")

    refused = await family.answer()

    assert (refused.status_code, await family.states()) == (422, ["pending", "pending"])
    assert Page(refused.text).id("attending-error").text == (
        "Your answer is missing: please choose one of the three."
    )


async def test_an_answer_given_by_another_stays_though_the_form_is_older(invited: Invite) -> None:
    family = await invited("Ada", "Charles")
    page = await family.open()
    await family.platform.guests.rsvp("default", family.ids[1], Rsvp(attending=False), actor="test")

    sent = await family.send(page, COMING)

    assert (sent.status_code, await family.states()) == (303, ["coming", "declined"])


async def test_two_answers_for_one_show_both_and_nothing_is_lost(invited: Invite) -> None:
    family = await invited("Ada", "Charles")
    page = await family.open()
    await family.platform.guests.rsvp("default", family.ids[1], Rsvp(attending=False), actor="test")

    overtaken = await family.send(page, COMING, COMING)

    output = Page(overtaken.text)
    assert (overtaken.status_code, await family.states()) == (409, ["pending", "declined"])
    assert output.of_class("note")[0].startswith("There is a new answer for Charles")
    assert output.of_class("household") == [
        "Ada Lovelace No answer yet Charles Lovelace Can’t come"
    ]
    assert output.filled()[f"{family.ids[1]}.attending"] == ["yes"]
    assert (await family.send(output)).status_code == 303
    assert await family.states() == ["coming", "coming"]


async def test_the_same_form_of_a_household_sent_twice_is_one_answer(invited: Invite) -> None:
    family = await invited("Ada", "Charles")
    page = await family.open()

    first = await family.send(page, COMING, COMING)
    heads = await family.platform.store.heads()
    second = await family.send(page, COMING, COMING)

    assert (first.status_code, second.status_code) == (303, 303)
    assert await family.platform.store.heads() == heads


async def test_more_people_than_expected_are_asked_about_once(invited: Invite) -> None:
    family = await invited("Ada", "Charles")

    asked = await family.answer({**COMING, "num_guests": "5"}, COMING)

    page = Page(asked.text)
    question = "2 places were reserved for you, and now you are 6 people. Is that right?"
    assert (asked.status_code, await family.states()) == (422, ["pending", "pending"])
    assert page.of_class("note")[0] == f"{question} Please say so below."
    assert (page.id("sure")["value"], flaws_of_form(page)) == ("6", [])
    assert (await family.send(page, sure="6")).status_code == 303
    assert [guest.num_guests for guest in await family.guests()] == [5, 1]
    assert (await family.answer({"diet": "no"})).status_code == 303


async def test_a_mistake_about_another_names_the_person(invited: Invite) -> None:
    family = await invited("Ada", "Charles")

    refused = await family.answer(COMING, {**COMING, "num_guests": "many"})

    page = Page(refused.text)
    sentence = "The number of people for Charles should be written as a number, such as 2."
    assert (refused.status_code, await family.states()) == (422, ["pending", "pending"])
    assert page.id(f"{family.ids[1]}.num_guests-error").text == sentence
    assert flaws_of_form(page) == []


async def test_what_another_told_the_kitchen_or_their_address_is_not_shown(
    invited: Invite,
) -> None:
    grace = NewGuest(
        first_name="Grace",
        last_name="Hopper",
        email="grace@example.org",
        dietary="secret diet",
        dietary_tags=("kosher",),
        group_id="home",
    )
    family = await invited("Ada", grace)
    await family.platform.guests.rsvp("default", family.ids[1], Rsvp(attending=True), actor="t")

    page = await family.open()
    assert "secret diet" not in page.html
    assert "grace@example.org" not in page.html
    assert f"{family.ids[1]}.dietary_tags" not in page.filled()
    await family.answer(COMING, {"attending": "undecided"})
    await family.answer({}, {"attending": "yes"})
    assert [(g.dietary, g.dietary_tags) for g in await family.guests()] == [
        (None, ()),
        ("secret diet", ("kosher",)),
    ]


async def test_a_family_waits_together_and_is_told_so(invited: Invite) -> None:
    family = await invited("Ada", "Charles")
    await places(family.platform, 1)

    page = await family.open()
    assert page.of_class("note") == [
        "One place is left. If more of you say yes, you wait together until there is room."
    ]
    await family.answer(COMING, COMING)

    page = await family.open()
    assert await family.states() == ["waiting", "waiting"]
    assert page.all("h2")[0].text == "You are on the waiting list"
    assert page.of_class("told") == [
        "You are 2 people, but the gathering has room for 1 person in all, so there will never "
        "be enough places for all of you at once. Fewer of you may fit: change your answer."
    ]
    assert flaws_of_form(page) == []


async def test_a_household_that_waits_sees_its_place_in_line_and_moves_up(invited: Invite) -> None:
    first = await invited("Kofi", "Efua", group_id="first")
    family = await invited("Ada", "Charles", group_id="second")
    await places(family.platform, 2)
    await first.answer(COMING, COMING)

    assert (await family.open()).of_class("note")[0].startswith("All places are taken just now.")
    await family.answer(COMING, COMING)
    assert (await family.open()).of_class("told") == [
        "You are number 1 in line. As soon as there is room for both of you, the places are "
        "yours: there is nothing to do. We keep Ada and Charles together."
    ]

    await first.answer(DECLINED, DECLINED)
    assert await family.states() == ["coming", "coming"]
    assert (await family.open()).all("h2")[0].text == "2 of you are coming"


async def test_after_the_deadline_a_household_sees_all_its_answers(invited: Invite) -> None:
    family = await invited("Ada", "Charles")
    form = await family.open()
    await family.answer(COMING)
    past = SettingsPatch(rsvp_deadline="2001-05-31")
    await family.platform.guests.change_settings("default", past, actor="test")

    page = await family.open()
    late = await family.send(form, DECLINED, DECLINED)

    assert (page.all("form"), late.status_code) == ([], 403)
    assert page.of_class("household") == ["Ada Lovelace Coming Charles Lovelace No answer yet"]
    assert await family.states() == ["coming", "pending"]


async def test_fields_of_guests_outside_the_household_are_ignored(
    invited: Invite, platform: Platform
) -> None:
    family = await invited("Ada", "Charles")
    other = await platform.guests.add_guest(
        "default", NewGuest(first_name="Eve", last_name="Other"), actor="test"
    )

    body = (await family.open()).body(
        **{"attending": "yes", f"{other.body.id}.attending": "no", f"{other.body.id}.version": "1"}
    )
    sent = await family.browser.post(family.path, content=body, headers=FORM)

    assert sent.status_code == 303
    assert (await platform.guests.guest("default", other.body.id)).body.status == "pending"


async def test_a_guest_who_left_the_household_is_no_longer_answered_for(invited: Invite) -> None:
    family = await invited("Ada", "Charles")
    page = await family.open()
    await family.platform.guests.change_guest(
        "default", family.ids[1], GuestPatch(group_id=None), actor="test"
    )

    sent = await family.send(page, COMING, COMING)

    assert (sent.status_code, await family.states()) == (303, ["coming", "pending"])


async def test_a_household_of_more_than_thirty_is_answered_for_thirty(invited: Invite) -> None:
    family = await invited(*(f"Guest{number}" for number in range(33)))

    page = await family.open()
    sent = await family.send(page, *[COMING] * 30)

    assert len(page.of_class("who")) == 30
    assert "3 more of your household are not shown here." in page.text("main")
    assert (sent.status_code, (await family.states()).count("coming")) == (303, 30)
