"""Forms that are sent twice, as by a double click, and whose work is done once."""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import msgspec

from gatherlog.core.commands.handler import Handled, Once

__all__ = ["once"]

_KEY: Final = re.compile(r"[0-9a-f-]{36}")


def once(
    account_id: str, key: str, sent: Any, answer: Callable[[Handled], bytes] = lambda handled: b""
) -> Once | None:
    """By which a command is carried out once for a form with this `key` that says the same.

    A form with the key that says something else, because somebody went back and changed it, is
    KeyReused. None for a form without a key.
    """
    if not _KEY.fullmatch(key):
        return None
    return Once(f"form:{account_id}:{key}", sha256(msgspec.json.encode(sent)).digest(), answer)
