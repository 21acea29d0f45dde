"""Whom a site's letters come from: a plain address, and the name that is shown with it."""

import re
from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["MailSender"]

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9-]+"
_ADDRESS: Final = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
_QUOTED: Final = r'"(?P<quoted>(?:[^"\\]|\\.)*)" *'
_NAME: Final = r'(?P<name>[^"<>@,:;\[\]]*)'
_SENDER: Final = re.compile(
    rf"(?P<alone>{_ADDRESS})|(?:{_QUOTED}|{_NAME})<(?P<address>{_ADDRESS})>"
)
_ENCODED: Final = "=?"
"""How an encoded word of RFC 2047 begins, which may hide any character, a line end included."""


class MailSender(msgspec.Struct, frozen=True):
    """A name, which may be empty and stays in one line, and an address in ASCII."""

    name: str
    address: str

    @classmethod
    def from_text(cls, text: str) -> "MailSender":
        """Reads `party@example.org`, `Our party <party@example.org>`, `"Us, all" <us@example.org>`.

        Raises Invalid for anything else. The standard library's parser finds an address in almost
        any text, and in the same text another one with another Python, so it is not asked.
        """
        found = _SENDER.fullmatch(text.strip())
        if found is None or _ENCODED in text or not text.isprintable():
            raise Invalid(Flaw("/mail_from", "is not like Our party <party@example.org>"))
        name = found["name"] or re.sub(r"\\(.)", r"\1", found["quoted"] or "")
        return cls(name.strip(), found["alone"] or found["address"])
