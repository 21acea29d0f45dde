"""The pages about things to do for visitors and parents: find, book, favourites, children."""

from gatherlog.interfaces.web.things.routes import ThingsPages

__all__ = ["ThingsPages"]
