"""E-mail addresses of accounts in one normal form, without characters that could harm a mail.

The form that is compared is also the one that mail goes to. If mail went to the address as typed,
the owner of an address with the same normal form as another one would receive the other's codes.
"""

import re
import unicodedata
from typing import Final

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["LENGTH", "parsed"]

LENGTH: Final = 254
"""The most bytes in UTF-8 that mail servers accept (RFC 5321)."""

# Without the characters that quote, separate or begin an encoded word (RFC 2047) in a header;
# `parsed` refuses the unprintable ones.
_ATOM: Final = r"[^\s@<>()\[\],;:\"\\.]+"
_ADDRESS: Final = re.compile(rf"(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_ATOM}(?:\.{_ATOM})+")
_SMALL: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def parsed(address: str) -> str:
    """The normal form of an address: trimmed, composed (NFC), ASCII letters in lower case.

    Raises Invalid for a text that is no address. Other letters keep their case, because Unicode's
    case folding maps different addresses to the same one.
    """
    trimmed = address.strip()
    if len(trimmed) <= LENGTH:
        written = unicodedata.normalize("NFC", trimmed).translate(_SMALL)
        plain = written.isprintable() and _ADDRESS.fullmatch(written)
        if plain and len(written.encode()) <= LENGTH:
            return written
    raise Invalid(Flaw("/email", "is not an email address; one looks like ada@example.org"))
