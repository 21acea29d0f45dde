"""Quotas: how much one host may have, and how many letters may go out in a day.

They keep a site from being used to send mail to strangers. An ordinary host never meets them.
"""

import re
from typing import Final

import msgspec

from gatherlog.core.commands.figures import read_figures

__all__ = ["DAY", "Quotas", "read_quotas", "seconds_left"]

DAY: Final = 86_400_000_000
"""Microseconds."""
_FIGURE: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class Quotas(msgspec.Struct, frozen=True, kw_only=True):
    """All quotas; None is none. A day is one of UTC.

    A gathering without a host account, as the operator's, has only `address_letters`.
    """

    gatherings: int | None = 50
    """Gatherings that belong to one account."""
    guests: int | None = 5_000
    """Guests of one gathering."""
    account_guests: int | None = 20_000
    """Guests of all gatherings of one account."""
    gathering_letters: int | None = 6_000
    """Letters about one gathering in a day: one to each of as many guests as it may have, and the
    answers of a thousand."""
    host_letters: int | None = 10_000
    """Letters about all gatherings of one account in a day."""
    address_letters: int | None = 20
    """Letters to one address in a day, about whatever gathering."""


def read_quotas(text: str) -> Quotas:
    """The quotas that `GATHERLOG_QUOTAS` sets; Invalid where it cannot be parsed.

    Empty means the defaults and `off` none; `gatherings=200,guests=off` changes those named.
    """
    return read_figures(text, Quotas, _figure, pointer="/quotas", example="guests=5000")


def _figure(text: str) -> int | None:
    return int(text) if _FIGURE.fullmatch(text) else None


def seconds_left(now: int) -> float:
    """Seconds until the day is over, in UTC; `now` is in microseconds."""
    return (DAY - now % DAY) / 1_000_000
