"""Importing a sheet into a gathering, in chunks of rows that are one commit each.

No guest is added twice, whatever other commands run at the same time. The sheet is matched against
a list of guests that is complete, because the gathering's counters agree with it; and every chunk
demands that nobody else has added, changed, moved or removed a guest since, by the counter `edits`,
which only grows. If an import breaks off, importing the sheet again does what is left.
"""

from collections.abc import Callable, Sequence
from typing import Any

from gatherlog.apps.guests import decisions
from gatherlog.apps.guests.account_figures import AccountFigures
from gatherlog.apps.guests.answers import Imported
from gatherlog.apps.guests.events import CODEC
from gatherlog.apps.guests.fold import stream_of
from gatherlog.apps.guests.loading import unchanged_list
from gatherlog.apps.guests.matching import checking_rows, matching_rows, new_guest, patch
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
    ) -> None:
        self._handler = handler
        self._figures = figures
        self._store = handler.store
        self._gathering_id = gathering_id
        self._rows = rows
        self._edits = -1
        """The counter `edits` of the gathering, as long as nobody else changes its guests."""
        self._matches: list[Guest | None] = []

    async def preview(self) -> Imported:
        """What `run` would do now."""
        await self._check()
        outcome = await in_turns(_counting(self._rows, self._matches))
        await in_turns(freeing(self._matches))
        return outcome

    async def run(self, *, actor: str, file_hash: str, progress: Callable[[int], None]) -> Imported:
        """Write chunk after chunk; `progress` is called with how many rows are done."""
        await self._check()
        done = Imported(0, 0, 0)
        size = chunk_size(self._store.limits)
        for start in range(0, len(self._rows), size):
            chunk = range(start, min(start + size, len(self._rows)))
            done = _sum(done, await self._write(chunk, actor, file_hash))
            progress(chunk.stop)
        return done

    async def _check(self) -> None:
        """Match all rows, and raise what there is to refuse before anything is written."""
        await in_turns(checking_rows(self._rows))
        await self._match()
        unit = UnitOfWork(self._store, CODEC, self._handler.clock())
        gathering = await unit.get(GATHERINGS, self._gathering_id)
        if gathering is not None:
            await self._figures.add_guests(unit, gathering, self._matches.count(None))

    async def _write(self, chunk: range, actor: str, file_hash: str) -> Imported:
        """Write one chunk as one commit; how many guests it added and changed."""
        edits, counts = 0, Imported(0, 0, 0)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            nonlocal edits, counts
            gathering = await unit.get(GATHERINGS, self._gathering_id)
            counters = unit.counters(GATHERINGS, self._gathering_id)
            if counters.get("edits", 0) != self._edits:
                await self._match()
            if gathering is None or gathering.gone:
                raise no_such("gathering", self._gathering_id)
            decided, counts = await self._decide(unit, chunk)
            edits = len(decided)
            exactly = {"edits": self._edits + edits}
            unit.demand(GATHERINGS, self._gathering_id, at_most=exactly, at_least=exactly)
            return [*decided, *await self._figures.add_guests(unit, gathering, counts.new)]

        stream, more = stream_of(self._gathering_id), {"import": file_hash}
        await run(self._handler, stream, attempt, actor=actor, more=more)
        self._edits += edits
        return counts

    async def _decide(self, unit: UnitOfWork, chunk: range) -> tuple[list[Decided], Imported]:
        """The events of a chunk. Only guests whom it seems to change are loaded.

        A guest who was removed since the list was read is taken for a new one. That commit fails,
        because `edits` has changed, and the list is then read again.
        """
        touched = []
        async for place in gently(chunk):
            row, guest = self._rows[place], self._matches[place]
            if guest is None or _changes(row, guest):
                touched.append((row, "" if guest is None else guest.id))
        await unit.load(
            *[(GUESTS, id) for _, id in touched if id],
            *[(GROUPS, self._household(row)) for row, _ in touched if row.group_id],
        )
        decided: list[Decided] = []
        new = changed = 0
        async for row, id in gently(touched):
            guest = unit.bodies[GUESTS.ref(id)] if id else None
            household = unit.bodies[GROUPS.ref(self._household(row))] if row.group_id else None
            if guest is None:
                new += 1
                added = decisions.add_guest(new_guest(row), household)
                decided += about(self._handler.ids(), added)
            else:
                said = patch(row, guest)
                events = decisions.change_guest(guest, said, household=household)
                changed += bool(events)
                decided += about(guest.id, events)
        return decided, Imported(new, changed, len(chunk) - new - changed)

    def _household(self, row: SheetRow) -> str:
        return group_document(self._gathering_id, row.group_id or "")

    async def _match(self) -> None:
        """Match the sheet against all guests, in a list that nobody changed while it was read."""
        found = await unchanged_list(self._store, self._gathering_id)
        self._edits = found.edits
        self._matches = await in_turns(matching_rows(self._rows, found.guests))
        await in_turns(freeing(found.guests))


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


def _counting(rows: Sequence[SheetRow], matches: Sequence[Guest | None]) -> Steps[Imported]:
    new = changed = 0
    for row, guest in zip(rows, matches, strict=True):
        if guest is None:
            new += 1
        elif _changes(row, guest):
            changed += 1
        yield
    return Imported(new, changed, len(rows) - new - changed)


def _sum(one: Imported, other: Imported) -> Imported:
    return Imported(
        one.new + other.new, one.changed + other.changed, one.unchanged + other.unchanged
    )


def _changes(row: SheetRow, guest: Guest) -> bool:
    return bool(decisions.change_guest(guest, patch(row, guest)))
