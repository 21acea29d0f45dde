"""The pages: what runs here, a guest's invitation, the API reference. Not one has a script."""

from gatherlog.interfaces.web.pages import Pages

__all__ = ["Pages"]
