"""How the events of this app become documents: one fold for each category of streams. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gatherlog.apps.things.events import (
    CODEC,
    BookingCancelled,
    BookingMade,
    BookingPromoted,
    ChildAdded,
    ChildChanged,
    ChildRemoved,
    FavouriteAdded,
    NewVersionCreated,
    NewVersionDropped,
    OccurrenceAltered,
    ProfileSaved,
    ReportMade,
    ThingApproved,
    ThingChanged,
    ThingCreated,
    ThingRejected,
    ThingRemoved,
    ThingSubmitted,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.apps.things.occurrences import ONCE, Alteration, is_planned
from gatherlog.apps.things.views import (
    BOOKED_BY,
    BOOKINGS,
    CHILDREN,
    FAMILIES,
    FAVOURITES,
    INTERESTS,
    OCCURRENCES,
    ORGANISERS,
    REPORTS,
    THINGS,
    WAITING,
    BookedBy,
    Booking,
    Child,
    Family,
    Favourite,
    Interest,
    OccurrenceBookings,
    Organiser,
    Report,
    Thing,
    booked_by_document,
    favourite_document,
    report_document,
)
from gatherlog.core.commands.places import WaitingList
from gatherlog.core.eventstore.store import DELETE, KEEP, Ref
from gatherlog.core.projections.folds import Category, Change, Happened, NoDocuments
from gatherlog.core.projections.views import View

__all__ = [
    "CATEGORIES",
    "FamilyFold",
    "FavouriteFold",
    "OccurrenceFold",
    "OrganiserFold",
    "ReportFold",
    "ThingFold",
    "id_of",
]

Documents = Mapping[Ref, Any]
_TALLY: Final[Mapping[str, tuple[str, ...]]] = {
    "BOOKED": ("bookings", "seats"),
    "WAITING": ("queued",),
}
"""The counters of an occurrence in which a booking counts: `seats` by its places, else as one."""


def id_of(stream: str) -> str:
    """The part of a stream's name behind its category."""
    return stream.partition("-")[2]


