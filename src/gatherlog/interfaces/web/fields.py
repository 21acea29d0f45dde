"""A form of plain fields: texts as typed, and what there is to say of each. Pure."""

from collections.abc import Callable, Iterable, Mapping
from zoneinfo import available_timezones

import msgspec
from msgspec import UNSET, UnsetType
from starlette.datastructures import FormData

from gatherlog.apps.guests import DIETARY_TAGS
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.words import label

__all__ = ["TAGS", "ZONES", "Fields", "blank_is_none", "date_time", "whole"]

TAGS = tuple((tag, label(tag)) for tag in DIETARY_TAGS)
"""The tags of the kitchen, and how they are called."""
_CONTINENTS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
ZONES = sorted(
    name for name in available_timezones() if name.split("/")[0] in _CONTINENTS or name == "UTC"
)
"""Time zones that are offered; whatever else the rules know may be typed."""


class Fields(msgspec.Struct, frozen=True):
    """What a form shows: values by field, and per field what is wrong."""

    values: Mapping[str, str]
    flaws: Mapping[str, str] = {}
    news: Mapping[str, str] = {}
    """Per field that somebody changed while the form was open, what is saved now."""

    @classmethod
    def saved(cls, values: Mapping[str, str], version: int) -> "Fields":
        """What is saved now; the form brings it back, to tell later what has changed since."""
        was = msgspec.json.encode(values).decode()
        return cls({**values, "version": str(version), "was": was})

    @classmethod
    def read(cls, form: FormData, names: Iterable[str]) -> "Fields":
        """The fields of these names, trimmed; line ends as they are kept."""
        return cls({name: text(form, name).replace("\r\n", "\n").strip() for name in names})

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def wrong(self, flaws: Iterable[Flaw], names: Mapping[str, str]) -> "Fields":
        """The same fields with sentences about them; `names` is how each field is called.

        What is wrong with a field that is not shown stands with the first one.
        """
        first, told = next(iter(names)), dict(self.flaws)
        for flaw in flaws:
            pointed = flaw.pointer.split("/")[1] if "/" in flaw.pointer else ""
            field = pointed if pointed in names else first
            told.setdefault(field, f"{names[field]} {flaw.detail}.")
        return Fields(self.values, told, self.news)

    def moved(self, now: "Fields", words: Callable[[str, str], str]) -> "Fields":
        """The form about what is saved `now`, with what was changed meanwhile marked in `words`.

        Fields that nobody typed in show what is saved now; the others keep what was typed.
        """
        was = _read(self["was"])
        changed = [name for name in was if now[name] != was[name]]
        untouched = {name: now[name] for name in was if self[name] == was[name]}
        return Fields(
            {**self.values, **untouched, "version": now["version"], "was": now["was"]},
            news={name: words(name, now[name]) or "nothing" for name in changed},
        )


def _read(was: str) -> dict[str, str]:
    """What the form showed; nothing where somebody changed that."""
    try:
        return msgspec.json.decode(was, type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


def blank_is_none(written: str) -> str | None:
    return written or None


def whole(field: str, written: str, flaws: list[Flaw]) -> int:
    """The number that a field holds; 0, and one flaw more, where it holds none."""
    if written.isascii() and written.isdigit() and len(written) < 10:
        return int(written)
    flaws.append(Flaw(f"/{field}", "should be written as a number, such as 2"))
    return 0


def date_time(field: str, day: str, time: str, flaws: list[Flaw]) -> str | UnsetType | None:
    """A day, or a day with a time, as the rules take it; None where there is neither."""
    if time and not day:
        flaws.append(Flaw(f"/{field}", "has a time but no day"))
        return UNSET
    return f"{day}T{time}" if time else day or None
