"""Mutations that are sent again with the same Idempotency-Key are carried out once.

The commit that does the work keeps the key, and the answer is kept right after it. A repetition
gets that answer; while the first request is being answered, it waits. If the server was stopped
between the two, a repetition is told that the work was done, and that its answer was lost.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from graphql import GraphQLError

from gatherlog.core.eventstore.store import Store
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.graphql.documents import Operation
from gatherlog.interfaces.graphql.errors import BAD_INPUT, Refusal
from gatherlog.interfaces.rest.endpoint import Reply
from gatherlog.interfaces.rest.idempotency import HEADER, idempotency_key

__all__ = ["Repeats"]

_DONE: Final = Reply(204, b"", [])
"""Kept in the commit of the work: that it was done."""
_SEVERAL: Final = "An Idempotency-Key goes with one mutation: send them one by one."


class Repeats:
    """The repetitions of one server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._locks: dict[bytes, asyncio.Lock] = {}
        self._waiting: Counter[bytes] = Counter()

    async def answered(
        self,
        headers: Mapping[bytes, bytes],
        scope: tuple[str, ...],
        sent: bytes,
        operation: Operation,
        context: Context,
        reply: Callable[[], Awaitable[tuple[Reply, bool]]],
    ) -> Reply:
        """The reply, or that of the first request with the key; `reply` tells whether it failed.

        A mutation that failed is carried out again. Raises KeyReused, Invalid for a malformed key,
        and Refusal for more than one mutation.
        """
        work = idempotency_key(self._store, headers, scope=scope, content=sent)
        kept = idempotency_key(self._store, headers, scope=(*scope, "answer"), content=sent)
        if work is None or kept is None:
            return (await reply())[0]
        if not operation.is_single:
            raise Refusal(BAD_INPUT, GraphQLError(_SEVERAL), status=400)
        async with self._alone("\n".join((*scope, headers[HEADER].decode())).encode()):
            earlier = await kept.earlier()
            if earlier is not None:
                return earlier
            context.once = work.once(lambda handled: _DONE)
            made, is_failed = await reply()
            return made if is_failed else await kept.remember(made)

    @asynccontextmanager
    async def _alone(self, key: bytes) -> AsyncIterator[None]:
        """Let one request with a key go on at a time."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._waiting[key] += 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._locks[key]
