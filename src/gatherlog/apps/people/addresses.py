"""E-mail addresses as accounts know them: one writing for each, and nothing that could harm a mail.

The writing that is compared is also the one that mail goes to. Were they two, whoever owns an
address that folds into another's would be sent the other's code.
"""

import re
import unicodedata
from typing import Final

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["LENGTH", "parsed"]

LENGTH: Final = 254
"""Bytes in UTF-8 that mail servers take (RFC 5321)."""

# Without what quotes, separates or begins an encoded word (RFC 2047) in a header; what is unseen
# or steers text is not printable.
_ATOM: Final = r"[^\s@<>()\[\],;:\"\\.]+"
_ADDRESS: Final = re.compile(rf"(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_ATOM}(?:\.{_ATOM})+")
_SMALL: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def parsed(address: str) -> str:
    """The one writing of an address: trimmed, composed (NFC), ASCII letters small.

    Raises Invalid for what is no address. Beyond ASCII case counts: folding is not one to one
    there, and two writings that stay apart harm nobody.
    """
    trimmed = address.strip()
    if len(trimmed) <= LENGTH:
        written = unicodedata.normalize("NFC", trimmed).translate(_SMALL)
        plain = written.isprintable() and _ADDRESS.fullmatch(written)
        if plain and len(written.encode()) <= LENGTH:
            return written
    raise Invalid(Flaw("/email", "is no e-mail address; one looks like ada@example.org"))
