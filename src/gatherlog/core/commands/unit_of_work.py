"""The unit of work: the documents that one attempt at a command loads, and its demands on them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from gatherlog.core.eventstore.store import Document, Ref, Store
from gatherlog.core.projections.views import View

__all__ = ["UnitOfWork"]

B = TypeVar("B", bound=msgspec.Struct)


class UnitOfWork:
    """The documents that one attempt at a command has loaded.

    The commit demands that each of them is still at the version that was loaded.
    """

    def __init__(self, store: Store, now: int) -> None:
        self._store = store
        self.now = now
        """The time of the attempt and of its events, in microseconds since the epoch."""
        self.documents: dict[Ref, Document | None] = {}
        self.bodies: dict[Ref, Any] = {}
        self.at_most: dict[Ref, Mapping[str, int]] = {}
        self.at_least: dict[Ref, Mapping[str, int]] = {}

    async def get(self, view: View[B], id: str) -> B | None:
        """Load a document, unless it is loaded; its typed body, or None where there is none."""
        ref = (view.name, id)
        if ref not in self.documents:
            [document] = await self._store.get(view.name, [id])
            self.documents[ref] = document
            self.bodies[ref] = view.read(document)
        body: B | None = self.bodies[ref]
        return body

    async def load(self, view: View[B], ids: Sequence[str]) -> list[B | None]:
        """As `get`, several documents of a view in one call to the store."""
        missing = [id for id in dict.fromkeys(ids) if (view.name, id) not in self.documents]
        if missing:
            for id, document in zip(
                missing, await self._store.get(view.name, missing), strict=True
            ):
                ref = (view.name, id)
                self.documents[ref] = document
                self.bodies[ref] = view.read(document)
        return [self.bodies[view.name, id] for id in ids]

    def version(self, view: View[Any], id: str) -> int:
        """The version of a loaded document; 0 where there is none."""
        return version_of(self.documents[view.name, id])

    def counters(self, view: View[Any], id: str) -> Mapping[str, int]:
        """The counters of a loaded document.

        Counters may change without a new version: `demand` bounds on those that a decision rests
        on.
        """
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
        self.at_most[ref] = {**self.at_most.get(ref, {}), **at_most}
        self.at_least[ref] = {**self.at_least.get(ref, {}), **at_least}

    def versions(self) -> dict[Ref, int]:
        """The versions of all loaded documents; 0 where there is none."""
        return {ref: version_of(document) for ref, document in self.documents.items()}

    async def is_outdated(self) -> bool:
        """Whether any loaded document has another version by now.

        If so, the loaded documents may never have existed side by side.
        """
        for (view, id), document in self.documents.items():
            [present] = await self._store.get(view, [id])
            if version_of(present) != version_of(document):
                return True
        return False


def version_of(document: Document | None) -> int:
    """The version of a document; 0 where there is none."""
    return 0 if document is None else document.version
