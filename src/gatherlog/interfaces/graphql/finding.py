"""The seam to whatever searches the published things of a site; it is the app's."""

from gatherlog.apps.things import Finder, Found, Hit, ThingQuery
from gatherlog.core.search import Circle, Place

__all__ = ["Circle", "Finder", "Found", "Hit", "Place", "ThingQuery"]
