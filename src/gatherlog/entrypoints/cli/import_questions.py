"""What `gatherlog import` tells about single lines, and asks about them on a terminal."""

import sys
from typing import TYPE_CHECKING, Any

from gatherlog.entrypoints.cli.terminal import printable

if TYPE_CHECKING:
    from gatherlog.apps.guests.answers import Imported, ImportReport
    from gatherlog.apps.guests.choices import Choice, Place
    from gatherlog.apps.guests.outcomes import Outcome
    from gatherlog.apps.guests.sheets import Sheet

__all__ = [
    "ask",
    "changed_lines",
    "counts_of",
    "nothing_of",
    "questions_of",
    "refusals_of",
    "rows_told",
]


def counts_of(counts: "Imported") -> str:
    """As in `3 new, 1 changed, 0 unchanged, 2 asked`."""
    text = f"{counts.new:,} new, {counts.changed:,} changed, {counts.unchanged:,} unchanged"
    more = [(counts.asked, "asked"), (counts.skipped, "left out"), (counts.refused, "refused")]
    return ", ".join([text, *[f"{number:,} {what}" for number, what in more if number]])


def nothing_of(sheet: "Sheet", counts: "Imported") -> str:
    """Why nothing is imported."""
    if counts.asked or counts.skipped or counts.refused:
        return counts_of(counts)
    if not sheet.rows:
        return "every line is bad" if sheet.bad else "the sheet names no guests"
    return "all good lines are there already" if sheet.bad else "all is there already"


def questions_of(report: "ImportReport") -> list[tuple[str, str]]:
    """The lines that are asked about, each with its doubts and the options that answer them."""
    return [
        (outcome.name, f"{_person(outcome)}: {' '.join(outcome.reasons)} {_options(outcome)}")
        for outcome in report.outcomes
        if outcome.kind == "asked"
    ]


def changed_lines(report: "ImportReport") -> list[tuple[str, str]]:
    """The lines that change guests, with the old and the new, and what was answered."""
    from gatherlog.apps.guests.row_changes import described

    return [
        (outcome.name, f"{described(outcome.guest)}: {_changes(outcome)}")
        for outcome in report.outcomes
        if outcome.kind == "changed" and outcome.guest is not None
    ]


def refusals_of(report: "ImportReport") -> list[tuple[str, str]]:
    """The lines whose choice was refused, with the reason."""
    return [
        (outcome.name, outcome.reason) for outcome in report.outcomes if outcome.kind == "refused"
    ]


def rows_told(report: "ImportReport") -> dict[str, Any]:
    """All questions and changes, as the answers over HTTP have them."""
    from gatherlog.core.eventstore.giving_way import at_once
    from gatherlog.interfaces.rest.import_answers import telling

    told = at_once(telling(report.outcomes, after=0, most=len(report.outcomes)))
    return {"questions": told.questions, "changes": told.changes}


def ask(report: "ImportReport") -> "dict[Place, Choice]":
    """Ask every question on the terminal. An empty answer leaves it open; no more input ends it."""
    chosen: dict[Place, Choice] = {}
    open_ = [outcome for outcome in report.outcomes if outcome.kind == "asked"]
    for number, outcome in enumerate(open_, 1):
        print(f"\nQuestion {number:,} of {len(open_):,}, line {outcome.name}")
        print(printable(f"  {_person(outcome)}"))
        for reason in outcome.reasons:
            print(printable(f"  {reason}"))
        answers = _answers(outcome)
        for key, (text, _) in enumerate(answers, 1):
            print(printable(f"  {key}  {text}"))
        if (answer := _typed(len(answers))) is None:
            break
        if answer:
            chosen[outcome.place] = answers[answer - 1][1]
    if open_:
        print()
    return chosen


def _typed(most: int) -> int | None:
    """The number that was typed; 0 for an empty line, None where there is no more input."""
    while True:
        print(f"Choose 1 to {most}, or nothing to decide later: ", end="", flush=True)
        line = sys.stdin.readline()
        typed = line.strip()
        if not typed:
            return 0 if line else None
        if typed.isascii() and typed.isdecimal() and 1 <= int(typed[:9]) <= most:
            return int(typed)


def _answers(outcome: "Outcome") -> "list[tuple[str, Choice]]":
    """The answers to one question: the text, and the choice that it stands for."""
    from gatherlog.apps.guests.choices import Choice
    from gatherlog.apps.guests.outcomes import mark
    from gatherlog.apps.guests.row_changes import described

    seen = mark(outcome)
    answers: list[tuple[str, Choice]] = []
    for action in outcome.actions:
        if action == "same":
            answers += [
                (f"the same person as {described(guest)}", Choice("same", guest.id, seen))
                for guest in outcome.candidates
            ]
        else:
            answers.append((_answer(action, outcome), Choice(action, None, seen)))
    return answers


def _answer(action: str, outcome: "Outcome") -> str:
    if action == "take":
        return "import it so" if outcome.guest is None else f"change {_changes(outcome)}"
    return "somebody new" if action == "new" else "leave out"


def _person(outcome: "Outcome") -> str:
    from gatherlog.apps.guests.row_changes import full_name

    row = outcome.row
    home = row.group_id and f"household {row.group_id}"
    return ", ".join(filter(None, [full_name(row), row.email, home]))


def _options(outcome: "Outcome") -> str:
    """The options that answer a question: `(--same 5=<id> or --new 5 or --leave 5)`."""
    options = [f"--same {outcome.name}={guest.id}" for guest in outcome.candidates]
    options += [f"--{action} {outcome.name}" for action in outcome.actions if action != "same"]
    return f"({' or '.join(options)})"


def _changes(outcome: "Outcome") -> str:
    from gatherlog.apps.guests.row_changes import changes_told

    return "" if outcome.guest is None else changes_told(outcome.row, outcome.guest)
