"""What a search has to find, written as plainly as can be: every document is looked at.

It shares with the search only how texts are cut into folded words, how far two places are apart,
and the order of documents that are equal; these have tests of their own.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gatherlog.core.search import Occurrence, SearchDocument, SearchQuery, Sort
from gatherlog.core.search.documents import ROLLING_DAYS
from gatherlog.core.search.places import distance
from gatherlog.core.search.words import words_of
from gatherlog.search.rows import tie_of

LAST = 10**18
"""The key of a document that has none."""


class Expected(NamedTuple):
    """One document that has to be found."""

    key: float
    tie: int
    id: str
    distance: int | None
    occurrence: Occurrence | None


def expected(
    documents: Iterable[SearchDocument], query: SearchQuery, now: datetime
) -> list[Expected]:
    """All documents that the query finds, in its order."""
    found = [
        _expected(document, query, now) for document in documents if _fits(document, query, now)
    ]
    found.sort()
    if query.descending is (query.sort is not Sort.RELEVANCE):
        found.reverse()
    return found


def score_of(document: SearchDocument, text: str) -> int:
    """How well a document answers the text; 0: not at all, or nothing is asked for."""
    words = set(words_of(text))
    needed = {word for word in words if len(word) >= 3} or words
    scores = {word: _word_score(document, word) for word in words}
    return sum(scores.values()) if all(scores[word] for word in needed) else 0


def _word_score(document: SearchDocument, asked: str) -> int:
    scores = [
        text.weight * _likeness(word, asked)
        for text in document.texts
        for word in words_of(text.text)
    ]
    return max(scores, default=0)


def _likeness(word: str, asked: str) -> int:
    if word == asked:
        return 8
    if len(asked) >= 3 and word.startswith(asked):
        return 4
    if len(asked) >= 3 and asked in word:
        return 2
    return 1 if len(asked) >= 5 and is_one_typo(word, asked) else 0


def is_one_typo(word: str, other: str) -> bool:
    """Whether one letter more, less or another one, or two neighbours swapped, make the other."""
    return other in set(_mistyped(word, set(other))) or word == other


def _mistyped(word: str, letters: set[str]) -> Iterator[str]:
    for at in range(len(word) + 1):
        left, right = word[:at], word[at:]
        yield from (left + letter + right for letter in letters)
        if right:
            yield left + right[1:]
            yield from (left + letter + right[1:] for letter in letters)
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]


def _fits(document: SearchDocument, query: SearchQuery, now: datetime) -> bool:
    if words_of(query.text) and not score_of(document, query.text):
        return False
    for kind, values in query.tags.items():
        if values and not set(values) & set(document.tags.get(kind, ())):
            return False
    return (
        _has_ages(document, query)
        and _has_prices(document, query)
        and _is_within(document, query)
        and _is_in_time(document, query, now)
    )


def _has_ages(document: SearchDocument, query: SearchQuery) -> bool:
    if not query.ages:
        return True
    if document.ages is None:
        return False
    youngest, oldest = document.ages
    return all(youngest <= low and high <= oldest for low, high in query.ages)


def _has_prices(document: SearchDocument, query: SearchQuery) -> bool:
    if query.prices is None:
        return True
    if document.prices is None:
        return False
    return document.prices[0] <= query.prices[1] and query.prices[0] <= document.prices[1]


def _is_within(document: SearchDocument, query: SearchQuery) -> bool:
    if query.within is None:
        return True
    if document.place is None:
        return False
    return distance(document.place, query.within.center) <= query.within.radius


def _is_in_time(document: SearchDocument, query: SearchQuery, now: datetime) -> bool:
    if document.occurrences is None:
        return query.days == (None, None) and query.times is None
    return first_wanted(document, query, now) is not None


def first_wanted(document: SearchDocument, query: SearchQuery, now: datetime) -> Occurrence | None:
    """The first occurrence that the query finds and that is not over."""
    wanted = [
        one
        for one in document.occurrences or ()
        if _is_wanted(one, document, query, now.astimezone(ZoneInfo(document.zone)))
    ]
    return min(wanted, key=lambda one: (one.day, one.start, one.end), default=None)


def _is_wanted(
    one: Occurrence, document: SearchDocument, query: SearchQuery, local: datetime
) -> bool:
    first, last = query.days
    if (first and one.day < first) or (last and one.day > last):
        return False
    if document.rolling and one.day > local.date() + timedelta(days=ROLLING_DAYS):
        return False
    end = max(one.end, one.start + 1)
    if query.times is not None:
        begin, until = query.times[0], max(query.times[1], query.times[0] + 1)
        if not (one.start < until and begin < end):
            return False
    return (one.day, end) > (local.date(), local.hour * 60 + local.minute)


def _expected(document: SearchDocument, query: SearchQuery, now: datetime) -> Expected:
    origin = query.near or (query.within.center if query.within else None)
    away = distance(origin, document.place) if origin and document.place else None
    occurrence = first_wanted(document, query, now)
    key: float
    if query.sort is Sort.RELEVANCE:
        key = -score_of(document, query.text)
    elif query.sort is Sort.PRICE:
        key = LAST if document.prices is None else document.prices[0]
    elif query.sort is Sort.DISTANCE:
        key = LAST if away is None else away
    else:
        key = LAST if occurrence is None else _begin(occurrence)
    return Expected(key, tie_of(document.id), document.id, away, occurrence)


def _begin(occurrence: Occurrence) -> int:
    return (occurrence.day - date(1970, 1, 1)).days * 1440 + occurrence.start


def micros(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000
