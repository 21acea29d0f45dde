"""Commands about durable queues: see what is in them, purge and remove them."""

from typing import Annotated
from urllib.parse import quote

from cyclopts import Parameter

from gatherlog.entrypoints.cli.asking import Answer, Place, Site, asked, struct_of
from gatherlog.entrypoints.cli.confirming import refusal_of
from gatherlog.entrypoints.cli.options import Json
from gatherlog.entrypoints.cli.terminal import printable, table

__all__ = ["list_", "purge", "remove"]

Name = Annotated[str, Parameter(help="Name of the queue.")]
Yes = Annotated[bool, Parameter(negative="", show_default=False, help="Do it without a question.")]


def list_(*, place: Place | None = None, json: Json = False) -> None:
    """List all durable queues, and how many of their messages are in which state."""
    from gatherlog.interfaces.rest.queues import QueueAnswer, QueueStatusAnswer

    async def load(site: Site) -> list[Answer]:
        queues = struct_of(await site.ask("GET", "/queues"), list[QueueAnswer])
        return [await site.ask("GET", _path(queue.name)) for queue in queues]

    answers = asked(place, load, read_only=True)
    if json:
        print(f"[{','.join(answer.body.decode() for answer in answers)}]")
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
        for one in (struct_of(answer, QueueStatusAnswer) for answer in answers)
    ]
    print(table(("name", "ready", "in flight", "waiting", "dead", "oldest"), rows))


def purge(name: Name, /, *, yes: Yes = False, place: Place | None = None) -> None:
    """Give up all messages of a queue, also those that consumers have, and dead ones."""
    from gatherlog.interfaces.rest.queues import PurgeAnswer

    _confirm(f"Give up all messages of {printable(name)}?", "purged", yes)
    answer = asked(place, lambda site: site.ask("POST", f"{_path(name)}/purge"))
    messages = struct_of(answer, PurgeAnswer).messages
    print(f"{messages:,} messages of {printable(name)} were given up.")


def remove(name: Name, /, *, yes: Yes = False, place: Place | None = None) -> None:
    """Remove a queue with all its messages; the next message that is sent to it makes it anew."""
    _confirm(f"Remove {printable(name)} and all its messages?", "removed", yes)
    asked(place, lambda site: site.ask("DELETE", _path(name)))
    print(f"Queue {printable(name)} is removed.")


def _confirm(question: str, what: str, yes: bool) -> None:
    if not yes and (refusal := refusal_of(question, what)) is not None:
        raise refusal


def _path(name: str) -> str:
    return f"/queues/{quote(name, safe='')}"
