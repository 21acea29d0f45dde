"""The page behind a guest's link: what it shows, and what answers do."""

from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.guests import GuestPatch, NewGuest, Rsvp, SettingsPatch
from gatherlog.bootstrap import Platform
from tests.interfaces.web.conftest import FORM, Invite, Invited
from tests.interfaces.web.reading import Page, flaws_of_form

EVIL = "<script>alert(1)</script>\"'&<b>"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
}


def facts(page: Page) -> list[str]:
    return [item.text for item in page.all("li")][:3]


async def test_the_page_shows_what_when_where_until_when_and_for_whom(ada: Invited) -> None:
    page = await ada.open()

    assert page.text("h1") == "Summer party"
    assert facts(page) == [
        "Thursday, 6 June 2999 18:30, Berlin time",
        "Villa Rosa, Berlin",
        "RSVP by Friday, 31 May 2999, end of day, Berlin time",
    ]
    assert page.text("h2") == "Hello Ada Lovelace"
    assert page.of_class("seats") == ["4 places are reserved for you."]
    assert [choice.text for choice in page.all("strong")] == [
        "Yes, I’m coming",
        "Not sure yet",
        "No, I can’t come",
    ]
    assert flaws_of_form(page) == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_mail_scanner_that_follows_the_link_changes_nothing(
    ada: Invited, method: str
) -> None:
    before = await ada.platform.store.heads()

    for query in ("", "?saved", "?attending=no&num_guests=9"):
        answer = await ada.browser.request(method, ada.path + query)
        assert answer.status_code == 200

    assert await ada.platform.store.heads() == before


async def test_an_answer_is_kept_and_leads_back_with_thanks(ada: Invited) -> None:
    sent = await ada.answer(
        attending="yes",
        num_guests="3",
        children="1",
        diet="yes",
        dietary_tags=["vegan", "nut_allergy"],
        dietary="No nuts,\r\nplease",
    )
    assert (sent.status_code, sent.headers["location"]) == (303, "?saved")

    guest = await ada.stored()
    assert (guest.status, guest.num_guests, guest.children) == ("coming", 3, 1)
    assert (guest.dietary_tags, guest.dietary) == (("vegan", "nut_allergy"), "No nuts,\nplease")
    page = Page((await ada.browser.get(ada.path + "?saved")).text)
    assert page.of_class("good") == ["Thank you, Ada! Your answer has been saved."]
    assert [term.text for term in page.all("dd")] == [
        "3 people, 1 of them a child",
        "Vegan, Nut allergy",
        "No nuts, please",
    ]
    assert flaws_of_form(page) == []


async def test_the_form_shows_the_answer_given_before(ada: Invited) -> None:
    await ada.answer(attending="yes", num_guests="2", diet="yes", dietary_tags="halal", dietary="!")

    filled = (await ada.open()).filled()
    del filled["version"]

    assert filled == {
        "attending": ["yes"],
        "num_guests": ["2"],
        "children": ["0"],
        "diet": ["yes"],
        "dietary_tags": ["halal"],
        "dietary": ["!"],
    }


@pytest.mark.parametrize(
    ("choice", "status", "headline"),
    [
        ("yes", "coming", "You’re coming"),
        ("undecided", "undecided", "You’re not sure yet"),
        ("no", "declined", "You’re not coming"),
    ],
)
async def test_every_answer_can_be_changed_into_every_other(
    ada: Invited, choice: str, status: str, headline: str
) -> None:
    for before in ("yes", "undecided", "no"):
        await ada.answer(attending=before)
        await ada.answer(attending=choice)

        assert (await ada.stored()).status == status
        assert (await ada.open()).all("h2")[0].text == headline


async def test_the_choice_that_all_food_is_fine_clears_the_diet(ada: Invited) -> None:
    await ada.answer(attending="yes", diet="yes", dietary_tags="vegan", dietary="oats")

    await ada.answer(attending="yes", diet="no")

    guest = await ada.stored()
    assert (guest.dietary_tags, guest.dietary) == ((), None)


