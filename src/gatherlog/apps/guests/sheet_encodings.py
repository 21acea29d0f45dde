"""Which encoding the bytes of a sheet are in, and which others they may be in. Pure.

UTF-8 and UTF-16 are known by their form. Among the encodings with one byte for a letter, the one is
likely in which the words are words of one language; see docs/decisions/0090-encodings.md.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import msgspec

from gatherlog.apps.guests.sheet_alphabets import (
    ALPHABETS,
    CODE_PAGES,
    NOT_BEFORE_VOWELS,
    RARE,
    VOWELS,
)
from gatherlog.apps.guests.sheet_signs import is_clean
from gatherlog.core.eventstore.giving_way import Steps

__all__ = ["ENCODINGS", "Decoded", "Encoding", "SheetEncoding", "decoding"]

SheetEncoding = Literal[
    "auto",
    "utf-8",
    "utf-16",
    "windows-1252",
    "windows-1250",
    "mac-roman",
    "iso-8859-15",
    "iso-8859-2",
    "windows-1254",
    "windows-1251",
    "windows-1253",
    "windows-1257",
    "cp850",
    "cp852",
    "mac-latin2",
    "windows-1255",
    "windows-1256",
    "koi8-u",
    "shift-jis",
    "gb18030",
    "big5",
    "euc-kr",
]
"""The encoding of a sheet; auto finds out."""
ENCODINGS: tuple[SheetEncoding, ...] = get_args(SheetEncoding)

MOST_WORDS = 500
"""Words by which encodings are compared."""
MOST_OFFERED = 5
"""Encodings with one byte for a letter that are offered; of others, all that are possible."""
PIECE = 16 * 1024
SAMPLES = 3
LONGEST_SAMPLE = 60
LOOKED_THROUGH = 300
"""Cells among which samples are looked for, as a long sheet may have the same one everywhere."""
LONGEST_WORD = 64
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+(?:['.-][A-Za-z\x80-\xff]+)*")
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f]")
_BEYOND = re.compile(rb"[\x80-\xff]")
_CELL_ENDS = re.compile(rb'[\r\n,;\t"@]')
_UTF_8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|([\x80-\xff])"
)
"""A character of several bytes; or, as the group, a byte that is no UTF-8."""
_USUAL = re.compile("[\u00c0-\u024f\u0386-\u03ce\u0400-\u045f\u0490-\u04ff\u0590-\uffef]")
"""Letters that a text in UTF-8 has; bytes of other encodings rarely are one by chance."""
_ODD = 1.5
RARELY_USED = 0.6
_SMALL = 1.0
"""For a word that begins with a small letter beyond ASCII."""
_SURE = 2.0
"""What the words of an encoding reach on average, where they are surely words of one language."""
_FEW = 8
"""Letters beyond ASCII that are too few to tell a script by."""
_MARGIN = 0.5
"""By how much all other encodings are worse, where one is sure."""


class Encoding(msgspec.Struct, frozen=True):
    """An encoding that a file may be in, and names in it as they would be read."""

    name: str
    """As it is chosen, such as `windows-1250`."""
    label: str
    """As it is shown, such as "Windows-1250"."""
    samples: tuple[str, ...] = ()


class Decoded(NamedTuple):
    """The text of a file."""

    text: str
    """Bytes that are not in the encoding are surrogates, as by `surrogateescape`."""
    label: str
    """How the encoding is shown."""
    encodings: tuple[Encoding, ...]
    """The encodings that the file may be in, the likeliest first, in which it was read."""
    is_sure: bool
    open_letters: frozenset[str] = frozenset()
    """Letters of the text that are others in another likely encoding."""


def decoding(data: bytes, wanted: SheetEncoding = "auto") -> Steps[Decoded | None]:
    """The text of a file, in steps; None if it is no text.

    UTF-8 with bytes that are none is read as UTF-8, never in another encoding, unless most of what
    is not ASCII is none.
    """
    if wanted != "auto":
        return _of(_without_mark(data, wanted), wanted, CODE_PAGES[wanted][1])
    if data.startswith(b"\xef\xbb\xbf"):
        return _of(data[3:], "utf-8", "UTF-8 with BOM")
    if (wide := _wide(data)) is not None:
        read = None if wide == "" else _of(data, wide, _WIDE[wide])
        return None if read is None or _CONTROLS.search(read.text) else read
    yield
    valid, broken = yield from _count_utf_8(data)
    if not broken or valid >= broken:
        return _of(data, "utf-8", "UTF-8")
    return (yield from _among_code_pages(data))


_WIDE = {
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 without BOM",
    "utf-16-be": "UTF-16 without BOM",
}


def _wide(data: bytes) -> str | None:
    """The form of UTF-16 that the data are in; empty if they are no text; None for other texts."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if 0 not in data[:2000]:
        return None
    # In UTF-16 of any script, separators and line ends have a zero in one of their two bytes.
    even, odd = data[:2000:2].count(0), data[1:2000:2].count(0)
    if odd >= 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even >= 4 * odd else ""


