"""What organisers may call the families that have booked."""

from collections.abc import Iterable

from gatherlog.apps.things import Booking
from gatherlog.interfaces.platform import Platform

__all__ = ["parents_of"]


async def parents_of(platform: Platform, bookings: Iterable[Booking]) -> dict[str, str]:
    """The names that parents have given themselves, by their accounts; no address is told.

    Whoever has no such name is missing.
    """
    known = await platform.profiles.known({one.account_id for one in bookings})
    names = {id: one.profile.display_name for id, one in known.items()}
    return {id: name for id, name in names.items() if name}
