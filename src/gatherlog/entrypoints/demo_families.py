"""The made-up families of the demo's city, and what its reviewer writes about things to do."""

from datetime import date, timedelta
from typing import Final

import msgspec

from gatherlog.apps.things import ChildDetails, Reason

__all__ = ["FAMILIES", "REASONS", "REPORTS", "Family", "children"]


class Family(msgspec.Struct, frozen=True):
    """A parent, and the ages of the children in years, by name."""

    parent: str
    name: str
    children: dict[str, int]

    @property
    def address(self) -> str:
        """An address that cannot exist."""
        return f"{self.parent.lower()}@example.org"

    @property
    def role(self) -> str:
        return f"parent of {' and '.join(self.children)}"


FAMILIES: Final = (
    Family("Paula", "Winter", {"Emil": 5, "Nora": 8}),
    Family("Amir", "Haddad", {"Salma": 7, "Yusuf": 10}),
    Family("Greta", "Lindqvist", {"Ivo": 1, "Juno": 4, "Kai": 9}),
    Family("Tamar", "Cohen", {"Noah": 6}),
    Family("Chidi", "Okafor", {"Ada": 11, "Uma": 8}),
    Family("Bela", "Kowalski", {"Mila": 3}),
    Family("Hiro", "Nakamura", {"Rin": 12, "Sora": 9, "Aki": 5}),
    Family("Delia", "Rossi", {"Theo": 2, "Rosa": 7}),
    Family("Femke", "Jansen", {"Finn": 14, "Linnea": 10}),
    Family("Nuria", "Vargas", {"Lucia": 8, "Rafa": 6}),
    Family("Oskar", "Brandt", {"Pia": 9}),
    Family("Wanda", "Egger", {"Silas": 5, "Edda": 7}),
)
"""The first is the one whose role can be played."""
REASONS: Final = (
    Reason("price", "The poster in the hall names another price. Which one is it?"),
    Reason("description", "Please say who leads it, and whether parents stay."),
    Reason("when", "The house is closed for repairs on this day. Is it the day after?"),
    Reason("target", "Is it really for children as young as this?"),
    Reason("name", "There is another one of this name. What is special about yours?"),
    Reason("where", "The pin is in the river."),
    Reason("contact", "Nobody answers at this number."),
)
REPORTS: Final = (
    "It was closed when we came, and there was no note at the door.",
    "It begins half an hour later than it says here.",
)
_ALLERGIES: Final = ("hazelnuts", "bee stings: the pen is in the rucksack", "milk", "cat hair")


def children(family: Family, today: date) -> list[ChildDetails]:
    """The children of a family; what is told of them is different in each family."""
    told = sum(map(ord, family.name))
    return [
        ChildDetails(
            name=f"{name} {family.name}",
            birth_date=(today - timedelta(round(365.25 * age) + 120 + place * 17)).isoformat(),
            allergies=_ALLERGIES[(told + place) % 4] if (told + place) % 3 == 0 else None,
            emergency_contact=f"{family.parent}, +44 1632 960{told % 1000:03}",
            pick_up=f"{family.parent}, or the grandparents" if told % 2 else None,
        )
        for place, (name, age) in enumerate(family.children.items())
    ]
