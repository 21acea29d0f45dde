"""Importing a sheet into a gathering, in chunks of rows that are one commit each.

No guest is added twice, whatever other commands run at the same time. The sheet is matched against
a list of guests that is complete, because the gathering's counters agree with it; and every chunk
demands that nobody else has added, changed, moved or removed a guest since, by the counter `edits`,
which only grows. If an import breaks off, importing the sheet again does what is left.

What is not sure is not imported until the host has chosen. A row that was asked about, or whose
choice did not fit, stays so until the import is over.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gatherlog.apps.guests import decisions
from gatherlog.apps.guests.account_figures import AccountFigures
from gatherlog.apps.guests.answers import Imported, ImportReport
from gatherlog.apps.guests.choices import Choice, Choices, Place, checking_places, choice_of, naming
from gatherlog.apps.guests.events import CODEC
from gatherlog.apps.guests.fold import stream_of
from gatherlog.apps.guests.loading import unchanged_list
from gatherlog.apps.guests.matching import Match, checking_rows, matching_rows
from gatherlog.apps.guests.outcomes import (
    CHANGED_MEANWHILE,
    Outcome,
    chosen,
    mark,
    outcome_of,
    state,
)
from gatherlog.apps.guests.renamed_households import spelling_as_listed
from gatherlog.apps.guests.row_changes import changes_of, doubt_of_answer, new_guest, patch
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import (
    ACCOUNT_QUOTAS,
    GATHERINGS,
    GROUPS,
    GUESTS,
    Guest,
    group_document,
)
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import about, no_such, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.giving_way import Steps, freeing, gently, in_turns
from gatherlog.core.eventstore.store import Limits
from gatherlog.core.projections.views import View
from gatherlog.core.texts import _

__all__ = ["Import"]

CHUNK = 16
"""The most rows in one commit, so that other commands need not wait long."""
ROW_BYTES = 16 * 1024


class Import:
    """The import of one sheet into one gathering."""

    def __init__(
        self,
        handler: CommandHandler,
        figures: AccountFigures,
        gathering_id: str,
        rows: Sequence[SheetRow],
        choices: Choices,
    ) -> None:
        self._handler = handler
        self._figures = figures
        self._store = handler.store
        self._gathering_id = gathering_id
        self._rows = rows
        self._choices = choices
        self._places: list[Place] = []
        self._edits = -1
        """The counter `edits` of the gathering, as long as nobody else changes its guests."""
        self._outcomes: list[Outcome] = []
        self._settled: dict[int, str] = {}
        """The guests of the rows that are done, by the index of the row."""
        self._asked_about: dict[Place, frozenset[str]] = {}
        """For each row with a choice the states of the guests that the choice was made about."""

    async def preview(self) -> ImportReport:
        """What `run` would do now."""
        await self._check()
        return await self._report()

    async def run(
        self, *, actor: str, file_hash: str, progress: Callable[[int], None]
    ) -> ImportReport:
        """Write chunk after chunk; `progress` is called with how many rows are done."""
        await self._check()
        size = chunk_size(self._store.limits)
        for start in range(0, len(self._rows), size):
            chunk = range(start, min(start + size, len(self._rows)))
            await self._write(chunk, actor, file_hash)
            progress(chunk.stop)
        return await self._report()

    async def _check(self) -> None:
        """Match all rows, and raise what there is to refuse before anything is written."""
        await in_turns(checking_rows(self._rows))
        self._places = await in_turns(naming(self._rows))
        await in_turns(checking_places(self._choices, self._places))
        await self._match()
        unit = UnitOfWork(self._store, CODEC, self._handler.clock())
        gathering = await unit.get(GATHERINGS, self._gathering_id)
        if gathering is not None:
            new = await in_turns(_counting(self._outcomes))
            await self._figures.add_guests(unit, gathering, new["new"])

    async def _write(self, chunk: range, actor: str, file_hash: str) -> None:
        """Write one chunk as one commit."""
        written = _Written()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            nonlocal written
            gathering = await unit.get(GATHERINGS, self._gathering_id)
            counters = unit.counters(GATHERINGS, self._gathering_id)
            if counters.get("edits", 0) != self._edits:
                await self._match()
            if gathering is None or gathering.gone:
                raise no_such("gathering", self._gathering_id)
            written = await self._decide(unit, chunk)
            exactly = {"edits": self._edits + len(written.decided)}
            unit.demand(GATHERINGS, self._gathering_id, at_most=exactly, at_least=exactly)
            new = sum(outcome.kind == "new" for outcome in written.outcomes)
            return [*written.decided, *await self._figures.add_guests(unit, gathering, new)]

        stream, more = stream_of(self._gathering_id), {"import": file_hash}
        await run(self._handler, stream, attempt, actor=actor, more=more)
        self._edits += len(written.decided)
        self._outcomes[chunk.start : chunk.stop] = written.outcomes
        self._settled |= {at: id for at, id in zip(chunk, written.guests, strict=True) if id}

    async def _decide(self, unit: UnitOfWork, chunk: range) -> "_Written":
        """The events of a chunk. Only guests whom it seems to change are loaded.

        A guest who was removed since the list was read is taken for a new one. That commit fails,
        because `edits` has changed, and the list is then read again.
        """
        outcomes = self._outcomes[chunk.start : chunk.stop]
        touched = [outcome for outcome in outcomes if outcome.kind in ("new", "changed")]
        await unit.load(
            *[(GUESTS, outcome.guest.id) for outcome in touched if outcome.guest],
            *[
                (GROUPS, self._household(outcome.row))
                for outcome in touched
                if outcome.row.group_id
            ],
        )
        written = _Written()
        async for outcome in gently(outcomes):
            if outcome.kind in ("new", "changed"):
                self._decide_row(unit, outcome, written)
            else:
                is_done = outcome.kind == "unchanged"
                written.outcomes.append(outcome)
                written.guests.append(outcome.guest.id if is_done and outcome.guest else "")
        return written

    def _decide_row(self, unit: UnitOfWork, outcome: Outcome, written: "_Written") -> None:
        row, household = outcome.row, None
        if row.group_id:
            household = unit.bodies[GROUPS.ref(self._household(row))]
        guest: Guest | None = outcome.guest and unit.bodies[GUESTS.ref(outcome.guest.id)]
        if guest is None:
            id = self._handler.ids()
            events = decisions.add_guest(new_guest(row), household)
            outcome = msgspec.structs.replace(outcome, kind="new", guest=None)
        else:
            id, events = guest.id, []
            outcome = _as_loaded(outcome, guest, choice_of(self._choices, outcome.place))
            if outcome.kind == "changed":
                events = decisions.change_guest(guest, patch(row, guest), household=household)
        written.outcomes.append(outcome)
        written.guests.append(id if outcome.kind in ("new", "changed", "unchanged") else "")
        written.decided += about(id, events)

    def _household(self, row: SheetRow) -> str:
        return group_document(self._gathering_id, row.group_id or "")

    async def _match(self) -> None:
        """Match the sheet against all guests, in a list that nobody changed while it was read."""
        found = await unchanged_list(self._store, self._gathering_id)
        self._edits = found.edits
        if not self._outcomes:
            self._rows = await in_turns(spelling_as_listed(self._rows, found.guests))
        matches = await in_turns(matching_rows(self._rows, found.guests, self._settled))
        before = self._outcomes
        self._outcomes = await in_turns(self._choosing(matches, found.guests))
        await in_turns(freeing(found.guests, matches, before))

    def _choosing(self, matches: Sequence[Match], guests: Sequence[Guest]) -> Steps[list[Outcome]]:
        """What becomes of all rows, by the choices about them."""
        free = yield from self._chosen_guests(matches, guests)
        outcomes: list[Outcome] = []
        for at, (row, place, match) in enumerate(
            zip(self._rows, self._places, matches, strict=True)
        ):
            before = self._outcomes[at] if self._outcomes else None
            if at in self._settled or (before and before.kind in ("asked", "skipped", "refused")):
                outcomes.append(self._outcomes[at])
            else:
                outcomes.append(self._choose(outcome_of(row, place, match), free))
            yield
        return outcomes

    def _choose(self, plain: Outcome, free: dict[str, Guest]) -> Outcome:
        """What becomes of one row; a guest who is chosen is not free for other rows any more."""
        choice = choice_of(self._choices, plain.place)
        if choice is None:
            return plain
        guest = free.pop(choice.guest_id or "", None)
        states = frozenset(state(one) for one in (*plain.named, guest) if one is not None)
        about = self._asked_about.get(plain.place)
        if about is None:
            is_as_seen = choice.seen in (None, mark(plain))
            self._asked_about[plain.place] = states
        else:  # What this import changed itself is not asked about any more.
            is_as_seen = states <= about
        return chosen(plain, choice, guest, is_as_seen=is_as_seen)

    def _chosen_guests(
        self, matches: Sequence[Match], guests: Sequence[Guest]
    ) -> Steps[dict[str, Guest]]:
        """The guests whom a choice names, and whom no row is surely about, by their ids."""
        named = {choice.guest_id for choice in self._choices.values()} - {None}
        if not named:
            return {}
        free: dict[str, Guest] = {}
        for guest in guests:
            if guest.id in named:
                free[guest.id] = guest
            yield
        for match in matches:
            if match.guest is not None:
                free.pop(match.guest.id, None)
            yield
        return free

    async def _report(self) -> ImportReport:
        kinds = await in_turns(_counting(self._outcomes))
        return ImportReport(
            Imported(
                new=kinds["new"],
                changed=kinds["changed"],
                unchanged=kinds["unchanged"],
                asked=kinds["asked"],
                skipped=kinds["skipped"],
                refused=kinds["refused"],
            ),
            self._outcomes,
        )


class _Written:
    """The events of a chunk, what becomes of its rows, and whom they are about; empty if unsure."""

    def __init__(self) -> None:
        self.decided: list[Decided] = []
        self.outcomes: list[Outcome] = []
        self.guests: list[str] = []


def chunk_size(limits: Limits) -> int:
    """How many rows fit into one commit in any case."""
    # The gathering and the figures of its account have counters.
    counted: list[View[Any]] = [GATHERINGS, GATHERINGS, ACCOUNT_QUOTAS, ACCOUNT_QUOTAS]
    others = actions_of(limits, events=1, streams=2, views=counted)
    # A row has two events at most, and changes the household that is left and the one joined.
    each = actions_of(limits, events=2, views=[GUESTS, GROUPS, GROUPS])
    by_actions = (limits.commit_actions - others) // each
    by_bytes = limits.commit_bytes // ROW_BYTES
    return max(1, min(CHUNK, by_actions, by_bytes))


def _counting(outcomes: Sequence[Outcome]) -> Steps[Counter[str]]:
    kinds: Counter[str] = Counter()
    for outcome in outcomes:
        kinds[outcome.kind] += 1
        yield
    return kinds


def _as_loaded(outcome: Outcome, guest: Guest, choice: Choice | None) -> Outcome:
    """What becomes of a row now that its guest was loaded, who may have answered meanwhile."""
    if choice is not None and outcome.guest is not None and state(outcome.guest) != state(guest):
        return msgspec.structs.replace(outcome, kind="refused", reason=_(CHANGED_MEANWHILE))
    outcome = msgspec.structs.replace(outcome, guest=guest)
    if not changes_of(outcome.row, guest):
        return msgspec.structs.replace(outcome, kind="unchanged")
    if choice is None and (doubt := doubt_of_answer(outcome.row, guest)):
        return msgspec.structs.replace(outcome, kind="asked", doubts=(doubt,))
    return outcome
