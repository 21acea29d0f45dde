"""Text that people write: which characters a field accepts, and how texts are compared."""

import re
import unicodedata

from gatherlog.core.commands.mail_addresses import compared
from gatherlog.core.search.words import folded

__all__ = ["folded", "folded_email", "forbidden", "is_blank", "name_forms"]

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

_IN_NAMES = str.maketrans(
    {
        **dict.fromkeys("'\u2018\u2019\u201b\u02bb\u02bc\u02b9\u2032\uff07`\u00b4", ""),
        **dict.fromkeys("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d.", " "),
        **dict.fromkeys("\u00ad\u200b\u2060", ""),
    }
)
"""What does not tell names apart: apostrophes, hyphens, dashes, full stops, invisible marks."""
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
"""How letters are written where a keyboard has none of them."""


def folded_email(address: str) -> str:
    """An address for comparing: without case, with the domain in one of its forms; see
    `mail_addresses.compared`."""
    return compared(address)


def name_forms(name: str) -> tuple[str, ...]:
    """The forms of a name that is compared: two names that share a form are spelt alike.

    Case, accents, the composition of letters, kinds of apostrophes and hyphens, full stops and
    spaces do not count. There is one form, and a second one where letters can be spelt out:
    `Müller` has the forms `muller` and `mueller`.
    """
    plain = _form(name)
    if name.isascii():
        return (plain,)
    spelt_out = _form(unicodedata.normalize("NFC", name).lower().translate(_SPELT_OUT))
    return (plain,) if spelt_out == plain else (plain, spelt_out)


def _form(name: str) -> str:
    return " ".join(folded(name.translate(_IN_NAMES)).split()) or name


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
