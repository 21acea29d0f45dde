"""The pages about things to do: for visitors and parents, for organisers, and for reviewers."""

from gatherlog.interfaces.web.things.own_routes import OwnPages
from gatherlog.interfaces.web.things.routes import ThingsPages

__all__ = ["OwnPages", "ThingsPages"]
