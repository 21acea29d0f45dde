"""The indexes for searching, of things to do and of messages."""

from gatherlog.apps import messages, things
from gatherlog.assembly.basis import Basis
from gatherlog.search import IndexedSearch, SearchOnDemand

__all__ = ["search_of_messages", "search_of_things"]


def search_of_things(on: Basis) -> IndexedSearch:
    """Follows the log while the site is served."""
    source = things.ThingSource(on.store, clock=on.clock, report=on.log.failed)
    return IndexedSearch(
        on.store,
        source,
        folder=on.settings.search_path,
        clock=on.clock,
        report=on.log.failed,
    )


def search_of_messages(on: Basis) -> SearchOnDemand:
    """Its folder is within that of things; without one it is a temporary one."""
    folder = on.settings.search_path
    index = IndexedSearch(
        on.store,
        messages.MessageSource(on.store),
        folder=None if folder is None else folder / "messages",
        clock=on.clock,
        report=on.log.failed,
    )
    return SearchOnDemand(on.store, index)
