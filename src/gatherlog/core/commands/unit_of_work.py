"""The unit of work: what one attempt at a command has loaded, and its demands on that."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from gatherlog.core.eventstore.events import Codec
from gatherlog.core.eventstore.store import Document, Ref, Store
from gatherlog.core.projections.views import View

__all__ = ["UnitOfWork"]

B = TypeVar("B", bound=msgspec.Struct)
_NOTHING: Final[Mapping[Any, Any]] = {}


class UnitOfWork:
    """The documents and streams that one attempt at a command has loaded.

    The commit demands that each of them is still at the version that was loaded. Documents are not
    one snapshot, in whatever order they are loaded: those that do not fit together lead to a commit
    that fails, or to a refusal that is decided again.
    """

    __slots__ = (
        "_codec",
        "_events",
        "_shown",
        "_store",
        "_views",
        "at_least",
        "at_most",
        "bodies",
        "documents",
        "now",
        "reads_counters",
        "streams",
    )

    def __init__(self, store: Store, codec: Codec, now: int) -> None:
        self._store = store
        self._codec = codec
        self._views: dict[str, View[Any]] = {}
        self._events: Mapping[str, tuple[Any, ...]] = _NOTHING
        self._shown: Mapping[Ref, Document | None] = _NOTHING
        self.now = now
        """The time of the attempt and of its events, in microseconds since the epoch."""
        self.documents: dict[Ref, Document | None] = {}
        self.bodies: dict[Ref, Any] = {}
        self.at_most: Mapping[Ref, Mapping[str, int]] = _NOTHING
        self.at_least: Mapping[Ref, Mapping[str, int]] = _NOTHING
        self.streams: Mapping[str, int] = _NOTHING
        """The version of each stream that was read."""
        self.reads_counters = False
        """Whether the decision may rest on counters, which change without a new version."""

    async def load(
        self, *documents: tuple[View[Any], str], beside: Sequence[Ref] = ()
    ) -> Sequence[Document | None]:
        """Load those of the documents that are not loaded yet, in one round trip.

        Those that were shown are taken as they were then. Documents `beside` them, which may be of
        another app, are read in the same round trip and given back: the commit demands nothing of
        them.
        """
        known, shown = self.documents, self._shown
        new = {ref: view for view, id in documents if (ref := (view.name, id)) not in known}
        for ref in [ref for ref in new if ref in shown] if shown else ():
            self._add(new.pop(ref), ref, shown[ref])
        if not new and not beside:
            return ()
        found = await self._store.get([*new, *beside])
        views, bodies = self._views, self.bodies
        for (ref, view), document in zip(new.items(), found, strict=False):
            views[ref[0]] = view
            known[ref] = document
            bodies[ref] = None if document is None else view.recall(document)
        return found[len(new) :] if beside else ()

    def assume_new(self, view: View[Any], id: str) -> None:
        """Take a document for missing without reading it, because its id was made just now.

        The commit demands that there is none. A first attempt may take so what nearly always is
        missing; the next one, after a conflict, has to read it.
        """
        self._add(view, (view.name, id), None)

    async def get(self, view: View[B], id: str) -> B | None:
        """Load a document, unless it is loaded; its typed body, or None where there is none."""
        ref = (view.name, id)
        if ref not in self.documents:
            await self.load((view, id))
        body: B | None = self.bodies[ref]
        return body

    def body(self, view: View[B], id: str) -> B | None:
        """As `get`, of a document that is loaded. Raises KeyError for any other."""
        body: B | None = self.bodies[view.name, id]
        return body

    async def get_all(self, view: View[B], ids: Sequence[str]) -> list[B | None]:
        """As `get`, several documents of a view in one round trip."""
        await self.load(*[(view, id) for id in ids])
        name, bodies = view.name, self.bodies
        return [bodies[name, id] for id in ids]

    async def show(self, *documents: tuple[View[Any], str]) -> None:
        """Add bodies that the answer shows to `bodies`; the commit demands nothing of them."""
        new = {view.ref(id): view for view, id in documents if view.ref(id) not in self.bodies}
        if new:
            found = await self._store.get([*new])
            self._shown = {**self._shown, **dict(zip(new, found, strict=True))}
            for ref, document in zip(new, found, strict=True):
                self.bodies[ref] = new[ref].recall(document)

    async def stream(self, name: str) -> tuple[Any, ...]:
        """All events of a stream, typed, the oldest first.

        The commit demands that there are no others. Raises EventUnknown and EventUndecodable.
        """
        if name not in self._events:
            events: list[Any] = []
            size = min(1000, self._store.limits.page)
            while page := await self._store.read_stream(name, after=len(events), limit=size):
                events += self._codec.decode_all(page)
            self._events = {**self._events, name: tuple(events)}
            self.streams = {**self.streams, name: len(events)}
        return self._events[name]

    def version(self, view: View[Any], id: str) -> int:
        """The version of a loaded document; 0 where there is none."""
        document = self.documents[view.name, id]
        return 0 if document is None else document.version

    def counters(self, view: View[Any], id: str) -> Mapping[str, int]:
        """The counters of a loaded document.

        Counters may change without a new version: `demand` bounds on those that a decision rests
        on.
        """
        self.reads_counters = True
        document = self.documents[view.name, id]
        return {} if document is None else document.counters

    def demand(
        self,
        view: View[Any],
        id: str,
        *,
        at_most: Mapping[str, int] = {},
        at_least: Mapping[str, int] = {},
    ) -> None:
        """Let the commit fail unless counters of a loaded document are within bounds after it.

        Several demands on one document all hold. Raises ValueError if it was not loaded.
        """
        ref = (view.name, id)
        if ref not in self.documents:
            raise ValueError(f"{view.name}/{id} was not loaded: there is nothing to demand of it")
        if at_most:
            self.at_most = {**self.at_most, ref: {**self.at_most.get(ref, {}), **at_most}}
        if at_least:
            self.at_least = {**self.at_least, ref: {**self.at_least.get(ref, {}), **at_least}}

    def view(self, ref: Ref) -> View[Any]:
        """The view of a loaded document."""
        return self._views[ref[0]]

    def versions(self) -> dict[Ref, int]:
        """The versions of all loaded documents; 0 where there is none."""
        return _versions(self.documents)

    def versions_of_bodies(self) -> dict[Ref, int]:
        """The versions of all documents in `bodies`, as they were when they were read."""
        return _versions({**self._shown, **self.documents} if self._shown else self.documents)

    def forget(self, now: int) -> None:
        """Begin again at the time `now`, with nothing loaded and no demands."""
        self.__init__(self._store, self._codec, now)  # type: ignore[misc]

    async def reread(self, now: int) -> "UnitOfWork":
        """The same documents as they are now, in one round trip; streams are left out."""
        again = UnitOfWork(self._store, self._codec, now)
        await again.load(*[(self._views[view], id) for view, id in self.documents])
        return again

    async def is_current(self, again: "UnitOfWork") -> bool:
        """Whether what this unit has loaded was still so when `again` was read."""
        if self.versions() != again.versions():
            return False
        for name, version in self.streams.items():
            if await self._store.read_stream(name, after=version, limit=1):
                return False
        return True

    def has_counters_of(self, other: "UnitOfWork") -> bool:
        """Whether all loaded documents have the same counters in another unit."""
        return all(
            _counters(document) == _counters(other.documents.get(ref))
            for ref, document in self.documents.items()
        )

    def _add(self, view: View[Any], ref: Ref, document: Document | None) -> None:
        self._views[ref[0]] = view
        self.documents[ref] = document
        self.bodies[ref] = None if document is None else view.recall(document)


def _versions(documents: Mapping[Ref, Document | None]) -> dict[Ref, int]:
    return {ref: 0 if document is None else document.version for ref, document in documents.items()}


def _counters(document: Document | None) -> Mapping[str, int]:
    return {} if document is None else document.counters
