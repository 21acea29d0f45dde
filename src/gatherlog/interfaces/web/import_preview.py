"""What the preview of an import shows: the lines that matter, each kind up to a bound. Pure.

First what is asked, then what is changed, then names beyond ASCII, which are the first to be spoilt
on the way, and a few of the rest.
"""

from typing import Final

import msgspec

from gatherlog.apps.guests import Imported, ImportReport
from gatherlog.apps.guests.outcomes import Outcome, mark
from gatherlog.apps.guests.row_changes import (
    FIELD_NAMES,
    answer_of,
    changes_of,
    changes_told,
    described,
    full_name,
    written,
)
from gatherlog.apps.guests.sheets import BadLine, DietCell, Encoding, Sheet, SheetRow
from gatherlog.core.eventstore.giving_way import Steps
from gatherlog.core.texts import N_, _, ngettext
from gatherlog.interfaces.web.words import label, number

__all__ = [
    "QUESTIONS_SHOWN",
    "Before",
    "Preview",
    "looking_back",
    "previewing",
]

QUESTIONS_SHOWN: Final = 50
"""Questions on one page; all of a line are on the same one."""
_SHOWN: Final = 50
"""Changed guests, names beyond ASCII, bad lines and the like on one page, of each."""
_FEW: Final = 10
"""New guests with plain names on one page."""
_FORMATS: Final = {
    "google": N_("Google Contacts"),
    "outlook": N_("Outlook"),
    "eventbrite": N_("Eventbrite"),
    "meetup": N_("Meetup"),
    "sheet": N_("a sheet of your own"),
}
_MEANINGS: Final = {
    "group_id": N_("household"),
    "expected_guests": N_("places"),
    "children_included": N_("children among the places"),
    "email": N_("email address"),
}


class PreviewRow(msgspec.Struct, frozen=True):
    """A guest in the sheet; a text is empty where the sheet says nothing."""

    name: str
    household: str
    guessed: bool
    address: str
    seats: str
    children: str
    food: str


class Question(msgspec.Struct, frozen=True):
    """A line that is asked about."""

    name: str
    """The name of the row in choices."""
    title: str
    about: str
    reasons: list[str]
    answers: list[tuple[str, str, str]]
    """The value of each answer in the form, its text, and what it would change."""


class Changed(msgspec.Struct, frozen=True):
    """A field of a guest on the list that is changed."""

    line: str
    name: str
    status: str
    answer: str
    """What the guest has answered; empty for a guest who has not."""
    field: str
    old: str
    new: str
    as_new: str
    """The value of the choice that it is somebody new; empty if that cannot be, and except for the
    first change of a guest."""


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What the import before this preview did."""

    counts: Imported
    refused: list[tuple[str, str]]
    """The lines whose choice was not carried out, and why."""
    is_more_asked: bool
    """Whether there are questions behind those that the host saw."""
    after: int
    """Behind which line the next questions are."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """How a sheet was understood, and what its import would change."""

    kind: str
    encoding: str
    """The encoding that was chosen; `auto` if none was."""
    encodings: tuple[Encoding, ...]
    """The encodings that the file may be in, where that is not sure."""
    columns: list[tuple[str, str]]
    """Header of each column, and what it was understood as."""
    ignored: tuple[str, ...]
    households: int
    guessed: int
    seats: int
    children: int
    counts: Imported
    questions: list[Question]
    more_questions: int
    """How many questions follow behind those that are shown."""
    after: int
    """The line of the last question that is shown."""
    changes: list[Changed]
    more_changed: int
    """How many changed guests are not shown."""
    rows: list[PreviewRow]
    """New guests."""
    bad: list[BadLine]
    bad_count: int
    left_out: list[BadLine]
    left_out_count: int
    diets: list[DietCell]
    """Cells about diets that were not fully understood."""
    diet_count: int
    packed: list[str]
    """Parts of a text."""
    nothing: str
    """Why there is nothing to import; empty if there is."""
    button: str
    """What the button says that imports; empty if there is nothing to do."""
    before: Before | None = None
    """What was imported just before."""


def previewing(
    sheet: Sheet,
    report: ImportReport,
    packed: list[str],
    after: int = 0,
    before: Before | None = None,
    encoding: str = "",
) -> Steps[Preview]:
    """The preview, with questions about lines behind `after`."""
    shown = _Shown(after)
    for outcome in report.outcomes:
        shown.take(outcome)
        yield
    counts = report.counts
    return Preview(
        kind=f"{_(_FORMATS.get(sheet.format, sheet.format))}, {sheet.encoding}",
        encoding=encoding or "auto",
        encodings=() if sheet.encoding_sure else sheet.encodings,
        columns=[(column.header, _meaning(column.field)) for column in sheet.columns],
        ignored=sheet.ignored,
        households=sheet.households,
        guessed=sheet.guessed,
        counts=counts,
        seats=sheet.seats,
        children=sheet.children,
        questions=shown.questions,
        more_questions=shown.more_questions,
        after=shown.after,
        changes=shown.changes,
        more_changed=shown.more_changed,
        rows=[*shown.accented, *shown.plain[: max(_FEW - len(shown.accented), _FEW // 2)]],
        bad=list(sheet.bad[:_SHOWN]),
        bad_count=len(sheet.bad),
        left_out=list(sheet.left_out[:_SHOWN]),
        left_out_count=len(sheet.left_out),
        diets=list(sheet.unread_diets[:_SHOWN]),
        diet_count=len(sheet.unread_diets),
        packed=packed,
        nothing=_nothing(sheet, counts),
        button=_button(counts, bool(shown.questions)),
        before=before,
    )


def looking_back(report: ImportReport, after: int) -> Steps[Before]:
    """What an import did whose page had the questions about lines up to `after`."""
    refused: list[Outcome] = []
    is_more_asked = False
    for outcome in report.outcomes:
        if outcome.kind == "refused":
            refused.append(outcome)
        is_more_asked = is_more_asked or (outcome.kind == "asked" and outcome.row.line > after)
        yield
    return Before(
        counts=report.counts,
        refused=[(outcome.name, outcome.reason) for outcome in refused],
        is_more_asked=is_more_asked,
        after=refused[0].row.line - 1 if refused else after,
    )


class _Shown:
    """The rows that are shown, collected from all."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.questions: list[Question] = []
        self.more_questions = 0
        self.changes: list[Changed] = []
        self.more_changed = 0
        self.accented: list[PreviewRow] = []
        self.plain: list[PreviewRow] = []
        self._first = after
        self._changed = 0

    def take(self, outcome: Outcome) -> None:
        match outcome.kind:
            case "asked":
                self._ask(outcome)
            case "changed":
                self._change(outcome)
            case "new":
                self._add(outcome.row)

    def _ask(self, outcome: Outcome) -> None:
        line = outcome.row.line
        if line <= self._first:
            return
        if len(self.questions) < QUESTIONS_SHOWN or line == self.after:
            self.questions.append(_question(outcome))
            self.after = line
        else:
            self.more_questions += 1

    def _change(self, outcome: Outcome) -> None:
        if self._changed == _SHOWN or outcome.guest is None:
            self.more_changed += 1
            return
        self._changed += 1
        guest, answered = outcome.guest, outcome.guest.rsvp_at is not None
        as_new = f"new @{mark(outcome)}" if "new" in outcome.actions else ""
        self.changes += [
            Changed(
                line=outcome.name,
                name=full_name(guest),
                status=guest.status,
                answer=answer_of(guest) if answered else "",
                field=FIELD_NAMES[change.field],
                old=written(change.old),
                new=written(change.new),
                as_new="" if number else as_new,
            )
            for number, change in enumerate(changes_of(outcome.row, guest))
        ]

    def _add(self, row: SheetRow) -> None:
        rows, most = (self.plain, _FEW) if full_name(row).isascii() else (self.accented, _SHOWN)
        if len(rows) < most:
            rows.append(_row(row))


