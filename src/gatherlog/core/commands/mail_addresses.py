"""Mail addresses: their form, how they are compared, and the form in which mail goes out. Pure.

The part behind the @ is a domain, which has an ASCII form (`xn--…`) and one that people read; both
are one domain (IDNA 2008, with the mapping of UTS 46). The part before it belongs to that domain's
mail server: of that part only the case of letters is ever ignored. So addresses that merely look
alike stay different.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["ascii_domain", "compared", "normal_form", "sent_to", "shown_domain", "why_no_address"]

LENGTH: Final = 254
LOCAL_LENGTH: Final = 64
"""The most bytes of an address, and of the part before the @, that mail servers take (RFC 5321)."""
DOMAIN_LENGTH: Final = 253

_NO_ADDRESS: Final = "is not an email address; one looks like ada@example.org"
_QUOTED: Final = "has a quoted part before the @, which is not taken here"
_DOTS: Final = "has a dot where none may be before the @"
_LONG_LOCAL: Final = f"has more than {LOCAL_LENGTH} bytes before the @"
_LONG: Final = f"has more than {LENGTH} bytes"
_DOMAIN: Final = "has a domain that cannot be: {}"
_LETTERS: Final = "its parts are letters, digits and hyphens, up to 63 of them"
_BEYOND: Final = "a part of it is too long, or has a character that it may not have"

# Without the characters that quote, separate or begin an encoded word (RFC 2047) in a header.
_ATOM: Final = r"[^\s@<>()\[\],;:\"\\.]+"
_LOCAL: Final = r"[^\s@<>()\[\],;:\"\\]+"
_SHAPE: Final = re.compile(rf"(?!.*=\?)(?P<local>{_LOCAL})@{_ATOM}(?:\.{_ATOM})+")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENCODED_LABEL: Final = re.compile(r"(?:^|\.)xn--")
_SMALL: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def why_no_address(address: str) -> str | None:
    """Why this is no single plain address, as the rest of a sentence about it; None if it is one.

    That it has the form of an address does not prove that it exists.
    """
    if address.startswith('"') and address.count("@") and address.isprintable():
        return _QUOTED
    # Before a longer text is searched for a shape, and because shapes hold what is not printed.
    shape = _SHAPE.fullmatch(address) if len(address) <= LENGTH else None
    if not address.isprintable() or (shape is None and len(address) <= LENGTH):
        return _NO_ADDRESS
    if shape is None:
        return _LONG
    local, domain = shape["local"], address.rpartition("@")[2]
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return _DOTS
    if len(_composed(local).encode()) > LOCAL_LENGTH:
        return _LONG_LOCAL
    try:
        sent = f"{_composed(local)}@{ascii_domain(domain)}"
    except ValueError as wrong:
        return _DOMAIN.format(wrong)
    return _LONG if len(sent.encode()) > LENGTH else None


@lru_cache(maxsize=4096)
def ascii_domain(domain: str) -> str:
    """A domain as DNS and mail servers have it, in lower case.

    A part that begins with `xn--` has to be the form of a part that could be written, too. Raises
    ValueError, which says why, for what cannot be a domain.
    """
    small = domain.translate(_SMALL)
    if len(domain) > DOMAIN_LENGTH:
        raise ValueError(_LETTERS)
    if not small.isascii() or _ENCODED_LABEL.search(small):
        small = _encoded(small)
    if len(small) > DOMAIN_LENGTH or not _DOMAIN_NAME.fullmatch(small):
        raise ValueError(_LETTERS)
    return small


@lru_cache(maxsize=4096)
def shown_domain(domain: str) -> str:
    """A domain as people read it, in lower case; ValueError as for `ascii_domain`."""
    small = ascii_domain(domain)
    if not _ENCODED_LABEL.search(small):
        return small
    import idna  # noqa: PLC0415  its tables are large, and few addresses need them

    return idna.decode(small)


def compared(address: str) -> str:
    """An address for comparing, whatever it is like: the case of letters does not count, nor in
    which of its two forms the domain is written. Accents count, and so does all that looks alike.
    """
    small = address.lower()
    if small.isascii() and "xn--" not in small:
        return small
    local, at, domain = _composed(address).lower().rpartition("@")
    try:
        return f"{local}{at}{shown_domain(domain)}"
    except ValueError:
        return f"{local}{at}{domain}"


def normal_form(address: str) -> str:
    """An address, which `why_no_address` takes, in its one normal form: composed (NFC), with ASCII
    letters in lower case and the domain as people read it.

    Other letters before the @ keep their case, because only its own server knows what they mean.
    """
    local, _, domain = address.rpartition("@")
    return f"{_composed(local).translate(_SMALL)}@{shown_domain(domain)}"


def sent_to(address: str) -> str:
    """The address as mail servers are given it: with the domain in ASCII.

    What is before the @ may still be beyond ASCII, and then needs a server with SMTPUTF8. Raises
    ValueError as `ascii_domain`.
    """
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _encoded(domain: str) -> str:
    import idna  # noqa: PLC0415  its tables are large, and few addresses need them

    try:
        encoded = idna.encode(domain, uts46=True, std3_rules=True, transitional=False)
    except (idna.IDNAError, UnicodeError):
        raise ValueError(_BEYOND) from None
    return encoded.decode()


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
