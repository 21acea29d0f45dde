"""What commands about guests share: loading all guests, and asking before something is written."""

import sys
from typing import TYPE_CHECKING

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused

if TYPE_CHECKING:
    from gatherlog.apps.guests.views import Guest
    from gatherlog.interfaces.platform import Platform

__all__ = ["all_guests", "refusal_of"]

PAGE = 1000


async def all_guests(platform: "Platform", gathering: str) -> "list[Guest]":
    """All guests, by name. Raises NotFound if there is no such gathering."""
    guests: list[Guest] = []
    cursor: str | None = None
    await platform.guests.gathering(gathering)
    while True:
        page = await platform.guests.guests(gathering, limit=PAGE, cursor=cursor)
        guests += [stored.body for stored in page.items]
        cursor = page.cursor
        if cursor is None:
            return guests


def refusal_of(question: str, what: str, *, may_ask: bool = True) -> CommandRefused | None:
    """Ask on the terminal. None if the answer is yes, else the refusal, as in "nothing `what`"."""
    if not (may_ask and sys.stdin.isatty()):
        return CommandRefused(f"nothing {what}: nobody is here to ask; confirm with --yes")
    print(f"{question} [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return None
    return CommandRefused(f"nothing {what}", FAILED)
