"""Commands about records of other systems: take them in from a file or a queue, and list them."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import USAGE, CommandRefused, flaws_named
from gatherlog.entrypoints.cli.opening import (
    finish,
    open_platform,
    opened_store,
    running_platform,
)
from gatherlog.entrypoints.cli.opening import settings_of_store as settings_of
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import counted, printable
from gatherlog.entrypoints.record_lines import LONGEST, Line, parts_of

if TYPE_CHECKING:
    from gatherlog.apps.intake import IntakeService, Offer, Result
    from gatherlog.apps.intake.reading import RecordQuery, StoredRecord

__all__ = ["records", "take"]

SHOWN = 20
"""Bad lines that are shown to people; all are counted."""
Log = Annotated[str, Parameter(help="Log of the records.")]


def take(
    file: Annotated[
        str | None,
        Parameter(
            allow_leading_hyphen=True,
            help="File with one record in JSON on each line; - reads from standard input.",
        ),
    ] = None,
    /,
    *,
    queue: Annotated[
        str | None, Parameter(help="Durable queue to read instead of a file, until Ctrl-C.")
    ] = None,
    log: Log = "intake",
    bad: Annotated[
        Path | None, Parameter(help="File for the bad lines, as they are, to be mended.")
    ] = None,
    skip: Annotated[int, WHOLE, Parameter(help="Leave out so many lines at the beginning.")] = 0,
    store: StoreUrl = None,
    json: Json = False,
) -> int:
    """Take records of other systems into a log, each of them once: from a file, or from a queue.

    Bad lines keep no others out; each is shown with what is wrong. If the command was interrupted,
    run it again: what was taken is not taken twice. Status 2 if any line is bad. With --json, a
    line is printed for each bad line, and one at the end with the numbers.
    """
    if (file is None) is (queue is None):
        raise CommandRefused("name either a FILE or a queue with --queue")
    if file is None:
        if bad is not None or skip or json:
            raise CommandRefused("--bad, --skip and --json go with a FILE, not with --queue")
        return _take_from_queue(str(queue), log, store)
    if skip < 0:
        raise CommandRefused(f"--skip is {skip}: write a number of lines")
    if bad is not None and file != "-" and bad.exists() and bad.samefile(file):
        raise CommandRefused("--bad names the file itself")
    with ExitStack() as stack:
        source = stack.enter_context(_opened(file))
        platform, run = stack.enter_context(running_platform(settings_of(store)))
        with flaws_named({"/log": "--log"}):
            platform.intake.check_log(log)
        kept = None if bad is None else stack.enter_context(bad.open("ab" if skip else "wb"))
        report = _Report(kept, as_json=json, last=skip)
        advance = stack.enter_context(_progress(file, report))
        with _told_where(report):
            for lines in parts_of(source):
                wanted = [line for line in lines if line.number > skip]
                offers = [_offer(platform.intake, line) for line in wanted]
                report.add(wanted, run(platform.intake.take(log, offers, by="cli")))
                advance(lines[-1].ends)
    report.end()
    return USAGE if report.counts["rejected"] else 0


def records(
    *,
    log: Log = "intake",
    id: Annotated[str | None, Parameter(help="Only about this entity.")] = None,
    type: Annotated[str | None, Parameter(help="Only of this EventType.")] = None,
    emitter: Annotated[str | None, Parameter(help="Only from this EmitterId.")] = None,
    since: Annotated[str | None, Parameter(help="Not before this time, in RFC 3339.")] = None,
    until: Annotated[str | None, Parameter(help="Before this time, in RFC 3339.")] = None,
    limit: Annotated[int | None, WHOLE, Parameter(help="Print at most this many records.")] = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Print records that were taken in, by the time when they happened.

    With --json, each is a line that `gatherlog intake` takes.
    """
    from gatherlog.apps.intake.reading import RecordQuery

    if limit is not None and limit < 1:
        raise CommandRefused(f"--limit is {limit}: write 1 or more")
    query = RecordQuery(
        log=log,
        entity=id,
        type=type,
        emitter=emitter,
        since=_micros("--since", since),
        until=_micros("--until", until),
    )
    finish(_print(store, query, limit, _as_json if json else _as_text))


def _take_from_queue(queue: str, log: str, store: str | None) -> int:
    settings = settings_of(store)

    async def take_all() -> None:
        async with open_platform(settings) as platform:
            platform.intake.check_log(log)
            check_queue(queue)
            print(f"Reading the queue {queue} into the log {log}.", flush=True)
            await platform.queue_intake.run(queue, log)

    from gatherlog.core.queues import check_queue

    try:
        with flaws_named({"/log": "--log", "/queue": "--queue"}):
            finish(take_all())
    except KeyboardInterrupt:
        pass
    return 0