async def test_a_diet_that_is_left_open_stays_as_it_was(ada: Invited) -> None:
    await ada.answer(attending="yes", diet="yes", dietary_tags="vegan")

    await ada.answer(attending="yes", diet="", dietary_tags=[], dietary="")

    assert (await ada.stored()).dietary_tags == ("vegan",)


async def test_a_guest_alone_is_not_asked_about_children(invite: Invite) -> None:
    solo = await invite(NewGuest(first_name="Solo", last_name="Guest"))

    assert list((await solo.open()).filled()) == ["version", "num_guests", "dietary"]


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({}, "attending", "Your answer is missing: please choose one of the three."),
        (
            {"attending": "perhaps"},
            "attending",
            "Your answer is missing: please choose one of the three.",
        ),
        (
            {"attending": "yes", "num_guests": "abc"},
            "num_guests",
            "The number of people should be written as a number, such as 2.",
        ),
        (
            {"attending": "yes", "num_guests": "9" * 5000},
            "num_guests",
            "The number of people should be written as a number, such as 2.",
        ),
        (
            {"attending": "yes", "num_guests": ""},
            "num_guests",
            "The number of people should be written as a number, such as 2.",
        ),
        (
            {"attending": "yes", "num_guests": "-5"},
            "num_guests",
            "The number of people should be a whole number from 0 to 99.",
        ),
        (
            {"attending": "yes", "num_guests": "100"},
            "num_guests",
            "The number of people should be a whole number from 0 to 99.",
        ),
        (
            {"attending": "yes", "children": "many"},
            "children",
            "The number of children should be written as a number, such as 2.",
        ),
        (
            {"attending": "yes", "diet": "yes"},
            "dietary_tags",
            "What the kitchen should know is missing: choose what applies, or write it down.",
        ),
        (
            {"attending": "yes", "dietary": "a\x00b"},
            "dietary",
            "Your note holds the character U+0000, which is not allowed here.",
        ),
    ],
)
async def test_a_mistake_is_named_beside_its_field_and_nothing_is_kept(
    ada: Invited, fields: dict[str, str], field: str, sentence: str
) -> None:
    before = await ada.platform.store.heads()

    refused = await ada.answer(**fields)

    page = Page(refused.text)
    assert (refused.status_code, await ada.platform.store.heads()) == (422, before)
    assert page.id(f"{field}-error").text == sentence
    (link,) = [anchor for anchor in page.all("a") if anchor.text == sentence]
    assert page.id(link["href"][1:])["name"] == field
    assert page.text("title") == "Please check your answer: Summer party"
    assert flaws_of_form(page) == []


async def test_what_was_typed_is_kept_when_it_is_refused(ada: Invited) -> None:
    fields: dict[str, str | list[str]] = {
        "attending": "yes",
        "num_guests": "two",
        "diet": "yes",
        "dietary_tags": ["kosher", "other"],
        "dietary": EVIL,
    }

    filled = Page((await ada.answer(**fields)).text).filled()

    assert {name: filled[name] for name in fields} == {
        name: value if isinstance(value, list) else [value] for name, value in fields.items()
    }


async def test_a_tag_that_is_not_on_the_list_is_refused(ada: Invited) -> None:
    refused = await ada.answer(attending="yes", dietary_tags=["vegan", EVIL])

    assert (refused.status_code, (await ada.stored()).status) == (422, "pending")
    assert len(Page(refused.text).of_class("error")) == 1


async def test_unknown_replaced_and_orphaned_links_all_show_the_same_page(
    ada: Invited, invite: Invite, platform: Platform
) -> None:
    rotated, removed = ada.path, await invite(NewGuest(first_name="Gone", last_name="Guest"))
    await platform.guests.issue_link("default", ada.guest_id, actor="test")
    await platform.guests.remove_guest("default", removed.guest_id, actor="test")

    shown = set()
    for path in (rotated, removed.path, "/r/unknown", f"/r/{'x' * 3000}", "/r/%00", "/r/%F0%9F"):
        for method in ("GET", "POST"):
            answer = await ada.browser.request(
                method, path, headers=FORM if method == "POST" else {}
            )
            assert (answer.status_code, answer.headers["x-robots-tag"]) == (
                404,
                "noindex, nofollow",
            )
            shown.add(answer.text)

    assert len(shown) == 1
    page = Page(shown.pop())
    assert page.text("h1") == "We cannot find this invitation"
    assert len(page.all("li")) == 3


