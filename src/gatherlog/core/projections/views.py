"""Views: read models as typed documents, with their access patterns declared and named.

    GUESTS = View("guest", Guest, version=1, by_gathering=lambda g: (g.gathering_id, g.last_name))

Each pattern returns the document's key in one index: the partition key, then the parts of the sort
key. It returns None if the index should not list the document. A `Fold` decides which events change
which documents.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import DocumentUndecodable
from gatherlog.core.eventstore.exact_json import decoder, encode
from gatherlog.core.eventstore.store import (
    DELETE,
    KEEP,
    Body,
    Document,
    IndexKey,
    Query,
    Ref,
    Write,
)

__all__ = ["View"]

B = TypeVar("B", bound=msgspec.Struct)
AccessPattern = Callable[[Any], IndexKey | None]
REMEMBERED: Final = 1_024
LONGEST_REMEMBERED: Final = 4_096
"""How many typed bodies a view remembers, and up to how many bytes each."""


class View(Generic[B]):
    """A named, versioned kind of document with declared indexes.

    Increase `version` when bodies or keys change their meaning. Processes with the older version
    are then refused, and the view has to be rebuilt before its indexes serve.
    """

    def __init__(
        self, name: str, body: type[B], *, version: int = 1, **patterns: AccessPattern
    ) -> None:
        self.name = name
        self.body = body
        self.version = version
        self.patterns: Mapping[str, AccessPattern] = patterns
        self._encode = encode
        self._decode = decoder(body)
        self._typed: dict[str, tuple[bytes, B]] = {}
        """By the id of the document: the bytes of a body, and the body."""

    def __repr__(self) -> str:
        return f"View({self.name!r}, version={self.version})"

    @property
    def indexes(self) -> Collection[str]:
        """The names of the declared access patterns."""
        return self.patterns.keys()

    def ref(self, id: str) -> Ref:
        """The name of one document of this view."""
        return (self.name, id)

    def read(self, document: Document | None) -> B | None:
        """The typed body; None if there is no document, or none with a body.

        Raises DocumentUndecodable for a body that is damaged.
        """
        if document is None or document.body is None:
            return None
        return self._decoded(document.id, document.body)

    def recall(self, document: Document | None) -> B | None:
        """As `read`, but a body that was decoded or encoded lately is remembered.

        While the store returns the same bytes, every caller gets the same object, so nobody may
        change it: neither its fields, nor a list or dict in it. Make a changed copy instead, with
        `msgspec.structs.replace`.
        """
        if document is None or (encoded := document.body) is None:
            return None
        known = self._typed.get(document.id)
        if known is not None and known[0] is encoded:
            return known[1]
        body = self._decoded(document.id, encoded)
        self._remember(document.id, encoded, body)
        return body

    def _decoded(self, id: str, encoded: bytes) -> B:
        try:
            return self._decode(encoded)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise DocumentUndecodable(self.name, id) from None

    def _remember(self, id: str, encoded: bytes, body: B) -> None:
        """Keep a typed body, unless it is long; the oldest of more than REMEMBERED is let go."""
        if len(encoded) <= LONGEST_REMEMBERED:
            self._typed[id] = encoded, body
            if len(self._typed) > REMEMBERED:
                del self._typed[next(iter(self._typed))]

    def keys(self, body: B) -> dict[str, IndexKey]:
        """The document's key in every index that lists it."""
        keys: dict[str, IndexKey] = {}
        for index, pattern in self.patterns.items():
            if (key := pattern(body)) is not None:
                keys[index] = key
        return keys

    def write(
        self,
        id: str,
        stream: str,
        body: B | Literal[Body.KEEP, Body.DELETE] = KEEP,
        *,
        expects: int | None = None,
        adds: Mapping[str, int] = {},
        at_most: Mapping[str, int] = {},
        at_least: Mapping[str, int] = {},
        at: int | None = None,
    ) -> Write:
        """A `Write` of this view, with the body encoded and its index keys computed."""
        encoded: bytes | Literal[Body.KEEP, Body.DELETE]
        if body is KEEP or body is DELETE:
            encoded, index_keys = body, {}
        else:
            encoded, index_keys = self._encode(body), self.keys(body)
            self._remember(id, encoded, body)
        return Write(
            view=self.name,
            id=id,
            stream=stream,
            expects=expects,
            body=encoded,
            index_keys=index_keys,
            adds=adds,
            at_most=at_most,
            at_least=at_least,
            at=at,
            indexes=len(self.patterns),
        )

    def query(
        self,
        index: str,
        partition: str,
        *,
        prefix: IndexKey = (),
        since: IndexKey = (),
        until: IndexKey = (),
        backwards: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Query:
        """A `Query` of one of this view's declared indexes. Raises ValueError for another name."""
        if index not in self.patterns:
            raise ValueError(f"view {self.name!r} declares no index {index!r}")
        return Query(
            view=self.name,
            index=index,
            partition=partition,
            prefix=prefix,
            since=since,
            until=until,
            backwards=backwards,
            limit=limit,
            cursor=cursor,
        )