class ThingFold:
    """Streams `thing-{id}`: one document per thing."""

    views: tuple[View[Any], ...] = (THINGS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [THINGS.ref(id_of(happened.stream))]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        id = id_of(happened.stream)
        before: Thing | None = documents[THINGS.ref(id)]
        if isinstance(happened.payload, ThingCreated):
            after = _created(id, happened.payload, happened.time)
        elif before is None:
            return []
        else:
            became = _became(before, happened)
            after = msgspec.structs.replace(before, updated_at=happened.time, **became)
        return [Change(THINGS, id, after)]


def _created(id: str, created: ThingCreated, time: int) -> Thing:
    return Thing(
        id=id,
        organiser_id=created.organiser_id,
        status="DRAFT",
        content=created.content,
        replaces=created.replaces,
        created_at=time,
        updated_at=time,
    )


def _became(thing: Thing, happened: Happened) -> dict[str, Any]:
    """The fields of a thing that an event changes."""
    time = happened.time
    match happened.payload:
        case ThingChanged() as changed:
            return {"content": changed.content}
        case ThingSubmitted():
            return {"status": "PENDING", "submitted_at": time, "reasons": ()}
        case ThingApproved(reviewer_id=reviewer, replaces=replaces):
            decided = {"decided_at": time, "decided_by": reviewer, "replaces": replaces}
            if replaces is not None:
                return {"status": "REMOVED", **decided}
            return {"status": "PUBLISHED", "published_at": time, **decided}
        case ThingRejected(reviewer_id=reviewer, reasons=reasons):
            decided = {"decided_at": time, "decided_by": reviewer}
            return {"status": "REJECTED", "reasons": reasons, **decided}
        case NewVersionCreated(version=version):
            return {"new_version": version}
        case NewVersionDropped():
            return {"new_version": None}
        case VersionReplaced() as replaced:
            return {
                "content": replaced.content,
                "altered": _still_altered(thing, replaced),
                "new_version": None,
                "decided_at": time,
                "decided_by": replaced.reviewer_id,
            }
        case ThingRemoved():
            return {"status": "REMOVED"}
        case ThingWithdrawn(by=by, reason=reason):
            return {"status": "REMOVED", "withdrawn_by": by, "withdrawn_because": reason}
        case OccurrenceAltered(altered=altered):
            others = tuple(one for one in thing.altered if one.key != altered.key)
            return {"altered": (*others, altered)}
    return {}


def _still_altered(thing: Thing, replaced: VersionReplaced) -> tuple[Alteration, ...]:
    """The alterations of occurrences that the new content plans, too.

    A single event with another time is not where it was moved to before.
    """
    same_time = thing.content.when == replaced.content.when
    return tuple(
        one
        for one in thing.altered
        if is_planned(replaced.content, one.key) and (one.key != ONCE or same_time)
    )


class OccurrenceFold:
    """Streams `occurrence-{thing}/{key}`: bookings, their figures, and the waiting list."""

    views: tuple[View[Any], ...] = (OCCURRENCES, WAITING, BOOKINGS, BOOKED_BY)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        id = id_of(happened.stream)
        match happened.payload:
            case BookingMade(account_id=account, waits=waits):
                waiting, booked_by = waits, [account]
            case BookingPromoted():
                waiting, booked_by = True, []
            case BookingCancelled(account_id=account, waited=waited):
                waiting, booked_by = waited, [account]
            case _:
                return []
        refs = [OCCURRENCES.ref(id), BOOKINGS.ref(happened.subject)]
        if waiting:
            refs.append(WAITING.ref(id))
        return refs + [BOOKED_BY.ref(f"{id}/{account}") for account in booked_by]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        id = id_of(happened.stream)
        thing_id, _, key = id.partition("/")
        before: Booking | None = documents.get(BOOKINGS.ref(happened.subject))
        match happened.payload:
            case BookingMade() as made:
                after = Booking(
                    id=happened.subject,
                    thing_id=thing_id,
                    key=key,
                    account_id=made.account_id,
                    status="WAITING" if made.waits else "BOOKED",
                    children=made.children,
                    people=made.people,
                    made_at=happened.time,
                    updated_at=happened.time,
                )
                booked_by = booked_by_document(thing_id, key, made.account_id)
                yield Change(BOOKED_BY, booked_by, BookedBy(after.id))
            case BookingPromoted() if before is not None:
                after = msgspec.structs.replace(before, status="BOOKED", updated_at=happened.time)
            case BookingCancelled(by=by, reason=reason) if before is not None:
                after = msgspec.structs.replace(
                    before,
                    status="CANCELLED",
                    cancelled_by=by,
                    cancelled_because=reason,
                    updated_at=happened.time,
                )
                booked_by = booked_by_document(thing_id, key, before.account_id)
                yield Change(BOOKED_BY, booked_by, DELETE)
            case _:
                return
        yield Change(BOOKINGS, after.id, after)
        yield from _occurrence_becomes(documents, id, before, after)


def _occurrence_becomes(
    documents: Documents, id: str, before: Booking | None, after: Booking
) -> Iterable[Change]:
    """The figures and the waiting list of an occurrence when one of its bookings changes."""
    body: Any = KEEP
    if documents[OCCURRENCES.ref(id)] is None:
        body = OccurrenceBookings(thing_id=after.thing_id, key=after.key)
    yield Change(OCCURRENCES, id, body, _difference(before, after))
    waited = before is not None and before.status == "WAITING"
    if not waited and after.status != "WAITING":
        return
    waiting: WaitingList = documents[WAITING.ref(id)] or WaitingList()
    if waited:
        waiting = waiting.left(after.id, after.id)
    else:
        waiting = waiting.joined(after.id, after.id, after.places)
    yield Change(WAITING, id, waiting)


def _difference(before: Booking | None, after: Booking) -> dict[str, int]:
    """What to add to the counters of an occurrence."""
    adds: dict[str, int] = {}
    for sign, booking in (-1, before), (1, after):
        if booking is not None:
            for counter in _TALLY.get(booking.status, ()):
                count = booking.places if counter == "seats" else 1
                adds[counter] = adds.get(counter, 0) + sign * count
    return adds


class FamilyFold:
    """Streams `family-{account}`: the children of one parent."""

    views: tuple[View[Any], ...] = (FAMILIES, CHILDREN)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [FAMILIES.ref(id_of(happened.stream)), CHILDREN.ref(happened.subject)]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        account, child_id = id_of(happened.stream), happened.subject
        family: Family = documents[FAMILIES.ref(account)] or Family()
        match happened.payload:
            case ChildAdded() as added:
                child = Child(
                    id=child_id,
                    account_id=account,
                    **msgspec.structs.asdict(added),
                    created_at=happened.time,
                    updated_at=happened.time,
                )
                return [
                    Change(CHILDREN, child_id, child),
                    Change(FAMILIES, account, Family((*family.children, child_id))),
                ]
            case ChildChanged() as changed:
                before = documents[CHILDREN.ref(child_id)]
                after = msgspec.structs.replace(
                    before, **msgspec.structs.asdict(changed), updated_at=happened.time
                )
                return [Change(CHILDREN, child_id, after)]
            case ChildRemoved():
                others = tuple(id for id in family.children if id != child_id)
                return [
                    Change(CHILDREN, child_id, DELETE),
                    Change(FAMILIES, account, Family(others) if others else DELETE),
                ]
        return []


class FavouriteFold:
    """Streams `favourites-{thing}`: who keeps a thing, and how many do."""

    views: tuple[View[Any], ...] = (FAVOURITES, INTERESTS)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        thing_id = id_of(happened.stream)
        favourite = favourite_document(happened.subject, thing_id)
        return [INTERESTS.ref(thing_id), FAVOURITES.ref(favourite)]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        thing_id, account = id_of(happened.stream), happened.subject
        id = favourite_document(account, thing_id)
        is_new = documents[INTERESTS.ref(thing_id)] is None
        interest: Any = Interest() if is_new else KEEP
        if isinstance(happened.payload, FavouriteAdded):
            added = Favourite(thing_id=thing_id, account_id=account, added_at=happened.time)
            return [
                Change(FAVOURITES, id, added),
                Change(INTERESTS, thing_id, interest, {"favourites": 1}),
            ]
        return [
            Change(FAVOURITES, id, DELETE),
            Change(INTERESTS, thing_id, interest, {"favourites": -1}),
        ]


class OrganiserFold:
    """Streams `organiser-{account}`: the profile."""

    views: tuple[View[Any], ...] = (ORGANISERS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [ORGANISERS.ref(id_of(happened.stream))]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        id, saved = id_of(happened.stream), happened.payload
        assert isinstance(saved, ProfileSaved)
        return [Change(ORGANISERS, id, Organiser(id=id, name=saved.name))]


class ReportFold:
    """Streams `reports-{thing}`: reports that no reviewer has looked into yet."""

    views: tuple[View[Any], ...] = (REPORTS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [REPORTS.ref(report_document(id_of(happened.stream), happened.subject))]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        thing_id, account = id_of(happened.stream), happened.subject
        id = report_document(thing_id, account)
        if isinstance(happened.payload, ReportMade):
            report = Report(
                thing_id=thing_id,
                account_id=account,
                reason=happened.payload.reason,
                made_at=happened.time,
            )
            return [Change(REPORTS, id, report)]
        return [Change(REPORTS, id, DELETE)]


CATEGORIES: Final = (
    Category("thing", CODEC, ThingFold()),
    Category("occurrence", CODEC, OccurrenceFold()),
    Category("family", CODEC, FamilyFold()),
    Category("favourites", CODEC, FavouriteFold()),
    Category("organiser", CODEC, OrganiserFold()),
    Category("reports", CODEC, ReportFold()),
    Category("enquiry", CODEC, NoDocuments()),
    Category("notices", CODEC, NoDocuments()),
    Category("things", CODEC, NoDocuments()),
)
"""Every category of streams that this app owns."""
