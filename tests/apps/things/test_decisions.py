"""What may become of a thing, in every state: given events, a command gives events or a refusal."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest

from gatherlog.apps.things import (
    Alteration,
    Content,
    Organiser,
    OwnThing,
    Reason,
    Thing,
    When,
    WrongState,
)
from gatherlog.apps.things import decisions as d
from gatherlog.apps.things.events import (
    NewVersionCreated,
    NewVersionDropped,
    OccurrenceAltered,
    ThingApproved,
    ThingChanged,
    ThingCreated,
    ThingRejected,
    ThingRemoved,
    ThingSubmitted,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.apps.things.folds import ThingFold
from gatherlog.apps.things.occurrences import ONCE, Occurrence, occurrence_on
from gatherlog.apps.things.views import THINGS
from gatherlog.core import Decided
from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.eventstore.errors import Flaw, GatherlogError, Invalid
from gatherlog.testing import SpecEvent, after
from tests.apps.things.sample_things import (
    NOW,
    OLGA,
    RITA,
    SATURDAY,
    SUNDAY,
    WEEKEND,
    content,
    event,
)

HERE = to_micros(datetime.fromisoformat(NOW))
PROFILE = Organiser(id=OLGA, name="Olga's house")
WHY = (Reason("name", "Frogs?"),)


def given(*events: msgspec.Struct, id: str = "t1") -> Thing:
    """Olga's thing after these events, one microsecond each."""
    known = [SpecEvent(payload, time=number) for number, payload in enumerate(events, start=1)]
    return after(ThingFold(), f"thing-{id}", known).of(THINGS, id)


CREATED = ThingCreated(organiser_id=OLGA, content=content())
SUBMITTED, REMOVED = ThingSubmitted(), ThingRemoved()
APPROVED = ThingApproved(reviewer_id=RITA)
REJECTED = ThingRejected(reviewer_id=RITA, reasons=WHY)
WITHDRAWN = ThingWithdrawn(by="organiser", account_id=OLGA, reason="ill")
STATES = {
    "DRAFT": given(CREATED),
    "PENDING": given(CREATED, SUBMITTED),
    "REJECTED": given(CREATED, SUBMITTED, REJECTED),
    "PUBLISHED": given(CREATED, SUBMITTED, APPROVED),
    "REMOVED": given(CREATED, SUBMITTED, APPROVED, WITHDRAWN),
}
COMMANDS: dict[str, tuple[Callable[[Thing], list[Decided]], set[str]]] = {
    "change": (lambda thing: d.change(thing, event()), {"DRAFT", "PENDING", "REJECTED"}),
    "submit": (lambda thing: d.submit(thing, PROFILE, now=HERE), {"DRAFT", "REJECTED"}),
    "remove": (lambda thing: d.remove(thing, None), {"DRAFT", "PENDING", "REJECTED"}),
    "approve": (lambda thing: d.approve(thing, None, RITA, now=HERE), {"PENDING"}),
    "reject": (lambda thing: d.reject(thing, WHY, RITA), {"PENDING"}),
    "new version": (lambda thing: d.make_new_version(thing, "t2"), {"PUBLISHED"}),
    "withdraw": (lambda thing: d.withdraw(thing, "ill", "organiser", OLGA), {"PUBLISHED"}),
    "cancel a date": (lambda thing: d.cancel_occurrence(thing, on(thing), "ill"), {"PUBLISHED"}),
    "move a date": (
        lambda thing: d.move_occurrence(thing, on(thing), "2027-04-06", now=HERE),
        {"PUBLISHED"},
    ),
}


def on(thing: Thing, date: str = SATURDAY) -> Occurrence:
    return occurrence_on(thing.content, thing.altered, date, now=HERE)


def payloads(decided: list[Decided]) -> list[Any]:
    return [one.payload for one in decided]


def refusal(command: Callable[[], object]) -> type[GatherlogError] | None:
    try:
        command()
    except GatherlogError as error:
        return type(error)
    return None


def test_states_are_what_they_are_called() -> None:
    assert {state: thing.status for state, thing in STATES.items()} == {s: s for s in STATES}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_possible_in_its_states_only(state: str, command: str) -> None:
    decide, states = COMMANDS[command]

    refused = refusal(lambda: decide(STATES[state]))

    assert refused is (None if state in states else WrongState)


# Drafts.


def test_a_draft_belongs_to_who_began_it() -> None:
    [created] = payloads(d.create(content(), OLGA))

    assert created == ThingCreated(organiser_id=OLGA, content=content(), replaces=None)


def test_an_unchanged_content_records_nothing() -> None:
    assert d.change(STATES["DRAFT"], content()) == []


def test_a_change_while_pending_leaves_it_pending() -> None:
    changed = given(CREATED, SUBMITTED, ThingChanged(content=event()))

    assert (changed.status, changed.content) == ("PENDING", event())


