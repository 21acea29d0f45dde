"""Time as whole microseconds since 1970-01-01T00:00Z; clocks and id sources are arguments."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

Clock = Callable[[], int]
"""Gives the present in microseconds since the epoch."""
Ids = Callable[[], str]
"""Gives a new id, never the same twice. By convention a UUIDv7: later ones sort after earlier."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
FIRST_TIME: Final = 0
LAST_TIME: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The times of events: from the beginning of 1970 to the last microsecond of 9999, in UTC."""
_FIRST: Final = "0001-01-01T00:00:00.000000Z"
_LAST: Final = "9999-12-31T23:59:59.999999Z"


def system_clock() -> int:
    """The machine's clock."""
    return time.time_ns() // 1000


def to_datetime(micros: int) -> datetime:
    """The same moment as an aware datetime in UTC, exact to the microsecond."""
    return _EPOCH + micros * _MICROSECOND


def to_micros(moment: datetime) -> int:
    """The same moment in microseconds; a naive datetime is a ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return (moment - _EPOCH) // _MICROSECOND


def rfc3339(micros: int) -> str:
    """The moment in RFC 3339, UTC, always six decimals and `Z`.

    RFC 3339 has no years but 1 to 9999: a time outside of them, which an older release or another
    program has stored, is shown as the first or last moment of these.
    """
    seconds, left = divmod(micros, 1_000_000)
    try:
        return f"{_whole_second(seconds)}.{left:06d}Z"
    except OverflowError:
        return _FIRST if micros < 0 else _LAST


@lru_cache(maxsize=4_096)
def _whole_second(seconds: int) -> str:
    """A second without decimals and zone; kept, because the moments of an answer share many."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:-6]
