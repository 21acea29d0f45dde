"""What may be asked of a queue: its bounds, and checks that raise Invalid."""

import re
from typing import Final

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "DEFAULT_ATTEMPTS",
    "LONGEST_REASON",
    "LONGEST_TIMEOUT",
    "LONGEST_WAIT",
    "MICROS",
    "MOST_ATTEMPTS",
    "MOST_AT_ONCE",
    "MOST_BYTES",
    "check_queue",
    "check_range",
]

MICROS: Final = 1_000_000
"""Microseconds in a second."""
DEFAULT_ATTEMPTS: Final = 10
"""How often a message is received before it dies, unless its queue says otherwise."""
MOST_ATTEMPTS: Final = 1000
MOST_BYTES: Final = 256 * 1024
"""Of a message's content. A document of that size fits well into every engine."""
MOST_AT_ONCE: Final = 100
"""Messages or receipts in one call."""
LONGEST_WAIT: Final = 20.0
"""Seconds that `receive` may wait for a message."""
LONGEST_TIMEOUT: Final = 43_200.0
"""Seconds: the longest visibility timeout, and the longest delay of a released message."""
LONGEST_REASON: Final = 500
"""Characters of the reason why a dead message is discarded."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


def check_queue(name: str) -> None:
    """Raise Invalid unless a queue may have this name."""
    if not _NAME.fullmatch(name):
        detail = "use up to 63 of a-z, 0-9, _, . and -, beginning with a letter or digit"
        raise Invalid(Flaw("/queue", detail))


def check_range(pointer: str, value: float, least: float, most: float) -> None:
    """Raise Invalid for the field at `pointer` unless `least <= value <= most`."""
    if not least <= value <= most:
        raise Invalid(Flaw(pointer, f"from {least:g} to {most:,.0f}"))
