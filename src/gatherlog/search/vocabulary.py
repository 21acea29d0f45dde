"""All words of an index as one text, in which parts of words are looked up.

The index finds words and their beginnings quickly, but for a part within words it would have to
look at all of them, once for each field and segment. Here that is one search in a text.
"""

from collections.abc import Iterable
from typing import Final

__all__ = ["Vocabulary"]

_RECENT: Final = 2_000
"""New words that are kept apart before they are joined to the rest."""


class Vocabulary:
    """A growing set of words. One thread may add words while others look for parts."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._known = set(words)
        self._parts = (_joined(self._known), "\n")
        """All but the recent words, then the recent ones: each with a line end on both sides."""

    def add(self, words: Iterable[str]) -> None:
        """Add words. A word that is not in any document any more stays, and finds nothing."""
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        if not new:
            return
        self._known.update(new)
        old, recent = self._parts
        recent = recent + "\n".join(new) + "\n"
        is_long = recent.count("\n") > _RECENT
        self._parts = (old + recent[1:], "\n") if is_long else (old, recent)

    def containing(self, part: str) -> list[str]:
        """All words that have this part, which may be all of the word."""
        old, recent = self._parts
        return [*_lines_with(part, old), *_lines_with(part, recent)]


def _joined(words: Iterable[str]) -> str:
    return "\n" + "".join([f"{word}\n" for word in words])


def _lines_with(part: str, text: str) -> Iterable[str]:
    at = text.find(part)
    while at >= 0:
        end = text.index("\n", at)
        yield text[text.rindex("\n", 0, at) + 1 : end]
        at = text.find(part, end)