async def test_a_removed_gathering_takes_its_links_with_it(ada: Invited) -> None:
    await ada.platform.guests.remove_gathering("default", actor="test")

    assert (await ada.browser.get(ada.path)).status_code == 404


async def test_after_the_deadline_the_answer_is_shown_with_whom_to_ask(ada: Invited) -> None:
    await ada.answer(attending="yes", num_guests="2")
    form = (await ada.open()).body(attending="no")
    past = SettingsPatch(rsvp_deadline="2001-05-31T18:00")
    await ada.platform.guests.change_settings("default", past, actor="test")

    page = await ada.open()
    late = await ada.send(form)

    assert facts(page)[2] == "RSVPs closed: Thursday, 31 May 2001, 18:00, Berlin time"
    assert (page.text("h2"), page.text("dd"), page.all("form")) == (
        "You’re coming",
        "2 people",
        [],
    )
    assert "please tell the person who invited you" in page.text("main")
    assert (late.status_code, (await ada.stored()).status) == (403, "coming")
    assert Page(late.text).of_class("note") == [
        "RSVPs closed before this answer came, so it was not saved."
    ]


async def test_an_answer_that_does_not_fit_is_refused_and_the_old_one_stands(ada: Invited) -> None:
    await ada.answer(attending="yes", num_guests="2")
    await ada.platform.guests.change_settings("default", SettingsPatch(max_guests=3), actor="test")

    refused = await ada.answer(attending="yes", num_guests="4")

    page = Page(refused.text)
    assert (refused.status_code, (await ada.stored()).num_guests) == (409, 2)
    assert (page.text("dd"), page.filled()["num_guests"]) == ("2 people", ["4"])
    assert len(page.of_class("note")) == 1


async def test_an_outdated_form_shows_both_answers_and_can_be_sent_again(
    ada: Invited,
) -> None:
    form = (await ada.open()).body(attending="yes", num_guests="2")
    phoned = GuestPatch(attending=False)
    await ada.platform.guests.change_guest("default", ada.guest_id, phoned, actor="test")

    overtaken = await ada.send(form)
    page = Page(overtaken.text)
    assert (overtaken.status_code, (await ada.stored()).status) == (409, "declined")
    assert page.all("h2")[0].text == "You’re not coming"
    assert page.filled()["attending"] == ["yes"]

    assert (await ada.send(page.body())).status_code == 303
    assert (await ada.stored()).num_guests == 2


async def test_the_same_form_sent_twice_is_one_answer(ada: Invited) -> None:
    form = (await ada.open()).body(attending="yes", num_guests="2", diet="no")

    first = await ada.send(form)
    heads = await ada.platform.store.heads()
    second = await ada.send(form)

    assert (first.status_code, second.status_code) == (303, 303)
    assert await ada.platform.store.heads() == heads


async def test_an_answer_by_link_is_recorded_as_the_guests_own(ada: Invited) -> None:
    await ada.answer(attending="no")

    (last,) = await ada.platform.store.read_stream("gathering-default", limit=1, backwards=True)

    assert (last.subject, last.meta) == (
        ada.guest_id,
        f'{{"actor":"guest:{ada.guest_id}"}}'.encode(),
    )


async def test_every_answer_carries_the_headers_that_keep_it_private(ada: Invited) -> None:
    answers = [
        await ada.browser.get(ada.path),
        await ada.browser.get("/r/unknown"),
        await ada.answer(),
        await ada.answer(attending="no"),
        await ada.browser.post(ada.path, content="{}", headers={"Content-Type": "text/json"}),
        await ada.browser.put(ada.path),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 422, 303, 415, 405]
    for answer in answers:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


