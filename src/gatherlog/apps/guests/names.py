"""How the names of a guest are shown and sorted, where one name is enough. Pure.

The last name may be blank: "Grandma", or a person whose whole name is one word.
"""

import re

from gatherlog.core.commands.text import folded

__all__ = ["full_name", "is_east_asian", "listed_name", "name_order", "sign_in_name"]


_EAST_ASIAN = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\s]+")


def full_name(first: str, last: str) -> str:
    """`Ada Lovelace`, `山田 太郎`, or the one name there is."""
    if not last:
        return first
    return f"{last} {first}" if is_east_asian(first + last) else f"{first} {last}"


def listed_name(first: str, last: str) -> str:
    """As in lists that are sorted by last name: `Lovelace, Ada`, or the one name there is."""
    return f"{last}, {first}" if last else first


def name_order(first: str, last: str) -> tuple[str, str]:
    """What lists are sorted by: the last name, then the first, without case and accents.

    One name alone stands among the last names.
    """
    return (folded(last), folded(first)) if last else (folded(first), "")


def is_east_asian(name: str) -> bool:
    """Whether all letters are of China, Japan or Korea, where the last name stands first."""
    return not name.isascii() and _EAST_ASIAN.fullmatch(name) is not None


def sign_in_name(first: str, last: str) -> str:
    """The name that a guest signs in with: the last one, or the one name there is."""
    return last or first
