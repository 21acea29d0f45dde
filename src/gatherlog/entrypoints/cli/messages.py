"""Commands about conversations: make some, list and read them, look into their tables."""

import random
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.confirming import refusal_of
from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import (
    finish,
    open_platform,
    opened_store,
    settings_of_lasting,
    settings_of_store,
    started_platform,
)
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import counted, printable, table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gatherlog.apps.messages import Line, ShownMessage
    from gatherlog.core.eventstore.store import Commit, Document, Store
    from gatherlog.interfaces.platform import Platform

__all__ = ["drop", "get_conversation", "list_conversations", "list_tables", "scan", "seed"]

MOST_SEEDED = 100_000
Handle = Annotated[str, Parameter(help="Handle of a member.")]
Number = Annotated[int, WHOLE, Parameter(name="--limit", help="At most so many.")]
Yes = Annotated[bool, Parameter(negative="", show_default=False, help="Do it without a question.")]

TOPICS = ("the tent", "the lamps", "the cake", "the music", "the chairs", "the flowers", "the bus")
LINES = (
    "Have you thought of {topic} yet?",
    "Not really. What do we need?",
    "Something simple. I can ask my neighbour about {topic}.",
    "Good idea! Shall I write to the others?",
    "Yes, please. And tell them when it starts.",
    "Half past four, wasn't it?",
    "Five. It was half past four last year 😄",
    "Then I have it wrong in my calendar… Thanks!",
    "So: {topic} is mine, the list is yours.",
    "Done. What is next?",
)


def seed(
    first: Handle = "ada",
    second: Handle = "bob",
    /,
    *,
    messages: Annotated[int, WHOLE, Parameter(help="How many messages the two write.")] = 100,
    store: StoreUrl = None,
) -> None:
    """Let two made-up members write to each other, to have something to try things with.

    Members who are missing are made, with addresses that end in example.org. A missing store is
    created.
    """
    if not 1 <= messages <= MOST_SEEDED:
        raise CommandRefused(f"--messages is {messages}: write 1 to {MOST_SEEDED:,}")
    for one in (first, second):
        _check_handle(one)
    if first.lower() == second.lower():
        raise CommandRefused(f"{first} and {second} are the same member: name two")
    settings, chance = settings_of_lasting(store), random.Random(7)

    async def talk() -> str:
        async with started_platform(settings) as platform:
            pair = [(await _member(platform, one), one) for one in (first, second)]
            conversation = ""
            for number in range(messages):
                (author, _), (_, other) = pair if number % 2 == 0 else pair[::-1]
                text = LINES[number % len(LINES)].format(topic=chance.choice(TOPICS))
                sent = await platform.messages.start(author, other, text, actor="cli")
                conversation = sent.conversation
            return conversation

    print(f"{counted(messages, 'message')} in the conversation {finish(talk())}.")


def list_conversations(
    handle: Handle, /, *, limit: Number = 20, store: StoreUrl = None, json: Json = False
) -> None:
    """List a member's conversations; where something was written last comes first."""
    settings = settings_of_store(store)

    async def load() -> "list[Line]":
        async with open_platform(settings, read_only=True) as platform:
            account = (await platform.messages.person(handle)).id
            return (await platform.messages.conversations(account, limit=limit)).items

    from gatherlog.interfaces.rest.message_answers import conversation_answer

    found = [conversation_answer(line) for line in finish(load())]
    if json:
        _print_json(found)
        return
    rows = [(one.uuid, one.display_name, one.unread, one.created_at, one.message) for one in found]
    print(table(("uuid", "with", "unread", "last", "message"), rows))


