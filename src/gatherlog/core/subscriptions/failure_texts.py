"""Failures as text that can be stored and shown: cut, without control characters, valid Unicode."""

import re
import traceback
from collections.abc import Iterable
from typing import Final

from gatherlog.core.subscriptions.delivery import DeliveryFailed

__all__ = ["detail_text", "failure_of", "kind_text", "trace_lines"]

_LONGEST_KIND: Final = 50
_LONGEST_DETAIL: Final = 1000
_LONGEST_LINE: Final = 200
"""Characters that are kept."""
_TRACE_LINES: Final = 20
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def failure_of(raised: BaseException) -> DeliveryFailed:
    """An exception of a handler as a failure, with the lines of code that raised it."""
    name = type(raised).__name__
    try:
        detail = f"{name}: {raised}"
    except Exception:  # noqa: BLE001 - `str` of an exception may raise, too
        detail = name
    lines = "".join(traceback.format_exception(raised, limit=-_TRACE_LINES)).splitlines()
    return DeliveryFailed("raised", detail_text(detail), trace=trace_lines(lines))


def kind_text(kind: str) -> str:
    return _fit(kind, _LONGEST_KIND)


def detail_text(detail: str) -> str:
    return _fit(detail, _LONGEST_DETAIL)


def trace_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """The last lines of a traceback."""
    return tuple(_fit(line, _LONGEST_LINE) for line in list(lines)[-_TRACE_LINES:])


def _fit(text: str, most: int) -> str:
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text[:most])
