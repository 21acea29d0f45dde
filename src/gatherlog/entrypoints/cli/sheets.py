"""Commands that import and export guest lists as sheets."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.confirming import refusal_of
from gatherlog.entrypoints.cli.failures import FAILED, INTERRUPTED, CommandRefused
from gatherlog.entrypoints.cli.import_questions import (
    ask,
    changed_lines,
    counts_of,
    nothing_of,
    questions_of,
    refusals_of,
    rows_told,
)
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import GatheringId, Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import counted, printable

if TYPE_CHECKING:
    from gatherlog.apps.guests.answers import Imported, ImportReport
    from gatherlog.apps.guests.choices import Choices
    from gatherlog.apps.guests.sheets import Sheet
    from gatherlog.apps.guests.views import Guest
    from gatherlog.interfaces.platform import Platform

__all__ = ["export", "import_"]

LARGEST_SHEET = 20 * 1024 * 1024
LONGEST_SHEET = 1_000_000
"""Lines; a person at a terminal may wait longer than a request may take."""
LINES_SHOWN = 20
"""Lines printed of those that are bad, and of those that are left out."""


def import_(
    file: Annotated[
        Path,
        Parameter(allow_leading_hyphen=True, help="The sheet; - reads it from standard input."),
    ],
    /,
    *,
    gathering: GatheringId = "default",
    format: Annotated[
        Literal["auto", "google", "outlook", "eventbrite", "meetup", "sheet"],
        Parameter(
            help="What made the file: the contacts of Google or Outlook, a list of Eventbrite or "
            "Meetup, or any other sheet, as CSV or Excel workbook. auto finds out."
        ),
    ] = "auto",
    encoding: Annotated[
        str, Parameter(help="The encoding of the text, such as windows-1250. auto finds out.")
    ] = "auto",
    keep_good: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Import the good lines although there are bad ones.",
        ),
    ] = False,
    take: Annotated[
        str,
        Parameter(
            show_default=False,
            help="Lines that are asked about, to be imported as they were read: 3,7.2 is line 3, "
            "and of line 7 the second guest.",
        ),
    ] = "",
    new: Annotated[
        str,
        Parameter(
            show_default=False, help="Lines about somebody who is not on the list: 4 or 4,9."
        ),
    ] = "",
    same: Annotated[
        str,
        Parameter(show_default=False, help="Lines about a guest on the list: 5=GUEST_ID."),
    ] = "",
    leave: Annotated[
        str, Parameter(show_default=False, help="Lines that shall not be imported.")
    ] = "",
    yes: Annotated[
        bool, Parameter(negative="", show_default=False, help="Write without asking.")
    ] = False,
    store: StoreUrl = None,
    json: Json = False,
) -> int:
    """Import a guest list from a sheet.

    Shows first how the sheet is understood and what would change, and writes only after a y or with
    --yes. Guests who surely are on the list already are updated. A line that is not sure is asked
    about: on a terminal at once; else choose with --take, --new, --same and --leave. Without a
    choice it is not imported, but all others are. Where no column names households, they are
    guessed and the guesses counted. Bad lines end it with status 2, unless --keep-good is given;
    a choice that does not fit ends it with status 1, after everything else was written.
    """
    from gatherlog.apps.guests.choices import choices_of
    from gatherlog.apps.guests.sheets import known_encoding, read_sheet

    choices = choices_of(take=take, new=new, same=same, leave=leave)
    data = _read(file)
    sheet = read_sheet(data, format, encoding=known_encoding(encoding), most_lines=LONGEST_SHEET)
    settings = settings_of_store(store)

    async def load() -> int:
        async with open_platform(settings) as platform:
            report = await platform.guests.preview_import(gathering, sheet.rows, choices)
            if not json:
                _print_preview(sheet, report)
            may_ask = sys.stdin.isatty() and not (json or yes or (sheet.bad and not keep_good))
            if may_ask and (asked := ask(report)):
                choices.update(asked)
                report = await platform.guests.preview_import(gathering, sheet.rows, choices)
                print(f"{'Import':<10} {counts_of(report.counts)}")
            refusal = _refusal(sheet, report.counts, keep_good=keep_good, yes=yes, may_ask=not json)
            if refusal is None:
                report = await _write(platform, gathering, sheet, choices, data)
            if json:
                _print_json(sheet, report, written=refusal is None)
            if refusal is not None:
                raise refusal
        if not json:
            _print_done(sheet, report)
        return FAILED if report.counts.refused else 0

    try:
        return finish(load())
    except KeyboardInterrupt:
        reason = "interrupted; what was written stays, and importing again completes it"
        raise CommandRefused(reason, INTERRUPTED) from None


def export(
    file: Annotated[
        Path,
        Parameter(
            allow_leading_hyphen=True,
            help="Where the sheet goes; an existing file is refused. - is stdout.",
        ),
    ] = Path("-"),
    /,
    *,
    gathering: GatheringId = "default",
    store: StoreUrl = None,
) -> None:
    """Write the guests and their answers as CSV, for any spreadsheet, and for `import`.

    Read back by `import`: names, e-mail, household, child, seats, children, diet and diet notes;
    into another gathering, too. For reading only: status, people and answered; answers are not
    imported, nor are links. An imported cell that is empty changes nothing, and the children and
    diet of a guest who has answered stay as answered.
    """
    from gatherlog.apps.guests.sheets import write_sheet

    settings = settings_of_store(store)

    async def load() -> "list[Guest]":
        async with open_platform(settings) as platform:
            guests = await platform.guests.all_guests(gathering)
            platform.trail.note("cli", "guests_exported", gathering)
            return guests

    guests = finish(load())
    data = write_sheet(guests)
    if str(file) == "-":
        sys.stdout.buffer.write(data)
        return
    with _new_file(file) as write:
        write(data)
    written = "1 guest is" if len(guests) == 1 else f"{len(guests):,} guests are"
    print(f"{written} in {printable(str(file))}.")


def _read(file: Path) -> bytes:
    if str(file) == "-":
        data = sys.stdin.buffer.read(LARGEST_SHEET + 1)
    else:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_SHEET + 1)
    if len(data) > LARGEST_SHEET:
        raise CommandRefused(f"{file} is larger than {LARGEST_SHEET // 2**20} MiB: split the sheet")
    return data


def _refusal(
    sheet: "Sheet", counts: "Imported", *, keep_good: bool, yes: bool, may_ask: bool
) -> CommandRefused | None:
    """Why nothing may be written; None if it may, after a yes."""
    if sheet.bad and not keep_good:
        return CommandRefused(
            f"nothing was written: {_count(len(sheet.bad), 'bad line')}; correct the sheet, or "
            "take the rest with --keep-good"
        )
    if yes or not counts.new + counts.changed:
        return None
    return refusal_of("Write this?", "was written", may_ask=may_ask)


async def _write(
    platform: "Platform", gathering: str, sheet: "Sheet", choices: "Choices", data: bytes
) -> "ImportReport":
    digest = hashlib.sha256(data).hexdigest()
    with _progress(len(sheet.rows)) as progress:
        return await platform.guests.import_guests(
            gathering, sheet.rows, choices, actor="cli", file_hash=digest, progress=progress
        )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar, if stderr is a terminal; it is called with the number of rows done."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Writing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def _print_preview(sheet: "Sheet", report: "ImportReport") -> None:
    columns = ", ".join(_understood(column.header, column.field) for column in sheet.columns)
    lines = [
        ("Format", f"{sheet.format}, {sheet.encoding}, {sheet.delimiter} between cells"),
        *_encodings(sheet),
        ("Columns", columns),
        ("Ignored", ", ".join(sheet.ignored) or "none"),
        ("Guests", _households(sheet)),
        ("Seats", f"{sheet.seats:,}, {sheet.children:,} of them for children"),
        ("Import", counts_of(report.counts)),
    ]
    if questions := questions_of(report):
        lines += _listed("Asked", questions, ": not imported until you choose")
    if changes := changed_lines(report):
        lines += _listed("Changes", changes, " to guests on the list")
    if sheet.unread_diets:
        cells = [(cell.line, cell.text) for cell in sheet.unread_diets]
        lines += _listed("Diets", cells, " not understood whole: kept as text, with the tag other")
    if sheet.left_out:
        lines += _listed("Left out", [(line.line, line.reason) for line in sheet.left_out])
    lines += _listed("Bad lines", [(line.line, line.reason) for line in sheet.bad])
    for label, text in lines:
        print(f"{label:<10} {printable(text)}")


def _print_done(sheet: "Sheet", report: "ImportReport") -> None:
    counts = report.counts
    if counts.new + counts.changed:
        print("Done.")
    else:
        print(f"Nothing to write: {nothing_of(sheet, counts)}.")
    for line, reason in refusals_of(report):
        print(printable(f"The choice for line {line} was not carried out: {reason}."))
    if counts.asked:
        print(
            f"{counted(counts.asked, 'guest')} not imported: choose with --take, --new, --same or "
            "--leave, and import the file again."
        )


def _encodings(sheet: "Sheet") -> list[tuple[str, str]]:
    """What may be chosen by --encoding, with names as they would be read, if that is not sure."""
    if sheet.encoding_sure:
        return []
    lines = [("Encoding", "not sure; choose one with --encoding:")]
    return lines + [
        ("", f"{encoding.name}: {', '.join(encoding.samples)}") for encoding in sheet.encodings
    ]


def _households(sheet: "Sheet") -> str:
    """As in `4, 2 of them in 1 household`: most lists have guests who are in none."""
    guests, together = len(sheet.rows), sheet.in_households
    count = _count(sheet.households, "household")
    if not together:
        return f"{guests:,}, none of them in a household"
    households = (
        f"{guests:,} in {count}"
        if together == guests
        else (f"{guests:,}, {together:,} of them in {count}")
    )
    if not sheet.guessed:
        return households
    guess = f"{sheet.guessed:,} guessed from address, or last name and e-mail or phone"
    return f"{households}, {guess}"


def _listed(
    label: str, listed: Sequence[tuple[object, str]], what: str = ""
) -> list[tuple[str, str]]:
    lines = [(label, f"{len(listed):,}{what}")]
    lines += [("", f"line {line}: {text}") for line, text in listed[:LINES_SHOWN]]
    if len(listed) > LINES_SHOWN:
        lines.append(("", f"and {len(listed) - LINES_SHOWN:,} more; --json lists all"))
    return lines


def _understood(header: str, field: str) -> str:
    """A column's header, and what it was understood as, unless that is the same."""
    meaning = _MEANINGS.get(field, field.replace("_", " "))
    return header if header.lower() == meaning else f"{header} = {meaning}"


_MEANINGS = {
    "group_id": "household",
    "expected_guests": "seats",
    "children_included": "children among the seats",
}


def _print_json(sheet: "Sheet", report: "ImportReport", *, written: bool) -> None:
    import msgspec

    counts = report.counts
    outcome = {
        "format": sheet.format,
        "encoding": sheet.encoding,
        "encodings": sheet.encodings,
        "encoding_sure": sheet.encoding_sure,
        "delimiter": sheet.delimiter,
        "columns": sheet.columns,
        "ignored": sheet.ignored,
        "guests": len(sheet.rows),
        "households": sheet.households,
        "guessed": sheet.guessed,
        "in_households": sheet.in_households,
        "seats": sheet.seats,
        "children": sheet.children,
        "unread_diets": sheet.unread_diets,
        **msgspec.structs.asdict(counts),
        **rows_told(report),
        "left_out": sheet.left_out,
        "bad": sheet.bad,
        "written": written,
    }
    print(msgspec.json.encode(outcome).decode())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@contextmanager
def _new_file(file: Path) -> Iterator[Callable[[bytes], int]]:
    """Write a new file that only its owner may read; after an error it does not exist."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            yield opened.write
    except BaseException:
        file.unlink(missing_ok=True)
        raise
