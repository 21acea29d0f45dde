"""What a search is given of a thing: all of what it filters by, and nothing of what is hidden."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.things import Alteration, Hours, Organiser, Thing, ThingStatus, When
from gatherlog.apps.things.content import Content
from gatherlog.apps.things.occurrences import AHEAD, coming
from gatherlog.apps.things.searching import SPARE, search_document
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.search import Occurrence, Place, SearchDocument, Text
from gatherlog.core.search.documents import check_document
from tests.apps.things.finding_oracle import is_over, parts_of
from tests.apps.things.sample_things import (
    NOW,
    OLGA,
    SATURDAY,
    SUNDAY,
    WEEKEND,
    content,
    event,
    thing,
)
from tests.apps.things.test_occurrences import DATES, plans

HERE = to_micros(datetime.fromisoformat(NOW))
PROFILE = Organiser(id=OLGA, name="Olga's house")


def made(thing: Thing, *, now: int = HERE) -> SearchDocument | None:
    return search_document(Stored(thing, 7), PROFILE, now=now)


def found(thing: Thing, *, now: int = HERE) -> SearchDocument:
    document = made(thing, now=now)
    assert document is not None
    check_document(document)
    return document


def days(thing: Thing) -> list[tuple[str, int, int]]:
    return [(one.day.isoformat(), one.start, one.end) for one in found(thing).occurrences or ()]


def test_a_published_thing_is_searched_by_its_fields_and_its_organisers_name() -> None:
    document = found(thing())

    assert (document.id, document.owner, document.version) == ("t1", OLGA, 7)
    assert document.texts == [
        Text("Painting with frogs", 5),
        Text("We paint frogs.\nBring an apron.", 3),
        Text("Olga's house", 2),
    ]
    assert document.tags == {
        "type": ["RECURRING_EVENT"],
        "category": ["ARTS"],
        "target": ("CHILD",),
        "booking_mandatory": ["yes"],
        "adult_mandatory": ["no"],
    }
    assert (document.place, document.ages, document.prices) == (
        Place(52.52, 13.405),
        (5, 8),
        (5.0, 7.5),
    )
    assert days(thing())[:2] == [(SATURDAY, 600, 720), (SUNDAY, 600, 720)]
    assert (document.zone, document.rolling) == ("Europe/Berlin", True)


@pytest.mark.parametrize("status", ["DRAFT", "PENDING", "REJECTED", "REMOVED"])
def test_what_is_not_published_is_not_searched(status: ThingStatus) -> None:
    assert made(thing(status=status)) is None


def test_what_is_over_or_cancelled_is_not_searched() -> None:
    off = (Alteration(key="once", cancelled=True),)
    over = to_micros(datetime.fromisoformat("2027-05-01T16:00:00+02:00"))
    long_ago = When(start="2026-01-01T00:00:00", end="2026-12-31T00:00:00", hours=WEEKEND)

    assert made(thing(content=event(), altered=off)) is None
    assert made(thing(content=event()), now=over) is None
    assert made(thing(content=content(when=long_ago))) is None


def test_without_a_profile_a_thing_is_found_by_its_own_words() -> None:
    document = search_document(Stored(thing(), 7), None, now=HERE)

    assert document is not None
    assert [text.weight for text in document.texts] == [5, 3]


def test_an_event_of_several_days_is_found_on_each_of_them() -> None:
    dates = When(start="2027-05-01T18:00:00", end="2027-05-03T12:00:00")
    festival = thing(content=msgspec.structs.replace(event(), when=dates))

    assert days(festival) == [
        ("2027-05-01", 18 * 60, 24 * 60),
        ("2027-05-02", 0, 24 * 60),
        ("2027-05-03", 0, 12 * 60),
    ]
    assert (found(festival).rolling, found(festival).renew_on) == (False, None)


def test_hours_over_midnight_are_found_on_both_days_and_at_midnight_on_one() -> None:
    late = When(start="2027-04-30T22:00:00", end="2027-05-01T02:00:00")
    until_midnight = When(start="2027-04-30T22:00:00", end="2027-05-01T00:00:00")

    assert days(thing(content=msgspec.structs.replace(event(), when=late))) == [
        ("2027-04-30", 22 * 60, 24 * 60),
        ("2027-05-01", 0, 2 * 60),
    ]
    assert days(thing(content=msgspec.structs.replace(event(), when=until_midnight))) == [
        ("2027-04-30", 22 * 60, 24 * 60)
    ]


def test_what_was_moved_is_found_where_it_is_now_and_what_was_cancelled_nowhere() -> None:
    altered = (
        Alteration(key=SATURDAY, start="2027-04-06T15:00:00", end="2027-04-06T17:00:00"),
        Alteration(key=SUNDAY, cancelled=True),
    )

    assert days(thing(altered=altered))[:2] == [("2027-04-06", 900, 1020), ("2027-04-10", 600, 720)]


def test_a_series_that_begins_later_is_looked_at_again_before_it_does() -> None:
    later = When(start="2027-08-01T00:00:00", end="2027-12-31T00:00:00", hours=WEEKEND)

    document = found(thing(content=content(when=later)))

    assert document.occurrences == []
    assert document.renew_on is not None
    assert date(2027, 4, 1) < document.renew_on <= date(2027, 4, 8)


def test_a_series_whose_days_are_all_known_is_not_looked_at_again() -> None:
    soon = When(start="2027-03-01T00:00:00", end="2027-05-31T00:00:00", hours=WEEKEND)

    assert found(thing(content=content(when=soon))).renew_on is None


def test_series_are_looked_at_again_on_different_days() -> None:
    renewed = {found(thing(id=f"t{number}")).renew_on for number in range(100)}

    assert renewed == {date(2027, 4, 1) + timedelta(n) for n in range(1, SPARE + 1)}


@given(plan=plans(), day=DATES, minutes=st.integers(0, 7 * 1440), id=st.text(min_size=1))
def test_what_was_indexed_is_right_until_it_is_looked_at_again(
    plan: Content, day: date, minutes: int, id: str
) -> None:
    indexed_at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    later = indexed_at + timedelta(minutes=minutes)
    subject = thing(id=id, content=plan)
    document = made(subject, now=to_micros(indexed_at))
    if document is not None and document.renew_on is not None and later.date() >= document.renew_on:
        return

    shown = document.occurrences if document is not None else []
    assert in_sight(shown or [], plan, later) == in_sight(parts_of(subject), plan, later)


def in_sight(parts: Sequence[Occurrence], plan: Content, now: datetime) -> list[Occurrence]:
    """Those that may be found: not over, and at most AHEAD days away."""
    shown = [one for one in parts if not is_over(one, plan.time_zone, now, AHEAD)]
    return sorted(shown, key=lambda one: (one.day, one.start, one.end))


def test_the_horizon_of_what_is_indexed_is_longer_than_what_may_be_found() -> None:
    every_day = tuple(
        Hours(day=day, start="10:00:00", end="12:00:00")
        for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    )
    when = When(start="2027-03-01T00:00:00", end="2028-12-31T00:00:00", hours=every_day)
    daily = content(when=when)

    assert len(found(thing(content=daily)).occurrences or ()) == AHEAD + SPARE
    assert len(coming(daily, now=HERE)) == AHEAD
