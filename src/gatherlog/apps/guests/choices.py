"""What a host chose about rows of a sheet. Pure.

A row is named by its line, as in `7`, or where a line names several guests by the guest's number on
it, as in `7.2`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.core.commands.checks import MOST_FLAWS
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import Steps

__all__ = [
    "NO_CHOICES",
    "Action",
    "Choice",
    "Choices",
    "Place",
    "checking_places",
    "choice_of",
    "choices_of",
    "naming",
    "place_name",
]

Place = tuple[int, int]
"""The line of a row, and the guest's number on the line from 1; 0 if the line has one guest."""
Action = Literal["take", "new", "same", "leave"]
_PLACE: Final = r"(?P<line>[0-9]{1,9})(?:\.(?P<number>[0-9]{1,3}))?"
_SEEN: Final = r"(?:@(?P<seen>[0-9a-f]{1,16}))?"
_PLAIN: Final = re.compile(_PLACE + _SEEN)
_SAME: Final = re.compile(_PLACE + r"=(?P<guest>[0-9a-fA-F-]{1,64})" + _SEEN)


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What shall become of one row."""

    action: Action
    """`take` imports the row as it was read, `new` adds somebody new, `same` changes the guest with
    `guest_id`, and `leave` imports nothing of the row."""
    guest_id: str | None = None
    seen: str | None = None
    """The mark of the question that the host saw; None accepts the question as it is now."""


Choices = Mapping[Place, Choice]
NO_CHOICES: Final[Choices] = {}


def choices_of(
    *, take: str = "", new: str = "", same: str = "", leave: str = ""
) -> dict[Place, Choice]:
    """The choices in lists such as `3,7.2`, and `5=<guest id>` for `same`; behind each may be the
    mark of the question, as in `3@1f2e3d4c`.

    Raises Invalid for what is written otherwise, and where a row has two choices.
    """
    given: dict[Action, str] = {"take": take, "new": new, "same": same, "leave": leave}
    found: dict[Place, Choice] = {}
    flaws: list[Flaw] = []
    for action, written in given.items():
        form = _SAME if action == "same" else _PLAIN
        for one in written.split(",") if written else ():
            match = form.fullmatch(one.strip())
            if match is None:
                wanted = "a line and a guest's id, as in 5=<id>" if action == "same" else "a line"
                flaws.append(Flaw(f"/{action}", f"{one.strip()[:80]!r} is not {wanted}"))
                continue
            place = int(match["line"]), int(match["number"] or 0)
            if place in found:
                flaws.append(Flaw(f"/{action}", f"line {match[0]} has two choices"))
            guest = match["guest"].lower() if action == "same" else None
            found[place] = Choice(action, guest, match["seen"])
    if flaws:
        raise Invalid(*flaws[:MOST_FLAWS])
    return found


def naming(rows: Sequence[SheetRow]) -> Steps[list[Place]]:
    """The name of each row."""
    places: list[Place] = []
    number = 0
    for at, row in enumerate(rows):
        is_next = at > 0 and rows[at - 1].line == row.line
        if is_next and number == 0:
            places[-1], number = (row.line, 1), 1
        number = number + 1 if is_next else 0
        places.append((row.line, number))
        yield
    return places


def checking_places(choices: Choices, places: Sequence[Place]) -> Steps[None]:
    """Raise Invalid for choices about rows that the sheet does not have, and for `same` about a
    line of several guests that does not say which of them."""
    if not choices:
        return
    numbers: dict[int, int] = {}
    for line, number in places:
        numbers[line] = number
        yield
    flaws = [
        Flaw(f"/lines/{line}", detail)
        for (line, number), choice in choices.items()
        if (detail := _misplaced(line, number, choice, numbers.get(line)))
    ]
    if flaws:
        raise Invalid(*flaws[:MOST_FLAWS])


def _misplaced(line: int, number: int, choice: Choice, count: int | None) -> str:
    """What is wrong with the place of a choice; `count` guests are on its line, 0 if only one."""
    if count is None:
        return "names no guest for whom there is a choice"
    if number > max(count, 1):
        return f"has no guest {number} for whom there is a choice"
    if choice.action == "same" and count and not number:
        return f"names {count} guests: say which one is the same, as in {line}.1=<id>"
    return ""


def place_name(place: Place) -> str:
    """The name of a row in choices: `7` or `7.2`."""
    line, number = place
    return f"{line}.{number}" if number else str(line)


def choice_of(choices: Choices, place: Place) -> Choice | None:
    """The choice about a row: its own, or the one for its whole line."""
    line, number = place
    return choices.get(place) or choices.get((line, 0 if number else 1))
