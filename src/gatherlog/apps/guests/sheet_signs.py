"""Signs in names that tell of a damaged text, or that no name has. Pure."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from gatherlog.apps.guests.sheet_doubts import Doubt
from gatherlog.apps.guests.sheet_files import quoted

__all__ = ["doubts_of_signs", "is_clean", "mended", "without_pictures"]

_USUAL = re.compile(r"[A-Za-z .,'&()/-]*")
_DAMAGED = frozenset("\ufffd§¶†‡‰¬¦¤¡¿«»‹›„…¨¯¸˘˙˚˛˝")
"""Signs that stand in place of letters where a text was read in a wrong encoding."""
_NO_LETTERS = frozenset(["Sc", "Sk", "Sm", "So", "No", "Cc", "Cn", "Co"])
"""Categories of signs that no word has; the acute accent is written for an apostrophe."""
_ALLOWED = frozenset(" .,'&()/-\"`´ʹʻʼʽ‘’‛“”‐‑‒–—·•ªº+\n־׳״")
"""Signs that names and lists of names have."""
_JOINERS = frozenset("\u200c\u200d")
_LOST = re.compile(r"[^\W\d_]\?|\?[^\W\d_]")
"""A question mark where a letter was: `M?ller`."""
_OPENS_BEHIND = re.compile("[^\\W\\d_][‘“]")
"""A mark that opens a quotation, behind a letter: it was another letter."""
_WRITTEN_TWICE = ("cp1252", "cp1250", "mac_roman", "cp850", "cp1251", "latin-1")
LONGEST = 4096
"""Characters of a cell that `mended` reads; a longer one fits into no field."""
_TWO_BEYOND = re.compile(r"[^\x00-\x7f]{2}")
_COMMON = frozenset(["COMBINING", "VARIATION", "FEMININE", "MASCULINE", "MODIFIER"])
"""Marks and signs that several scripts share, by the first word of their names."""


def doubts_of_signs(*names: str) -> tuple[Doubt, ...]:
    """What is doubtful in the signs of a person's names."""
    doubts = [doubt for name in names if (doubt := _doubt(name)) is not None]
    return tuple(doubts[:1])


def mended(name: str) -> str | None:
    """The name as it was before UTF-8 was read in another encoding; None for any other name.

    `JÃ¼rgen` was `Jürgen`: its bytes in another encoding are UTF-8.
    """
    if len(name) > LONGEST or not _TWO_BEYOND.search(name):
        return None
    for encoding in _WRITTEN_TWICE:
        try:
            was = b"".join(_byte(letter, encoding) for letter in name).decode()
        except UnicodeError:
            continue
        if is_clean(was):
            return was
    return None


def without_pictures(cell: str) -> str:
    """The cell without stars, hearts and other pictures before and behind the text."""
    begin, end = 0, len(cell)
    while begin < end and _is_picture(cell[begin]):
        begin += 1
    while end > begin and _is_picture(cell[end - 1]):
        end -= 1
    return cell[begin:end].strip() if end - begin < len(cell) else cell


def is_clean(text: str) -> bool:
    """Whether all letters of each word are of one script, in a usual order of capitals, with no
    damaged sign between them."""
    if not _DAMAGED.isdisjoint(text):
        return False
    if any(unicodedata.category(sign) in _NO_LETTERS and sign != "´" for sign in text):
        return False
    return all(len(_scripts(word)) < 2 and not _has_odd_capital(word) for word in text.split())


def _doubt(name: str) -> Doubt | None:
    if _USUAL.fullmatch(name):
        return None
    if (was := mended(name)) is not None:
        return Doubt(
            "encoding", f"{quoted(name)} was read in a wrong encoding before; it may be {was}"
        )
    if _LOST.search(name) or _OPENS_BEHIND.search(name) or any(map(_is_damaged, name)):
        return Doubt("encoding", f"{quoted(name)} has a sign in place of a letter")
    if not all(len(_scripts(word)) < 2 for word in name.split()):
        return Doubt("encoding", f"{quoted(name)} mixes the letters of two scripts in one word")
    if any(_has_odd_capital(word) for word in name.split()):
        return Doubt("encoding", f"{quoted(name)} has a capital letter in the middle of a word")
    if strange := next((c for c in name if not _is_usual(c)), None):
        return Doubt("name", f"{quoted(name)} has {quoted(strange)}, which names do not have")
    return None


def _is_damaged(sign: str) -> bool:
    """Whether a sign stands for a letter that was lost. Pictures, as in "Ada 🎉", do not."""
    if sign in _DAMAGED:
        return True
    kind = unicodedata.category(sign)
    return kind in ("Sc", "No", "Co", "Cn") or (kind in ("Sm", "So") and 127 < ord(sign) < 0x2600)


def _is_picture(sign: str) -> bool:
    if sign.isascii():
        return sign in "*#~ "
    if sign in _JOINERS or "\ufe00" <= sign <= "\ufe0f":
        return True
    return sign not in _DAMAGED and ord(sign) >= 0x2600 and unicodedata.category(sign) == "So"


def _is_usual(sign: str) -> bool:
    return _is_part_of_letter(sign) or sign in _ALLOWED or sign in _JOINERS


def _has_odd_capital(word: str) -> bool:
    """Whether a letter beyond ASCII is a capital, or is before one, in the middle of a word."""
    if word.isascii() or word.isupper():
        return False
    for before, letter in pairwise(word):
        if not letter.isupper() or not before.isalpha():
            continue
        if not letter.isascii() or (before.islower() and not before.isascii()):
            return True
    return False


def _scripts(word: str) -> set[str]:
    """The scripts of the letters and of their marks; some marks are used in all scripts."""
    return set(map(_script, filter(_is_part_of_letter, word))) - _COMMON


def _is_part_of_letter(sign: str) -> bool:
    return sign.isalpha() or unicodedata.category(sign)[0] == "M"


@lru_cache(4096)
def _script(letter: str) -> str:
    """The script of a letter, as its name in Unicode begins; those of East Asia are one."""
    script = unicodedata.name(letter, "?").split(" ")[0]
    return "CJK" if script in ("HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "CJK") else script


def _byte(letter: str, encoding: str) -> bytes:
    """The letter's byte; a control character stands for the byte that the encoding leaves out."""
    return bytes([ord(letter)]) if "\x80" <= letter <= "\x9f" else letter.encode(encoding)
