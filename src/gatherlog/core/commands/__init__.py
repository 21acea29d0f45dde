"""Commands: load, decide, commit and retry; what all apps' services share; plain appends.

What programs use is importable from here. The modules:

- `handler`, `unit_of_work`: one command as one commit, decided again after a conflict
- `service`, `event_meta`: what the services of all apps share, and who caused an event
- `appending`: appending events to streams that no app owns
- `places`, `seating`, `turns`: places that are counted exactly, and waiting lists
- `slices`: parts of lists, forwards and backwards, with counts
- `checks`, `text`, `local_time`: what people write into fields
- `cells`: sheets that spreadsheets open
- `figures`: settings that are a list of named figures
"""

from gatherlog.core.commands.appending import Appended, Appender, NewEvent
from gatherlog.core.commands.event_meta import actor_of, event_meta
from gatherlog.core.commands.handler import Attempt, CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.service import Listing, Repeated, Stored
from gatherlog.core.commands.unit_of_work import UnitOfWork

__all__ = [
    "Appended",
    "Appender",
    "Attempt",
    "CommandHandler",
    "Decided",
    "Handled",
    "Listing",
    "NewEvent",
    "Once",
    "Repeated",
    "Stored",
    "UnitOfWork",
    "actor_of",
    "event_meta",
]
