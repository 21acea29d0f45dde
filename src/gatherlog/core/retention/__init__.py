"""Retention: rules that say which events expire, the work that does it, and erasing people.

- `rules`, `service`, `checks`: rules as events and documents, commands, and what they may concern
- `expiry`, `progress`: letting events expire, and how far that is
- `erasing`, `erasures`: erasing a person, and the record of it
- `traces`, `copies`: what there is of a person in apps, and copies outside of the log
"""

from gatherlog.core.retention.checks import BodiesNeeded, RetentionChecks
from gatherlog.core.retention.erasing import (
    UNDER_WAY,
    UNFINISHED,
    Erased,
    Eraser,
    delete_document,
)
from gatherlog.core.retention.erasures import ERASING_CATEGORY, ERASURES, Kind, erases
from gatherlog.core.retention.expiry import BeforeBlank, Expiry, OnBlanked
from gatherlog.core.retention.progress import EXPIRIES
from gatherlog.core.retention.rules import CATEGORY, RETENTION, Expiring, RetentionRule
from gatherlog.core.retention.service import Matching, RetentionService
from gatherlog.core.retention.traces import ErasingPart, Traces, quoted

__all__ = [
    "CATEGORY",
    "ERASING_CATEGORY",
    "ERASURES",
    "EXPIRIES",
    "RETENTION",
    "UNDER_WAY",
    "UNFINISHED",
    "BeforeBlank",
    "BodiesNeeded",
    "Erased",
    "Eraser",
    "ErasingPart",
    "Expiring",
    "Expiry",
    "Kind",
    "Matching",
    "OnBlanked",
    "RetentionChecks",
    "RetentionRule",
    "RetentionService",
    "Traces",
    "delete_document",
    "erases",
    "quoted",
]
