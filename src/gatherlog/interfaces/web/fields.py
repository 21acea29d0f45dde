"""Forms of plain fields: their texts as typed, and the messages about each. Pure."""

from collections.abc import Callable, Iterable, Mapping
from zoneinfo import available_timezones

import msgspec
from msgspec import UNSET, UnsetType
from starlette.datastructures import FormData

from gatherlog.apps.guests import DIETARY_TAGS
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.words import label

__all__ = ["ZONES", "Fields", "blank_is_none", "date_time", "sentence", "tags", "whole"]

"""The dietary tags, with the labels that people see."""
_CONTINENTS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
ZONES = sorted(
    name for name in available_timezones() if name.split("/")[0] in _CONTINENTS or name == "UTC"
)
"""Time zones to choose from. A gathering that has another one keeps it."""


class Fields(msgspec.Struct, frozen=True):
    """What a form shows, by the names of its fields."""

    values: Mapping[str, str]
    flaws: Mapping[str, str] = {}
    """For each invalid field a sentence that says why."""
    changed: Mapping[str, str] = {}
    """For each field that somebody else changed while the form was open, what is saved now."""

    @classmethod
    def saved(cls, values: Mapping[str, str], version: int) -> "Fields":
        """The form of what is saved now, at this version.

        The form sends these values back in the field `was`, so that a later change by somebody else
        can be told from a change made in the form.
        """
        was = msgspec.json.encode(values).decode()
        return cls({**values, "version": str(version), "was": was})

    @classmethod
    def read(cls, form: FormData, names: Iterable[str]) -> "Fields":
        """The fields of these names, trimmed, with line ends as they are stored."""
        return cls({name: text(form, name).replace("\r\n", "\n").strip() for name in names})

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def with_flaws(self, flaws: Iterable[Flaw], names: Mapping[str, str]) -> "Fields":
        """The same form with these flaws; `names` gives, by field, the subject of the sentence.

        A flaw of a field that is not in `names` is shown at the first field.
        """
        first, sentences = next(iter(names)), dict(self.flaws)
        for flaw in flaws:
            pointed = flaw.pointer.split("/")[1] if "/" in flaw.pointer else ""
            field = pointed if pointed in names else first
            sentences.setdefault(field, sentence(_(names[field]), flaw))
        return Fields(self.values, sentences, self.changed)

    def rebased(self, now: "Fields", label_of: Callable[[str, str], str]) -> "Fields":
        """The form as it was sent, on top of what somebody else has saved meanwhile.

        Fields that were edited keep what was typed, the others show what is saved `now`.
        `label_of` gives the text that stands for a field's value in the mark at a changed field.
        """
        was = _read(self["was"])
        changed = [name for name in was if now[name] != was[name]]
        untouched = {name: now[name] for name in was if self[name] == was[name]}
        return Fields(
            {**self.values, **untouched, "version": now["version"], "was": now["was"]},
            changed={name: label_of(name, now[name]) or _("nothing") for name in changed},
        )


def tags() -> list[tuple[str, str]]:
    """The dietary tags with their names."""
    return [(tag, label(tag)) for tag in DIETARY_TAGS]


def sentence(subject: str, flaw: Flaw) -> str:
    """`The name is missing.`"""
    return _("{subject} {detail}.").format(subject=subject, detail=_(flaw.detail))


def _read(was: str) -> dict[str, str]:
    """The values that the form was made with; none if the field was tampered with."""
    try:
        return msgspec.json.decode(was, type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


def blank_is_none(written: str) -> str | None:
    return written or None


def whole(field: str, written: str, flaws: list[Flaw]) -> int:
    """The whole number in a field; 0, and one more flaw, if it holds none."""
    if written.isascii() and written.isdigit() and len(written) < 10:
        return int(written)
    flaws.append(Flaw(f"/{field}", N_("should be written as a number, such as 2")))
    return 0


def date_time(field: str, day: str, time: str, flaws: list[Flaw]) -> str | UnsetType | None:
    """A date, or a date-time, as the rules take it; None if there is neither.

    A time without a date is one more flaw, and gives UNSET.
    """
    if time and not day:
        flaws.append(Flaw(f"/{field}", N_("has a time but no day")))
        return UNSET
    return f"{day}T{time}" if time else day or None
