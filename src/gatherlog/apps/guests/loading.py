"""Loading gatherings, guests and households, in commands and in questions."""

from gatherlog.apps.guests.inputs import GROUP_LENGTH
from gatherlog.apps.guests.text import forbidden
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
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import bodies

__all__ = ["all_guests", "load_gathering", "load_group", "load_guest"]


async def load_gathering(unit: UnitOfWork, gathering_id: str) -> Gathering:
    """Raises NotFound if the gathering does not exist or was removed."""
    gathering = await unit.get(GATHERINGS, gathering_id)
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
    guest = await unit.get(GUESTS, guest_id)
    gathering = await load_gathering(unit, gathering_id)
    if guest is None or guest.gathering_id != gathering_id:
        raise no_such("guest", guest_id)
    check_version(unit, GUESTS, guest_id, expects)
    return gathering, guest


async def load_group(unit: UnitOfWork, gathering_id: str, group_id: str | None) -> Group | None:
    """A household. None if there is none, or if the name is not valid and will be refused."""
    if group_id is None or len(group_id) > GROUP_LENGTH or forbidden(group_id):
        return None
    return await unit.get(GROUPS, group_document(gathering_id, group_id))


async def all_guests(store: Store, gathering_id: str) -> list[Guest]:
    """The guests of a gathering by last name, then first name, without case and accents."""
    query = GUESTS.query("by_gathering", gathering_id, limit=1000)
    return [guest async for guest in bodies(store, GUESTS, query)]
