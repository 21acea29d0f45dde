"""E-mail addresses of accounts in one normal form, without characters that could harm a mail.

The form that is compared is also the one that mail goes to. If mail went to the address as typed,
the owner of an address with the same normal form as another one would receive the other's codes.
"""

from collections.abc import Iterator
from typing import Final

from gatherlog.core.commands.mail_addresses import normal_form, sent_to, why_no_address
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["LENGTH", "earlier_forms", "parsed"]

LENGTH: Final = 254
"""The most bytes in UTF-8 that mail servers accept (RFC 5321)."""


def parsed(address: str) -> str:
    """The normal form of an address: trimmed, composed (NFC), ASCII letters in lower case, and the
    domain as people read it: `ada@xn--bcher-kva.example` is `ada@bücher.example`.

    Raises Invalid for a text that is no address. Letters beyond ASCII before the @ keep their case,
    because Unicode's case folding maps different addresses to the same one.
    """
    trimmed = address.strip()
    if (reason := why_no_address(trimmed)) is not None:
        raise Invalid(Flaw("/email", reason))
    return normal_form(trimmed)


def earlier_forms(address: str) -> Iterator[str]:
    """Other forms under which earlier releases may know the account of a normal address."""
    if (encoded := sent_to(address)) != address:
        yield encoded
