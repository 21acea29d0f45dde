"""Search: what can be found, what is asked, and what is answered, whichever program does the work.

An app makes a `SearchDocument` of everything that can be found, and a `SearchSource` that says
which documents an event changes. Interfaces ask a `Search`. What a query finds, and in which order,
is in `docs/search.md`. The modules:

- `documents`: what is found; `queries`: what is asked; `contract`: who answers, and from what
- `words`: how texts are compared; `places`: how distances are measured
"""

from gatherlog.core.search.contract import Found, Search, SearchPage, SearchSource, Touched
from gatherlog.core.search.documents import (
    ROLLING_DAYS,
    WEIGHTS,
    Occurrence,
    SearchDocument,
    Text,
    occurrences_between,
)
from gatherlog.core.search.places import Circle, Place
from gatherlog.core.search.queries import SearchQuery, Sort, check_query

__all__ = [
    "ROLLING_DAYS",
    "WEIGHTS",
    "Circle",
    "Found",
    "Occurrence",
    "Place",
    "Search",
    "SearchDocument",
    "SearchPage",
    "SearchQuery",
    "SearchSource",
    "Sort",
    "Text",
    "Touched",
    "check_query",
    "occurrences_between",
]
