"""The trail: who did what to a gathering and its guests, who looked, and who was last here when."""

from gatherlog.apps.trail.events import CATEGORIES, SITE, What
from gatherlog.apps.trail.fold import trail_subscription
from gatherlog.apps.trail.listing import Listing
from gatherlog.apps.trail.service import TrailService
from gatherlog.apps.trail.views import VIEWS, Activity, LastSeen

__all__ = [
    "CATEGORIES",
    "SITE",
    "VIEWS",
    "Activity",
    "LastSeen",
    "Listing",
    "TrailService",
    "What",
    "trail_subscription",
]
