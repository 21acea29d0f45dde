"""What an import asks, as a sheet to be corrected and imported in place of these lines. Pure."""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from gatherlog.apps.guests.outcomes import Outcome
from gatherlog.apps.guests.row_changes import described
from gatherlog.core.commands.cells import writing_cells
from gatherlog.core.eventstore.giving_way import Steps

__all__ = ["writing_questions"]

_HEAD: Final = ("Line", "First name", "Last name", "Email", "Household", "Not sure", "May be")


def writing_questions(outcomes: Iterable[Outcome]) -> Steps[bytes]:
    """CSV of all lines that are asked about; see `write_cells`."""
    questions = (
        (
            outcome.name,
            outcome.row.first_name,
            outcome.row.last_name,
            outcome.row.email or "",
            outcome.row.group_id or "",
            " ".join(outcome.reasons),
            "; ".join(map(described, outcome.named)),
        )
        for outcome in outcomes
        if outcome.kind == "asked"
    )
    return writing_cells(chain([_HEAD], questions))