def _offer(intake: "IntakeService", line: Line) -> "Offer":
    if line.text is not None:
        return intake.read(line.text)
    from gatherlog.apps.intake import BadRecord, Fault

    return BadRecord(Fault("too_large", "", f"has more than {LONGEST:,} bytes"))


class _Report:
    """What became of the lines; bad ones are shown at once, and kept as they are."""

    def __init__(self, kept: BinaryIO | None, *, as_json: bool, last: int) -> None:
        self.counts: Counter[str] = Counter()
        self.last = last
        """The last line that was read, or is left out."""
        self._kept = kept
        self._as_json = as_json

    def add(self, lines: Sequence[Line], results: "Sequence[Result]") -> None:
        for line, result in zip(lines, results, strict=True):
            self.counts[result.status] += 1
            self.last = line.number
            if result.status == "rejected":
                self._reject(line, result)
        if self._kept is not None:
            self._kept.flush()

    def end(self) -> None:
        if self._as_json:
            self._print_json(**self._numbers())
            return
        if (more := self.counts["rejected"] - SHOWN) > 0:
            print(f"and {counted(more, 'bad line')} more", file=sys.stderr)
        taken, repeated = counted(self.counts["accepted"], "record"), self.counts["repeated"]
        bad = counted(self.counts["rejected"], "bad line")
        print(f"{taken} taken, {repeated:,} taken before, {bad}.")

    def _reject(self, line: Line, result: "Result") -> None:
        if self._kept is not None and line.text is not None:
            self._kept.write(line.text + b"\n")
        if self._as_json:
            self._print_json(line=line.number, id=result.event_id or None, errors=result.faults)
        elif self.counts["rejected"] <= SHOWN:
            faults = "; ".join(
                f"{fault.pointer.removeprefix('/')} {fault.detail}".strip()
                for fault in result.faults
            )
            print(printable(f"line {line.number}: {faults}"), file=sys.stderr)

    def _numbers(self) -> dict[str, int]:
        return {status: self.counts[status] for status in ("accepted", "repeated", "rejected")}

    def _print_json(self, **fields: object) -> None:
        import msgspec

        print(msgspec.json.encode(fields).decode())


@contextmanager
def _told_where(report: _Report) -> Iterator[None]:
    """Says how to go on, where taking lines ends early."""
    try:
        yield
    except BaseException:
        print(
            f"Read up to line {report.last:,}. Run the command again, and nothing is taken twice; "
            f"--skip {report.last} leaves these lines out.",
            file=sys.stderr,
        )
        raise


@contextmanager
def _opened(file: str) -> Iterator[BufferedIOBase]:
    if file == "-":
        yield sys.stdin.buffer  # type: ignore[misc]  # a BufferedReader
        return
    with Path(file).open("rb") as opened:
        yield opened


@contextmanager
def _progress(file: str, report: _Report) -> Iterator[Callable[[int], None]]:
    """Shows how far the file was read, if stderr is a terminal; given the bytes up to there."""
    if not sys.stderr.isatty():
        yield lambda read: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        total = None if file == "-" else Path(file).stat().st_size
        task = progress.add_task("", total=total)

        def advance(read: int) -> None:
            shown = f"{report.last:,} lines, {report.counts['rejected']:,} bad"
            progress.update(task, completed=read, description=shown)

        yield advance


async def _print(
    store: str | None,
    query: "RecordQuery",
    limit: int | None,
    show: "Callable[[StoredRecord], str]",
) -> None:
    from gatherlog.apps.intake.reading import records as page_of

    cursor, left = None, limit
    async with opened_store(store, read_only=True) as opened:
        while left is None or left > 0:
            most = 1000 if left is None else min(left, 1000)
            page = await page_of(opened, query, limit=most, cursor=cursor)
            for record in page.items:
                print(show(record))
            left = None if left is None else left - len(page.items)
            if (cursor := page.cursor) is None:
                return


def _as_json(record: "StoredRecord") -> str:
    from gatherlog.core.eventstore.exact_json import encode

    return encode(record.fields()).decode()


def _as_text(record: "StoredRecord") -> str:
    from gatherlog.core.eventstore.clock import rfc3339

    fields, event = record.fields(), record.event
    data = bytes(fields["Data"]).decode(errors="replace")
    named = f"{fields['ID']}  {event.type}  {fields['EmitterId']}"
    return printable(f"{rfc3339(event.time)}  {named}  {data}")


def _micros(option: str, text: str | None) -> int | None:
    from gatherlog.apps.intake.records import moment_of

    try:
        return None if text is None else moment_of(text)
    except ValueError:
        raise CommandRefused(f"{option} needs RFC 3339, as in 2027-06-05T15:00:00Z") from None
