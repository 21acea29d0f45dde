"""When a gathering ends: what is given, what is made of it, and what a change of date does."""

from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import Gathering, GatheringDetails, SettingsPatch
from gatherlog.apps.guests.decisions import change_settings, create_gathering, is_over
from gatherlog.apps.guests.events import SettingsChanged
from gatherlog.apps.guests.fold import FOLD
from gatherlog.apps.guests.letter_texts import Around, change
from gatherlog.apps.guests.views import GATHERINGS
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.projections.folds import Happened
from gatherlog.testing import StandingClock
from tests.apps.guests.guest_lists import STREAM, answered, gathering, guest

START, END = "2027-06-05T18:00:00", "2027-06-06T02:00:00"


def party(**given: Any) -> Gathering:
    return gathering(**{"event_date": START, "event_end": END} | given)


def changed(before: Gathering, **patch: Any) -> list[msgspec.Struct]:
    return change_settings(before, SettingsPatch(**patch))


def moments(of: Gathering) -> list[str]:
    return [rfc3339(moment) for moment in (of.starts_at, of.ends_at) if moment is not None]


def test_an_end_is_stored_as_local_time() -> None:
    details = GatheringDetails(
        event_name="Party",
        event_date=START,
        event_end="2027-06-06T00:00:00Z",
        time_zone="Asia/Tokyo",
    )
    [created] = create_gathering(details)

    assert msgspec.structs.asdict(created)["event_end"] == "2027-06-06T09:00:00"


@pytest.mark.parametrize(
    ("date", "end", "reason"),
    [
        (None, END, "needs a beginning: there is no date"),
        (START, START, "should be after the beginning"),
        (START, "2027-06-05T17:59", "should be after the beginning"),
        (START, "2027-06-05T18:00:00.9", "should be after the beginning"),
        (START, "2027-06-06", "should be a date-time like the date"),
        ("2027-06-05", END, "should be a day, too"),
        ("2027-06-05", "2027-06-04", "should be after the beginning"),
        # On that day the clocks go from 2 to 3, so that 02:45 is 03:45.
        ("2027-03-28T02:45", "2027-03-28T03:30", "should be after the beginning"),
    ],
)
def test_an_end_that_does_not_fit_is_refused(date: str | None, end: str, reason: str) -> None:
    given: Any = {"event_date": date, "event_end": end}
    with pytest.raises(Invalid) as when_made:
        create_gathering(GatheringDetails(event_name="Party", time_zone="Europe/Paris", **given))
    with pytest.raises(Invalid) as when_changed:
        changed(gathering(), **given)

    flaws = [Flaw("/event_end", reason)]
    assert ([*when_made.value.flaws], [*when_changed.value.flaws]) == (flaws, flaws)


def test_text_that_is_no_time_is_named_alone() -> None:
    with pytest.raises(Invalid) as refused:
        changed(gathering(), event_date="soon", event_end="later")

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/event_date", "/event_end"]


@pytest.mark.parametrize(
    ("before", "date", "event"),
    [
        (
            party(),
            "2027-06-12T19:30",
            SettingsChanged(event_date="2027-06-12T19:30:00", event_end="2027-06-13T03:30:00"),
        ),
        (
            gathering(event_date="2027-06-05", event_end="2027-06-06"),
            "2027-12-31",
            SettingsChanged(event_date="2027-12-31", event_end="2028-01-01"),
        ),
        (party(), "2027-06-12", SettingsChanged(event_date="2027-06-12", event_end=None)),
        (party(), None, SettingsChanged(event_date=None, event_end=None)),
        (
            gathering(event_date="2027-06-05", event_end="2027-06-06"),
            START,
            SettingsChanged(event_date=START, event_end=None),
        ),
        (
            party(event_end="2999-12-31T00:00:00"),
            "2900-06-05T18:00",
            SettingsChanged(event_date="2900-06-05T18:00:00", event_end=None),
        ),
    ],
)
def test_an_end_moves_along_with_the_date_and_does_not_outlast_its_kind(
    before: Gathering, date: str | None, event: SettingsChanged
) -> None:
    assert changed(before, event_date=date) == [event]


