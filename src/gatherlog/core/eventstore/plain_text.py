"""Plain text: what names of streams, types and subjects may hold, as CloudEvents has its strings.

Excluded are control characters (U+0000 to U+001F, U+007F to U+009F), the noncharacters of Unicode,
and lone surrogates.
"""

import re
from typing import Final

__all__ = ["PLAIN", "check_plain", "is_plain", "made_plain"]

_EXCLUDED: Final = r"\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff" + "".join(
    chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF)
)
PLAIN: Final = f"[^{_EXCLUDED}]"
"""One character of plain text, as a regular expression for JSON Schema, which sees no surrogates.

Those beyond U+FFFF are themselves in it, since dialects do not agree on how to escape them.
"""
_SUBSTITUTE: Final = "\ufffd"
_others: Final = re.compile(rf"[{_EXCLUDED}\ud800-\udfff]")


def is_plain(text: str) -> bool:
    """Whether all of the text is plain; an empty text is."""
    return (text.isascii() and text.isprintable()) or _others.search(text) is None


def check_plain(what: str, text: str) -> None:
    """Refuse a text that is not plain with ValueError; `what` is the text, as in "a name"."""
    if not is_plain(text):
        raise ValueError(f"{what} has a control character or a noncharacter: {text!r}")


def made_plain(text: str) -> str:
    """The text with U+FFFD in place of each character that is not plain."""
    return text if is_plain(text) else _others.sub(_SUBSTITUTE, text)
