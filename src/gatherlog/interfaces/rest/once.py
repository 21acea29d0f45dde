"""Idempotency-Key: a request that comes again is answered as it was, and done once.

The key counts for one credential, method and path, for 24 hours, and for requests that did
something. Commands carry it into their commit; what has no commit of its own writes one for it.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.eventstore.errors import Flaw, Invalid, KeyReused
from gatherlog.core.eventstore.store import VERSION_BYTES, Commit, Ref, Store
from gatherlog.interfaces.problems import AnsweredOnce

__all__ = ["HEADER", "OnceKey", "Reply", "once_key"]

HEADER: Final = b"idempotency-key"
REPLAYED: Final = (b"idempotency-replayed", b"true")
_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")
_VERSIONED: Final = b"\x01"
"""Before an answer with a version behind it; no encoded answer begins so."""
_encode = msgspec.msgpack.Encoder().encode


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A finished answer; `headers` besides length and the security headers."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


_decode = msgspec.msgpack.Decoder(Reply | None).decode


class OnceKey:
    """The key of one request, scoped, with the fingerprint of what it asks for."""

    def __init__(self, store: Store, key: str, fingerprint: bytes) -> None:
        self._store = store
        self._key = key
        self._fingerprint = fingerprint

    def once(
        self,
        answer: Callable[[Handled], Reply] | None,
        shows: Callable[[Handled], Ref | None] = lambda handled: None,
    ) -> Once:
        """What a command takes; None for an answer with a secret in it, which is not kept.

        Where `shows` names the document that is shown, its version is kept as the answer's ETag.
        """

        def kept(handled: Handled) -> bytes:
            whole = _encode(None if answer is None else answer(handled))
            return whole if shows(handled) is None else _VERSIONED + whole

        return Once(self._key, self._fingerprint, kept, shows)

    async def earlier(self) -> Reply | None:
        """What was answered to this request before. Raises KeyReused and AnsweredOnce."""
        recalled = await self._store.recall(self._key)
        if recalled is None:
            return None
        if recalled.fingerprint != self._fingerprint:
            raise KeyReused("This key was used before, with another body. Take a new one.")
        return replay(recalled.answer)

    async def remember(self, answer: Reply, *, secret: bool = False) -> Reply:
        """Keep the answer to what carried the key into no commit, and give it.

        If a twin of the request was faster, its answer is given instead.
        """
        kept = _encode(None if secret else answer)
        committed = await self._store.commit(
            Commit(key=self._key, fingerprint=self._fingerprint, answer=kept)
        )
        return replay(committed.answer) if committed.repeated else answer


def once_key(
    store: Store, headers: Mapping[bytes, bytes], *, scope: tuple[str, ...], content: bytes
) -> OnceKey | None:
    """The key that a request carries, if any; Invalid where it is none.

    `scope` says for whom and for what it counts, `content` what has to be the same again.
    """
    given = headers.get(HEADER)
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        detail = "has to be 1 to 255 visible ASCII characters, once"
        raise Invalid(Flaw("/Idempotency-Key", detail))
    whole = msgspec.json.encode((*scope, given.decode()))
    key = "http:" + hashlib.sha256(whole).hexdigest()
    return OnceKey(store, key, hashlib.sha256(content).digest())


def replay(kept: bytes) -> Reply:
    """The stored answer, marked as such; AnsweredOnce where it held a secret."""
    headers = [REPLAYED]
    if kept.startswith(_VERSIONED):
        version = int.from_bytes(kept[-VERSION_BYTES:])
        headers.append((b"etag", b'"%d"' % version))
        kept = kept[len(_VERSIONED) : -VERSION_BYTES]
    reply = _decode(kept)
    if reply is None:
        raise AnsweredOnce("It was done, but its answer held a secret, which is told only once.")
    return Reply(reply.status, reply.body, [*reply.headers, *headers])
