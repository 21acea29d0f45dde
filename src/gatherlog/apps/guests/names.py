"""How the names of a guest are shown and sorted, where one name is enough. Pure.

The last name may be blank: "Grandma", or a person whose whole name is one word.
"""

from gatherlog.core.commands.text import folded

__all__ = ["full_name", "listed_name", "name_order", "sign_in_name"]


def full_name(first: str, last: str) -> str:
    """`Ada Lovelace`, or the one name there is."""
    return f"{first} {last}" if last else first


def listed_name(first: str, last: str) -> str:
    """As in lists that are sorted by last name: `Lovelace, Ada`, or the one name there is."""
    return f"{last}, {first}" if last else first


def name_order(first: str, last: str) -> tuple[str, str]:
    """What lists are sorted by: the last name, then the first, without case and accents.

    One name alone stands among the last names.
    """
    return (folded(last), folded(first)) if last else (folded(first), "")


def sign_in_name(first: str, last: str) -> str:
    """The name that a guest signs in with: the last one, or the one name there is."""
    return last or first
