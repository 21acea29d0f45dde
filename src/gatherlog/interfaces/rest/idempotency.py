"""Idempotency-Key: a request that is sent again is done once, and answered as it was at first.

A key holds for one credential, method and path, for 24 hours, and for requests that succeeded.
Commands store it, with the answer, in the commit that does their work; a request that makes no
such commit stores it in one of its own.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.eventstore.commit_checks import NAME_BYTES
from gatherlog.core.eventstore.errors import Flaw, Invalid, KeyReused
from gatherlog.core.eventstore.store import VERSION_BYTES, Commit, Ref, Store
from gatherlog.interfaces.problems import AnsweredOnce

__all__ = ["HEADER", "KEY_PATTERN", "IdempotencyKey", "Reply", "idempotency_key"]

HEADER: Final = b"idempotency-key"
REPLAYED: Final = (b"idempotency-replayed", b"true")
KEY_PATTERN: Final = f"^[!-~]{{1,{NAME_BYTES}}}$"
_KEY: Final = re.compile(KEY_PATTERN.encode())
_SCOPE: Final = "http:"
_VERSIONED: Final = b"\x01"
"""Begins a stored answer that a version follows; no encoded answer begins with this byte."""
_encode = msgspec.msgpack.Encoder().encode


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A complete answer. Content-Length and the security headers are added when it is sent."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


_decode = msgspec.msgpack.Decoder(Reply | None).decode


class IdempotencyKey:
    """The key of one request, with the fingerprint that tells whether a repetition is the same."""

    def __init__(self, store: Store, key: str, fingerprint: bytes) -> None:
        self._store = store
        self._key = key
        self._fingerprint = fingerprint

    @property
    def id(self) -> str:
        """An id of 64 hexadecimal digits, for what the request makes: each attempt has the same."""
        return self._key.removeprefix(_SCOPE)

    def part(self, number: int, answer: bytes) -> Once:
        """What makes one of many commands of the request idempotent, each by itself."""
        return Once(f"{self._key}:{number}", self._fingerprint, lambda handled: answer)

    def once(
        self,
        answer: Callable[[Handled], Reply] | None,
        shows: Callable[[Handled], Ref | None] = lambda handled: None,
    ) -> Once:
        """What makes a command idempotent: the key, and how the answer to store is made.

        `answer` is None for an answer that holds a secret, which is not stored. If `shows` names
        the document that the answer shows, its version is stored as the answer's ETag.
        """

        def kept(handled: Handled) -> bytes:
            encoded = _encode(None if answer is None else answer(handled))
            return encoded if shows(handled) is None else _VERSIONED + encoded

        return Once(self._key, self._fingerprint, kept, shows)

    async def earlier(self) -> Reply | None:
        """The answer stored for this key, or None.

        Raises KeyReused if it was given to another request, AnsweredOnce if it held a secret.
        """
        recalled = await self._store.recall(self._key)
        if recalled is None:
            return None
        if recalled.fingerprint != self._fingerprint:
            raise KeyReused("This key was used before, with another body. Take a new one.")
        return replay(recalled.answer)

    async def remember(self, answer: Reply, *, secret: bool = False) -> Reply:
        """Store the answer in a commit of its own, and give it back.

        If the same request, sent at the same time, has stored its answer first, that one is given.
        """
        kept = _encode(None if secret else answer)
        committed = await self._store.commit(
            Commit(key=self._key, fingerprint=self._fingerprint, answer=kept)
        )
        return replay(committed.answer) if committed.repeated else answer


def idempotency_key(
    store: Store, headers: Mapping[bytes, bytes], *, scope: tuple[str, ...], content: bytes
) -> IdempotencyKey | None:
    """The request's key; None without the header, Invalid if it is malformed.

    The key holds within `scope`; a repetition has to have the same `content`.
    """
    given = headers.get(HEADER)
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        detail = f"has to be 1 to {NAME_BYTES} visible ASCII characters, once"
        raise Invalid(Flaw("/Idempotency-Key", detail))
    scoped = msgspec.json.encode((*scope, given.decode()))
    key = _SCOPE + hashlib.sha256(scoped).hexdigest()
    return IdempotencyKey(store, key, hashlib.sha256(content).digest())


def replay(kept: bytes) -> Reply:
    """The stored answer, with a header that says so; AnsweredOnce if it held a secret."""
    headers = [REPLAYED]
    if kept.startswith(_VERSIONED):
        version = int.from_bytes(kept[-VERSION_BYTES:])
        headers.append((b"etag", b'"%d"' % version))
        kept = kept[len(_VERSIONED) : -VERSION_BYTES]
    reply = _decode(kept)
    if reply is None:
        raise AnsweredOnce("It was done, but its answer held a secret, which is told only once.")
    return Reply(reply.status, reply.body, [*reply.headers, *headers])
