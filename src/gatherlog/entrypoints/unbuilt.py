"""What a process does that starts on a store whose documents an earlier release made."""

import sys

from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.projections.building import unbuilt_views
from gatherlog.interfaces.platform import Platform

__all__ = ["ViewsNotBuilt", "meet_unbuilt_views"]


class ViewsNotBuilt(GatherlogError):
    """The settings say that no process of the site starts before all views are built."""

    code = "view_not_built"


async def meet_unbuilt_views(platform: Platform) -> None:
    """Say on stderr which views have to be built, who builds them, and what is refused until then.

    Raises ViewsNotBuilt where the settings say that the process may not start so.
    """
    views = await unbuilt_views(platform.store)
    if not views:
        return
    settings, names = platform.settings, ", ".join(views)
    command = f"gatherlog upgrade --store {settings.address.shown}"
    if settings.unbuilt_views == "refuse":
        raise ViewsNotBuilt(f"views of this release are not built ({names}); run {command}")
    who = "They are built now, beside everything else"
    if settings.unbuilt_views == "leave":
        who = f"Build them once: {command}"
    print(
        f"Views of this release are not built yet: {names}. {who}. Until then, requests that list"
        " them are answered with 503, and /readyz says so.",
        file=sys.stderr,
        flush=True,
    )
