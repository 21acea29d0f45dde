"""The HTML pages: for guests, for hosts, for signing in, and the API reference."""

from gatherlog.interfaces.web.pages import Pages

__all__ = ["Pages"]
