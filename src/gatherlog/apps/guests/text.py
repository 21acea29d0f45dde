"""Text as people write it: what may stand in a field, and how two writings are compared."""

import re
import unicodedata

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
_COMBINING = re.compile("[\u0300-\u036f]")
# Letters with a stroke or joined letters, which Unicode does not take apart.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)


def folded(text: str) -> str:
    """Without case and accents, for sorting and matching: `Łukasz` and `LUKASZ` are the same."""
    if text.isascii():
        return text.lower()
    bare = _COMBINING.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return bare.translate(_PLAIN)


def folded_email(address: str) -> str:
    """An address as compared: without case, in composed form; accents matter here."""
    if address.isascii():
        return address.lower()
    return unicodedata.normalize("NFC", address).casefold()


def forbidden(text: str, *, lines: bool = False) -> str | None:
    """The name (`U+202E`) of the first character that no field takes; line ends only if `lines`."""
    found = (_FORBIDDEN_IN_LINES if lines else _FORBIDDEN).search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def is_blank(text: str) -> bool:
    """Whether nothing of the text would be seen."""
    return not any(character.isprintable() and not character.isspace() for character in text)
