"""The request log: one JSON line per request, without tokens, query strings or personal data."""

import sys
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from types import TracebackType
from typing import Final

import msgspec

from gatherlog.core.eventstore.clock import Clock, rfc3339
from gatherlog.core.eventstore.errors import ViewNotBuilt

__all__ = ["RequestLog", "left_out", "public_path", "to_stderr"]

Sink = Callable[[bytes], object]
AGAIN: Final = 60_000_000
"""Microseconds after which the same refusal is logged again."""
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
    """Innermost last. Messages and values are left out, because they may be about a person."""


class _Notice(msgspec.Struct, frozen=True):
    time: str
    subscription: str
    notice: str


class _Sentence(msgspec.Struct, frozen=True):
    time: str
    notice: str


class _ProcessNotice(msgspec.Struct, frozen=True):
    time: str
    process: str
    notice: str


def to_stderr(line: bytes) -> None:
    """Write a whole line in one call, so that the lines of several processes do not mix."""
    sys.stderr.buffer.write(line)
    sys.stderr.buffer.flush()


def left_out(clock: Clock, count: int) -> bytes:
    """The line in place of so many that were left out, because nobody read those before them."""
    notice = f"{count:,} lines of the log were left out here: those before were not read in time"
    return _encode(_Sentence(rfc3339(clock()), notice)) + b"\n"


class RequestLog:
    """Writes one line per request, per unexpected error, and per notice to the operator.

    A line that cannot be written is left out: requests are answered as if it had been.
    """

    def __init__(self, clock: Clock, sink: Sink = to_stderr) -> None:
        self._clock = clock
        self._sink = sink
        self._refused: dict[str, int] = {}
        """When it was last logged that queries of a view are refused, by the view's name."""

    def answered(
        self, method: str, path: str, status: int, seconds: float, actor: str | None
    ) -> None:
        """Log an answered request; `path` must hold no personal data (see `public_path`)."""
        ms = round(seconds * 1000, 3)
        line = _Line(rfc3339(self._clock()), method, path, status, ms, actor)
        self._write(_encode(line))

    def told(self, subscription: str, notice: str) -> None:
        """Log what the operator of a subscription has to know; it holds no personal data."""
        self._write(_encode(_Notice(rfc3339(self._clock()), subscription, notice)))

    def noted(self, notice: str) -> None:
        """Log a sentence for the operator; it holds no personal data."""
        self._write(_encode(_Sentence(rfc3339(self._clock()), notice)))

    def _not_built(self, view: str) -> None:
        """Log that something was refused because a view is not built, once a minute for each."""
        now = self._clock()
        if now - self._refused.get(view, -AGAIN) >= AGAIN:
            self._refused[view] = now
            self.noted(
                f"The view {view} is not built yet, and what needs it is refused: see /readyz"
            )

    def process(self, name: str, notice: str) -> None:
        """Log what became of one of the processes that serve the site."""
        self._write(_encode(_ProcessNotice(rfc3339(self._clock()), name, notice)))

    def failed(self, error: BaseException) -> None:
        """Log an unexpected error: its types and the lines it passed through.

        Of a view that is not built its name is logged instead, once a minute.
        """
        if isinstance(error, ViewNotBuilt):
            return self._not_built(error.view)
        chain: list[str] = []
        cause: BaseException | None = error
        while cause is not None and len(chain) < 8:
            chain.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
            cause = cause.__cause__ or cause.__context__
        line = _Failure(rfc3339(self._clock()), " from ".join(chain), _frames(error.__traceback__))
        self._write(_encode(line))

    def _write(self, line: bytes) -> None:
        with suppress(OSError):  # as when the disk of the log is full
            self._sink(line + b"\n")


def public_path(path: str, known: Collection[str]) -> str:
    """What may be logged of a path: its first segment, if that is in `known`, and no other.

    Tokens of links are in paths below /r/, and a mistyped path may hold anything.
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
