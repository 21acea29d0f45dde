"""What the services of all apps share: a command as one commit, and answers made of documents.

A command of an app's service, with the app's `CommandHandler`:

    async def publish(self, new: NewThing, *, actor: str, once: Once | None) -> Stored[Thing]:
        thing_id = self._handler.ids()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return about(thing_id, decisions.publish(new))

        handled = await run(self._handler, stream_of(thing_id), attempt, actor=actor, once=once)
        return outcome(handled, THINGS, thing_id)
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from gatherlog.core.commands.event_meta import event_meta
from gatherlog.core.commands.handler import Attempt, CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import Conflict, GatherlogError, NotFound
from gatherlog.core.eventstore.giving_way import Pace, consumed
from gatherlog.core.eventstore.store import Document, Query, Store
from gatherlog.core.projections.views import View

__all__ = [
    "Listing",
    "Repeated",
    "Stored",
    "about",
    "changed_meanwhile",
    "check_version",
    "done_now",
    "listing",
    "no_such",
    "outcome",
    "read",
    "run",
    "search",
    "stored",
]

B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T")


class Repeated(GatherlogError):
    """The command was carried out before, under the same idempotency key; nothing is done now."""

    code = "repeated"

    def __init__(self, answer: bytes) -> None:
        super().__init__("this was done before, under the same key")
        self.answer = answer
        """What was answered then."""


class Stored(msgspec.Struct, Generic[T], frozen=True):
    """The typed body of a document, and its version, which changes with every write of the body."""

    body: T
    version: int


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list. `cursor` asks for the next page; it is None on the last one."""

    items: list[T]
    cursor: str | None


# Commands.


async def run(
    handler: CommandHandler,
    stream: str,
    attempt: Attempt,
    *,
    actor: str,
    more: Mapping[str, Any] = {},
    once: Once | None = None,
) -> Handled:
    """Carry out a command as one commit, whose events name `actor` in their meta, beside `more`.

    Raises what `CommandHandler.handle` raises, and Repeated where the command was carried out
    before with the key of `once`.
    """
    meta = event_meta(actor, more)
    return done_now(await handler.handle(stream, attempt, meta=meta, once=once))


def done_now(handled: Handled) -> Handled:
    """What a command did, if it was carried out now; raises Repeated if that was done before."""
    if handled.repeated:
        raise Repeated(handled.answer)
    return handled


def about(subject: str, payloads: Sequence[msgspec.Struct]) -> list[Decided]:
    """The events of a decision, all with one subject; it is empty if they are about the stream."""
    return [Decided(payload, subject) for payload in payloads]


def check_version(unit: UnitOfWork, view: View[Any], id: str, expects: int | None) -> None:
    """Raise Conflict unless a loaded document is at the version `expects`; None accepts any."""
    if expects is not None and (actual := unit.version(view, id)) != expects:
        raise Conflict("document", f"{view.name}/{id}", expects, actual)


def changed_meanwhile(view: View[Any], id: str) -> Conflict:
    """The error for a document that another one speaks of, and that is not there any more.

    The documents were changed while they were loaded, so the command handler decides again.
    """
    return Conflict("document", f"{view.name}/{id}", 1, 0)


def outcome(handled: Handled, view: View[B], id: str) -> Stored[B]:
    """A document that the command loaded or changed, as the command left it."""
    ref = view.ref(id)
    return Stored(handled.bodies[ref], handled.versions[ref])


def no_such(what: str, id: str) -> NotFound:
    """The error for an id that names nothing, as in "there is no guest '0198…'"."""
    return NotFound(f"there is no {what} {id!r}")


# Questions.


async def read(store: Store, view: View[B], id: str) -> B | None:
    """The typed body of one document; None where there is none."""
    [document] = await store.get([view.ref(id)])
    return view.recall(document)


def stored(view: View[B], documents: Iterable[Document | None]) -> list[Stored[B]]:
    """Those of the documents that exist and have a body, typed."""
    return [
        Stored(body, document.version)
        for document in documents
        if document is not None and (body := view.read(document)) is not None
    ]


async def listing(store: Store, view: View[B], query: Query) -> Listing[Stored[B]]:
    """One page of a query of `view`, of no more documents than the store reads at once.

    Every page but the last is full, also where the store's own pages are shorter.
    """
    limit = min(query.limit, store.limits.page)
    return await search(store, view, msgspec.structs.replace(query, limit=limit), None)


async def search(
    store: Store,
    view: View[B],
    query: Query,
    fits: Callable[[B], bool] | None,
    *,
    most_reads: int | None = None,
) -> Listing[Stored[B]]:
    """The first `query.limit` documents that a query of `view` finds and that fit.

    `fits` None accepts every document. Over all pages each document that fits is listed once, and
    every page but the last is full; but a page ends early after `most_reads` reads of the store,
    which are at least 2.
    """
    limit, most, pace = query.limit, store.limits.page, Pace()
    found: list[Stored[B]] = []
    cursor, again = query.cursor, 0
    for _ in itertools.count() if most_reads is None else range(most_reads):
        missing = limit - len(found)
        size = again or min(missing if fits is None else max(limit, most // 10, 1), most)
        page = await store.query(msgspec.structs.replace(query, limit=size, cursor=cursor))
        fitting = await _fitting(view, page.documents, fits, pace)
        if len(fitting) > missing:
            # Read again, only as far as the last document that has room: the cursor is behind it.
            again = fitting[missing - 1][0] + 1
            continue
        found += [one for _, one in fitting]
        cursor, again = page.cursor, 0
        if cursor is None or len(found) == limit:
            break
    return Listing(found, cursor)


async def _fitting(
    view: View[B], documents: list[Document], fits: Callable[[B], bool] | None, pace: Pace
) -> list[tuple[int, Stored[B]]]:
    """Those of a page's documents that fit, each with its place in the page; it is emptied."""
    fitting: list[tuple[int, Stored[B]]] = []
    for place, document in enumerate(consumed(documents)):
        if pace.is_over():
            await pace.give_way()
        body = view.read(document)
        if body is not None and (fits is None or fits(body)):
            fitting.append((place, Stored(body, document.version)))
    return fitting