def get_conversation(
    uuid: Annotated[str, Parameter(help="The conversation, as list-conversations shows it.")],
    /,
    *,
    as_: Annotated[str, Parameter(name="--as", help="Handle of the member whose it is.")],
    limit: Number = 20,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Print the newest messages of a conversation, the newest last, and leave them unread."""
    settings = settings_of_store(store)

    async def load() -> "list[ShownMessage]":
        async with open_platform(settings, read_only=True) as platform:
            account = (await platform.messages.person(as_)).id
            return (await platform.messages.messages(account, uuid.lower(), limit=limit)).items

    from gatherlog.interfaces.rest.message_answers import message_answer

    found = [message_answer(shown) for shown in reversed(finish(load()))]
    if json:
        _print_json(found)
        return
    for one in found:
        print(f"{one.created_at}  {printable(one.display_name)}: {printable(one.message)}")


def list_tables(*, store: StoreUrl = None, json: Json = False) -> None:
    """List the tables that conversations are kept in, their access patterns and documents."""
    from gatherlog.apps.messages import VIEWS

    async def count() -> list[dict[str, object]]:
        async with opened_store(store, read_only=True) as opened:
            found: list[dict[str, object]] = []
            for view in VIEWS:
                number = 0
                async for _ in _documents(opened, view.name):
                    number += 1
                patterns = ", ".join(view.indexes)
                found.append({"table": view.name, "patterns": patterns, "documents": number})
            return found

    found = finish(count())
    if json:
        _print_json(found)
        return
    print(table(("table", "access patterns", "documents"), [[*one.values()] for one in found]))


def scan(
    view: Annotated[str, Parameter(name="TABLE", help="A table, as list-tables names it.")],
    /,
    *,
    limit: Number = 100,
    store: StoreUrl = None,
) -> None:
    """Print documents of a table as lines of JSON, in no particular order."""
    _known(view)

    async def load() -> None:
        left = limit
        async with opened_store(store, read_only=True) as opened:
            async for document in _documents(opened, view):
                if left <= 0:
                    return
                left -= 1
                print(_line(document))

    finish(load())


def drop(*, yes: Yes = False, store: StoreUrl = None) -> None:
    """Delete all tables of conversations. Their events stay, and `rebuild` makes the tables again.

    For stores that nobody uses meanwhile: who writes to somebody then begins anew, in a second
    conversation of the two.
    """
    from gatherlog.apps.messages import VIEWS

    settings_of_store(store)
    if not yes and (refusal := refusal_of("Delete all tables of conversations?", "deleted")):
        raise refusal

    async def delete() -> int:
        deleted = 0
        async with opened_store(store) as opened:
            for view in VIEWS:
                async for document in _documents(opened, view.name):
                    await opened.commit(_deletion(document))
                    deleted += 1
        return deleted

    print(f"{counted(finish(delete()), 'document')} deleted. Make them again: gatherlog rebuild")


def _check_handle(handle: str) -> None:
    from gatherlog.apps.people.profile_decisions import is_handle

    if not is_handle(handle):
        raise CommandRefused(
            f"{printable(handle)} is no handle: write 3 to 30 of a to z, 0 to 9, _ and ."
        )


async def _member(platform: "Platform", handle: str) -> str:
    """The account with this handle, which is made if there is none."""
    from gatherlog.apps.people import ProfilePatch

    known = await platform.profiles.by_handle(handle)
    if known is not None:
        return known
    account = await platform.accounts.ensure(f"{handle}@example.org", actor="cli")
    named = ProfilePatch(handle=handle, display_name=handle.capitalize())
    await platform.profiles.change(account, named, actor="cli")
    return account


def _documents(store: "Store", view: str) -> "AsyncIterator[Document]":
    from gatherlog.core.projections.paging import all_documents

    return all_documents(store, view)


def _known(view: str) -> None:
    from gatherlog.apps.messages import VIEWS

    names = [one.name for one in VIEWS]
    if view not in names:
        raise CommandRefused(f"there is no table {printable(view)}; use one of {', '.join(names)}")


def _line(document: "Document") -> str:
    import msgspec

    body = None if document.body is None else msgspec.Raw(document.body)
    shown = {"id": document.id, "version": document.version, "body": body}
    return msgspec.json.encode({**shown, "counters": document.counters}).decode()


def _deletion(document: "Document") -> "Commit":
    """The commit that deletes a document, or sets its counters to nothing, without an event."""
    from gatherlog.core.eventstore.store import DELETE, KEEP, Commit, Write

    adds = {name: -value for name, value in document.counters.items()}
    write = Write(
        view=document.view,
        id=document.id,
        stream=document.stream,
        body=KEEP if adds else DELETE,
        adds=adds,
        counted=document.counted if adds else None,
        at=max(document.version, document.counted),
    )
    return Commit(writes=[write])


def _print_json(value: object) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())
