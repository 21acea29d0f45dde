"""What an import tells about single rows: what it asks the host, and what it changes. Pure."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from gatherlog.apps.guests import Guest, Status
from gatherlog.apps.guests.choices import Action
from gatherlog.apps.guests.outcomes import Outcome, mark
from gatherlog.apps.guests.row_changes import Change, changes_of
from gatherlog.apps.guests.sheet_rows import Doubt
from gatherlog.core.eventstore.giving_way import Steps

__all__ = ["MOST_TOLD", "ChangeAnswer", "PersonAnswer", "QuestionAnswer", "RowsAnswer", "telling"]

MOST_TOLD: Final = 100
"""Questions, and changes, in one answer."""

Row = Annotated[
    str,
    Meta(description="The line, and behind a full stop which guest of it, if it names several."),
]


class PersonAnswer(msgspec.Struct, frozen=True):
    """A guest on the list whom a row is about, or may be about."""

    id: str
    first_name: str
    last_name: str
    email: str | None
    group_id: str | None
    status: Annotated[Status, Meta(description="What was answered already.")]
    changes: Annotated[
        list[Change], Meta(description="What the row changes if it is this person, old and new.")
    ]


class ChangeAnswer(msgspec.Struct, frozen=True):
    """A row that changes a guest."""

    row: Row
    guest: PersonAnswer


class QuestionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is not imported until the host has chosen, as it was read."""

    row: Row
    first_name: str
    last_name: str
    email: str | None
    group_id: str | None
    doubts: Annotated[list[Doubt], Meta(description="What is not sure.")]
    people: Annotated[
        list[PersonAnswer], Meta(description="Who may be meant; empty for somebody new.")
    ]
    choices: Annotated[list[Action], Meta(description="The parameters that answer the question.")]
    seen: Annotated[
        str,
        Meta(
            description="May be given behind a choice, as in `take=7@1f2e3d4c`: the choice is then "
            "refused if the question has changed meanwhile."
        ),
    ]
    refused: Annotated[
        str | None, Meta(description="Why the choice about this row was not carried out.")
    ] = None


class RowsAnswer(msgspec.Struct):
    """The first questions and changes of an import."""

    questions: list[QuestionAnswer]
    changes: list[ChangeAnswer]


def telling(outcomes: list[Outcome], after: int, most: int = MOST_TOLD) -> Steps[RowsAnswer]:
    """The first `most` questions and changes behind the line `after`, in the sheet's order."""
    told = RowsAnswer([], [])
    for outcome in outcomes:
        if outcome.row.line > after:
            if outcome.kind in ("asked", "refused") and len(told.questions) < most:
                told.questions.append(_question(outcome))
            elif outcome.kind == "changed" and outcome.guest and len(told.changes) < most:
                person = _person(outcome, outcome.guest)
                told.changes.append(ChangeAnswer(outcome.name, person))
        yield
    return told


def _question(outcome: Outcome) -> QuestionAnswer:
    row = outcome.row
    return QuestionAnswer(
        row=outcome.name,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        group_id=row.group_id,
        doubts=list(outcome.doubts),
        people=[_person(outcome, guest) for guest in outcome.named],
        choices=list(outcome.actions),
        seen=mark(outcome),
        refused=outcome.reason or None,
    )


def _person(outcome: Outcome, guest: Guest) -> PersonAnswer:
    return PersonAnswer(
        id=guest.id,
        first_name=guest.first_name,
        last_name=guest.last_name,
        email=guest.email,
        group_id=guest.group_id,
        status=guest.status,
        changes=changes_of(outcome.row, guest),
    )
