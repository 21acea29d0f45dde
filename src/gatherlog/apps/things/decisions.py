"""The decisions about things: drafting, review, publishing, withdrawing, altering. Pure.

From documents and a command to events, or a refusal. A command that changes nothing gives no
events. `now` is in microseconds since the epoch.

| state | may become |
|---|---|
| DRAFT | PENDING (submit), REMOVED (remove) |
| PENDING | PUBLISHED (approve), REJECTED (reject), REMOVED (remove); it may be changed meanwhile |
| REJECTED | PENDING (submit), REMOVED (remove) |
| PUBLISHED | REMOVED (withdraw); it changes by a new version that is approved |
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gatherlog.apps.things.checks import checked_content, checked_reasons, checked_text
from gatherlog.apps.things.content import Content, changed_fields, with_slots
from gatherlog.apps.things.events import (
    NewVersionCreated,
    NewVersionDropped,
    OccurrenceAltered,
    Reason,
    Side,
    ThingApproved,
    ThingChanged,
    ThingCreated,
    ThingRejected,
    ThingRemoved,
    ThingSubmitted,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.apps.things.occurrences import (
    Alteration,
    Occurrence,
    coming,
    is_planned,
    not_over,
)
from gatherlog.apps.things.refusals import OwnThing, WrongState
from gatherlog.apps.things.views import Organiser, Thing
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.local_time import local_time
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "approve",
    "cancel_occurrence",
    "change",
    "check_reviewer",
    "create",
    "make_new_version",
    "move_occurrence",
    "reject",
    "remove",
    "stream_of",
    "submit",
    "withdraw",
]

Decision = list[Decided]
MOST_ALTERED: Final = 500
"""Occurrences of one thing that were cancelled or moved alone."""
_UNPUBLISHED: Final = ("DRAFT", "PENDING", "REJECTED")


def stream_of(thing_id: str) -> str:
    """The stream of what became of a thing."""
    return f"thing-{thing_id}"


def create(content: Content, organiser_id: str) -> Decision:
    stored = with_slots(checked_content(content))
    created = ThingCreated(organiser_id=organiser_id, content=stored)
    return [Decided(created)]


def change(thing: Thing, content: Content) -> Decision:
    """The organiser's change; what waits for review goes on waiting."""
    _check_state(thing, _UNPUBLISHED, "changed; make a new version of it instead")
    stored = with_slots(checked_content(content), thing.content)
    return [] if stored == thing.content else [Decided(ThingChanged(content=stored))]


def submit(thing: Thing, organiser: Organiser | None, *, now: int) -> Decision:
    """Ask for publication. It needs a profile, and something that is still to come."""
    _check_state(thing, ("DRAFT", "REJECTED"), "submitted")
    flaws = []
    if organiser is None:
        flaws.append(Flaw("/organiser/name", "is missing: save your profile first"))
    if not coming(thing.content, thing.altered, now=now):
        flaws.append(Flaw("/when", "is over, or has no occurrence within 90 days"))
    if flaws:
        raise Invalid(*flaws)
    return [Decided(ThingSubmitted())]


def make_new_version(thing: Thing, version: str) -> Decision:
    """A draft with the id `version` and the content of the published thing."""
    _check_state(thing, ("PUBLISHED",), "given a new version")
    if thing.new_version is not None:
        raise WrongState("it has a new version already, which is not decided yet")
    draft = ThingCreated(organiser_id=thing.organiser_id, content=thing.content, replaces=thing.id)
    return [
        Decided(NewVersionCreated(version=version)),
        Decided(draft, stream=stream_of(version)),
    ]


def remove(thing: Thing, live: Thing | None) -> Decision:
    """The organiser's removal of what is not published; `live` is what it was to replace."""
    _check_state(thing, _UNPUBLISHED, "removed; withdraw it instead")
    dropped: Decision = []
    if live is not None and live.new_version == thing.id:
        dropped = [Decided(NewVersionDropped(version=thing.id), stream=stream_of(live.id))]
    return [Decided(ThingRemoved()), *dropped]


