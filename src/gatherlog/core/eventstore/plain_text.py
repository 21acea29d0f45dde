"""Plain text: what names of streams, types and subjects may hold, as CloudEvents has its strings.

Excluded are control characters (U+0000 to U+001F, U+007F to U+009F), the noncharacters of Unicode,
and lone surrogates.
"""

import re
from typing import Final

__all__ = ["PLAIN", "is_plain", "made_plain"]

PLAIN: Final = (
    "[ -~\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd"
    + "".join(f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 17))
    + "]"
)
"""One character of plain text, as a regular expression of every dialect that knows Unicode."""
_SUBSTITUTE: Final = "\ufffd"
_is_plain: Final = re.compile(f"{PLAIN}*").fullmatch
_others: Final = re.compile(PLAIN.replace("[", "[^", 1))


def is_plain(text: str) -> bool:
    """Whether all of the text is plain; an empty text is."""
    return (text.isascii() and text.isprintable()) or _is_plain(text) is not None


def made_plain(text: str) -> str:
    """The text with U+FFFD in place of each character that is not plain."""
    return text if is_plain(text) else _others.sub(_SUBSTITUTE, text)
