"""Retention: rules that say which events expire, and the work in the background that does it.

- `rules`, `service`, `checks`: rules as events and documents, commands, and what they may concern
- `expiry`, `progress`: letting events expire, and how far that is
"""

from gatherlog.core.retention.checks import BodiesNeeded, RetentionChecks
from gatherlog.core.retention.expiry import Expiry, OnBlanked
from gatherlog.core.retention.progress import EXPIRIES
from gatherlog.core.retention.rules import CATEGORY, RETENTION, Expiring, RetentionRule
from gatherlog.core.retention.service import Matching, RetentionService

__all__ = [
    "CATEGORY",
    "EXPIRIES",
    "RETENTION",
    "BodiesNeeded",
    "Expiring",
    "Expiry",
    "Matching",
    "OnBlanked",
    "RetentionChecks",
    "RetentionRule",
    "RetentionService",
]
