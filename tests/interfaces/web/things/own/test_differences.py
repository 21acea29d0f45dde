"""What changed in a new version, word by word."""

from time import process_time
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatherlog.apps.things import Contact, FloatRange, Hours, Image, IntRange, When, Where
from gatherlog.apps.things.checks import checked_content
from gatherlog.apps.things.content import changed_fields
from gatherlog.interfaces.web.things.differences import Piece, differences, lines, pieces
from tests.apps.things.sample_things import content

TEXTS = st.text(alphabet="ab \n.<", max_size=60)


def of(found: list[Piece], *sorts: str) -> str:
    return "".join(piece.text for piece in found if piece.sort in sorts)


@given(TEXTS, TEXTS)
def test_both_versions_are_whole(before: str, after: str) -> None:
    found = pieces(before, after)

    assert of(found, "same", "gone") == before
    assert of(found, "same", "new") == after


def test_only_the_words_that_changed_are_marked() -> None:
    found = pieces("We paint frogs.\nBring an apron.", "We paint toads.\nBring an apron.")

    assert found == [
        Piece("same", "We paint"),
        Piece("gone", " frogs."),
        Piece("new", " toads."),
        Piece("same", "\n"),
        Piece("same", "Bring an apron."),
    ]


def test_the_same_text_has_no_difference() -> None:
    assert pieces("Frogs", "Frogs") == [Piece("same", "Frogs")]


@pytest.mark.parametrize("words", ["a b " * 2_400, "a\n" * 4_900, "a" * 10_000, " \n" * 5_000])
def test_texts_of_any_shape_are_compared_in_little_time(words: str) -> None:
    other = "b" + words[::-1]
    began = process_time()

    found = pieces(words, other)

    assert process_time() - began < 1
    assert (of(found, "same", "gone"), of(found, "same", "new")) == (words, other)


def test_a_new_version_shows_which_fields_it_changes() -> None:
    changed = content(name="Toads", capacity=3, adult_mandatory=True)

    found = differences(content(), changed)

    assert [line.field for line in found if line.is_changed] == [
        "name",
        "adultMandatory",
        "capacity",
    ]
    assert [line.field for line in found] == [line.field for line in lines(changed)]


PICTURE = Image(name="frog.png", bucket="pictures", key="frog.png", region="eu")
NUMBERS = st.sampled_from([0.0, 5.0, 7.5, 7.501, 7.504, 1e-7, 1_000_000.0])
DEGREES = st.sampled_from([52.52, 52.520001, 52.5200011, 103.12345, 103.123451, -0.5, 1e-7])
TIMES = st.sampled_from(["10:00:00", "10:00:30", "12:00:00", "00:00:00"])
HOURS = st.builds(Hours, day=st.sampled_from(["MON", "TUE", "SAT"]), start=TIMES, end=TIMES)
WORDS = st.sampled_from(["frog", "toad"])
PHONES = st.sampled_from([None, "030 1", "030 2"])
PLANS = st.builds(
    When,
    start=st.sampled_from(["2027-05-01T00:00:00", "2027-05-01T14:00:00", "2027-05-02T00:00:00"]),
    end=st.sampled_from(["2027-05-02T16:00:00", "2027-05-02T16:00:01"]),
    hours=st.lists(HOURS, max_size=3, unique_by=lambda one: (one.day, one.start)).map(tuple),
)
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "name": WORDS,
        "description": WORDS,
        "kind": st.sampled_from(["RECURRING_EVENT", "PLACE"]),
        "where": st.builds(Where, lat=DEGREES, lon=DEGREES, address=WORDS),
        "when": PLANS,
        "contact": st.builds(Contact, email=st.none() | st.just("a@b.example"), phone=PHONES),
        "ages": st.builds(IntRange, st.sampled_from([0, 5]), st.sampled_from([5, 8, 99, 100, 120])),
        "audience": st.sampled_from([("CHILD",), ("ADULT", "CHILD")]),
        "category": st.sampled_from(["ARTS", "CAFE"]),
        "price": st.tuples(NUMBERS, NUMBERS).map(lambda ends: FloatRange(*sorted(ends))),
        "booking_mandatory": st.booleans(),
        "adult_mandatory": st.booleans(),
        "image": st.none() | st.builds(Image, name=WORDS, bucket=WORDS, key=WORDS, region=WORDS),
        "capacity": st.sampled_from([None, 1, 1_000]),
        "time_zone": st.sampled_from(["Europe/Berlin", "UTC", "Etc/UTC"]),
    },
)


@given(CONTENTS, CONTENTS)
@example({"image": PICTURE}, {"image": msgspec.structs.replace(PICTURE, key="other.png")})
@example({"ages": IntRange(0, 99)}, {"ages": IntRange(0, 120)})
@example({"price": FloatRange(7.5, 7.5)}, {"price": FloatRange(7.5, 7.504)})
def test_every_field_that_changes_is_shown_as_changed(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = content(**before), content(**after)

    marked = {line.field for line in differences(old, new) if line.is_changed}

    assert marked == set(changed_fields(old, new))


@given(PLANS, PLANS)
def test_every_change_of_the_times_of_a_single_event_is_shown(one: When, other: When) -> None:
    old, new = [
        content(kind="EVENT", when=msgspec.structs.replace(when, hours=())) for when in (one, other)
    ]

    marked = [line.field for line in differences(old, new) if line.is_changed]

    assert marked == [*changed_fields(old, new)]


def test_hours_in_another_order_are_no_change() -> None:
    old = content()
    turned = msgspec.structs.replace(old.when, hours=old.when.hours[::-1])

    assert changed_fields(old, content(when=turned)) == ()
    assert checked_content(content(when=turned)) == checked_content(old)


def test_what_was_taken_out_altogether_is_shown() -> None:
    before = content()
    after = msgspec.structs.replace(before, contact=type(before.contact)())

    [line] = [line for line in differences(before, after) if line.is_changed]

    assert (line.name, line.pieces) == ("Contact", [Piece("gone", "olga@example.org")])
