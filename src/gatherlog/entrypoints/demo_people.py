"""The made-up gatherings of the demo, and their guest lists as CSV sheets."""

import random

import msgspec

from gatherlog.core.commands.cells import write_cells
from gatherlog.core.commands.text import folded

__all__ = ["DemoGathering", "gatherings", "sheet"]


class DemoGathering(msgspec.Struct, frozen=True, kw_only=True):
    """A gathering, and how many of its guests have answered."""

    name: str
    host: str
    location: str
    time_zone: str
    hour: int
    lasts: int | None = None
    """Hours; None: its host has not said when it ends."""
    days_ahead: int
    days_to_answer: int
    """Until the deadline for answers; if negative, answers are closed."""
    max_guests: int | None
    households: int
    singles: int
    answered: float
    """The share of guests who have answered."""
    links: int
    """Of how many guests without an answer the demo prints the links."""


def gatherings() -> list[DemoGathering]:
    """All gatherings of the demo; the first becomes the gathering `default`."""
    return [
        DemoGathering(
            name="Ida & Jonas get married",
            host="Ida",
            location="The Old Orchard, Millbrook Lane 4",
            time_zone="Europe/Berlin",
            hour=14,
            lasts=12,
            days_ahead=150,
            days_to_answer=90,
            max_guests=140,
            households=22,
            singles=14,
            answered=0.6,
            links=2,
        ),
        DemoGathering(
            name="Party at the lake",
            host="Marco",
            location="Boathouse, north shore",
            time_zone="Europe/Zurich",
            hour=17,
            lasts=6,
            days_ahead=60,
            days_to_answer=45,
            max_guests=60,
            households=9,
            singles=12,
            answered=0.5,
            links=1,
        ),
        DemoGathering(
            name="Event sourcing meet-up",
            host="Priya",
            location="Library, second floor",
            time_zone="Europe/London",
            hour=19,
            days_ahead=2,
            days_to_answer=-1,
            max_guests=40,
            households=0,
            singles=24,
            answered=0.8,
            links=1,
        ),
    ]


def _listed(names: str) -> list[str]:
    return names.split()


FIRST_NAMES = _listed(
    "Ada Alva Amir Anouk Arne Aylin Bela Carla Chidi Clara Dario Delia Edda Elias Emre Esme Fadi "
    "Femke Finn Freya Gael Greta Hanna Hiro Ines Ivo Jana Joris Juno Kai Kira Lale Leo Linnea "
    "Lucía Malik Maren Mila Mirko Nadia Noé Nuria Oskar Pia Quentin Rafael Rosa Ruben Salma "
    "Silas Sofía Tamar Theo Tilda Uma Vera Wanda Yara Yusuf Zoë"
)
LAST_NAMES = _listed(
    "Abend Bakker Castellano Dvořák Eriksen Faber García Haddad Ivanova Jansen Kowalski Lindqvist "
    "Moreau Nakamura Okafor Petrov Quist Rossi Şahin Tanaka Ullmann Vargas Weber Xenakis "
    "Zeller Brandt Cohen Duarte Egger Fischer Grönlund Hoffmann Iversen Jensen Keller Lopes Meyer "
    "Novak Olsen Peeters Rahimi Sørensen Torres"
)
DIETS = (
    *("", "", "", "", "", "vegetarian", "vegetarian", "vegan"),
    *("vegan, gluten free", "gluten free", "nuts", "halal"),
)


def sheet(gathering: DemoGathering, chance: random.Random) -> bytes:
    """The guest list as CSV; no full name occurs twice."""
    names = _names(chance)
    surnames = chance.sample(LAST_NAMES, gathering.households)
    rows = [("First name", "Last name", "Email", "Household", "Child", "Seats", "Diet")]
    for surname in surnames:
        for member in range(chance.choice((2, 2, 3, 4))):
            first = names.pop()
            child = member >= 2
            email = "" if child else _email(first, surname, chance)
            diet = chance.choice(DIETS)
            rows.append(
                (first, surname, email, f"{surname} family", "yes" if child else "no", "1", diet)
            )
    for _ in range(gathering.singles):
        first, surname = names.pop(), chance.choice(LAST_NAMES)
        seats = chance.choice(("1", "1", "2"))
        email = _email(first, surname, chance)
        rows.append((first, surname, email, "", "no", seats, chance.choice(DIETS)))
    return write_cells(rows)


def _names(chance: random.Random) -> list[str]:
    """First names in random order, each twice: enough for the largest gathering."""
    return chance.sample(FIRST_NAMES, len(FIRST_NAMES)) + chance.sample(
        FIRST_NAMES, len(FIRST_NAMES)
    )


def _email(first: str, last: str, chance: random.Random) -> str:
    """An address that cannot exist; the number makes it unique."""
    plain = folded(f"{first}.{last}")
    return f"{plain}{chance.randrange(10, 100)}@example.org"
