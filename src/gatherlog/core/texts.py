"""The texts that people read, in the language of whoever reads them: gettext, as its users know it.

A text stands in the code in English, in a call of `_` or `ngettext`. That marks it for the
catalogue `gatherlog.pot`, and looks it up in the language that is in use. Names and numbers are put
in afterwards: `_("Dear {name},").format(name=name)`. A text that is not shown where it is written,
such as one in a table, is marked by `N_` there, and looked up by `_` where it is shown.
"""

import gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

__all__ = [
    "ENGLISH",
    "N_",
    "Language",
    "Translated",
    "_",
    "in_use",
    "language",
    "load",
    "ngettext",
    "pgettext",
    "speak",
    "translations",
]


class Language:
    """A language with its texts. The first one, English, is what stands in the code."""

    def __init__(self, tag: str, texts: gettext.NullTranslations | None = None) -> None:
        """`tag` is that of BCP 47, as in the attribute `lang` of a page: `en`, `pt-BR`."""
        texts = texts or gettext.NullTranslations()
        self.tag = tag
        self.text = texts.gettext
        self.plural = texts.ngettext
        self.in_context = texts.pgettext


ENGLISH: Final = Language("en")


class _Site:
    """The language of a process, which a context may replace by another one."""

    language = ENGLISH


_IN_USE: Final[ContextVar[Language | None]] = ContextVar("language", default=None)


def language() -> Language:
    """The language that is in use."""
    return _IN_USE.get() or _Site.language


def speak(chosen: Language) -> None:
    """Use a language in this process, wherever no other one is in use."""
    _Site.language = chosen


def translations(folder: Path) -> Mapping[str, Path]:
    """The compiled catalogues in a folder that is arranged as for gettext, by languages' tags."""
    found = sorted(folder.glob("*/LC_MESSAGES/gatherlog.mo"))
    return {path.parts[-3].replace("_", "-"): path for path in found}


def load(tag: str, folder: Path) -> Language:
    """English, or the language of a compiled catalogue. Raises KeyError if there is none."""
    if tag == ENGLISH.tag:
        return ENGLISH
    with translations(folder)[tag].open("rb") as file:
        return Language(tag, gettext.GNUTranslations(file))


@contextmanager
def in_use(chosen: Language) -> Iterator[None]:
    """Use a language in this context and in the tasks that begin in it."""
    token = _IN_USE.set(chosen)
    try:
        yield
    finally:
        _IN_USE.reset(token)


def _(text: str) -> str:
    """The text in the language that is in use; the same text where it has no translation."""
    return language().text(text) if text else ""  # to gettext, that is the catalogue's head


def ngettext(one: str, many: str, count: int) -> str:
    """The text for this number of things, by the rules of the language that is in use."""
    return language().plural(one, many, count)


def pgettext(context: str, text: str) -> str:
    """As `_`, for a text that means several things: the context says which."""
    return language().in_context(context, text)


def N_(text: str) -> str:
    """The same text, which is marked for the catalogue."""
    return text


class Translated(Mapping[str, str]):
    """A table of texts, which are marked by `N_`. Each is looked up in the language in use when it
    is read."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> str:
        return _(self._texts[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)
