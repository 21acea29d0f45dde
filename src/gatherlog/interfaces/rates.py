"""Rate limits: the figures, sliding windows, and the limiter that interfaces ask.

Counts are kept in this process's memory: a restart forgets them, and several processes each count
on their own.
"""

import re
from collections import deque
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal

import msgspec

from gatherlog.apps.people import Asker
from gatherlog.core.commands.figures import read_figures
from gatherlog.core.eventstore.clock import Clock
from gatherlog.interfaces.clients import ClientAddresses
from gatherlog.interfaces.problems import TooMany
from gatherlog.settings import Settings

__all__ = ["Rate", "RateLimiter", "Rates", "Window", "read_rates"]

MOST_KEYS: Final = 100_000
"""Keys that one window remembers; beyond them, the key that was quiet for longest is forgotten."""

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE: Final = re.compile(r"([1-9]\d{0,5})/(second|minute|hour|day)")


class Rate(msgspec.Struct, frozen=True):
    """At most `count` in any period of `seconds`."""

    count: int
    seconds: int


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """All limits; None is no limit."""

    sign_in: Rate | None = Rate(10, 60)
    """Attempts to sign in, in whatever way, per client address; counted apart for a device that
    has signed in with the same e-mail address before."""
    email: Rate | None = Rate(5, 60)
    """Codes requested, and counted apart codes entered, per e-mail address and client address, or
    such a device. Counted apart, too: links to erase one's own account, per account."""
    rsvp: Rate | None = Rate(10, 3600)
    """Answers by one guest, with the link or after a login. Answers by keys are not limited."""
    conversation: Rate | None = Rate(30, 60)
    """Conversations that are started by naming whom they are with, per member, and counted apart
    per client address."""
    wrong: Rate | None = Rate(30, 60)
    """Invalid credentials, per client address."""
    contact: Rate | None = Rate(5, 3600)
    """Letters to the site, per client address."""
    families: Rate | None = Rate(30, 86_400)
    """Letters that an organiser writes to the families of one thing, on whichever dates."""


def read_rates(text: str) -> Rates:
    """The limits that `GATHERLOG_RATE_LIMITS` sets; Invalid where it cannot be parsed.

    Empty means the defaults and `off` no limits; `sign_in=20/minute,rsvp=off` changes those named.
    """
    return read_figures(text, Rates, _rate, pointer="/rate_limits", example="rsvp=10/hour")


def _rate(text: str) -> Rate | None:
    found = _RATE.fullmatch(text)
    return Rate(int(found[1]), _SECONDS[found[2]]) if found else None


class Window:
    """Counts hits per key over a sliding window, exact to the microsecond."""

    def __init__(self, rate: Rate | None, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._seen: dict[str, deque[int]] = {}
        """Times of the hits by key; the key that was hit last is the last one."""

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._seen)

    def hit(self, key: str) -> float:
        """Count a hit and give 0.0; beyond the rate, count nothing and give the seconds to wait."""
        if self._rate is None:
            return 0.0
        now = self._clock()
        since = now - self._rate.seconds * 1_000_000
        times = self._seen.pop(key, None) or deque()
        self._forget(since)
        if times and times[-1] > now:  # the clock was set back
            times.clear()
        while times and times[0] <= since:
            times.popleft()
        self._seen[key] = times
        if len(times) >= self._rate.count:
            return (times[0] - since) / 1_000_000
        times.append(now)
        return 0.0

    def _forget(self, since: int) -> None:
        while self._seen:
            key = next(iter(self._seen))
            if self._seen[key][-1] > since and len(self._seen) < MOST_KEYS:
                return
            del self._seen[key]


class RateLimiter:
    """Asked before everything that has a rate limit; raises TooMany with the seconds to wait."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        rates = read_rates(settings.rate_limits)
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._sign_in = Window(rates.sign_in, clock)
        self._email = Window(rates.email, clock)
        self._rsvp = Window(rates.rsvp, clock)
        self._conversation = Window(rates.conversation, clock)
        self._wrong = Window(rates.wrong, clock)
        self._contact = Window(rates.contact, clock)
        self._families = Window(rates.families, clock)

    def client(self, scope: Mapping[str, Any] | MutableMapping[str, Any]) -> str:
        """The client of a request: an IPv4 address or an IPv6 network."""
        return self._addresses.client(scope)

    def sign_in(
        self, scope: Mapping[str, Any] | MutableMapping[str, Any], asker: Asker | None = None
    ) -> None:
        """Count a request for a code, an attempt with one, or a login with a link.

        A known device is counted by itself, so that others in its network do not slow it.
        """
        known = asker is not None and asker.is_known
        _pass(self._sign_in, asker.id if asker is not None and known else self.client(scope))

    def email(self, purpose: Literal["code", "session"], asker: Asker) -> None:
        """Count a code that is requested, or entered, by this asker for the asker's address."""
        _pass(self._email, f"{purpose}:{asker.id}")

    def leaving(self, account_id: str) -> None:
        """Count a link by which an account is to be erased, and which is mailed to it."""
        _pass(self._email, f"leaving:{account_id}")

    def answer(self, guest_id: str) -> None:
        """Count an answer that a guest gives, with the link or after a login."""
        _pass(self._rsvp, guest_id)

    def conversation(
        self, scope: Mapping[str, Any] | MutableMapping[str, Any], account_id: str
    ) -> None:
        """Count a conversation that a member starts, whether or not there is one already."""
        _pass(self._conversation, f"account:{account_id}")
        _pass(self._conversation, f"address:{self.client(scope)}")

    def wrong_credential(self, scope: Mapping[str, Any] | MutableMapping[str, Any]) -> None:
        """Count an invalid credential.

        Valid ones are never limited: they have 128 random bits or more, so guessing is hopeless,
        and a client that shares its address with a broken script must not be locked out by it.
        """
        _pass(self._wrong, self.client(scope))

    def contact(self, scope: Mapping[str, Any] | MutableMapping[str, Any]) -> None:
        """Count a letter to the site."""
        _pass(self._contact, self.client(scope))

    def families(self, account_id: str, thing_id: str) -> None:
        """Count a letter of an account to the families of a thing."""
        _pass(self._families, f"{account_id}/{thing_id}")


def _pass(window: Window, key: str) -> None:
    seconds = window.hit(key)
    if seconds:
        raise TooMany("That was too often. Wait a little, then try again.", seconds)
