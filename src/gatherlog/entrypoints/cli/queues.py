"""Commands about durable queues: see what is in them, purge and remove them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from gatherlog.entrypoints.cli.confirming import refusal_of
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.core.queues import QueueAdmin, QueueStatus

__all__ = ["list_", "purge", "remove"]

BY = "cli"
Name = Annotated[str, Parameter(help="Name of the queue.")]
Yes = Annotated[bool, Parameter(negative="", show_default=False, help="Do it without a question.")]
T = TypeVar("T")


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all durable queues, and how many of their messages are in which state."""

    async def load(admin: "QueueAdmin") -> "list[QueueStatus]":
        return await admin.statuses()

    found = _with_admin(store, load, read_only=True)
    if json:
        import msgspec

        print(msgspec.json.encode(found).decode())
        return
    rows = [
        (
            one.name,
            one.ready,
            one.in_flight,
            one.waiting,
            one.dead,
            "-" if one.oldest is None else f"{one.oldest:,.0f} s",
        )
        for one in found
    ]
    print(table(("name", "ready", "in flight", "waiting", "dead", "oldest"), rows))


def purge(name: Name, /, *, yes: Yes = False, store: StoreUrl = None) -> None:
    """Give up all messages of a queue, also those that consumers have, and dead ones."""
    _confirm(f"Give up all messages of {printable(name)}?", "purged", yes)
    messages = _with_admin(store, lambda admin: admin.purge(name, by=BY))
    print(f"{messages:,} messages of {printable(name)} were given up.")


def remove(name: Name, /, *, yes: Yes = False, store: StoreUrl = None) -> None:
    """Remove a queue with all its messages; the next message that is sent to it makes it anew."""
    _confirm(f"Remove {printable(name)} and all its messages?", "removed", yes)
    _with_admin(store, lambda admin: admin.remove(name, by=BY))
    print(f"Queue {printable(name)} is removed.")


def _confirm(question: str, what: str, yes: bool) -> None:
    if not yes and (refusal := refusal_of(question, what)) is not None:
        raise refusal


def _with_admin(
    store: str | None,
    work: "Callable[[QueueAdmin], Awaitable[T]]",
    *,
    read_only: bool = False,
) -> T:
    settings = settings_of_store(store)

    async def do() -> T:
        async with open_platform(settings, read_only=read_only) as platform:
            return await work(platform.queues.admin)

    return finish(do())