async def test_the_token_stays_in_the_address(ada: Invited, log_lines: list[bytes]) -> None:
    shown = [await ada.browser.get(ada.path), await ada.answer(), await ada.answer(attending="yes")]
    shown.append(await ada.browser.delete(ada.path))

    for answer in shown:
        assert ada.token not in answer.text
        assert ada.token not in str(answer.headers)
    assert ada.token.encode() not in b"".join(log_lines)


async def test_markup_in_any_name_or_text_is_shown_as_text(
    platform: Platform, invite: Invite
) -> None:
    everywhere = SettingsPatch(event_name=EVIL, location=EVIL)
    await platform.guests.change_settings("default", everywhere, actor="test")
    mallory = await invite(
        NewGuest(first_name=EVIL, last_name=EVIL, expected_guests=2, dietary=EVIL)
    )
    form = await mallory.browser.get(mallory.path)
    rsvp = Rsvp(attending=True, dietary=EVIL)
    await platform.guests.rsvp("default", mallory.guest_id, rsvp, actor="test")
    answered = await mallory.browser.get(mallory.path + "?saved")
    refused = await mallory.answer(attending="yes", num_guests=EVIL, dietary_tags=[EVIL])

    for answer in (form, answered, refused):
        page = Page(answer.text)
        assert (page.text("h1"), page.all("script"), page.all("b")) == (EVIL, [], [])
        assert flaws_of_form(page) == []
    assert Page(answered.text).all("dd")[1].text == EVIL
    assert Page(refused.text).filled()["num_guests"] == [EVIL]


@pytest.mark.parametrize(
    ("body", "headers", "status", "title"),
    [
        ("&".join("x=1" for _ in range(601)), FORM, 400, "We could not read that"),
        ("x" * (1024 * 1024 + 1), FORM, 413, "That was too much at once"),
        (
            "--x--",
            {"Content-Type": "multipart/form-data; boundary=x"},
            415,
            "We could not read that",
        ),
    ],
)
async def test_a_body_that_is_no_form_is_refused_with_a_page(
    ada: Invited, body: str, headers: dict[str, str], status: int, title: str
) -> None:
    refused = await ada.browser.post(ada.path, content=body, headers=headers)

    assert (refused.status_code, Page(refused.text).text("h1")) == (status, title)


@pytest.mark.parametrize("body", ["", "%", "a=%FF%FE&b", "attending", "&&&=;", "attending=yes=no"])
async def test_an_invalid_body_is_never_answered_with_500(ada: Invited, body: str) -> None:
    refused = await ada.send(body)

    assert (refused.status_code, (await ada.stored()).status) == (422, "pending")


async def test_a_link_opens_nothing_else(ada: Invited, nobody: AsyncClient) -> None:
    for path in (f"/r/{ada.token}/guests", f"/guests/{ada.guest_id}", f"/r/{ada.token}/"):
        answer = await nobody.get(path, headers={"Authorization": f"Bearer {ada.token}"})
        assert answer.status_code in (401, 404)


OVER = SettingsPatch(event_date="2020-06-06", rsvp_deadline=None)


async def test_more_than_a_week_after_the_gathering_the_link_has_ended(ada: Invited) -> None:
    form = (await ada.open()).body(attending="yes")
    await ada.platform.guests.change_settings("default", OVER, actor="test")

    answers = [
        await ada.browser.get(ada.path),
        await ada.browser.get(f"{ada.path}/calendar.ics"),
        await ada.send(form),
    ]

    assert [answer.status_code for answer in answers] == [410, 410, 410]
    assert [Page(answer.text).text("h1") for answer in answers] == ["This invitation is over"] * 3
    assert not any(word in answer.text for word in ("Ada", "Summer") for answer in answers)
    assert (await ada.stored()).status == "pending"


async def test_some_days_after_the_gathering_the_link_still_works(ada: Invited) -> None:
    day = datetime.now(UTC).date() - timedelta(days=6)
    patch = SettingsPatch(event_date=day.isoformat(), rsvp_deadline=None)
    await ada.platform.guests.change_settings("default", patch, actor="test")

    assert (await ada.browser.get(ada.path)).status_code == 200
