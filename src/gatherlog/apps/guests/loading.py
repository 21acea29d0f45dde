"""What commands of the guests app load, and how they say that it is not there."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from gatherlog.apps.guests.answers import Stored
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
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import Conflict, NotFound
from gatherlog.core.eventstore.store import Document
from gatherlog.core.projections.views import View

__all__ = [
    "check_version",
    "load_gathering",
    "load_group",
    "load_guest",
    "no_gathering",
    "no_guest",
    "stored",
]

B = TypeVar("B", bound=msgspec.Struct)


async def load_gathering(unit: UnitOfWork, gathering_id: str) -> Gathering:
    gathering = await unit.get(GATHERINGS, gathering_id)
    if gathering is None or gathering.gone:
        raise no_gathering(gathering_id)
    return gathering


async def load_guest(
    unit: UnitOfWork, gathering_id: str, guest_id: str, expects: int | None = None
) -> tuple[Gathering, Guest]:
    """The gathering and its guest, who is read first.

    So the gathering's counters are no older than the guest, and a refusal that rests on both is
    about one moment: the guest is known not to have moved since.
    """
    guest = await unit.get(GUESTS, guest_id)
    gathering = await load_gathering(unit, gathering_id)
    if guest is None or guest.gathering_id != gathering_id:
        raise no_guest(guest_id)
    check_version(unit, GUESTS, guest_id, expects)
    return gathering, guest


async def load_group(unit: UnitOfWork, gathering_id: str, group_id: str | None) -> Group | None:
    """The group as it is; none where the name is none, or cannot be one and will be refused."""
    if group_id is None or len(group_id) > GROUP_LENGTH or forbidden(group_id):
        return None
    return await unit.get(GROUPS, group_document(gathering_id, group_id))


def check_version(unit: UnitOfWork, view: View[Any], id: str, expects: int | None) -> None:
    if expects is not None and (actual := unit.version(view, id)) != expects:
        raise Conflict("document", f"{view.name}/{id}", expects, actual)


def stored(view: View[B], documents: Iterable[Document | None]) -> list[Stored[B]]:
    """Those that are there, typed."""
    return [
        Stored(body, document.version)
        for document in documents
        if document is not None and (body := view.read(document)) is not None
    ]


def no_gathering(gathering_id: str) -> NotFound:
    return NotFound(f"there is no gathering {gathering_id!r}")


def no_guest(guest_id: str) -> NotFound:
    return NotFound(f"there is no guest {guest_id!r}")
