"""Lets events expire in the background, at a pace of its own, as the rules of retention say.

Each rule goes through the log once, partition by partition, and stops at the first event that is
too young. Events become blank in small batches, each followed by a pause, so that commits of others
wait for little. Whoever is killed in between goes on behind the last batch that was noted; what is
blank by then is not blanked twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import Conflict, StoreClosed
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import KeepsFreedSpace, Store
from gatherlog.core.projections.rebuild import repair_streams
from gatherlog.core.retention.checks import RetentionChecks
from gatherlog.core.retention.progress import Progress, save, stored_progress
from gatherlog.core.retention.rules import RETENTION, RetentionRule
from gatherlog.core.retention.service import RetentionService

__all__ = ["PAUSE", "BeforeBlank", "Expiry", "OnBlanked", "batches"]

BATCH: Final = 500
BATCH_BYTES: Final = 512 * 1024
"""Events that become blank together, at most, and about how many bytes they have."""
PAGE: Final = 500
PAUSE: Final = 60.0
"""Seconds between two rounds."""
SHARE: Final = 0.5
"""The share of time that it works; the rest of the time it pauses."""

BeforeBlank = Callable[[Sequence[Recorded]], Awaitable[None]]
"""Called with events that are about to become blank, also again with the same ones after a crash.
It takes what they say out of all documents by commands, which are recorded."""
OnBlanked = Callable[[Sequence[Recorded]], Awaitable[None]]
"""Called with events that have become blank, also again with the same ones after a crash. An
archive blanks its copies of them so."""


class Expiry:
    """Carries out the rules of retention of a store. Several processes may do so at once.

    `before_blank` has the logs whose documents are changed by commands. The documents of other logs
    are folded anew.
    """

    def __init__(
        self,
        store: Store,
        rules: RetentionService,
        checks: RetentionChecks,
        *,
        clock: Clock,
        before_blank: Mapping[str, BeforeBlank] = {},
        on_blanked: Sequence[OnBlanked] = (),
        report: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._store = store
        self._rules = rules
        self._checks = checks
        self._clock = clock
        self._before_blank = before_blank
        self._on_blanked = on_blanked
        self._report = report
        self._is_log_cut = False
        """Whether files hold no earlier states of pages with events that are blank now."""

    async def run(self) -> None:
        """Go round until cancelled. A round that fails is reported, and the next one follows."""
        while True:
            try:
                await self.go_round()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do
                self._report(error)
            await asyncio.sleep(PAUSE)

    async def go_round(self, *, documents: bool = False) -> int:
        """Let everything expire that is due by now; how many events that were.

        When it returns, files of the store do not hold any more what they said. With `documents`,
        nor what documents said of them: files are written anew for that, and commits wait.
        """
        expired = 0
        rules = await self._rules.rules()
        for rule in rules:
            expired += await self._carry_out(rule)
        if rules and (expired or documents or not self._is_log_cut):
            self._is_log_cut = False
            if isinstance(self._store, KeepsFreedSpace):
                await self._store.overwrite_freed(documents=documents)
            self._is_log_cut = True
        return expired

    async def _carry_out(self, rule: RetentionRule) -> int:
        expired = 0
        heads = await self._store.heads()
        for progress, head in zip(await stored_progress(self._store, rule), heads, strict=True):
            try:
                expired += await self._walk(rule, progress, head)
            except Conflict:
                continue  # another process lets the same events expire
        return expired

    async def _walk(self, rule: RetentionRule, progress: Progress, head: int) -> int:
        """Let the events of one partition expire that are due; raises Conflict."""
        now, loop = self._clock(), asyncio.get_running_loop()
        due, expired, begun = rule.expiring.due_by(now), 0, loop.time()
        partition = progress.expired.partition
        pages = feed_events(self._store, partition, progress.expired.position, head, limit=PAGE)
        async with aclosing(pages):
            async for page in pages:
                await _pause_after(loop.time() - begun)  # of reading it
                passed = _passed(page, due, now)
                if not passed or not await self._is_in_force(rule):
                    break
                concerned = [one for one in passed if _is_due(one, rule, due)]
                await self._expire(rule, concerned)
                expired += len(concerned)
                is_last = len(passed) < len(page) or page[-1].position >= head
                if concerned or is_last:
                    progress = await self._note(progress, passed, len(concerned))
                if is_last:
                    break
                begun = loop.time()
        return expired

    async def _is_in_force(self, rule: RetentionRule) -> bool:
        [document] = await self._store.get([RETENTION.ref(rule.name)])
        return RETENTION.recall(document) == rule

    async def _expire(self, rule: RetentionRule, events: Sequence[Recorded]) -> None:
        """Blank events, and all that is made of them; those that are blank are told of again."""
        if not events:
            return
        log, said = rule.expiring.log, [one for one in events if not one.is_blank]
        before = self._before_blank.get(log)
        if before is not None:
            await _at_pace(before(said))
        for some in batches(said):
            positions = [event.position for event in some]
            await _at_pace(self._store.blank(some[0].partition, positions))
        category = self._checks.category(log)
        if before is None and category is not None and category.fold.views:
            await repair_streams(self._store, category, {event.stream for event in events})
        for told in self._on_blanked:
            await _at_pace(told(events))

    async def _note(self, before: Progress, passed: Sequence[Recorded], expired: int) -> Progress:
        after = msgspec.structs.replace(
            before.expired,
            position=passed[-1].position,
            events=before.expired.events + expired,
        )
        return await save(self._store, before, after)


def batches(events: Sequence[Recorded]) -> Iterator[list[Recorded]]:
    """Events in batches that become blank together, so that commits wait for little."""
    batch: list[Recorded] = []
    size = 0
    for event in events:
        if batch and (len(batch) == BATCH or size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event_bytes(event)
    if batch:
        yield batch


def _is_due(event: Recorded, rule: RetentionRule, due: int) -> bool:
    return event.recorded <= due and rule.expiring.concerns(event)


async def _at_pace(work: Awaitable[None]) -> None:
    """Do some work, and pause for as long as it took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await work
    await _pause_after(loop.time() - begun)


async def _pause_after(seconds: float) -> None:
    """Leave the store to others, after work that took so long."""
    await asyncio.sleep(seconds * (1 - SHARE) / SHARE)


def _passed(page: Sequence[Recorded], due: int, now: int) -> Sequence[Recorded]:
    """The events up to the first one that is too young to expire.

    One that is recorded later than now, because a clock was wrong, does not keep the others.
    """
    for number, event in enumerate(page):
        if due < event.recorded <= now:
            return page[:number]
    return page
