"""Who wants to sign in, as far as that can be told before: a device, or only a network.

A device that has signed in with an address keeps a token that says so. It opens nothing: it gives
the device an allowance of its own, so that what strangers ask for that address does not slow it.
The token is a random number with a digest that needs the site's key, over the number, the address
and the end of the token. So nothing is stored for it, and it shows neither address nor account.
"""

import re
import secrets
from hmac import compare_digest
from typing import Final

import msgspec

from gatherlog.apps.people.signing import SiteKey

__all__ = ["DEVICE_LIFETIME", "NOBODY", "Asker", "Origin", "asker_of", "new_device"]

_SECOND: Final = 1_000_000
DEVICE_LIFETIME: Final = 180 * 24 * 3600 * _SECOND
"""How long the token of a device holds after a sign-in, in microseconds."""
_DEVICE: Final = re.compile(r"gld_([A-Za-z0-9_-]{22})\.([0-9]{1,12})\.([0-9a-f]{64})")
_DIGITS: Final = 32
"""Hexadecimal digits of a digest that are kept: enough that no two are ever the same."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request to sign in comes from, as an interface sees it. All of it may be forged."""

    network: str = ""
    """The client's address or network; a proxy's, if nothing better is known."""
    device: str = ""
    """The token that the device got when it signed in last; empty if it has none."""
    attempt: str = ""
    """What ties asking for a code and entering it together, such as a nonce in a cookie; empty if
    nothing does. A code is then entered from where it was asked for: the same device or network."""


NOBODY: Final = Origin()


class Asker(msgspec.Struct, frozen=True):
    """An origin for one address, as digests that need the site's key.

    They differ for each address, so nobody sees in the log that one network tried several.
    """

    id: str
    """Of the device if it is known, else of the network: what is asked is counted by it."""
    place: str
    """Where a code that is asked for may be entered."""
    is_known: bool
    """Whether the device has signed in with this address before."""


def asker_of(key: SiteKey, address: str, origin: Origin, now: int) -> Asker:
    """Who asks for this address, which is in normal form. `now` is in microseconds."""

    def digest(kind: str, text: str) -> str:
        return key.digest("asker", f"{address}\0{kind}\0{text}")[:_DIGITS]

    device = _known_device(key, address, origin.device, now)
    id = digest("network", origin.network) if device is None else digest("device", device)
    place = digest("attempt", origin.attempt) if origin.attempt else id
    return Asker(id, place, device is not None)


def new_device(key: SiteKey, address: str, now: int) -> str:
    """A token for the device that has just signed in with this address."""
    number, ends = secrets.token_urlsafe(16), (now + DEVICE_LIFETIME) // _SECOND
    return f"gld_{number}.{ends}.{_seal(key, address, number, ends)}"


def _known_device(key: SiteKey, address: str, token: str, now: int) -> str | None:
    """The number of the device, if the token is one that was made here for this address."""
    found = _DEVICE.fullmatch(token)
    if found is None or int(found[2]) * _SECOND <= now:
        return None
    is_ours = compare_digest(found[3], _seal(key, address, found[1], int(found[2])))
    return found[1] if is_ours else None


def _seal(key: SiteKey, address: str, number: str, ends: int) -> str:
    return key.digest("device", f"{address}\0{number}\0{ends}")
