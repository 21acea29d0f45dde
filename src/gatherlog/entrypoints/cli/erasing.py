"""The command that erases a person for good."""

from typing import Annotated, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.confirming import refusal_of
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable

__all__ = ["erase"]


def erase(
    kind: Annotated[Literal["guest", "account", "entity"], Parameter(help="What is erased.")],
    id: Annotated[
        str, Parameter(help="Its id; of an entity, what follows the log in the names of streams.")
    ],
    /,
    *,
    yes: Annotated[
        bool, Parameter(negative="", show_default=False, help="Do it without a question.")
    ] = False,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Erase a guest, an account, or an entity of other logs, for good.

    When it returns, no document is left, and no event says anything about them. On SQLite, the
    files of the store are overwritten, and others who write wait for that. Ids and counts stay.
    Backups that were made before keep everything.
    """
    settings = settings_of_store(store)
    named = f"{kind} {printable(id)}"
    if not yes and (refusal := refusal_of(f"Erase {named} for good?", "erased")) is not None:
        raise refusal

    async def do() -> tuple[int, int | None]:
        async with open_platform(settings) as platform:
            erased = await platform.eraser.erase(kind, id.lower() if _is_id(kind) else id, by="cli")
            return erased.events, erased.was_erased_at

    events, before = finish(do())
    _tell(named, events, before, json)


def _is_id(kind: str) -> bool:
    """Whether ids of this kind are UUIDs, in which case does not count."""
    return kind != "entity"


def _tell(named: str, events: int, before: int | None, json: bool) -> None:
    import msgspec

    from gatherlog.core.eventstore.clock import rfc3339

    at = None if before is None else rfc3339(before)
    if json:
        print(msgspec.json.encode({"events": events, "was_erased_at": at}).decode())
        return
    again = "" if at is None else f" It was erased before, at {at}."
    blank = "1 event is" if events == 1 else f"{events:,} events are"
    print(f"The {named} is erased: {blank} blank now.{again}")
