"""Searching: an index of this process, in a folder, which follows the log by itself.

`IndexedSearch` answers the queries of `gatherlog.core.search` about the documents of one source.
What it finds is in `docs/search.md`, and why it is built so in `docs/decisions/0045` to `0047`.
"""

from gatherlog.search.on_demand import SearchOnDemand
from gatherlog.search.service import IndexedSearch
from gatherlog.search.status import IndexStatus

__all__ = ["IndexStatus", "IndexedSearch", "SearchOnDemand"]
