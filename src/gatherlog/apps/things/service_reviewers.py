"""Commands and questions of reviewers, and reports by anyone."""

from collections.abc import Sequence
from typing import Any

from gatherlog.apps.things import decisions
from gatherlog.apps.things.answers import HistoryEntry, Review
from gatherlog.apps.things.checks import checked_text
from gatherlog.apps.things.commands import load_thing
from gatherlog.apps.things.content import Content
from gatherlog.apps.things.events import (
    CODEC,
    NewVersionCreated,
    NewVersionDropped,
    Reason,
    ReportMade,
    ReportSettled,
    ThingApproved,
    ThingChanged,
    ThingCreated,
    ThingRejected,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.apps.things.settling import Settling
from gatherlog.apps.things.views import REPORTS, THINGS, Report, Thing, report_document
from gatherlog.core.commands.event_meta import actor_of
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import Stored, check_version, no_such, run
from gatherlog.core.commands.slices import Slice, Window, count, selected, sliced
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.projections.paging import stream_events

__all__ = ["ReviewerCommands"]

_REVIEWED = ("PENDING", "PUBLISHED")


class ReviewerCommands(Settling):
    """Part of `ThingService`; what all of its commands have in common is documented there."""

    async def pending(self, window: Window) -> Slice[Thing]:
        """A slice of what waits for review, the oldest first."""
        return await sliced(self._store, THINGS, "by_status", "PENDING", window)

    async def count_pending(self) -> int:
        """How many things `pending` lists."""
        return await count(self._store, THINGS, "by_status", "PENDING")

    async def review(self, thing_id: str) -> Review:
        """What waits for review or is published, beside what it would replace, and what it was when
        it was sent back last. Raises NotFound."""
        stored = await self._stored_thing(thing_id)
        thing = stored.body
        if thing.status not in _REVIEWED:
            raise no_such("thing", thing_id)
        live = None
        if thing.replaces is not None and thing.status == "PENDING":
            replaced = (await self._stored_thing(thing.replaces)).body
            live = replaced if replaced.status == "PUBLISHED" else None
        is_again = thing.status == "PENDING" and thing.decided_at is not None
        sent_back = await self._sent_back(thing_id) if is_again else None
        return Review(thing=thing, version=stored.version, live=live, sent_back=sent_back)

    async def approve(
        self,
        thing_id: str,
        reviewer_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Publish it; a new version replaces the content of the published thing, exactly once.

        `expects` is the version that the reviewer has seen: Conflict if it was changed since.
        Raises WrongState, and OwnThing for the organiser. The answer is the thing that is published
        now.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await self._load_reviewed(unit, thing_id, expects)
            live = None if thing.replaces is None else await unit.get(THINGS, thing.replaces)
            return decisions.approve(thing, live, reviewer_id, now=unit.now)

        approved = await self._run_thing(thing_id, attempt, actor, once)
        if approved.body.replaces is None:
            return approved
        return await self._stored_thing(approved.body.replaces)

    async def reject(
        self,
        thing_id: str,
        reasons: tuple[Reason, ...],
        reviewer_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Send it back, with a reason for each field that needs one.

        Raises Invalid without a reason, WrongState, and OwnThing for the organiser.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await self._load_reviewed(unit, thing_id, expects)
            return decisions.reject(thing, reasons, reviewer_id)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def withdraw_as_reviewer(
        self,
        thing_id: str,
        reason: str,
        reviewer_id: str,
        *,
        actor: str,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Take a published thing down, which cancels its bookings. Raises Invalid, WrongState."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await self._load_reviewed(unit, thing_id, None)
            return decisions.withdraw(thing, reason, "reviewer", reviewer_id)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def history(self, thing_id: str) -> list[HistoryEntry]:
        """What happened to a thing and its new versions, the oldest first, and who decided.

        Raises NotFound for what was never submitted.
        """
        await self._submitted(thing_id)
        entries, versions = await self._entries(thing_id)
        documents = await self._store.get([THINGS.ref(version) for version in versions])
        for version in map(THINGS.recall, documents):
            if version is not None and version.submitted_at is not None:
                entries += (await self._entries(version.id))[0]
        return sorted(entries, key=lambda entry: entry.at)

    # Reports.

    async def report_thing(
        self,
        thing_id: str,
        reason: str,
        account_id: str,
        *,
        actor: str,
        once: Once | None = None,
    ) -> None:
        """Report a published thing to the reviewers; a second report replaces the first.

        Raises Invalid, and NotFound for what is not published.
        """
        stored = checked_text("reason", reason)
        id = report_document(thing_id, account_id)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((REPORTS, id), (THINGS, thing_id))
            await self._load_published(unit, thing_id)
            before = await unit.get(REPORTS, id)
            if before is not None and before.reason == stored:
                return []
            return [Decided(ReportMade(stored), account_id)]

        await run(self._reports, f"reports-{thing_id}", attempt, actor=actor, once=once)

    async def reports(self, window: Window, reviewer_id: str | None) -> Slice[Report]:
        """A slice of the reports that no reviewer has looked into, the oldest first.

        Without those about what the reviewer publishes: no organiser learns who reports what.
        """

        async def read(part: Window) -> Slice[Report]:
            return await sliced(self._store, REPORTS, "by_all", "all", part)

        async def of_others(found: Sequence[Report]) -> list[Report | None]:
            documents = await self._store.get([THINGS.ref(one.thing_id) for one in found])
            things = [THINGS.recall(document) for document in documents]
            return [
                report if thing is None or thing.organiser_id != reviewer_id else None
                for report, thing in zip(found, things, strict=True)
            ]

        return await selected(read, of_others, window)

    async def settle_report(
        self,
        thing_id: str,
        account_id: str,
        reviewer_id: str,
        *,
        actor: str,
        once: Once | None = None,
    ) -> None:
        """Take a report off the list; repeating it does nothing.

        Raises OwnThing for the organiser.
        """
        id = report_document(thing_id, account_id)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((REPORTS, id), (THINGS, thing_id))
            decisions.check_reviewer(await unit.get(THINGS, thing_id), reviewer_id)
            report = await unit.get(REPORTS, id)
            settled = ReportSettled(reviewer_id=reviewer_id)
            return [] if report is None else [Decided(settled, account_id)]

        await run(self._reports, f"reports-{thing_id}", attempt, actor=actor, once=once)

    async def _load_reviewed(self, unit: UnitOfWork, thing_id: str, expects: int | None) -> Thing:
        """What a reviewer may know of: what was submitted once, and no draft."""
        thing = await load_thing(unit, thing_id)
        if thing.submitted_at is None:
            raise no_such("thing", thing_id)
        check_version(unit, THINGS, thing_id, expects)
        return thing

    async def _sent_back(self, thing_id: str) -> Content | None:
        """What a thing said when a reviewer sent it back last."""
        content: Content | None = None
        judged: Content | None = None
        async for event in stream_events(self._store, decisions.stream_of(thing_id)):
            match CODEC.decode(event):
                case ThingCreated() | ThingChanged() as told:
                    content = told.content
                case ThingRejected():
                    judged = content
        return judged

    async def _submitted(self, thing_id: str) -> None:
        """Raise NotFound unless it was submitted once."""
        thing = (await self._stored_thing(thing_id)).body
        if thing.submitted_at is None:
            raise no_such("thing", thing_id)

    async def _entries(self, thing_id: str) -> tuple[list[HistoryEntry], list[str]]:
        """What happened in one stream, and the new versions that were made meanwhile."""
        entries, versions = [], []
        async for event in stream_events(self._store, decisions.stream_of(thing_id)):
            match payload := CODEC.decode(event):
                case NewVersionCreated(version=version):
                    versions.append(version)
                case ThingChanged() | NewVersionDropped():
                    pass
                case _:
                    entries.append(_entry(thing_id, event, payload))
        return entries, versions


def _entry(thing_id: str, event: Recorded, payload: Any) -> HistoryEntry:
    account: str | None = None
    reasons: tuple[Reason, ...] = ()
    match payload:
        case ThingCreated(organiser_id=account):
            pass
        case ThingApproved(reviewer_id=account) | VersionReplaced(reviewer_id=account):
            pass
        case ThingRejected(reviewer_id=account, reasons=reasons):
            pass
        case ThingWithdrawn(account_id=account, reason=reason):
            reasons = (Reason("", reason),)
    actor = actor_of(event)
    return HistoryEntry(
        at=event.time,
        thing_id=thing_id,
        what=event.type,
        actor=actor if isinstance(actor, str) else "",
        account_id=account,
        reasons=reasons,
    )
