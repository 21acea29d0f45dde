"""The log of requests: one JSON line each, without tokens, query strings or personal data."""

import sys
import traceback
from collections.abc import Callable, Collection
from types import TracebackType

import msgspec

from gatherlog.core.eventstore.clock import Clock, rfc3339

__all__ = ["RequestLog", "public_path", "to_stderr"]

Sink = Callable[[bytes], object]
_encode = msgspec.json.Encoder().encode


class _Line(msgspec.Struct, frozen=True, gc=False):
    time: str
    method: str
    path: str
    status: int
    ms: float
    actor: str | None


class _Failure(msgspec.Struct, frozen=True):
    time: str
    error: str
    frames: list[str]
    """Innermost last. Neither the message nor any value: either may be about a person."""


def to_stderr(line: bytes) -> None:
    """Write a whole line at once, so that lines of several processes stay apart."""
    sys.stderr.buffer.write(line)
    sys.stderr.buffer.flush()


class RequestLog:
    """Writes a line per request, and one per error that nobody foresaw."""

    def __init__(self, clock: Clock, sink: Sink = to_stderr) -> None:
        self._clock = clock
        self._sink = sink

    def answered(
        self, method: str, path: str, status: int, seconds: float, actor: str | None
    ) -> None:
        """A request was answered; `path` as `public_path` gives it."""
        ms = round(seconds * 1000, 3)
        line = _Line(rfc3339(self._clock()), method, path, status, ms, actor)
        self._sink(_encode(line) + b"\n")

    def failed(self, error: BaseException) -> None:
        """Something went wrong that should not have: where, and of what kind."""
        chain: list[str] = []
        cause: BaseException | None = error
        while cause is not None and len(chain) < 8:
            chain.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
            cause = cause.__cause__ or cause.__context__
        line = _Failure(rfc3339(self._clock()), " from ".join(chain), _frames(error.__traceback__))
        self._sink(_encode(line) + b"\n")


def public_path(path: str, known: Collection[str]) -> str:
    """What may be logged of a path: its first part, if that is `known` here, and nothing below.

    A link's token stands below /r/, and whoever mistypes one, or an address, puts it anywhere.
    """
    first, slash, _ = path.removeprefix("/").partition("/")
    if first not in known:
        return "/…"
    return f"/{first}{'/…' if slash else ''}"


def _frames(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename.rpartition('gatherlog/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)
    ]