def test_submitting_needs_a_profile_and_something_to_come() -> None:
    over = content(when=When(start="2027-01-01T00:00:00", end="2027-02-01T00:00:00", hours=WEEKEND))

    with pytest.raises(Invalid) as refused:
        d.submit(given(ThingCreated(organiser_id=OLGA, content=over)), None, now=HERE)

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/organiser/name", "/when"]


def test_a_rejected_thing_shows_its_reasons_until_it_is_submitted_again() -> None:
    assert STATES["REJECTED"].reasons == WHY

    again = given(CREATED, SUBMITTED, REJECTED, ThingChanged(content=event()), SUBMITTED)

    assert (again.status, again.reasons) == ("PENDING", ())


# Review.


@pytest.mark.parametrize("state", STATES)
def test_nobody_decides_on_what_they_publish_themselves(state: str) -> None:
    thing = STATES[state]

    assert refusal(lambda: d.approve(thing, None, OLGA, now=HERE)) is OwnThing
    assert refusal(lambda: d.reject(thing, WHY, OLGA)) is OwnThing


def test_the_reviewer_is_recorded() -> None:
    [approved] = payloads(d.approve(STATES["PENDING"], None, RITA, now=HERE))

    published = given(CREATED, SUBMITTED, approved)

    assert (published.decided_by, published.decided_at, published.published_at) == (RITA, 3, 3)


@pytest.mark.parametrize(
    ("reasons", "pointer"),
    [
        ((), "/reasons"),
        ((Reason("name", " "),), "/reasons/0/text"),
        (
            (
                Reason("name", "ok"),
                Reason("colour", "green"),
            ),
            "/reasons/1/field",
        ),
        ((Reason("name", "x" * 2001),), "/reasons/0/text"),
        (tuple(Reason("name", "x") for _ in range(51)), "/reasons"),
    ],
)
def test_a_rejection_needs_reasons_about_known_fields(
    reasons: tuple[Reason, ...], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        d.reject(STATES["PENDING"], reasons, RITA)

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]


def test_a_reason_may_be_about_a_part_of_a_field_or_about_all() -> None:
    reasons = (Reason("when.dateTime", "in the past?"), Reason("", "please call us"))

    [rejected] = payloads(d.reject(STATES["PENDING"], reasons, RITA))

    assert rejected == ThingRejected(reviewer_id=RITA, reasons=reasons)


# New versions.

LIVE = given(CREATED, SUBMITTED, APPROVED, NewVersionCreated(version="t2"), id="t1")


def version(*events: msgspec.Struct, written: Content | None = None) -> Thing:
    draft = ThingCreated(organiser_id=OLGA, content=written or event(), replaces="t1")
    return given(draft, *events, id="t2")


def test_a_new_version_is_a_draft_of_its_own_beside_the_published_thing() -> None:
    decided = d.make_new_version(STATES["PUBLISHED"], "t2")

    draft = ThingCreated(organiser_id=OLGA, content=content(), replaces="t1")
    assert decided == [
        Decided(NewVersionCreated(version="t2")),
        Decided(draft, stream="thing-t2"),
    ]
    assert (LIVE.status, LIVE.new_version, LIVE.content) == ("PUBLISHED", "t2", content())


def test_there_is_one_new_version_at_a_time() -> None:
    assert refusal(lambda: d.make_new_version(LIVE, "t3")) is WrongState


def test_a_new_version_that_was_removed_makes_room_for_another() -> None:
    decided = d.remove(version(), LIVE)

    dropped = NewVersionDropped(version="t2")
    assert decided == [Decided(ThingRemoved()), Decided(dropped, stream="thing-t1")]
    free = given(CREATED, SUBMITTED, APPROVED, NewVersionCreated(version="t2"), dropped)
    assert refusal(lambda: d.make_new_version(free, "t3")) is None


def test_an_approved_new_version_replaces_the_content_and_is_none_itself() -> None:
    approved, replaced = d.approve(version(SUBMITTED), LIVE, RITA, now=HERE)

    assert approved == Decided(ThingApproved(reviewer_id=RITA, replaces="t1"))
    assert replaced.stream == "thing-t1"
    live = given(CREATED, SUBMITTED, APPROVED, NewVersionCreated(version="t2"), replaced.payload)
    merged = version(SUBMITTED, approved.payload)
    assert (live.status, live.content, live.new_version) == ("PUBLISHED", event(), None)
    assert live.published_at == LIVE.published_at
    assert (merged.status, merged.replaces) == ("REMOVED", "t1")
    assert refusal(lambda: d.approve(merged, live, RITA, now=HERE)) is WrongState


def test_what_the_new_plan_has_not_has_ended() -> None:
    sundays = When(start="2027-03-01T00:00:00", end="2027-04-20T00:00:00", hours=WEEKEND[1:])
    plan = content(when=sundays)

    _, replaced = d.approve(version(SUBMITTED, written=plan), LIVE, RITA, now=HERE)

    ended = replaced.payload.ended  # type: ignore[attr-defined]
    assert SATURDAY in ended
    assert SUNDAY not in ended
    assert "2027-04-25" in ended
    assert "2027-03-27" not in ended


