"""The engine of Gatherlog as a library. It needs the standard library and msgspec only.

Eight packages, each of which may import those before it and none of those after it (`search` and
`projections` do not know each other):

- `eventstore`: events and their codec, the contract of a store, what a commit means
- `projections`: views with their indexes, folds of events into documents, rebuild and verify
- `search`: what can be found, what is asked, and what is answered
- `commands`: load, decide, commit, try again; and appending to the log without an app
- `subscriptions`: named readers of the log, with checkpoints, retries, leases and dead letters
- `routing`: rules that say which events go where, patterns, and the bus that follows the rules
- `queues`: durable queues that consumers take messages from
- `retention`: which events expire, and the work that takes out of the log what they say

The names that most programs need are importable from here.
"""

from gatherlog.core.commands.handler import CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.events import Codec, Event, Recorded, event_type
from gatherlog.core.eventstore.store import (
    ANY,
    DELETE,
    KEEP,
    NEW,
    Append,
    Commit,
    Committed,
    Document,
    Heads,
    Limits,
    Page,
    Query,
    Recalled,
    Ref,
    Store,
    StreamHead,
    Write,
)
from gatherlog.core.projections.folds import Change, Fold, Happened
from gatherlog.core.projections.views import View

__all__ = [
    "ANY",
    "DELETE",
    "KEEP",
    "NEW",
    "Append",
    "Change",
    "Codec",
    "CommandHandler",
    "Commit",
    "Committed",
    "Decided",
    "Document",
    "Event",
    "Fold",
    "Handled",
    "Happened",
    "Heads",
    "Limits",
    "Once",
    "Page",
    "Query",
    "Recalled",
    "Recorded",
    "Ref",
    "Store",
    "StreamHead",
    "UnitOfWork",
    "View",
    "Write",
    "event_type",
]
