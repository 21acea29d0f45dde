"""Caches: what may be forgotten at any time, in this process or in a server that several share."""

from gatherlog.caches.opening import check_cache, open_cache

__all__ = ["check_cache", "open_cache"]
