"""The guests app as its callers see it: every command and every question about gatherings."""

from collections.abc import Callable, Sequence

from gatherlog.apps.guests.answers import Imported
from gatherlog.apps.guests.importing import Import
from gatherlog.apps.guests.service_gatherings import DEFAULT, GatheringCommands
from gatherlog.apps.guests.service_households import HouseholdCommands
from gatherlog.apps.guests.service_links import LinkCommands
from gatherlog.apps.guests.sheets import SheetRow

__all__ = ["DEFAULT", "GuestService"]


class GuestService(GatheringCommands, HouseholdCommands, LinkCommands):
    """Commands and questions. `gathering_id` is `default` or a UUID.

    Whatever does not exist, is removed, or belongs to another gathering is NotFound. `actor`
    (`key:<id>`, `guest:<id>`, `cli`, `demo`) goes into the meta of every event as `{"actor": …}`.
    A command that changes nothing records nothing. `expects` is the version that the caller saw:
    Conflict if the document has another one by now. A command that comes again with the key of
    `once` raises Repeated, which holds what was answered then.

    Who says yes where there is no room waits for it; whoever is first and fits moves up in the
    commit that makes room.
    """

    async def promote_waiting(self, *, actor: str) -> int:
        """As `promote`, in every gathering where somebody waits: for the start of a process."""
        return await self._promotion.promote_everywhere(actor)

    async def import_guests(
        self,
        gathering_id: str,
        rows: Sequence[SheetRow],
        *,
        actor: str,
        file_hash: str,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Imported:
        """Take in a sheet; `progress` is told, chunk by chunk, how many rows are done.

        All rows are checked before anything is written: Invalid names them as `/lines/<line>/…`.
        A chunk is written whole or not at all; importing a sheet again changes only what changed.
        `file_hash` goes into the meta of the events, to tell later where they came from.
        """
        importing = Import(self._handler, gathering_id, rows)
        return await importing.run(actor=actor, file_hash=file_hash, progress=progress)

    async def preview_import(self, gathering_id: str, rows: Sequence[SheetRow]) -> Imported:
        """What `import_guests` would do now, without writing; raises the same."""
        return await Import(self._handler, gathering_id, rows).preview()
