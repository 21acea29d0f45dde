"""How commands show things to do: rows of a table, lines, and JSON with GraphQL's names."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from gatherlog.apps.things import (
    Content,
    HistoryEntry,
    OccurrencePlaces,
    Organiser,
    Reason,
    Thing,
)
from gatherlog.apps.things.content import changed_fields
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.entrypoints.cli.terminal import printable
from gatherlog.interfaces.platform import Platform

__all__ = ["LISTED", "Shown", "in_detail", "json_of", "lines_of", "row_of", "with_organisers"]

LISTED: Final = ("id", "status", "since", "type", "category", "organiser", "name")
SOON: Final = 5
"""Dates that are printed; JSON has all."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A thing with what belongs to it; lists leave out what they do not show."""

    thing: Thing
    version: int
    organiser: str
    """The name under which it is published; empty before one was saved."""
    live: Thing | None = None
    """What is published, where this is to replace it."""
    dates: Sequence[OccurrencePlaces] = ()
    history: Sequence[HistoryEntry] = ()


async def with_organisers(platform: Platform, things: Sequence[tuple[Thing, int]]) -> list[Shown]:
    """Things with their versions, and the names of their organisers."""
    ids = list(dict.fromkeys(thing.organiser_id for thing, _ in things))
    profiles = await platform.things.profiles(ids) if ids else []
    names = {id: _name(profile) for id, profile in zip(ids, profiles, strict=True)}
    return [
        Shown(thing=thing, version=version, organiser=names[thing.organiser_id])
        for thing, version in things
    ]


async def in_detail(platform: Platform, thing_id: str, organiser_id: str | None) -> Shown:
    """All of a thing that reviewers may see, or its organiser, if one is given.

    Raises NotFound for what is neither pending nor published, and no thing of the organiser.
    """
    service, live = platform.things, None
    if organiser_id is None:
        review = await service.review(thing_id)
        thing, version, live = review.thing, review.version, review.live
    else:
        own = await service.own_thing(thing_id, organiser_id)
        thing, version = own.body, own.version
    is_published = thing.status == "PUBLISHED"
    return Shown(
        thing=thing,
        version=version,
        organiser=_name(await service.profile(thing.organiser_id)),
        live=live,
        dates=await service.coming_places(thing_id) if is_published else (),
        history=await service.history(thing_id) if thing.submitted_at is not None else (),
    )


def row_of(shown: Shown) -> Sequence[str]:
    """A line of a table with the heads LISTED."""
    thing, content = shown.thing, shown.thing.content
    since = {"PENDING": thing.submitted_at, "PUBLISHED": thing.published_at}
    moment = rfc3339(since.get(thing.status) or thing.updated_at)[:16]
    kinds = (content.kind, content.category)
    return (thing.id, thing.status, moment, *kinds, shown.organiser, content.name)


def json_of(shown: Shown) -> dict[str, object]:
    """A thing for programs. Its fields have the names and forms that GraphQL gives them."""
    thing = shown.thing
    return {
        "id": thing.id,
        "status": thing.status,
        "version": shown.version,
        "organiser": {"id": thing.organiser_id, "name": shown.organiser},
        **_fields(thing.content),
        "replaces": thing.replaces,
        "newVersion": thing.new_version,
        "reasons": _reasons(thing.reasons),
        "submittedAt": _moment(thing.submitted_at),
        "decidedAt": _moment(thing.decided_at),
        "decidedBy": thing.decided_by,
        "publishedAt": _moment(thing.published_at),
        "changed": _changed(shown),
        "dates": [_date(one) for one in shown.dates],
        "history": [_entry(one) for one in shown.history],
    }


def lines_of(shown: Shown) -> Iterator[str]:
    """A thing for people: a line for each field, then text, dates and history."""
    thing, live = shown.thing, shown.live
    before = {} if live is None else dict(_texts(live.content))
    yield from _labelled([("Id", thing.id), ("Status", thing.status)])
    yield from _labelled([("Version", str(shown.version)), ("Organiser", shown.organiser or "-")])
    if live is not None:
        yield from _labelled([("Changed", ", ".join(_changed(shown)) or "nothing")])
    for label, text in _texts(thing.content):
        now = before.get(label, text)
        yield from _labelled([(label, text if text == now else f"{text} (published: {now})")])
    for reason in thing.reasons:
        yield from _labelled([("Rejected", f"{reason.field or 'all'}: {reason.text}")])
    yield ""
    yield from map(printable, thing.content.description.splitlines())
    if shown.dates:
        yield ""
        yield from map(_date_line, shown.dates[:SOON])
    if shown.history:
        yield ""
        yield from map(_history_line, shown.history)


