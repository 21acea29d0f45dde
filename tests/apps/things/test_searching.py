"""What a search is given of a thing: all of what it filters by, and nothing of what is hidden."""

from datetime import datetime

import msgspec
import pytest

from gatherlog.apps.things import Alteration, DayHours, Organiser, ThingStatus, When, searchable
from gatherlog.core.eventstore.clock import to_micros
from tests.apps.things.sample_things import NOW, OLGA, SATURDAY, SUNDAY, content, event, thing

HERE = to_micros(datetime.fromisoformat(NOW))
PROFILE = Organiser(id=OLGA, name="Olga's house")


def test_a_published_thing_is_searched_by_its_fields_and_its_organisers_name() -> None:
    found = searchable(thing(), PROFILE, now=HERE)

    assert found is not None
    assert (found.id, found.name, found.organiser) == ("t1", content().name, "Olga's house")
    assert (found.lat, found.ages_from, found.price_to) == (52.52, 5, 7.5)
    assert found.hours[:2] == (
        DayHours(SATURDAY, "10:00:00", "12:00:00"),
        DayHours(SUNDAY, "10:00:00", "12:00:00"),
    )
    assert found.soonest == to_micros(datetime.fromisoformat("2027-04-03T10:00:00+02:00"))
    assert len(found.ends) == len(found.hours)


@pytest.mark.parametrize("status", ["DRAFT", "PENDING", "REJECTED", "REMOVED"])
def test_what_is_not_published_is_not_searched(status: ThingStatus) -> None:
    assert searchable(thing(status=status), PROFILE, now=HERE) is None


def test_what_is_over_or_cancelled_is_not_searched() -> None:
    off = (Alteration(key="once", cancelled=True),)
    over = to_micros(datetime.fromisoformat("2027-05-01T16:00:00+02:00"))

    assert searchable(thing(content=event(), altered=off), PROFILE, now=HERE) is None
    assert searchable(thing(content=event()), PROFILE, now=over) is None


def test_an_event_of_several_days_is_found_on_each_of_them() -> None:
    days = When(start="2027-05-01T18:00:00", end="2027-05-03T12:00:00")
    festival = thing(content=msgspec.structs.replace(event(), when=days))

    found = searchable(festival, None, now=HERE)

    assert found is not None
    assert [day.date for day in found.hours] == ["2027-05-01", "2027-05-02", "2027-05-03"]
    assert len(set(found.ends)) == 1
    assert found.organiser == ""