def test_an_end_that_is_given_with_the_date_stays_as_given() -> None:
    assert changed(party(), event_date="2027-06-05T17:00", event_end=END) == [
        SettingsChanged(event_date="2027-06-05T17:00:00")
    ]
    assert changed(party(), event_end=None) == [SettingsChanged(event_end=None)]
    assert changed(party(), event_date=START) == []


@pytest.mark.parametrize(
    ("given", "is_made"),
    [
        ({}, ["2027-06-05T16:00:00.000000Z", "2027-06-06T00:00:00.000000Z"]),
        ({"event_end": None}, ["2027-06-05T16:00:00.000000Z", "2027-06-05T19:00:00.000000Z"]),
        (
            {"event_date": "2027-06-05", "event_end": None},
            ["2027-06-04T22:00:00.000000Z", "2027-06-05T22:00:00.000000Z"],
        ),
        (
            {"event_date": "2027-06-05", "event_end": "2027-06-06"},
            ["2027-06-04T22:00:00.000000Z", "2027-06-06T22:00:00.000000Z"],
        ),
        ({"event_date": None, "event_end": None}, []),
        (
            {"event_date": "2027-03-28T02:30:00", "event_end": None},
            ["2027-03-28T01:30:00.000000Z", "2027-03-28T04:30:00.000000Z"],
        ),
        (
            {"event_date": "2027-10-31T02:30:00", "event_end": "2027-10-31T02:30:00"},
            ["2027-10-31T00:30:00.000000Z", "2027-10-31T01:30:00.000000Z"],
        ),
    ],
)
def test_the_moments_are_those_of_the_zone(given: dict[str, Any], is_made: list[str]) -> None:
    assert moments(party(**given)) == is_made


def test_a_gathering_is_over_at_its_end_and_without_one_as_before() -> None:
    ends, starts = StandingClock(f"{END[:-3]}:00Z")(), StandingClock("2027-06-05T16:00:00Z")()
    hour, day = 3_600_000_000, 24 * 3_600_000_000

    assert party().over_at == ends - 2 * hour
    assert party(event_end=None).over_at == starts
    assert not is_over(party(), starts + day + hour)
    assert is_over(party(event_end=None), starts + day + hour)


def test_a_letter_has_the_end_and_what_becomes_of_a_time_that_clocks_alter() -> None:
    ada = guest(answered(True, 1), email="ada@example.org")

    def when(**given: Any) -> str:
        text = change(party(**given), ada, Around(site="https://x.example"), ["event_end"]).text
        return next(line.strip() for line in text.splitlines() if "When" in line)

    assert when() == (
        "When (changed): Saturday, 5 June 2027, 18:00 CEST (Paris time), "
        "until Sunday, 6 June 2027, 02:00 CEST (Paris time)"
    )
    assert when(event_end="2027-06-05T23:00:00") == (
        "When (changed): Saturday, 5 June 2027, 18:00 CEST (Paris time), until 23:00"
    )
    assert when(event_date="2027-06-05", event_end="2027-06-06") == (
        "When (changed): Saturday, 5 June 2027, until Sunday, 6 June 2027"
    )
    assert when(event_date="2027-03-28T02:30:00", event_end=None) == (
        "When (changed): Sunday, 28 March 2027, 02:30 CET (Paris time) "
        "(02:30 is 03:30 then, as the clocks go forward)"
    )


def test_a_gathering_that_an_earlier_release_has_stored_is_read_and_changed() -> None:
    stored = (
        b'{"id":"default","event_name":"Ball","event_date":"2027-06-05T18:00:00","location":null,'
        b'"rsvp_deadline":null,"max_guests":null,"time_zone":"Europe/Paris","settings_data":{},'
        b'"created_at":1000000,"updated_at":91000000,"host_account":null,"gone":false}'
    )
    before = msgspec.json.decode(stored, type=Gathering)
    happened = Happened(STREAM, "", 91_500_000, SettingsChanged(location="The mill"))

    [made] = FOLD.evolve({GATHERINGS.ref("default"): before}, happened)

    assert (before.event_end, before.revision) == (None, 90)
    assert isinstance(made.body, Gathering)
    assert (made.body.event_end, made.body.location, made.body.revision) == (None, "The mill", 91)
