"""Gatherlog: guest lists, things to do and conversations, kept in one append-only log."""

__version__ = "0.1.0"
