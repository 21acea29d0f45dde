"""Commands about what the cache keeps of a member's conversations: read, spoil and forget it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import counted, printable

if TYPE_CHECKING:
    from gatherlog.apps.messages.kept_lists import KeptList, KeptLists
    from gatherlog.interfaces.platform import Platform

__all__ = ["increment", "read", "reset"]

Handle = Annotated[str, Parameter(help="Handle of a member.")]


def read(handle: Handle, /, *, store: StoreUrl = None, json: Json = False) -> None:
    """Show what the cache has of a member's list, whether it is right, and the unread count.

    The count is read from the store, as it always is. A list that is not right any more is not
    shown to anybody.
    """

    async def look() -> dict[str, object]:
        async with _opened(store) as (platform, lists):
            account = (await platform.messages.person(handle)).id
            kept = await _kept(lists, account)
            right = kept is not None and await platform.messages.is_right(account, kept)
            found = None if kept is None else [id for id, _ in kept.places]
            unread = await platform.messages.unread(account)
            return {"conversations": found, "right": right, "unread": unread}

    found = finish(look())
    if json:
        import msgspec

        print(msgspec.json.encode(found).decode())
        return
    listed = found["conversations"]
    what = "nothing" if not isinstance(listed, list) else counted(len(listed), "conversation")
    print(f"kept: {what}{', right' if found['right'] else '' if listed is None else ', stale'}")
    print(f"unread: {found['unread']}")


def increment(handle: Handle, /, *, store: StoreUrl = None) -> None:
    """Add one to the place in the inbox at which the cache has a member's list.

    So what is kept is not right any more. Nobody is shown it: whoever asks next gets the list of
    the store, which is kept anew.
    """

    async def change() -> int:
        from msgspec.structs import replace

        async with _opened(store) as (platform, lists):
            account = (await platform.messages.person(handle)).id
            kept = await _kept(lists, account)
            if kept is None:
                raise CommandRefused(f"the cache has no list of {printable(handle)}")
            await lists.put(account, replace(kept, order=kept.order + 1))
            _check(lists)
            return kept.order + 1

    print(f"The list is kept as that of place {finish(change())}.")


def reset(handle: Handle, /, *, store: StoreUrl = None) -> None:
    """Forget what the cache has of a member's list. Nothing but that is lost."""

    async def forget() -> None:
        async with _opened(store) as (platform, lists):
            await lists.drop((await platform.messages.person(handle)).id)
            _check(lists)

    finish(forget())
    print("Nothing is kept.")


@asynccontextmanager
async def _opened(store: str | None) -> AsyncIterator[tuple["Platform", "KeptLists"]]:
    """The services, and the lists that several processes keep together."""
    settings = settings_of_store(store)
    if settings.cache in ("off", "memory"):
        raise CommandRefused(
            f"GATHERLOG_CACHE is {settings.cache}, so no other process has what is kept: name a"
            " server, such as valkey://localhost"
        )
    async with open_platform(settings) as platform:
        assert platform.kept_lists is not None
        yield platform, platform.kept_lists


async def _kept(lists: "KeptLists", account: str) -> "KeptList | None":
    kept = await lists.get(account)
    _check(lists)
    return kept


def _check(lists: "KeptLists") -> None:
    """Refuse to go on if the cache has not answered."""
    if lists.failures:
        from gatherlog.entrypoints.cli.failures import FAILED

        raise CommandRefused("the cache does not answer; see GATHERLOG_CACHE", FAILED)
