"""How a site is, at one look: `shapes` of the answer, its `troubles`, and `reading` it."""

from gatherlog.interfaces.status.reading import SiteStatus
from gatherlog.interfaces.status.shapes import Status, Trouble

__all__ = ["SiteStatus", "Status", "Trouble"]
