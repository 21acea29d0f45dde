"""What tests know of the texts that people read: the catalogue, and a language made for tests."""

import gettext
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from gatherlog.core.texts import Language

__all__ = ["PACKAGE", "PSEUDO", "collected", "kept", "untranslated"]

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "src/gatherlog"
_SHOWN: Final = ("aria-label", "placeholder", "title", "alt", "data-named")
"""Attributes whose values people read or hear."""
_VOID: Final = frozenset(("br", "hr", "img", "input", "link", "meta", "path", "rect", "circle"))

Text = tuple[str | None, str, str]
"""Context, text and plural, which is empty where there is none."""


class _Bracketed(gettext.NullTranslations):
    """Every text in brackets, so that what is not translated stands out."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return message


PSEUDO: Final = Language("en-x-pseudo", _Bracketed())


def collected() -> set[Text]:
    """The texts that stand in the code and in templates, as `make texts` collects them."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(one["pattern"], one["method"]) for one in mappings]
    options = {one["pattern"]: {k: v for k, v in one.items() if "_" in k} for one in mappings}
    found = extract_from_dir(PACKAGE, methods, options, keywords={**DEFAULT_KEYWORDS, "N_": None})
    texts = {_text(message, context) for _, _, message, _, context in found}
    plurals = {(context, one) for context, one, many in texts if many}
    # The one form of a text with a plural is its entry for the text alone, too.
    return {text for text in texts if text[2] or text[:2] not in plurals}


def kept() -> set[Text]:
    """The texts of the catalogue that translators are given."""
    with (PACKAGE / "locale/gatherlog.pot").open("rb") as file:
        return {_text(one.id, one.context) for one in read_po(file) if one.id}


def _text(message: Any, context: str | None) -> Text:
    if isinstance(message, str):
        return context, message, ""
    one, many = message
    return context, one, many


def untranslated(html: str) -> list[str]:
    """What people read on a page made in PSEUDO that is in no brackets, and has letters."""
    reader = _Reader()
    reader.feed(html)
    return [left for text in reader.texts for left in outside(text)]


def outside(text: str) -> Iterator[str]:
    """The parts of a text that are in no brackets; these may be within each other."""
    depth, part = 0, ""
    for char in text:
        depth += (char == "⟦") - (char == "⟧")
        if depth == 0 and char != "⟧":
            part += char
        elif part:
            yield part
            part = ""
    yield part


class _Reader(HTMLParser):
    """All text of a page in one, and the shown attributes each for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = [""]
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.texts += [given[name] for name in _SHOWN if name in given]
        is_skipped = tag in ("code", "script", "style", "textarea", "pre")
        is_zone = tag == "select" and given.get("name") == "time_zone"
        if tag not in _VOID and (self._skipped or is_skipped or is_zone):
            self._skipped.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipped:
            del self._skipped[self._skipped.index(tag) if tag == "select" else -1 :]

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.texts[0] += re.sub(r"\s+", " ", data)
