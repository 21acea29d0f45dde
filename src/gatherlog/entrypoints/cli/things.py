"""Commands about things to do."""

from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import StoreUrl

__all__ = ["reindex"]


def reindex(*, store: StoreUrl = None) -> None:
    """Have every server build its index for searching anew.

    It is never needed after a failure, from which an index recovers by itself. Until the new index
    is there, servers answer from the old one; those that do not run now build it when they start.
    """

    async def request() -> None:
        async with open_platform(settings_of_store(store)) as platform:
            await platform.things.request_reindex(actor="cli")

    finish(request())
    print("Every server builds its index anew, and answers from the old one meanwhile.")
