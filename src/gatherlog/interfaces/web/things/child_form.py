"""The form for a child of one's own. Pure."""

from typing import Final

from gatherlog.apps.things import Child, ChildDetails
from gatherlog.core.commands.service import Stored
from gatherlog.core.texts import N_
from gatherlog.interfaces.web.fields import Fields, blank_is_none

__all__ = ["NAMES", "details", "filled", "rebased"]

NAMES: Final = {
    "name": N_("The name"),
    "birthDate": N_("The date of birth"),
    "allergies": N_("The text about allergies"),
    "emergencyContact": N_("The emergency contact"),
    "pickUp": N_("The text about pick-up"),
}


def details(fields: Fields) -> ChildDetails:
    """What is told of the child. The rules check it."""
    return ChildDetails(
        name=fields["name"],
        birth_date=fields["birthDate"],
        allergies=blank_is_none(fields["allergies"]),
        emergency_contact=blank_is_none(fields["emergencyContact"]),
        pick_up=blank_is_none(fields["pickUp"]),
    )


def filled(stored: Stored[Child]) -> Fields:
    """The form filled with a child as saved."""
    child = stored.body
    return Fields.saved(
        {
            "name": child.name,
            "birthDate": child.birth_date,
            "allergies": child.allergies or "",
            "emergencyContact": child.emergency_contact or "",
            "pickUp": child.pick_up or "",
        },
        stored.version,
    )


def rebased(fields: Fields, stored: Stored[Child]) -> Fields:
    """The form as it was sent, on top of what is saved now; see `Fields.rebased`."""
    return fields.rebased(filled(stored), lambda name, value: value)