def _question(outcome: Outcome) -> Question:
    row, seen = _row(outcome.row), f"@{mark(outcome)}"
    seats = "" if row.seats == "1" else _("{count} places").format(count=row.seats)
    home = row.household and _("household {name}").format(name=row.household)
    about = filter(None, [row.address, home, seats, row.food])
    answers: list[tuple[str, str, str]] = []
    for action in outcome.actions:
        if action == "same":
            answers += [
                (
                    f"same ={guest.id}{seen}",
                    _("The same person as {guest}").format(guest=described(guest)),
                    changes_told(outcome.row, guest),
                )
                for guest in outcome.candidates
            ]
        else:
            answers.append((f"{action} {seen}", *_answer(action, outcome)))
    return Question(
        name=outcome.name,
        title=row.name,
        about=" · ".join(about),
        reasons=outcome.reasons,
        answers=answers,
    )


def _answer(action: str, outcome: Outcome) -> tuple[str, str]:
    """The text of an answer other than `same`, and what it would change."""
    if action == "leave":
        return _("Leave out"), ""
    if action == "new":
        return _("Somebody new"), ""
    if outcome.guest is None:
        return _("Import as read"), ""
    text = _("Change {guest}").format(guest=described(outcome.guest))
    return text, changes_told(outcome.row, outcome.guest)


def _row(row: SheetRow) -> PreviewRow:
    children = int(row.child or False) if row.children is None else row.children
    tags = ", ".join(label(tag) for tag in row.dietary_tags)
    return PreviewRow(
        name=full_name(row),
        household=row.group_id or "",
        guessed=row.household_guessed,
        address=row.email or "",
        seats=str(1 if row.expected_guests is None else row.expected_guests),
        children=str(children or ""),
        food="; ".join(filter(None, [tags, row.dietary])),
    )


def _meaning(field: str) -> str:
    """What a column holds, as text for people."""
    return _(_MEANINGS.get(field, field.replace("_", " ")))


def _nothing(sheet: Sheet, counts: Imported) -> str:
    """Why there is nothing to import, or only what is asked."""
    if counts.new + counts.changed or counts.asked:
        return ""
    if not sheet.rows:
        return _("every line is bad") if sheet.bad else _("the sheet names no guests")
    if sheet.bad:
        return _("all guests of the good lines are on the list already")
    return _("everything is on the list already")


def _button(counts: Imported, asks: bool) -> str:
    """What is imported, as in `Import 2 guests, change 1, and what you chose`."""
    does = []
    if counts.new:
        text = ngettext("Import {count} guest", "Import {count} guests", counts.new)
        does.append(text.format(count=number(counts.new)))
    if counts.changed:
        text = ngettext("Change {count} guest", "Change {count} guests", counts.changed)
        text = _("change {count}") if does else text
        does.append(text.format(count=number(counts.changed)))
    if not asks:
        return ", ".join(does)
    return ", ".join([*does, _("and what you chose")]) if does else _("Import what you chose")