def _texts(content: Content) -> Iterable[tuple[str, str]]:
    """The fields of one line each, by label."""
    ages, price, where, contact = content.ages, content.price, content.where, content.contact
    hours = ", ".join(f"{one.day} {one.start[:5]}-{one.end[:5]}" for one in content.when.hours)
    reached = [one for one in (contact.email, contact.phone, contact.www) if one is not None]
    return [
        ("Name", content.name),
        ("Type", content.kind),
        ("Category", content.category),
        ("Where", f"{where.address} ({where.lat}, {where.lon})"),
        ("When", f"{content.when.start[:16]} to {content.when.end[:16]}, {content.time_zone}"),
        ("Hours", hours or "-"),
        ("Ages", f"{ages.start} to {ages.end}, for {', '.join(content.audience)}"),
        ("Price", f"{price.start:.2f} to {price.end:.2f}"),
        ("Places", "no limit" if content.capacity is None else f"{content.capacity:,}"),
        ("Booking", "needed" if content.booking_mandatory else "not needed"),
        ("Grown-up", "stays" if content.adult_mandatory else "need not stay"),
        ("Contact", ", ".join(reached) or "-"),
        ("Picture", "-" if content.image is None else content.image.name),
    ]


def _labelled(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"{label:<10} {printable(text)}" for label, text in rows)


def _date_line(one: OccurrencePlaces) -> str:
    when = "-" if one.occurrence is None else one.occurrence.start[:16].replace("T", " ")
    left = "" if one.left is None else f", {one.left:,} of {one.capacity:,} places left"
    return f"{when}  {one.booked:,} booked, {one.waiting:,} waiting{left}"


def _history_line(entry: HistoryEntry) -> str:
    why = "; ".join(f"{one.field or 'all'}: {one.text}" for one in entry.reasons)
    who = entry.account_id or entry.actor
    return printable(f"{rfc3339(entry.at)[:16]}  {entry.what} by {who}{why and f' ({why})'}")


def _fields(content: Content) -> dict[str, object]:
    """All fields that an organiser fills in. Times are local to `timeZone`."""
    when, ages, price = content.when, content.ages, content.price
    return {
        "name": content.name,
        "description": content.description,
        "type": content.kind,
        "where": {
            "location": {"lat": content.where.lat, "lon": content.where.lon},
            "address": content.where.address,
        },
        "when": {
            "dateTime": {"from": when.start, "to": when.end},
            "occurrences": [
                {"dayOfWeek": one.day, "hours": {"from": one.start, "to": one.end}}
                for one in when.hours
            ],
        },
        "contact": content.contact,
        "target": {"age": {"from": ages.start, "to": ages.end}, "type": content.audience},
        "image": content.image,
        "bookingMandatory": content.booking_mandatory,
        "adultMandatory": content.adult_mandatory,
        "category": content.category,
        "price": {"from": price.start, "to": price.end},
        "capacity": content.capacity,
        "timeZone": content.time_zone,
    }


def _date(one: OccurrencePlaces) -> dict[str, object]:
    occurrence = one.occurrence
    return {
        "from": None if occurrence is None else occurrence.start,
        "to": None if occurrence is None else occurrence.end,
        "booked": one.booked,
        "waiting": one.waiting,
        "left": one.left,
    }


def _entry(entry: HistoryEntry) -> dict[str, object]:
    return {
        "at": rfc3339(entry.at),
        "thingId": entry.thing_id,
        "what": entry.what,
        "accountId": entry.account_id,
        "actor": entry.actor,
        "reasons": _reasons(entry.reasons),
    }


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    return [{"field": one.field, "text": one.text} for one in reasons]


def _changed(shown: Shown) -> Sequence[str]:
    """The fields in which a new version differs from what is published."""
    live, thing = shown.live, shown.thing
    return () if live is None else changed_fields(live.content, thing.content)


def _moment(moment: int | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _name(profile: Organiser | None) -> str:
    return "" if profile is None else profile.name
