"""Which letters events call for, given the present documents, and which they do not."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests.events import RsvpCleared, SettingsChanged
from gatherlog.apps.guests.letter_events import CODEC, LetterRequested
from gatherlog.apps.guests.letter_texts import Around
from gatherlog.apps.guests.letters import (
    announcement,
    is_true_of,
    letter_about,
    recipients,
)
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core import Event, Recorded
from gatherlog.core.eventstore.errors import EventUnknown
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.testing import StandingClock
from tests.apps.guests.guest_lists import ADA, BOB, answered, gathering, guest, happened, waitlisted

GOLDEN = Path(__file__).parents[2] / "golden" / "letters.letter_requested.2.json"
EARLIER = LetterRequested(change=7, event_date="2027-06-05T18:00:00", location=None)
REQUESTED = msgspec.structs.replace(EARLIER, event_end=None)
SITE = "https://party.example"
LINK = f"{SITE}/r/mail.1.2"
PLAIN = Around(site=SITE)
LINKED = Around(site=SITE, link=LINK, reply_to="olga@example.org")
NOW = StandingClock("2027-05-01T12:00:00Z")()
HOUR = 3_600_000_000


def party(**given: Any) -> Gathering:
    plain: dict[str, Any] = {"event_date": "2027-06-05T18:00:00", "location": "The boathouse"}
    return gathering(**plain | given)


def coming(people: int = 3, **given: Any) -> Guest:
    return guest(answered(True, people), **{"email": "ada@example.org"} | given)


def waiting(**given: Any) -> Guest:
    return guest(waitlisted(2), **{"email": "ada@example.org"} | given)


def recorded(
    type: str, time: int = 3, *, actor: str = f"guest:{ADA}", data: Any = None
) -> Recorded:
    return Recorded(
        partition=0,
        position=1,
        stream="gathering-default",
        version=1,
        id="e1",
        type=type,
        time=time,
        recorded=time,
        data=msgspec.json.encode(data),
        schema=1,
        subject=ADA,
        meta=msgspec.json.encode({"actor": actor}),
    )


def letter(
    type: str,
    to: Guest,
    about: Gathering | None = None,
    *,
    now: int = 4,
    around: Around = PLAIN,
    **given: Any,
) -> Letter | None:
    event = recorded(type, **given)
    return letter_about(event, party() if about is None else about, to, around, now=now)


def text(type: str, to: Guest, about: Gathering | None = None, **given: Any) -> str:
    written = letter(type, to, about, **given)
    assert written is not None
    return written.text


# What they say.


def test_a_guest_who_moved_up_gets_a_letter_about_the_place() -> None:
    assert letter("guests.promoted", coming()) == Letter(
        to="ada@example.org",
        subject="You have a place: Summer party",
        text=(
            "Dear Ada Lovelace,\n\n"
            "There is room now: you have moved up from the waiting list of Summer party and have a "
            "place for 3 people.\n\n"
            "    When: Saturday, 5 June 2027, 18:00 CEST (Paris time)\n"
            "    Where: The boathouse\n\n"
            "Can’t come any more? Please say so by the link by which you answered, so that "
            "somebody else can have your place.\n\n"
            "-- \n"
            "This letter was sent by https://party.example, where you are on the guest list.\n"
        ),
    )


def test_a_guest_who_waits_gets_a_letter_that_says_what_happens_next() -> None:
    written = letter("guests.waitlisted", waiting())

    assert written is not None
    assert written.subject == "You are on the waiting list: Summer party"
    assert "you are on the waiting list for 2 people. Those" in written.text
    assert "Until then you do not have a place." in written.text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answered(True, 1), "You’re coming: 1 person."),
        (answered(True, 2), "You’re coming: 2 people."),
        (answered(True, 2, children=1), "You’re coming: 2 people, 1 of them a child."),
        (answered(True, 4, children=2), "You’re coming: 4 people, 2 of them children."),
        (answered(False), "You’re not coming."),
        (answered(None), "You’re not sure yet."),
    ],
)
def test_an_answer_is_confirmed_in_a_line(answer: Any, said: str) -> None:
    to = guest(answer, email="ada@example.org")

    assert f"to Summer party:\n\n    {said}\n\n" in text("guests.rsvp_submitted", to)


def test_a_confirmation_says_until_when_and_how_the_answer_can_be_changed() -> None:
    closing = party(rsvp_deadline="2027-05-15")

    def said(about: Gathering, around: Around) -> str:
        return text("guests.rsvp_submitted", coming(), about, around=around).split("\n\n")[-2]

    assert said(party(), PLAIN) == "You can change it by the link by which you answered."
    assert said(party(), LINKED) == f"To change it: {LINK}"
    assert said(closing, LINKED) == f"You can change it until Saturday, 15 May 2027: {LINK}"
    assert said(closing, PLAIN) == (
        "You can change it until Saturday, 15 May 2027, by the link by which you answered."
    )


@pytest.mark.parametrize(
    "type", ["guests.promoted", "guests.rsvp_submitted", "guests.waitlisted", "requested"]
)
def test_every_letter_has_the_link_and_is_answered_to_the_host(type: str) -> None:
    data = {"change": 9, "location": "The boathouse"}
    name = "letters.letter_requested" if type == "requested" else type
    to = waiting() if type == "guests.waitlisted" else coming()
    written = letter(name, to, around=LINKED, data=data)

    assert written is not None
    assert written.text.count(LINK) == 1
    assert "by the link by which" not in written.text
    assert written.reply_to == "olga@example.org"


def family() -> Around:
    """A household of five, whose answers differ."""
    answers = {"Ben": answered(True, 3), "Cleo": answered(False), "Dora": answered(None)}
    others = [guest(answer, first_name=first) for first, answer in answers.items()]
    members = [coming(2), *others, guest(first_name="Emil")]
    return msgspec.structs.replace(LINKED, household=members)


def test_a_confirmation_tells_the_answers_of_the_whole_household() -> None:
    assert text("guests.rsvp_submitted", coming(2), around=family()).split("\n\n")[2] == (
        "    Ada Lovelace: coming, 2 people\n"
        "    Ben Lovelace: coming, 3 people\n"
        "    Cleo Lovelace: can’t come\n"
        "    Dora Lovelace: not sure yet\n"
        "    Emil Lovelace: no answer yet"
    )


def test_places_are_counted_for_the_whole_household() -> None:
    said = text("guests.promoted", coming(2), around=family())

    assert "and have a place for 5 people." in said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Paris", "18:00 CEST (Paris time)"),
        ("America/New_York", "18:00 EDT (New York time)"),
        ("Asia/Kathmandu", "18:00 UTC+05:45 (Kathmandu time)"),
        ("Europe/Istanbul", "18:00 UTC+03 (Istanbul time)"),
        ("Etc/UTC", "18:00 UTC"),
    ],
)
def test_a_zone_has_its_short_name(zone: str, said: str) -> None:
    about = party(time_zone=zone)

    assert f"When: Saturday, 5 June 2027, {said}\n" in text("guests.promoted", coming(), about)


def test_a_date_without_a_time_has_no_zone_and_missing_facts_are_called_unknown() -> None:
    dated = text("guests.promoted", coming(), party(event_date="2027-06-05", location=None))
    undated = text("guests.promoted", coming(), party(event_date=None))

    assert "    When: Saturday, 5 June 2027\n    Where: not known yet\n" in dated
    assert "    When: not known yet\n    Where: The boathouse\n" in undated


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({"event_date": "2027-06-05T18:00:00"}, ("When (changed): Sat", "Where: The")),
        ({"event_end": None}, ("When (changed): Sat", "Where: The")),
        ({"time_zone": "Europe/Paris"}, ("When (changed): Sat", "Where: The")),
        ({"location": "The boathouse"}, ("When: Sat", "Where (changed): The")),
        (
            {"event_date": "2027-06-05T18:00:00", "location": "The boathouse"},
            ("When (changed): Sat", "Where (changed): The"),
        ),
    ],
)
def test_a_letter_about_a_change_marks_what_has_changed(
    changed: dict[str, str], lines: tuple[str, str]
) -> None:
    said = text("letters.letter_requested", coming(), data={"change": 9, **changed})

    assert "Something has changed about Summer party, to which you said yes:" in said
    assert [line.strip()[: len(start)] for line, start in zip(facts(said), lines, strict=True)] == [
        *lines
    ]


def facts(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("    ")]


def test_a_guest_who_waits_gets_a_letter_about_a_change_too() -> None:
    data = {"change": 9, "location": "The boathouse"}

    assert "for which you are on the waiting list:" in text(
        "letters.letter_requested", waiting(), data=data
    )


# What they never hold.

SECRET = "0f3a" * 8


@pytest.mark.parametrize(
    "type", ["guests.promoted", "guests.rsvp_submitted", "letters.letter_requested"]
)
def test_a_letter_holds_no_secret_of_a_link_no_diet_and_no_name_of_a_household(type: str) -> None:
    to = coming(dietary="coeliac disease", dietary_tags=("kosher",), group_id="The Byrons")
    to = msgspec.structs.replace(to, link=SECRET, dietary="coeliac disease")
    written = letter(type, to, data={"change": 9, "location": "The boathouse"})

    assert written is not None
    for private in ("coeliac", "kosher", "Byron", SECRET, ADA):
        assert private not in written.text + written.subject


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ada\r\nBcc: eve@example.org", "Ada Bcc: eve@example.org"),
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("A\u2028\x85\x0bd\u202ea\x00", "A d a"),
        ("{guest[link]}%s", "{guest[link]}%s"),
    ],
)
def test_names_and_places_are_text_in_one_line(typed: str, shown: str) -> None:
    plain = text("guests.promoted", coming(), party(location="The boathouse"))
    written = letter(
        "guests.promoted",
        coming(first_name=typed, last_name="X"),
        party(event_name=typed, location=typed),
    )

    assert written is not None
    assert written.subject == f"You have a place: {shown}"
    assert written.text.startswith(f"Dear {shown} X,\n\n")
    assert f"    Where: {shown}\n" in written.text
    assert len(written.text.splitlines()) == len(plain.splitlines())


# When there is none.


def test_a_guest_without_an_address_gets_no_letter() -> None:
    assert letter("guests.promoted", coming(email=None)) is None


def test_there_is_no_letter_about_a_removed_gathering() -> None:
    gone = msgspec.structs.replace(party(), gone=True)

    assert letter("guests.promoted", coming(), gone) is None


@pytest.mark.parametrize(
    ("hours", "is_written"), [(-1, True), (1, True), (23, True), (25, False), (9999, False)]
)
def test_there_is_no_letter_later_than_a_day_after_the_gathering(
    hours: int, is_written: bool
) -> None:
    begins = StandingClock("2027-06-05T16:00:00Z")()

    written = letter("guests.promoted", coming(), now=begins + hours * HOUR)

    assert (written is not None) is is_written


@pytest.mark.parametrize(
    "now", [guest(), guest(answered(False)), guest(answered(None)), guest(waitlisted(2))]
)
def test_there_is_no_letter_about_a_place_that_was_given_up_again(now: Guest) -> None:
    to = msgspec.structs.replace(now, email="ada@example.org")

    assert letter("guests.promoted", to) is None


@pytest.mark.parametrize("actor", ["account:1", "key:1", "cli", f"guest:{BOB}", "", f"{ADA}"])
@pytest.mark.parametrize("type", ["guests.rsvp_submitted", "guests.waitlisted"])
def test_an_answer_that_somebody_else_gave_is_not_confirmed(type: str, actor: str) -> None:
    assert letter(type, coming(), actor=actor) is None
    assert letter(type, coming()) is not None


def test_only_the_latest_answer_is_confirmed() -> None:
    later = msgspec.structs.replace(answered(False), time=8)
    cleared = guest(answered(True, 1), happened(RsvpCleared()), email="ada@example.org")
    changed = guest(answered(True, 1), later, email="ada@example.org")

    assert letter("guests.rsvp_submitted", changed, time=3) is None
    assert letter("guests.rsvp_submitted", cleared, time=3) is None
    assert "You’re not coming." in text("guests.rsvp_submitted", changed, time=8)


def test_an_answer_is_not_confirmed_days_later() -> None:
    assert letter("guests.rsvp_submitted", coming(), now=23 * HOUR) is not None
    assert letter("guests.rsvp_submitted", coming(), now=25 * HOUR) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"event_date": "2027-06-04"},
        {"location": None},
        {"location": "The mill"},
        {"time_zone": "UTC"},
    ],
)
def test_there_is_no_letter_about_a_change_that_was_changed_again(changed: dict[str, Any]) -> None:
    data = {"change": 9, **changed}

    assert letter("letters.letter_requested", coming(), data=data) is None


@pytest.mark.parametrize("now", [guest(), guest(answered(False)), guest(answered(None))])
def test_a_guest_who_does_not_come_any_more_gets_no_letter_about_a_change(now: Guest) -> None:
    to = msgspec.structs.replace(now, email="ada@example.org")
    data = {"change": 9, "location": "The boathouse"}

    assert letter("letters.letter_requested", to, data=data) is None


def test_an_event_without_a_letter_is_an_error() -> None:
    with pytest.raises(EventUnknown):
        letter("guests.guest_added", coming())


# Who gets a letter about a change.


@pytest.mark.parametrize(
    ("changed", "announced"),
    [
        (SettingsChanged(event_name="X", max_guests=3, rsvp_deadline=None), None),
        (SettingsChanged(settings_data={}), None),
        (
            SettingsChanged(
                event_date="2027-06-05T18:00:00", location=None, max_guests=4, event_end=None
            ),
            REQUESTED,
        ),
        (SettingsChanged(time_zone="UTC"), LetterRequested(change=7, time_zone="UTC")),
    ],
)
def test_only_changes_of_date_place_and_zone_are_announced(
    changed: SettingsChanged, announced: LetterRequested | None
) -> None:
    assert announcement(7, changed) == announced


def test_a_request_is_valid_as_long_as_the_settings_are_what_it_says() -> None:
    now = party(location=None)

    assert is_true_of(now, REQUESTED)
    assert not is_true_of(party(), REQUESTED)
    assert not is_true_of(party(location=None, event_date=None), REQUESTED)


def known(id: str, email: str | None, of: Guest | None = None) -> Guest:
    return msgspec.structs.replace(coming() if of is None else of, id=id, email=email)


def test_the_recipients_come_or_wait_and_have_an_address() -> None:
    guests = [
        known("comes", "a@example.org"),
        known("waits", "b@example.org", waiting()),
        known("silent", "c@example.org", guest()),
        known("declined", "d@example.org", guest(answered(False))),
        known("nowhere", None),
    ]

    assert recipients(guests, ()) == ["comes", "waits"]


def test_one_letter_goes_to_an_address_that_several_share() -> None:
    guests = [
        known("one", "Us@Example.org"),
        known("two", "us@example.org"),
        known("three", "t@x.y"),
    ]

    assert recipients(guests, ()) == ["one", "three"]
    assert recipients(guests, {"two"}) == ["three"]
    assert recipients(guests, {"one", "three"}) == []


# What is kept.


def test_a_request_is_stored_as_its_golden_file_says() -> None:
    stored = GOLDEN.read_bytes().removesuffix(b"\n")

    assert CODEC.encode(REQUESTED) == ("letters.letter_requested", 2, stored)
    assert CODEC.decode(Event("id", "letters.letter_requested", 1, 1, stored, 2)) == REQUESTED


def test_a_request_of_an_earlier_release_is_still_read() -> None:
    stored = GOLDEN.with_name("letters.letter_requested.1.json").read_bytes()

    assert CODEC.decode(Event("id", "letters.letter_requested", 1, 1, stored, 1)) == EARLIER


@pytest.mark.parametrize(
    "name",
    [
        "WIN http://evil.example/now",
        "WIN hxxp://10",
        "WIN www.evil",
        "WIN evil.example!",
        "WIN EVIL.EXAMPLE/now?x=1",
        "(evil.co.uk)",
        "{evil.link}",
        "WIN evil\uff0eexample",
        "WIN evil\u3002example",
        "WIN b\u00fccher.example",
        "WIN 192.0.2.1",
        "163.com",
    ],
)
@pytest.mark.parametrize("event", ["guests.promoted", "guests.rsvp_submitted"])
def test_no_subject_carries_a_link(name: str, event: str) -> None:
    written = letter(event, coming(), party(event_name=name))

    assert written is not None
    assert written.subject in ("You have a place", "Your answer")


@pytest.mark.parametrize(
    "name",
    ["Zo\u00eb & St. John", "30.5. at 18.30", "Dr. No, Ph. D.", "v1.2", "Our 1. party...", "a.b"],
)
def test_a_name_without_a_link_is_in_the_subject(name: str) -> None:
    written = letter("guests.promoted", coming(), party(event_name=name))

    assert written is not None
    assert written.subject == f"You have a place: {name}"


def test_a_change_that_is_to_be_told_to_nobody_is_announced_to_nobody() -> None:
    assert announcement(7, SettingsChanged(location="The mill", notify=False)) is None
    assert announcement(7, SettingsChanged(location="The mill", notify=True)) == LetterRequested(
        change=7, location="The mill"
    )
