"""Answers that are the same for everybody, compressed once, for clients that ask for gzip.

Nothing else is compressed: the length of a compressed page that holds a secret beside text of a
stranger's choice tells of the secret (BREACH).
"""

import gzip
from functools import cached_property

__all__ = ["Fixed"]

Headers = dict[str, str]


class Fixed:
    """Content that never changes while the process runs."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self._content, mtime=0)

    def answer(self, accept_encoding: str) -> tuple[bytes, Headers]:
        """The content as the header `Accept-Encoding` asks for it, with the headers that say so."""
        if takes_gzip(accept_encoding):
            return self._compressed, {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return self._content, {"Vary": "Accept-Encoding"}


def takes_gzip(accept_encoding: str) -> bool:
    """Whether gzip is named with a weight above 0 (RFC 9110, 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return weight.strip().removeprefix("q=").strip("0.") != "" or not weight.strip()
    return False
