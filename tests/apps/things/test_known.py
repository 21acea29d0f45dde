"""What a process remembers of things that are booked: the same as it would count anew."""

import msgspec
import pytest

from gatherlog.apps.things import BookingWish, Hours
from gatherlog.apps.things.known import MOST_THINGS, KnownThing, KnownThings, named
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Invalid
from tests.apps.things.sample_things import SATURDAY, SERIES, WEEKEND, content, thing
from tests.apps.things.test_occurrences import HERE, at

WISH = BookingWish(date=SATURDAY, people=1)
KNOWN = Stored(thing(), 3)


def test_a_date_is_remembered_until_it_is_over() -> None:
    known = KnownThing(KNOWN)
    during, after = at("2027-04-03T11:59:59+02:00"), at("2027-04-03T12:00:00+02:00")

    assert known.named(WISH, HERE) is known.named(WISH, during)
    assert known.named(WISH, HERE) == named(thing(), WISH, HERE)
    with pytest.raises(Invalid):
        known.named(WISH, after)


def test_a_date_that_names_several_is_not_remembered_before_one_is_meant() -> None:
    later = Hours(day="SAT", start="14:00:00", end="16:00:00", slot=1)
    plan = msgspec.structs.replace(SERIES, hours=(*WEEKEND, later))
    known = KnownThing(Stored(thing(content=content(when=plan)), 1))

    for _ in range(2):
        with pytest.raises(Invalid):
            known.named(WISH, HERE)
    assert known.named(WISH, at("2027-04-03T13:00:00+02:00")).start[11:] == "14:00:00"


def test_no_more_things_are_remembered_than_fit() -> None:
    things = KnownThings()
    for number in range(MOST_THINGS + 10):
        things.keep(Stored(thing(id=f"t{number}"), 1))

    assert things.get("t9") is None
    assert things.get("t10") is not None
