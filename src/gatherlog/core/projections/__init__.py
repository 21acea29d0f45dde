"""Projections: views with their indexes, folds of events into documents, rebuild and verify.

What programs use is importable from here. The modules:

- `views`: typed documents with named indexes; `folds`: how events become documents
- `paging`: reading lists to their end
- `rebuild`: comparing the documents with the events, and repairing them
- `building`: building the views that a newer release has changed
"""

from gatherlog.core.projections.building import BuildProgress, build_views, unbuilt_views
from gatherlog.core.projections.folds import (
    Category,
    Change,
    EventFold,
    Fold,
    Happened,
    NoDocuments,
)
from gatherlog.core.projections.paging import all_documents, all_streams, bodies, documents
from gatherlog.core.projections.rebuild import Difference, Progress, rebuild, verify
from gatherlog.core.projections.views import View

__all__ = [
    "BuildProgress",
    "Category",
    "Change",
    "Difference",
    "EventFold",
    "Fold",
    "Happened",
    "NoDocuments",
    "Progress",
    "View",
    "all_documents",
    "all_streams",
    "bodies",
    "build_views",
    "documents",
    "rebuild",
    "unbuilt_views",
    "verify",
]
