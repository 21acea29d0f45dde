"""The paths of the pages for organisers and reviewers, and what answers them."""

from typing import Final

from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.web.frame import PageHandler
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.things.desk import DeskPages
from gatherlog.interfaces.web.things.edit import EditPages
from gatherlog.interfaces.web.things.own_frame import (
    NOT_A_REVIEWER,
    NOT_AN_ORGANISER,
    OwnFrame,
)
from gatherlog.interfaces.web.things.review import ReviewPage
from gatherlog.interfaces.web.things.review_queue import QueuePage
from gatherlog.interfaces.web.things.roster import RosterPages
from gatherlog.interfaces.web.visitors import Visitors

__all__ = ["OwnPages"]

_GET: Final = ["GET"]
_BOTH: Final = ["GET", "POST"]


class OwnPages:
    """The pages over one platform."""

    def __init__(
        self,
        platform: Platform,
        renderer: Renderer,
        visitors: Visitors,
        rate_limiter: RateLimiter,
    ) -> None:
        self.frame = OwnFrame(platform, renderer, visitors)
        self._desk = DeskPages(self.frame)
        self._edit = EditPages(self.frame)
        self._roster = RosterPages(self.frame, rate_limiter)
        self._review = ReviewPage(self.frame)
        self._queue = QueuePage(self.frame)

    def pages(self) -> list[tuple[str, PageHandler, list[str]]]:
        """Path, handler and methods of each page."""
        for_organisers: list[tuple[str, PageHandler, list[str]]] = [
            ("/desk", self._desk.home, _GET),
            ("/desk/new", self._edit.new, _BOTH),
            ("/desk/profile", self._desk.profile, _BOTH),
            ("/desk/{id}", self._desk.thing, _BOTH),
            ("/desk/{id}/edit", self._edit.edit, _BOTH),
            ("/desk/{id}/preview", self._edit.preview, _GET),
            ("/desk/{id}/dates/{date}", self._roster.date, _BOTH),
            ("/desk/{id}/dates/{date}/print", self._roster.print, _GET),
            ("/desk/{id}/dates/{date}/roster.csv", self._roster.sheet, _GET),
        ]
        for_reviewers: list[tuple[str, PageHandler, list[str]]] = [
            ("/review", self._queue.home, _BOTH),
            ("/review/{id}", self._review.thing, _BOTH),
        ]
        return [
            (path, self.frame.for_role(page, denied), methods)
            for pages, denied in (
                (for_organisers, NOT_AN_ORGANISER),
                (for_reviewers, NOT_A_REVIEWER),
            )
            for path, page, methods in pages
        ]
