"""The warning of a process that starts on a store whose documents an earlier release made."""

import sys

from gatherlog.core.eventstore.store import KnowsViews
from gatherlog.interfaces.platform import Platform

__all__ = ["warn_of_unbuilt_views"]


async def warn_of_unbuilt_views(platform: Platform) -> None:
    """Say on stderr which views have to be rebuilt, what is refused until then, and how to."""
    store = platform.store
    if not isinstance(store, KnowsViews) or not (views := await store.unbuilt()):
        return
    print(
        f"Some documents were made by an earlier release ({', '.join(views)}). Until they are"
        " rebuilt, requests that list them are answered with 503, and /readyz says so. Run this"
        f" once, beside the server: gatherlog rebuild --store {platform.settings.address.shown}",
        file=sys.stderr,
        flush=True,
    )
