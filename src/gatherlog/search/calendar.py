"""Days and times of day as numbers that the index holds, so that one occurrence is matched whole.

An occurrence is indexed under its day together with its window, which is the pair of its start and
end. A query asks for the days that it wants together with every window in use that it wants: so the
day and the time are always those of the same occurrence, and the answer is exact. Longer stretches
of days are asked for in blocks of 8, 64 and 512 days, under which each occurrence is indexed, too.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.search.documents import DAY_MINUTES, ROLLING_DAYS, Occurrence

__all__ = [
    "Calendar",
    "Moment",
    "Window",
    "check_zone",
    "days_by_window",
    "local_moment",
    "occurrence_tokens",
]

_LEVELS: Final = (0, 3, 6, 9)
"""Blocks of 2 to the power of these days."""
_MINUTE: Final = timedelta(minutes=1)
_ANY: Final = 0
"""Instead of a window: any."""


class Window(NamedTuple):
    """When an occurrence begins and ends, in minutes since midnight; it never is empty."""

    start: int
    end: int


class Moment(NamedTuple):
    """A moment by the clocks of some zone: the day's ordinal number, and the minute."""

    day: int
    minute: int


def check_zone(zone: str) -> None:
    """Raise ValueError for a name that no time zone has."""
    try:
        ZoneInfo(zone)
    except (OSError, ValueError):
        raise ValueError(f"{zone!r} is no time zone") from None


def local_moment(zone: str, now: int) -> Moment:
    """The local day and minute at a time in microseconds since the epoch.

    Where clocks are about to be put back, it stands at the first minute that comes a second time:
    what ends within that hour is over when it has ended for the second time.
    """
    local = to_datetime(now).astimezone(ZoneInfo(zone))
    while _comes_again(local) and _comes_again(local - _MINUTE):
        local -= _MINUTE
    return Moment(local.toordinal(), local.hour * 60 + local.minute)


def _comes_again(local: datetime) -> bool:
    """Whether clocks will show this time once more."""
    return not local.fold and local.replace(fold=1).utcoffset() != local.utcoffset()


def window_of(occurrence: Occurrence) -> Window:
    """The window of an occurrence; one without length lasts a minute."""
    return Window(occurrence.start, max(occurrence.end, occurrence.start + 1))


def days_by_window(occurrences: Iterable[Occurrence]) -> dict[Window, list[int]]:
    """The ordinal numbers of the days of all occurrences that have the same window."""
    days: dict[tuple[int, int], list[int]] = {}
    for one in occurrences:
        window = (one.start, one.end if one.end > one.start else one.start + 1)
        days.setdefault(window, []).append(one.day.toordinal())
    return {Window(*window): found for window, found in days.items()}


def occurrence_tokens(days: Mapping[Window, Sequence[int]], rolling: bool) -> list[int]:
    """All numbers under which a document with occurrences on these days is indexed."""
    tokens: list[int] = []
    for level, shift in enumerate(_LEVELS):
        base, blocks = _base(level, rolling), set[int]()
        for window, its_days in days.items():
            code = base | _code(window)
            its_blocks = {day >> shift for day in its_days}
            tokens += [block << 22 | code for block in its_blocks]
            blocks |= its_blocks
        tokens += [block << 22 | base for block in blocks]
    return tokens


class Calendar:
    """Which occurrences a query wants, by the clocks of one zone.

    The key of an occurrence is its day's ordinal number times 1,440, plus its start: later ones
    have greater keys. `windows` are all windows in use, and `last_day` the last day.
    """

    def __init__(
        self,
        days: tuple[int | None, int | None],
        times: tuple[int, int] | None,
        now: Moment,
        windows: Sequence[Window],
        last_day: int,
    ) -> None:
        first, last = days
        self._now = now
        self._times = times
        self._first = max(now.day, first or 0)
        self._last = min(last_day, last if last is not None else last_day)
        self._windows = [window for window in windows if self._suits(window)]

    def first_wanted(self, occurrences: Sequence[Occurrence], rolling: bool) -> Occurrence | None:
        """The first of these, which are in order, that the query wants and that is not over."""
        at = bisect_left(occurrences, self._first, key=lambda one: one.day.toordinal())
        last = self._last_of(rolling)
        for one in islice(occurrences, at, None):
            day, window = one.day.toordinal(), window_of(one)
            if day > last:
                break
            is_over = day == self._now.day and window.end <= self._now.minute
            if self._suits(window) and not is_over:
                return one
        return None

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest key that an occurrence which is wanted can have."""
        return self._first * DAY_MINUTES, (self._last + 1) * DAY_MINUTES - 1

    def starts(self, low: int, high: int) -> list[int]:
        """The starts of all windows that are wanted, within a day, from one minute to another."""
        return sorted({one.start for one in self._windows if low <= one.start <= high})

    def tokens(self, low: int, high: int) -> list[int]:
        """What documents are indexed under that have an occurrence which is wanted, with a key
        from `low` to `high`."""
        found: list[int] = []
        for rolling in (False, True):
            last = min(high, (self._last_of(rolling) + 1) * DAY_MINUTES - 1)
            found += self._tokens_of(max(low, self.bounds[0]), last, rolling)
        return found

    def _tokens_of(self, low: int, high: int, rolling: bool) -> Iterator[int]:
        """As `tokens`, of documents of which either all or none are rolling."""
        if low > high:
            return
        first, last = low // DAY_MINUTES, high // DAY_MINUTES
        parts = {day for day in (first, last, self._now.day) if first <= day <= last}
        whole = {day for day in parts if self._is_whole(day, low, high)}
        for day in sorted(parts - whole):
            begin = max(0, low - day * DAY_MINUTES)
            end = min(DAY_MINUTES - 1, high - day * DAY_MINUTES)
            yield from self._day_tokens(day, begin, end, rolling)
        split = sorted(parts - whole)
        starts, ends = [first, *(day + 1 for day in split)], [*(day - 1 for day in split), last]
        codes = [_ANY] if self._times is None else [_code(window) for window in self._windows]
        for start, end in zip(starts, ends, strict=True):
            for level, block in _blocks(start, end):
                base = _base(level, rolling) | block << 22
                yield from (base | code for code in codes)

    def _is_whole(self, day: int, low: int, high: int) -> bool:
        """Whether the keys include a whole day of which nothing is over."""
        begins, ends = day * DAY_MINUTES, (day + 1) * DAY_MINUTES - 1
        return low <= begins and ends <= high and day != self._now.day

    def _day_tokens(self, day: int, begin: int, end: int, rolling: bool) -> Iterator[int]:
        base, over = _base(0, rolling) | day << 22, self._now.minute if day == self._now.day else -1
        for window in self._windows:
            if begin <= window.start <= end and window.end > over:
                yield base | _code(window)

    def _suits(self, window: Window) -> bool:
        """Whether a window overlaps the time of day that is asked for."""
        if self._times is None:
            return True
        start, end = self._times
        return window.start < max(end, start + 1) and start < window.end

    def _last_of(self, rolling: bool) -> int:
        return min(self._last, self._now.day + ROLLING_DAYS) if rolling else self._last


def _blocks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest blocks, as (level, number), that hold exactly the days from first to last."""
    while first <= last:
        level = 0
        for higher in range(1, len(_LEVELS)):
            size = 1 << _LEVELS[higher]
            if first % size or first + size - 1 > last:
                break
            level = higher
        yield level, first >> _LEVELS[level]
        first += 1 << _LEVELS[level]


def _base(level: int, rolling: bool) -> int:
    return rolling << 46 | level << 44


def _code(window: Window) -> int:
    return window.start << 11 | window.end
