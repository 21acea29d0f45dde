"""The made-up things of the demo's city: valid, to come, and the same for each seed."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import msgspec
import pytest

from gatherlog.apps.things import CATEGORIES_OF_THINGS, Content, coming
from gatherlog.apps.things.checks import checked_content
from gatherlog.core.eventstore.clock import to_micros
from gatherlog.entrypoints.demo_activities import ACTIVITIES
from gatherlog.entrypoints.demo_things import BRANCHED, organiser_names, things
from gatherlog.entrypoints.demo_town import ORGANISERS, VENUES

DAY = date(2027, 4, 1)
DAYS = [DAY, *(DAY + timedelta(days=ahead) for ahead in (1, 2, 3)), date(2028, 2, 29)]
NEVER = "2000-01-01"


@pytest.mark.parametrize("today", [*DAYS, date(2027, 12, 31)])
def test_every_thing_is_valid_and_still_to_come(today: date) -> None:
    end_of_today = to_micros(datetime.combine(today, time(23, 59), UTC))

    for content, _ in things(500, today, seed=3):
        stored = checked_content(content)
        assert stored == content
        assert coming(stored, now=end_of_today)


def test_the_same_seed_gives_the_same_things() -> None:
    assert list(things(200, DAY, seed=3)) == list(things(200, DAY, seed=3))
    assert list(things(200, DAY, seed=3)) != list(things(200, DAY, seed=4))


@pytest.mark.parametrize("today", DAYS)
def test_on_another_day_only_dates_are_others(today: date) -> None:
    before = [(undated(content), name) for content, name in things(300, DAY, seed=3)]

    assert [(undated(content), name) for content, name in things(300, today, seed=3)] == before


def undated(content: Content) -> Content:
    when = msgspec.structs.replace(content.when, start=NEVER, end=NEVER, hours=())
    return msgspec.structs.replace(content, when=when)


def test_a_city_has_all_kinds_categories_and_organisers_and_no_name_twice() -> None:
    made = list(things(500, DAY, seed=3))

    assert {one.kind for one, _ in made} == {"EVENT", "RECURRING_EVENT", "PLACE"}
    assert {one.category for one, _ in made} == set(CATEGORIES_OF_THINGS)
    assert {name for _, name in made} == set(organiser_names(500)) == set(ORGANISERS)
    assert len({one.name for one, _ in made}) == 500


def test_organisers_of_very_many_things_have_branches() -> None:
    count = BRANCHED + 1

    names = {name for _, name in islice(things(count, DAY, seed=3), 300)}

    assert names <= set(organiser_names(count))
    assert names.isdisjoint(ORGANISERS)


def test_each_activity_has_a_venue_and_each_category_an_organiser() -> None:
    assert {one.venue for one in ACTIVITIES} == {one.kind for one in VENUES}
    offered = {category for some in ORGANISERS.values() for category in some}
    assert offered == set(CATEGORIES_OF_THINGS)
