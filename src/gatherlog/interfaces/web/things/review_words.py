"""What the pages of reviewers say of a thing's history and of reasons. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from gatherlog.apps.things import HistoryEntry, Reason
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.texts import N_, Translated, _
from gatherlog.interfaces.web.fields import Fields
from gatherlog.interfaces.web.things.desk import ShownReason, shown_reasons
from gatherlog.interfaces.web.things.facts import FIELD_NAMES, since

__all__ = ["REASONS", "Step", "reason_flaws", "reason_names", "reasons_in", "steps"]

REASONS: Final = ("reason_", *(f"reason_{field}" for field in FIELD_NAMES), "reason")
"""The fields with a reason: `reason_` is about the thing as a whole, and `reason` why it is taken
down."""
_HAPPENED: Final = Translated(
    {
        "things.created": N_("Started"),
        "things.submitted": N_("Submitted"),
        "things.approved": N_("Approved"),
        "things.rejected": N_("Sent back"),
        "things.removed": N_("Removed"),
        "things.withdrawn": N_("Taken down"),
        "things.version_replaced": N_("Replaced by the new version"),
        "things.occurrence_altered": N_("A date cancelled or moved"),
    }
)


class Step(msgspec.Struct, frozen=True):
    """One thing that happened to a thing to do."""

    at: str
    what: str
    by: str
    reasons: list[ShownReason]


def steps(entries: Sequence[HistoryEntry], reader: str | None, zone: str) -> list[Step]:
    """What happened, the latest first, and who decided; `reader` is the account that reads it."""
    first = entries[0] if entries else None
    return [
        Step(
            since(one.at, zone),
            _what(one, first),
            _who(one, first, reader),
            shown_reasons(one.reasons),
        )
        for one in reversed(entries)
        if one.what in _HAPPENED
    ]


def reason_names() -> dict[str, str]:
    """What a sentence about each of REASONS begins with."""
    names = dict.fromkeys(REASONS, _("The reason"))
    for field, name in FIELD_NAMES.items():
        names[f"reason_{field}"] = _("The reason at “{field}”").format(field=name)
    return names


def reasons_in(fields: Fields) -> tuple[Reason, ...]:
    """The reasons to send a thing back that were typed."""
    typed = [(name.removeprefix("reason_"), fields[name]) for name in REASONS]
    return tuple(Reason(field, text) for field, text in typed if text and field != "reason")


def reason_flaws(error: Invalid, reasons: Sequence[Reason]) -> Iterable[Flaw]:
    """The flaws of reasons at the fields of the form."""
    for flaw in error.flaws:
        parts = flaw.pointer.split("/")
        if len(parts) > 2 and parts[2].isdigit():
            yield Flaw(f"/reason_{reasons[int(parts[2])].field}", flaw.detail)
        elif parts[1] == "reasons":
            yield Flaw("/reason_", N_("is missing: say why, here or at one of the fields"))
        else:
            yield flaw


def _what(one: HistoryEntry, first: HistoryEntry | None) -> str:
    what = _HAPPENED[one.what]
    is_version = first is not None and one.thing_id != first.thing_id
    what = what[:1].lower() + what[1:] if is_version else what
    return _("New version: {what}").format(what=what) if is_version else what


def _who(one: HistoryEntry, first: HistoryEntry | None, reader: str | None) -> str:
    if one.account_id is None:
        return ""
    if one.account_id == reader:
        return _("by you")
    is_organiser = first is not None and one.account_id == first.account_id
    if is_organiser:
        return _("by the organiser")
    return _("by the account {account}").format(account=one.account_id)
