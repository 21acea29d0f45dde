"""The trail: what was done to gatherings and guests, by whom, who read it, and last visits."""

from gatherlog.apps.trail.events import CATEGORIES, SITE, What
from gatherlog.apps.trail.fold import trail_subscription
from gatherlog.apps.trail.service import TrailService
from gatherlog.apps.trail.views import VIEWS, Activity, LastSeen

__all__ = [
    "CATEGORIES",
    "SITE",
    "VIEWS",
    "Activity",
    "LastSeen",
    "TrailService",
    "What",
    "trail_subscription",
]
