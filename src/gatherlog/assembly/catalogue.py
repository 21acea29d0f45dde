"""All views, categories and projections of the core and the apps."""

from typing import Any

from gatherlog.apps import guests, intake, messages, people, things, trail
from gatherlog.apps.guests import mailing
from gatherlog.apps.intake.views import IDENTITIES
from gatherlog.apps.messages.reminders import REMINDERS, reminders
from gatherlog.core import queues, retention
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.views import View
from gatherlog.core.routing import rules
from gatherlog.core.subscriptions import dead_letters, worker
from gatherlog.core.subscriptions.log_counts import LOGS, logs_subscription
from gatherlog.core.subscriptions.projection import Projection

__all__ = ["CATEGORIES", "OWNED", "VIEWS", "all_categories", "kept_views", "projections"]

VIEWS = (
    *guests.VIEWS,
    *things.VIEWS,
    *people.VIEWS,
    *messages.VIEWS,
    REMINDERS,
    *trail.VIEWS,
    *intake.VIEWS,
    *worker.VIEWS,
    *queues.VIEWS,
    rules.RULES,
    retention.RETENTION,
    retention.EXPIRIES,
    retention.ERASURES,
    LOGS,
)
"""All views of the core and of the apps. Every store is opened with them."""
CATEGORIES = (
    *guests.CATEGORIES,
    *things.CATEGORIES,
    *people.CATEGORIES,
    *messages.CATEGORIES,
    *trail.CATEGORIES,
    *intake.CATEGORIES,
    rules.CATEGORY,
    retention.CATEGORY,
    retention.ERASING_CATEGORY,
    dead_letters.CATEGORY,
    queues.CATEGORY,
)
"""The categories of streams whose events are folded into documents, for rebuild and verify; those
of records that were taken in are `intake.record_logs`."""
OWNED = frozenset(category.name for category in CATEGORIES) | {mailing.CATEGORY}
"""Categories of streams that only the core and the apps append to."""


def projections(*, mail: bool = True) -> list[Projection]:
    """The subscriptions that keep documents of their own, which no rebuild compares.

    Those that only a site with mail needs are left out without it.
    """
    kept = [logs_subscription(), trail.trail_subscription(), intake.entries_subscription()]
    return [*kept, reminders()] if mail else kept


async def all_categories(store: Store) -> list[Category]:
    """All categories of streams whose events are folded into documents, those of records, too."""
    return [*CATEGORIES, *await intake.record_logs(store)]


def kept_views() -> list[View[Any]]:
    """The views whose documents follow from no events, such as checkpoints."""
    folded = {IDENTITIES.name}
    folded |= {view.name for category in CATEGORIES for view in category.fold.views}
    folded |= {view.name for one in projections() if one.fold for view in one.fold.views}
    return [view for view in VIEWS if view.name not in folded]