def _without_mark(data: bytes, wanted: str) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf") if wanted == "utf-8" else data


def _of(data: bytes, name: str, label: str) -> Decoded | None:
    """The data in an encoding that is known."""
    codec = CODE_PAGES[name][0] if name in CODE_PAGES else name
    wide = codec.startswith("utf-16")
    # A broken half of UTF-16 cannot be kept as surrogate; the sign for it is as unreadable.
    text = data.decode(codec, "replace" if wide else "surrogateescape")
    if "\0" in text:
        return None
    chosen = "utf-16" if wide else name
    samples = () if wide else _samples(data, codec)
    return Decoded(text, label, (Encoding(chosen, label, samples),), is_sure=True)


def _count_utf_8(data: bytes) -> Steps[tuple[int, int]]:
    """How many characters of several bytes are UTF-8, and how many bytes beyond ASCII are none."""
    valid = broken = 0
    if not data.isascii():
        for found in _UTF_8.finditer(data):
            if found[1]:
                broken += 1
            elif _USUAL.fullmatch(found[0].decode(errors="replace")):
                valid += 1
            yield
    return valid, broken


class _Candidate(NamedTuple):
    name: str
    codec: str
    words: list[str]
    fit: float
    """How much the words look like words of one language, from -3 to 3."""


def _among_code_pages(data: bytes) -> Steps[Decoded | None]:
    words: dict[bytes, None] = {}
    for found in _WORD.finditer(data):
        if not found[0].isascii() and len(found[0]) > 1:
            words[found[0][:LONGEST_WORD]] = None
        if len(words) == MOST_WORDS:
            break
        yield
    beyond: set[int] = set()
    for begin in range(0, len(data), PIECE):
        beyond |= set(data[begin : begin + PIECE])
        yield
    candidates: list[_Candidate] = []
    for name, (codec, _) in CODE_PAGES.items():
        if codec in ALPHABETS and (candidate := _candidate(name, codec, beyond, list(words))):
            candidates.append(candidate)
        yield
    candidates.sort(key=lambda candidate: -candidate.fit)
    candidates = _each_once(candidates)
    best = candidates[0] if candidates else None
    if best is None or best.fit < 0 or not _has_evidence(best.words):
        candidates += _east_asian(data)
    return _chosen(data, beyond, candidates)


def _candidate(name: str, codec: str, beyond: set[int], words: list[bytes]) -> _Candidate | None:
    try:
        bytes(beyond).decode(codec)
    except UnicodeDecodeError:
        return None
    read = [word.decode(codec) for word in words]
    fit = _fit(read, ALPHABETS[codec])
    return _Candidate(name, codec, read, fit - RARELY_USED * (codec in RARE))


def _fit(words: Sequence[str], alphabets: Sequence[str]) -> float:
    """How much words look like words of one language, on average."""
    if not words:
        return 0
    beyond = [set(filter(_is_beyond, word.lower())) for word in words]
    fitting = [[letters <= set(alphabet) for alphabet in alphabets] for letters in beyond]
    best = max(range(len(alphabets)), key=lambda n: sum(fits[n] for fits in fitting))
    fit = 0.0
    for word, fits in zip(words, fitting, strict=True):
        if not is_clean(word):
            fit -= 3
        else:
            fit += (3 if fits[best] else 2 if any(fits) else 1) - _ODD * _is_odd(word.lower())
            fit -= _SMALL * (word[0] > "\x7f" and word[0].islower())
    return fit / len(words)


