"""How texts are compared when they are searched: folded into words without case and accents."""

import re
import unicodedata
from typing import Final

__all__ = ["LONGEST_WORD", "SHORTEST_PART", "SHORTEST_TYPO", "folded", "words_of"]

SHORTEST_PART: Final = 3
"""Letters that a part of a word must have to be found."""
SHORTEST_TYPO: Final = 5
"""Letters that a word must have for a typing error in it to be forgiven."""
LONGEST_WORD: Final = 64
"""Letters of a word that count; what follows them is cut off."""

_COMBINING = re.compile("[\u0300-\u036f]")
# Letters with a stroke and ligatures, which Unicode does not decompose.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
# Vowel signs of scripts that write them above, below or beside a letter are part of the word.
_WORD = re.compile(
    "(?:[^\\W_]|[\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u109f\u1780-\u17d3])+"
)


def folded(text: str) -> str:
    """The text without case and accents, for sorting and comparing: `Łukasz` equals `LUKASZ`."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return _COMBINING.sub("", plain).translate(_PLAIN)


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order: runs of letters and digits, of any script."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(folded(text))]
