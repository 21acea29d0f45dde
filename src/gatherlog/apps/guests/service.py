"""The service of the guests app: all commands and questions about gatherings."""

from collections.abc import Callable, Sequence

from gatherlog.apps.guests.answers import ImportReport
from gatherlog.apps.guests.choices import NO_CHOICES, Choices
from gatherlog.apps.guests.importing import Import
from gatherlog.apps.guests.service_gatherings import DEFAULT, GatheringCommands
from gatherlog.apps.guests.service_households import HouseholdCommands
from gatherlog.apps.guests.service_links import LinkCommands
from gatherlog.apps.guests.sheets import SheetRow

__all__ = ["DEFAULT", "GuestService"]


class GuestService(GatheringCommands, HouseholdCommands, LinkCommands):
    """Commands and questions about gatherings. `gathering_id` is `default` or a UUID.

    Whatever does not exist, was removed, or belongs to another gathering is NotFound. `actor`
    (`key:<id>`, `guest:<id>`, `cli`, `demo`) is named in the meta of every event. A command that
    changes nothing records nothing. `expects` is the version that the caller saw: Conflict if the
    document has another one by now. A command that is repeated with the key of `once` raises
    Repeated, which holds what was answered the first time.

    `quotas` bound what one account may have. If the site `sends_letters`, a change of date, place
    or zone has to say whether guests get them.

    A guest who says yes when there is no room waits. The commit that makes room lets the first who
    fit move up.
    """

    async def promote_waiting(self, *, actor: str) -> int:
        """Let guests of all gatherings move up who wait and fit; how many did.

        Commands do this by themselves. It is for the start of a process: a crash between two
        commits may have left free places while somebody waits who fits.
        """
        return await self._promotion.promote_everywhere(actor)

    async def import_guests(
        self,
        gathering_id: str,
        rows: Sequence[SheetRow],
        choices: Choices = NO_CHOICES,
        *,
        actor: str,
        file_hash: str,
        progress: Callable[[int], None] = lambda done: None,
    ) -> ImportReport:
        """Import a sheet. After every chunk, `progress` is called with how many rows are done.

        All rows are checked before anything is written: Invalid names them as `/lines/<line>/…`,
        and QuotaReached says that the host would have more guests than a host may have.
        A chunk is written as a whole or not at all. Importing a sheet again changes only what is
        different. `file_hash` is in the meta of the events, as "import".

        Rows that are not sure are not imported without a choice. A choice that does not fit, as the
        guest has changed or another import has run, is refused, for its row only.
        """
        importing = Import(self._handler, self._figures, gathering_id, rows, choices)
        return await importing.run(actor=actor, file_hash=file_hash, progress=progress)

    async def preview_import(
        self, gathering_id: str, rows: Sequence[SheetRow], choices: Choices = NO_CHOICES
    ) -> ImportReport:
        """What `import_guests` would do now. Writes nothing, and raises the same."""
        return await Import(self._handler, self._figures, gathering_id, rows, choices).preview()
