"""Loading gatherings, guests and households, in commands and in questions."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gatherlog.apps.guests.inputs import GROUP_LENGTH
from gatherlog.apps.guests.names import name_order
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUESTS,
    Gathering,
    Group,
    Guest,
    group_document,
)
from gatherlog.core.commands.service import check_version, no_such
from gatherlog.core.commands.text import forbidden
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import Busy
from gatherlog.core.eventstore.giving_way import gently, in_turns, sorting
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import bodies
from gatherlog.core.projections.views import View

__all__ = [
    "GuestList",
    "all_guests",
    "group_refs",
    "load_gathering",
    "load_group",
    "load_guest",
    "unchanged_list",
]

DEADLINE: Final = 5.0
"""Seconds to wait for a complete list of guests, which queries may show late; then Busy."""
PAUSE: Final = 0.05
"""Seconds until such a list is read again."""
DOCUMENTS: Final = 1000
"""Guests whose documents are read at once."""


class GuestList(msgspec.Struct, frozen=True):
    """All guests of a gathering, none of whom was edited while they were read."""

    gathering: Gathering
    edits: int
    """The counter `edits` of the gathering, which grows with every guest who is added, changed,
    moved or removed."""
    guests: list[Guest]


async def load_gathering(unit: UnitOfWork, gathering_id: str) -> Gathering:
    """Raises NotFound if the gathering does not exist or was removed."""
    return _there(await unit.get(GATHERINGS, gathering_id), gathering_id)


def _there(gathering: Gathering | None, gathering_id: str) -> Gathering:
    if gathering is None or gathering.gone:
        raise no_such("gathering", gathering_id)
    return gathering


async def load_guest(
    unit: UnitOfWork, gathering_id: str, guest_id: str, expects: int | None = None
) -> tuple[Gathering, Guest]:
    """A gathering and one of its guests, in one round trip.

    Raises NotFound, and Conflict unless the guest is at the version `expects`.
    """
    await unit.load((GUESTS, guest_id), (GATHERINGS, gathering_id))
    guest: Guest | None = unit.bodies[GUESTS.name, guest_id]
    gathering = _there(unit.bodies[GATHERINGS.name, gathering_id], gathering_id)
    if guest is None or guest.gathering_id != gathering_id:
        raise no_such("guest", guest_id)
    if expects is not None:
        check_version(unit, GUESTS, guest_id, expects)
    return gathering, guest


async def load_group(unit: UnitOfWork, gathering_id: str, group_id: str | None) -> Group | None:
    """A household. None if there is none, or if the name is not valid and will be refused."""
    for _, id in group_refs(gathering_id, group_id):
        return await unit.get(GROUPS, id)
    return None


def group_refs(gathering_id: str, group_id: str | None) -> list[tuple[View[Any], str]]:
    """What `load_group` loads, so that it can be loaded together with other documents."""
    if group_id is None or len(group_id) > GROUP_LENGTH or forbidden(group_id):
        return []
    return [(GROUPS, group_document(gathering_id, group_id))]


async def all_guests(store: Store, gathering_id: str) -> list[Guest]:
    """The guests of a gathering by last name, then first name, without case and accents.

    Nobody is missing who was added before the call, or there twice, and all are as they are now.
    Raises NotFound and, where queries lag, Busy, as `unchanged_list`.
    """
    if store.limits.queries_lag:
        return (await unchanged_list(store, gathering_id)).guests
    seen: dict[str, None] = {}
    for _ in range(2):
        _, before = await _counted(store, gathering_id)
        guests = await _found_guests(store, gathering_id)
        _, after = await _counted(store, gathering_id)
        if before == after:
            return guests
        # A new name takes a guest to another place, maybe from a later page to one before.
        async for guest in gently(guests):
            seen[guest.id] = None
    return await _present_guests(store, gathering_id, [*seen])


async def unchanged_list(store: Store, gathering_id: str) -> GuestList:
    """All guests as `all_guests` gives them, in a list that nobody changed while it was read.

    The gathering's counters tell whether it is complete. Raises NotFound, and Busy if it kept
    changing for DEADLINE seconds, or was not complete until then.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE
    while True:
        gathering, before = await _counted(store, gathering_id)
        guests = await _found_guests(store, gathering_id)
        _, after = await _counted(store, gathering_id)
        edits, count = before
        if before == after and count == len(guests):
            return GuestList(gathering, edits, guests)
        if loop.time() > deadline:
            raise Busy(f"the list of guests kept changing for {DEADLINE:g} s")
        await asyncio.sleep(PAUSE)


async def _counted(store: Store, gathering_id: str) -> tuple[Gathering, tuple[int, int]]:
    """The gathering, with its counters `edits` and `guests`."""
    [document] = await store.get([GATHERINGS.ref(gathering_id)])
    gathering = GATHERINGS.read(document)
    if document is None or gathering is None or gathering.gone:
        raise no_such("gathering", gathering_id)
    counters = document.counters
    return gathering, (counters.get("edits", 0), counters.get("guests", 0))


async def _found_guests(store: Store, gathering_id: str) -> list[Guest]:
    """The guests whom a query finds, as they are now."""
    query = GUESTS.query("by_gathering", gathering_id, limit=DOCUMENTS)
    if not store.limits.queries_lag:
        return [guest async for guest in bodies(store, GUESTS, query)]
    ids = {found.id: None async for found in bodies(store, GUESTS, query)}
    return await _present_guests(store, gathering_id, [*ids])


async def _present_guests(store: Store, gathering_id: str, ids: Sequence[str]) -> list[Guest]:
    """Those of these guests who are in the gathering, in order."""
    guests: list[Guest] = []
    for start in range(0, len(ids), DOCUMENTS):
        found = await store.get([GUESTS.ref(id) for id in ids[start : start + DOCUMENTS]])
        async for document in gently(found):
            guest = GUESTS.read(document)
            if guest is not None and guest.gathering_id == gathering_id:
                guests.append(guest)
    return await in_turns(sorting(guests, _place))


def _place(guest: Guest) -> tuple[str, str, str]:
    """What lists are in order of."""
    return *name_order(guest.first_name, guest.last_name), guest.id
