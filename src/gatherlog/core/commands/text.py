"""Text that people write: which characters a field accepts, and how texts are compared."""

import re
import unicodedata

from gatherlog.core.commands.mail_addresses import compared
from gatherlog.core.search.words import folded

__all__ = ["folded", "folded_email", "forbidden", "is_blank"]

# Control characters, line and paragraph separators, bidirectional embeddings, overrides and
# isolates (they let a name rewrite the text around it), the byte order mark, lone surrogates.
# Joiners stay: Persian and Indic names need them.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_FORBIDDEN_IN_LINES = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_EMPTY = "\u115f\u1160\u2800\u3164\uffa0"
"""Characters that Unicode counts as letters and symbols, and that show nothing."""


def folded_email(address: str) -> str:
    """An address for comparing: without case, with the domain in one of its forms; see
    `mail_addresses.compared`."""
    return compared(address)


def forbidden(text: str, *, lines: bool = False) -> str | None:
    """The name, such as `U+202E`, of the first character that no field accepts, or None.

    Tabs and line feeds are accepted only if `lines`.
    """
    found = (_FORBIDDEN_IN_LINES if lines else _FORBIDDEN).search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def is_blank(text: str) -> bool:
    """Whether the text has no visible character."""
    return not any(map(_is_visible, text))


def _is_visible(character: str) -> bool:
    """Whether a character shows something by itself, as combining marks do not."""
    if not character.isprintable() or character.isspace() or character in _EMPTY:
        return False
    return unicodedata.category(character) not in ("Mn", "Me")