def test_a_new_version_of_what_was_withdrawn_is_published_by_itself() -> None:
    withdrawn = given(CREATED, SUBMITTED, APPROVED, NewVersionCreated(version="t2"), WITHDRAWN)

    [approved] = payloads(d.approve(version(SUBMITTED), withdrawn, RITA, now=HERE))

    published = version(SUBMITTED, approved)
    assert (published.status, published.replaces) == ("PUBLISHED", None)


# Single dates.


def altered(thing: Thing, decided: list[Decided]) -> Thing:
    [payload] = payloads(decided)
    assert isinstance(payload, OccurrenceAltered)
    return given(CREATED, SUBMITTED, APPROVED, payload)


def test_a_date_is_cancelled_with_a_reason() -> None:
    thing = STATES["PUBLISHED"]

    off = altered(thing, d.cancel_occurrence(thing, on(thing), " ill "))

    assert off.altered == (Alteration(key=SATURDAY, cancelled=True, reason="ill"),)


@pytest.mark.parametrize(
    ("to", "start", "end"),
    [
        ("2027-04-06", "2027-04-06T10:00:00", "2027-04-06T12:00:00"),
        ("2027-04-06T15:30", "2027-04-06T15:30:00", "2027-04-06T17:30:00"),
        ("2027-04-06T13:30:00Z", "2027-04-06T15:30:00", "2027-04-06T17:30:00"),
    ],
)
def test_a_date_is_moved_and_lasts_as_long(to: str, start: str, end: str) -> None:
    thing = STATES["PUBLISHED"]

    after_it = altered(thing, d.move_occurrence(thing, on(thing), to, now=HERE))

    assert after_it.altered == (Alteration(key=SATURDAY, start=start, end=end),)


@pytest.mark.parametrize(
    ("to", "detail"),
    [
        ("2027-03-06", "is over"),
        (SUNDAY, "is when another occurrence begins"),
        ("soon", "should be like 2027-05-01, or 2027-05-01T14:00"),
    ],
)
def test_a_date_is_not_moved_into_the_past_or_onto_another(to: str, detail: str) -> None:
    thing = STATES["PUBLISHED"]

    with pytest.raises(Invalid) as refused:
        d.move_occurrence(thing, on(thing), to, now=HERE)

    assert refused.value.flaws == (Flaw("/to", detail),)


def test_moving_to_where_it_is_records_nothing() -> None:
    thing = STATES["PUBLISHED"]

    assert d.move_occurrence(thing, on(thing), SATURDAY, now=HERE) == []


def test_a_moved_date_is_moved_again_and_has_one_alteration() -> None:
    first = OccurrenceAltered(
        altered=Alteration(key=SATURDAY, start="2027-04-06T10:00:00", end="2027-04-06T12:00:00")
    )
    thing = given(CREATED, SUBMITTED, APPROVED, first)

    [again] = payloads(d.move_occurrence(thing, on(thing, "2027-04-06"), "2027-04-07", now=HERE))

    twice = given(CREATED, SUBMITTED, APPROVED, first, again)
    assert [(one.key, one.start) for one in twice.altered] == [(SATURDAY, "2027-04-07T10:00:00")]


def test_alterations_stay_where_the_new_plan_has_the_date() -> None:
    off = OccurrenceAltered(altered=Alteration(key=SATURDAY, cancelled=True, reason="ill"))
    other = OccurrenceAltered(altered=Alteration(key=SUNDAY, cancelled=True, reason="ill"))
    sundays = When(start="2027-03-01T00:00:00", end="2027-12-31T00:00:00", hours=WEEKEND[1:])
    replaced = VersionReplaced(version="t2", reviewer_id=RITA, content=content(when=sundays))

    thing = given(CREATED, SUBMITTED, APPROVED, off, other, replaced)

    assert [one.key for one in thing.altered] == [SUNDAY]


@pytest.mark.parametrize(("moves_with", "left"), [(event(), 1), (None, 0)])
def test_a_single_event_with_a_new_date_is_not_where_it_was_moved_to(
    moves_with: Content | None, left: int
) -> None:
    there = Alteration(key=ONCE, start="2027-05-02T14:00:00", end="2027-05-02T16:00:00")
    june = When(start="2027-06-01T14:00:00", end="2027-06-01T16:00:00")
    written = moves_with or msgspec.structs.replace(event(), when=june)
    replaced = VersionReplaced(version="t2", reviewer_id=RITA, content=written)
    created = ThingCreated(organiser_id=OLGA, content=event())

    thing = given(created, SUBMITTED, APPROVED, OccurrenceAltered(altered=there), replaced)

    assert len(thing.altered) == left


def test_withdrawing_says_who_and_why() -> None:
    thing = STATES["REMOVED"]

    assert (thing.withdrawn_by, thing.withdrawn_because) == ("organiser", "ill")
    assert refusal(lambda: d.withdraw(STATES["PUBLISHED"], " ", "reviewer", RITA)) is Invalid
