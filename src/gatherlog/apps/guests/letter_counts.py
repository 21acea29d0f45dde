"""What is counted of letters, as documents: how many went out in a day, and how many are held back.

A day's letters are counted by gathering, by account and by address. All of these documents belong
to the stream of the day, so that one commit counts a letter in all three. They are only counters:
a letter changes no body, so commits that count letters do not conflict.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from gatherlog.apps.guests.letter_events import CODEC, LetterCounted, LetterHeld
from gatherlog.apps.guests.quotas import DAY
from gatherlog.core.eventstore.store import Ref
from gatherlog.core.projections.folds import Category, Change, Happened, Together
from gatherlog.core.projections.views import View

__all__ = [
    "CATEGORIES",
    "COUNTER",
    "HELD_LETTERS",
    "LETTER_COUNTS",
    "TOGETHER",
    "VIEWS",
    "HeldLetters",
    "LetterCount",
    "day_stream",
    "gathering_of_held",
    "held_stream",
    "of_account",
    "of_address",
    "of_gathering",
]

COUNTER: Final = "letters"
_DAY: Final = "letter_day"
_HELD: Final = "held_letters"


class LetterCount(msgspec.Struct, frozen=True):
    """Letters of one day, in the counter `letters`; there are no bodies."""


class HeldLetters(msgspec.Struct, frozen=True, kw_only=True):
    """How many letters about a gathering are held back, by the reason."""

    gathering_id: str
    day: int = 0
    unconfirmed: int = 0


LETTER_COUNTS = View("letter_count", LetterCount, version=1)
HELD_LETTERS = View(
    "held_letters",
    HeldLetters,
    version=1,
    by_waiting=lambda held: ("all", held.gathering_id) if held.day or held.unconfirmed else None,
)
VIEWS: tuple[View[Any], ...] = (LETTER_COUNTS, HELD_LETTERS)


def day_stream(now: int) -> str:
    """The stream in which the letters of a day of UTC are counted; `now` is in microseconds."""
    return f"{_DAY}-{datetime.fromtimestamp(now // DAY * 86_400, UTC):%Y-%m-%d}"


def held_stream(gathering_id: str) -> str:
    """The stream of a gathering's letters that are held back."""
    return f"{_HELD}-{gathering_id}"


def gathering_of_held(stream: str) -> str:
    """The id of the gathering that a stream of letters that are held back is about."""
    return stream[len(_HELD) + 1 :]


def of_gathering(day: str, gathering_id: str) -> str:
    """The id of the document that counts; `day` is the stream of the day, as in the next two."""
    return f"{day}/gathering/{gathering_id}"


def of_account(day: str, account_id: str) -> str:
    return f"{day}/account/{account_id}"


def of_address(day: str, digest: str) -> str:
    return f"{day}/address/{digest}"


class LetterCountFold:
    """The fold of every stream `letter_day-<day>`."""

    views: tuple[View[Any], ...] = (LETTER_COUNTS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [LETTER_COUNTS.ref(id) for id in _counting(happened.stream, happened.payload)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        ids = _counting(happened.stream, happened.payload)
        return [Change(LETTER_COUNTS, id, adds={COUNTER: 1}) for id in ids]


class HeldLettersFold:
    """The fold of every stream `held_letters-<gathering id>`."""

    views: tuple[View[Any], ...] = (HELD_LETTERS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return (HELD_LETTERS.ref(gathering_of_held(happened.stream)),)

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        id, event = gathering_of_held(happened.stream), happened.payload
        before = documents[HELD_LETTERS.ref(id)] or HeldLetters(gathering_id=id)
        more = 1 if isinstance(event, LetterHeld) else -1
        after = msgspec.structs.replace(
            before, **{event.reason: max(0, getattr(before, event.reason) + more)}
        )
        return (Change(HELD_LETTERS, id, after),)


CATEGORIES = (
    Category(_DAY, CODEC, LetterCountFold()),
    Category(_HELD, CODEC, HeldLettersFold()),
)
TOGETHER = Together(*CATEGORIES)


def _counting(day: str, counted: LetterCounted) -> list[str]:
    ids = [of_gathering(day, counted.gathering), of_address(day, counted.address)]
    if counted.account is not None:
        ids.append(of_account(day, counted.account))
    return ids
