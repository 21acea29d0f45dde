"""The paths of the pages for visitors and parents, and what answers them."""

from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.frame import PageHandler
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.things.book import BookPage
from gatherlog.interfaces.web.things.bookings import BookingPages
from gatherlog.interfaces.web.things.children import ChildrenPages
from gatherlog.interfaces.web.things.favourites import FavouritesPage
from gatherlog.interfaces.web.things.find import FindPage
from gatherlog.interfaces.web.things.frame import ThingsFrame
from gatherlog.interfaces.web.things.thing import ThingPage
from gatherlog.interfaces.web.visitors import Visitors

__all__ = ["ThingsPages"]


class ThingsPages:
    """The pages over one platform."""

    def __init__(self, platform: Platform, renderer: Renderer, visitors: Visitors) -> None:
        self.frame = ThingsFrame(platform, renderer, visitors)
        self._find = FindPage(self.frame)
        self._thing = ThingPage(self.frame)
        self._favourites = FavouritesPage(self.frame)
        self._children = ChildrenPages(self.frame)
        self._book = BookPage(self.frame, self._thing)
        self._bookings = BookingPages(self.frame)

    def pages(self) -> list[tuple[str, PageHandler, list[str]]]:
        """Path, handler and methods of each page."""
        both = ["GET", "POST"]
        return [
            ("/things", self._find.find, ["GET"]),
            ("/things/{id}", self._thing.thing, both),
            ("/things/{id}/book", self._book.book, both),
            ("/favourites", self._favourites.favourites, both),
            ("/children", self._children.children, ["GET"]),
            ("/children/new", self._children.add, both),
            ("/children/{id}", self._children.child, both),
            ("/bookings", self._bookings.bookings, ["GET"]),
            ("/bookings/{id}", self._bookings.booking, both),
        ]