def approve(thing: Thing, live: Thing | None, reviewer_id: str, *, now: int) -> Decision:
    """Publish it, or replace the content of the published thing `live` by that of a new version.

    A new version of what was withdrawn meanwhile is published as a thing of its own.
    """
    check_reviewer(thing, reviewer_id)
    _check_state(thing, ("PENDING",), "approved")
    if live is None or live.status != "PUBLISHED" or live.new_version != thing.id:
        return [Decided(ThingApproved(reviewer_id=reviewer_id))]
    replaced = VersionReplaced(
        version=thing.id,
        reviewer_id=reviewer_id,
        content=thing.content,
        changed=changed_fields(live.content, thing.content),
        ended=_ended(live, thing.content, now),
    )
    return [
        Decided(ThingApproved(reviewer_id=reviewer_id, replaces=live.id)),
        Decided(replaced, stream=stream_of(live.id)),
    ]


def reject(thing: Thing, reasons: Sequence[Reason], reviewer_id: str) -> Decision:
    """Send it back to the organiser, with at least one reason."""
    check_reviewer(thing, reviewer_id)
    _check_state(thing, ("PENDING",), "rejected")
    stored = checked_reasons(tuple(reasons))
    return [Decided(ThingRejected(reviewer_id=reviewer_id, reasons=stored))]


def withdraw(thing: Thing, reason: str, by: Side, account_id: str) -> Decision:
    """Take a published thing down."""
    _check_state(thing, ("PUBLISHED",), "withdrawn")
    stored = checked_text("reason", reason)
    return [Decided(ThingWithdrawn(by=by, account_id=account_id, reason=stored))]


def cancel_occurrence(thing: Thing, one: Occurrence, reason: str) -> Decision:
    altered = Alteration(key=one.key, cancelled=True, reason=checked_text("reason", reason))
    return _alter(thing, altered)


def move_occurrence(thing: Thing, one: Occurrence, to: str, *, now: int) -> Decision:
    """Move an occurrence to begin at `to`, which lasts as long as before.

    `to` is a local date-time, RFC 3339, or a date, which keeps the time of day.
    """
    start = _moved_start(one, to)
    lasts = _at(one.end) - _at(one.start)
    moved = Occurrence(
        start.isoformat(), (start + lasts).isoformat(), one.key, one.time_zone, moved=True
    )
    if moved.starts_at <= now:
        raise Invalid(Flaw("/to", "is over"))
    others = [o for o in not_over(thing.content, thing.altered, now=now) if o.key != one.key]
    if moved.start in (other.start for other in others):
        raise Invalid(Flaw("/to", "is when another occurrence begins"))
    if (moved.start, moved.end) == (one.start, one.end):
        return []
    return _alter(thing, Alteration(key=one.key, start=moved.start, end=moved.end))


def check_reviewer(thing: Thing | None, reviewer_id: str) -> None:
    """Raise OwnThing for the organiser of the thing."""
    if thing is not None and thing.organiser_id == reviewer_id:
        raise OwnThing("nobody decides on what they publish themselves")


def _alter(thing: Thing, altered: Alteration) -> Decision:
    _check_state(thing, ("PUBLISHED",), "altered on single dates")
    if len(thing.altered) >= MOST_ALTERED:
        raise WrongState(f"{MOST_ALTERED} dates are cancelled or moved; change the plan instead")
    return [Decided(OccurrenceAltered(altered=altered))]


def _ended(live: Thing, content: Content, now: int) -> tuple[str, ...]:
    """The keys of coming occurrences of the published thing that new content does not plan."""
    before = not_over(live.content, live.altered, now=now)
    return tuple(sorted(one.key for one in before if not is_planned(content, one.key)))


def _moved_start(one: Occurrence, to: str) -> datetime:
    try:
        read = local_time(to, one.time_zone)
    except ValueError:
        raise Invalid(Flaw("/to", "should be like 2027-05-01, or 2027-05-01T14:00")) from None
    return _at(read if "T" in read else f"{read}{one.start[10:]}")


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local)


def _check_state(thing: Thing, states: Sequence[str], what: str) -> None:
    if thing.status not in states:
        raise WrongState(f"it is {thing.status}, so it cannot be {what}")