def _is_beyond(sign: str) -> bool:
    return sign > "\x7f" and sign.isalpha()


def _is_odd(word: str) -> bool:
    """Whether a letter beyond ASCII stands among vowels or consonants as in no usual word."""
    for n, letter in enumerate(word):
        if not _is_beyond(letter) or letter > "\u0590":  # scripts with vowels only
            continue
        around = word[max(0, n - 1) : n + 2]
        kinds = {other in VOWELS for other in around}
        if len(around) == 3 and len(kinds) == 1 and around.isalpha():
            return True
        if letter in NOT_BEFORE_VOWELS and word[n + 1 : n + 2] in VOWELS:
            return True
    return False


def _each_once(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The candidates without those that read the same as one before."""
    seen: set[tuple[str, ...]] = set()
    once: list[_Candidate] = []
    for candidate in candidates:
        if (read := tuple(candidate.words)) not in seen:
            seen.add(read)
            once.append(candidate)
    return once


def _east_asian(data: bytes) -> list[_Candidate]:
    """The encodings with two bytes for a letter in which all of the data can be read."""
    found: list[_Candidate] = []
    for name in ("shift-jis", "gb18030", "big5", "euc-kr"):
        codec = CODE_PAGES[name][0]
        try:
            read = data.decode(codec)
        except UnicodeDecodeError:
            continue
        letters = [letter for letter in read if letter > "\x7f" and letter.isalpha()]
        korean = all("\uac00" <= letter <= "\ud7a3" for letter in letters)
        fit = 1.9 if korean else 1.8 if is_clean(read) else -1.0
        found.append(_Candidate(name, codec, [name], fit))
    return found


def _chosen(data: bytes, beyond: set[int], candidates: list[_Candidate]) -> Decoded | None:
    candidates.sort(key=lambda candidate: -candidate.fit)
    if not candidates:
        return None
    best, *others = candidates
    text = data.decode(best.codec)
    if "\0" in text:
        return None
    likely = [other for other in others if other.fit > max(best.fit - _MARGIN, 0)]
    is_likely = best.fit >= _SURE and _has_evidence(best.words)
    is_sure = is_likely and not likely
    open_letters = _open_letters(text, beyond, best, likely if is_likely else others)
    offered = tuple(
        Encoding(other.name, CODE_PAGES[other.name][1], _samples(data, other.codec))
        for place, other in enumerate(candidates)
        if place < MOST_OFFERED or other.codec not in ALPHABETS
    )
    label = CODE_PAGES[best.name][1]
    return Decoded(text, label, offered, is_sure, frozenset() if is_sure else open_letters)


def _has_evidence(words: Sequence[str]) -> bool:
    """Whether there is a word in which letters of ASCII tell the others, or many letters."""
    if any(letter.isascii() and letter.isalpha() for word in words for letter in word):
        return True
    return sum(map(len, words)) >= _FEW


def _open_letters(
    text: str, beyond: set[int], best: _Candidate, others: Sequence[_Candidate]
) -> frozenset[str]:
    """The letters of the text that another encoding reads otherwise."""
    if best.codec not in ALPHABETS:
        return frozenset(letter for letter in set(text) if letter > "\x7f")
    return frozenset(
        here
        for byte in beyond
        if byte > 127
        for here in [bytes([byte]).decode(best.codec)]
        if not others or any(bytes([byte]).decode(o.codec, "replace") != here for o in others)
    )


def _samples(data: bytes, codec: str) -> tuple[str, ...]:
    """The first cells with letters beyond ASCII, as they are in an encoding."""
    samples: dict[str, None] = {}
    end = 0
    for _ in range(LOOKED_THROUGH):
        found = _BEYOND.search(data, end)
        if found is None or len(samples) == SAMPLES:
            break
        at = found.start()
        before = _CELL_ENDS.split(data[max(0, at - LONGEST_SAMPLE) : at])[-1]
        behind = _CELL_ENDS.split(data[at : at + LONGEST_SAMPLE], maxsplit=1)[0]
        samples[(before + behind).decode(codec, "replace").strip()] = None
        end = at + len(behind)
    return tuple(samples)
