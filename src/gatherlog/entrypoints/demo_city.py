"""The demo's city: things to do in all states, families who book them, and three of its people.

All of it is told to have happened during the last weeks, so that no letters go out about it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from gatherlog.apps.people import ProfilePatch
from gatherlog.apps.things import Content, FloatRange, Organiser, Thing, ThingService, coming
from gatherlog.apps.things.filling import ThingFiller
from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.clock import Clock, to_datetime
from gatherlog.entrypoints.demo_booking import settle_in
from gatherlog.entrypoints.demo_families import FAMILIES, REASONS
from gatherlog.entrypoints.demo_personas import Persona
from gatherlog.entrypoints.demo_things import organiser_names, things
from gatherlog.interfaces.platform import Platform

__all__ = ["ORGANISER", "RITA", "THINGS", "make_city", "open_account", "open_organisers"]

THINGS: Final = 500
ORGANISER: Final = "Alder Arts"
"""The name under which the organiser publishes whose role can be played."""
OTTO: Final = "otto@example.org"
RITA: Final = "rita@example.org"
REJECTED, PENDING, DRAFTS = 8, 12, 6
"""Things that are not published; a third of them, the first of each kind, are Otto's."""
RENEWED: Final = 3
"""Published things of Otto with a new version that waits for review."""
DAYS: Final = 40
"""Since when things are published."""
BATCH: Final = 24
"""Things that are published at the same time."""
ACTOR: Final = "demo"
_DAY: Final = 86_400_000_000

Draft = tuple[Content, Organiser]


class _Backdated:
    """A clock that is so many days behind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.days: float = DAYS + 1

    def __call__(self) -> int:
        return self._clock() - round(self.days * _DAY)


async def make_city(platform: Platform, *, seed: int) -> list[Persona]:
    """Fill a new store with the city, and give the parent, the organiser and the reviewer."""
    today, clock = to_datetime(platform.clock()).date(), _Backdated(platform.clock)
    service = ThingService(platform.store, clock=clock, ids=platform.ids)
    made = list(things(THINGS, today, seed))
    organisers = await open_organisers(platform, organiser_names(THINGS), ACTOR)
    for one in organisers.values():
        await platform.profiles.change(one.id, ProfilePatch(display_name=one.name), actor=ACTOR)
    reviewer = await open_account(platform, RITA, "reviewer", ACTOR)
    unpublished, others = _parted([(content, organisers[name]) for content, name in made])
    published = await _publish(platform, others, organisers.values(), reviewer, clock)
    own = [id for id, (_, organiser) in published.items() if organiser.name == ORGANISER]
    await _review(service, unpublished, reviewer, clock)
    await _change(service, own, clock)
    offers = {id: content for id, (content, _) in published.items()}
    parent = await settle_in(platform, service, offers, own, clock)
    return await _personas(platform, parent, organisers[ORGANISER].id, reviewer)


async def _publish(
    platform: Platform,
    drafts: Sequence[Draft],
    organisers: Iterable[Organiser],
    reviewer: str,
    clock: _Backdated,
) -> dict[str, Draft]:
    """Publish some things on each of the last weeks' days; what is published, by id."""
    filler = ThingFiller(platform.store, actor=ACTOR, clock=clock, ids=platform.ids)
    await filler.save_profiles({one.id: one.name for one in organisers})
    published: dict[str, Draft] = {}
    for first in range(0, len(drafts), BATCH):
        clock.days = DAYS - (DAYS - 4) * first / len(drafts)
        batch = drafts[first : first + BATCH]
        published.update(zip(await filler.publish(batch, reviewer), batch, strict=True))
    return published


async def open_organisers(
    platform: Platform, names: Sequence[str], actor: str
) -> dict[str, Organiser]:
    """An account for each organiser, by the name; those that there are stay as they are."""
    found = {}
    for name in names:
        plain = re.sub(r"[^a-z]+", "-", folded(name))
        address = OTTO if name == ORGANISER else f"{plain}@example.org"
        account = await open_account(platform, address, "organiser", actor)
        found[name] = Organiser(id=account, name=name)
    return found


async def open_account(platform: Platform, address: str, role: str, actor: str) -> str:
    account = await platform.accounts.ensure(address, actor=actor)
    await platform.accounts.change_roles(account, add=[role], actor=actor)
    return account


def _parted(made: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
    """What is not published, with enough of Otto's for each state, and all others."""
    his = [one for one in made if one[1].name == ORGANISER]
    rest = [one for one in made if one[1].name != ORGANISER]
    unpublished = []
    for count in (REJECTED, PENDING, DRAFTS):
        own = count // 3
        unpublished += [*his[:own], *rest[: count - own]]
        his, rest = his[own:], rest[count - own :]
    return unpublished, [*his, *rest]


async def _review(
    service: ThingService, unpublished: Sequence[Draft], reviewer: str, clock: _Backdated
) -> None:
    """Reject the first, let those behind them wait, and leave the last as drafts."""
    for number, (content, organiser) in enumerate(unpublished):
        clock.days = 14 - 10 * number / len(unpublished)
        thing = (await service.create_thing(content, organiser.id, actor=ACTOR)).body
        if number < REJECTED + PENDING:
            await service.submit_thing(thing.id, organiser.id, actor=ACTOR)
        if number < REJECTED:
            reasons = (REASONS[number % len(REASONS)], *REASONS[number + 2 : number + 3])
            await service.reject(thing.id, reasons, reviewer, actor=ACTOR)


async def _change(service: ThingService, own: Sequence[str], clock: _Backdated) -> None:
    """New prices that wait for review, a date that was cancelled, and one that was moved."""
    clock.days = 3
    things = [one for one in await service.published_things(own) if one is not None]
    for thing in things[:RENEWED]:
        await _renew(service, thing)
    series = [one for one in things[RENEWED:] if one.content.kind == "RECURRING_EVENT"]
    cancelled, moved = series[:2]
    organiser = cancelled.organiser_id
    date, reason = coming(cancelled.content, now=clock())[3].date, "The kiln is being repaired."
    await service.cancel_occurrence(cancelled.id, date, reason, organiser, actor=ACTOR)
    date = coming(moved.content, now=clock())[2].date
    await service.move_occurrence(moved.id, date, f"{date}T18:30:00", organiser, actor=ACTOR)


async def _renew(service: ThingService, thing: Thing) -> None:
    """A new version with a higher price, which waits for review."""
    organiser, price = thing.organiser_id, thing.content.price
    dearer = msgspec.structs.replace(thing.content, price=FloatRange(price.start, price.end + 2))
    version = (await service.make_new_version(thing.id, organiser, actor=ACTOR)).body.id
    await service.change_thing(version, dearer, organiser, actor=ACTOR)
    await service.submit_thing(version, organiser, actor=ACTOR)


async def _personas(
    platform: Platform, parent: str, organiser: str, reviewer: str
) -> list[Persona]:
    """Those whose role can be played, by their accounts: they sign in, and have keys."""
    family = FAMILIES[0]
    rows = (
        (family.parent, family.address, parent, "member", family.role),
        ("Otto", OTTO, organiser, "organiser", f"organiser ({ORGANISER})"),
        ("Rita", RITA, reviewer, "reviewer", "reviewer of things to do"),
    )
    found = []
    for who, address, account, right, role in rows:
        await platform.profiles.change(account, ProfilePatch(display_name=who), actor=ACTOR)
        key = await platform.keys.create(
            right, None, f"demo {who}", actor=ACTOR, account_id=account
        )
        found.append(Persona(who=who, address=address, role=role, secret=key.secret, kind="key"))
    return found
