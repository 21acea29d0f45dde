"""Connections: lists that are read in both directions, as Relay has them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from gatherlog.core.commands.slices import Slice, Window
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "CONNECTION_FIELDS",
    "Connection",
    "Edge",
    "connection",
    "read_window",
    "size_flaws",
    "size_of",
]

DEFAULT_SIZE: Final = 10
T = TypeVar("T")
N = TypeVar("N")
Args = Mapping[str, Any]


class Edge(msgspec.Struct, Generic[N], frozen=True):
    """One node of a list, and its place there."""

    node: N
    cursor: str


class Connection(msgspec.Struct, Generic[N], frozen=True):
    """A part of a list."""

    edges: Sequence[Edge[N]]
    has_previous: bool
    has_next: bool
    total: Callable[[], Awaitable[int] | int]
    """Counts the whole list; called only where it is asked for."""
    ends: tuple[str, str] | None = None
    """The first and the last cursor, where the part is longer than its edges show. None: theirs."""

    @property
    def start(self) -> str | None:
        """The cursor of the first place."""
        return self.ends[0] if self.ends else self.edges[0].cursor if self.edges else None

    @property
    def end(self) -> str | None:
        """The cursor of the last place."""
        return self.ends[1] if self.ends else self.edges[-1].cursor if self.edges else None


def connection(
    found: Slice[T], node: Callable[[T, int], N], total: Callable[[], Awaitable[int] | int]
) -> Connection[N]:
    """A slice of documents as a connection; `node` is given the body and its version."""
    edges = [Edge(node(item.body, item.version), item.cursor) for item in found.items]
    return Connection(edges, found.has_previous, found.has_next, total)


def read_window(args: Args, *, most: int, default: int = DEFAULT_SIZE) -> Window:
    """The part of a list that arguments ask for.

    Raises Invalid for a size that is not 1 to `most`, and for `first` and `last` together.
    """
    if flaws := size_flaws(args, most):
        raise Invalid(*flaws)
    first, last = args.get("first"), args.get("last")
    return Window(
        limit=first or last or default,
        last=last is not None,
        after=args.get("after"),
        before=args.get("before"),
    )


def size_of(args: Args, *, most: int, default: int) -> int:
    """The size `first` of a list without cursors. Raises Invalid."""
    return read_window(
        {"first": args.get("first")},
        most=most,
        default=default,
    ).limit


def size_flaws(args: Args, most: int) -> list[Flaw]:
    """What is wrong with the sizes that arguments ask for."""
    sizes = {name: args.get(name) for name in ("first", "last")}
    flaws = [
        Flaw(f"/{name}", f"has to be 1 to {most}, not {size}")
        for name, size in sizes.items()
        if size is not None and not 1 <= size <= most
    ]
    if None not in sizes.values():
        flaws.append(Flaw("/last", "cannot be given together with first"))
    return flaws


CONNECTION_FIELDS: Final[Mapping[str, Callable[..., Any]]] = {
    "totalCount": lambda part, info: part.total(),
    "edges": lambda part, info: part.edges,
    "pageInfo": lambda part, info: part,
}
"""Of every type `…Connection`."""
EDGE_FIELDS: Final[Mapping[str, Callable[..., Any]]] = {
    "node": lambda edge, info: edge.node,
    "cursor": lambda edge, info: edge.cursor,
}
PAGE_FIELDS: Final[Mapping[str, Callable[..., Any]]] = {
    "hasNextPage": lambda part, info: part.has_next,
    "hasPreviousPage": lambda part, info: part.has_previous,
    "startCursor": lambda part, info: part.start,
    "endCursor": lambda part, info: part.end,
}
