"""Answers that one guest gives for several members of a household, in one commit.

The commit demands the versions of the members who are answered for. The other members are read only
to be shown in the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests.decisions import answer
from gatherlog.apps.guests.households import answer_for_pending, others, own_answer
from gatherlog.apps.guests.inputs import MOST_ANSWERS, HouseholdAnswer, OwnAnswer
from gatherlog.apps.guests.loading import load_group, load_guest
from gatherlog.apps.guests.places import Wish
from gatherlog.apps.guests.refusals import AnswersChanged
from gatherlog.apps.guests.seating import Seating
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUESTS,
    WAITING_LISTS,
    Gathering,
    Guest,
)
from gatherlog.core.commands.checks import MOST_FLAWS
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.service import changed_meanwhile, no_such
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.store import Limits, Store
from gatherlog.core.projections.views import View

__all__ = ["JointAnswers", "most_answers"]


def most_answers(limits: Limits) -> int:
    """How many guests may be answered for at once: MOST_ANSWERS, or fewer where commits are small.

    A guest who waited has two events: leaving the waiting list, and the answer.
    """
    others = actions_of(limits, streams=1, views=[GATHERINGS, GROUPS, WAITING_LISTS])
    each = actions_of(limits, events=2, views=[GUESTS])
    return min(MOST_ANSWERS, (limits.commit_actions - others - 1) // each)  # 1: the key


class JointAnswers:
    """The attempts of the commands with which a guest answers for a household."""

    def __init__(self, store: Store, seating: Seating) -> None:
        self._seating = seating
        self.most = most_answers(store.limits)

    async def answer(
        self,
        unit: UnitOfWork,
        gathering_id: str,
        guest_id: str,
        answers: Mapping[str, HouseholdAnswer],
    ) -> Sequence[Decided]:
        """`guest_id` answers for every member whom `answers` names."""
        members = await self._members(unit, gathering_id, guest_id)
        self._check_number("answers", len(answers))
        named = [id for id in members if id in answers]
        await unit.show(*[(GUESTS, id) for id in members])
        await unit.get_all(GUESTS, named)
        gathering, guest = await load_guest(unit, gathering_id, guest_id)
        for id in answers:
            if id not in members or unit.bodies[GUESTS.ref(id)] is None:
                raise no_such("guest", id)
        _check_versions(unit, named, answers)
        wishes = _wishes(unit, gathering, named, answers)
        return await self._seat(unit, gathering, guest, wishes)

    async def respond(
        self, unit: UnitOfWork, gathering_id: str, guest_id: str, given: OwnAnswer
    ) -> Sequence[Decided]:
        """`guest_id` answers, and answers for the members who have not answered yet."""
        pending: list[str] = []
        if given.group_status is not UNSET:
            members = await self._members(unit, gathering_id, guest_id)
            pending = await self._pending(unit, [id for id in members if id != guest_id])
            self._check_number("group_status", len(pending) + 1)
            await unit.get_all(GUESTS, pending)
        gathering, guest = await load_guest(unit, gathering_id, guest_id)
        wishes = [Wish(guest, own_answer(gathering, guest, given, now=unit.now))]
        if given.group_status is not UNSET:
            for id in pending:
                other = await unit.get(GUESTS, id)
                if other is None:
                    raise changed_meanwhile(GUESTS, id)
                said = answer_for_pending(gathering, other, given.group_status, now=unit.now)
                wishes.append(Wish(other, said))
        return await self._seat(unit, gathering, guest, wishes)

    def _check_number(self, field: str, count: int) -> None:
        if not 0 < count <= self.most:
            raise Invalid(Flaw(f"/{field}", f"should be about 1 to {self.most} guests"))

    async def _members(self, unit: UnitOfWork, gathering_id: str, guest_id: str) -> tuple[str, ...]:
        """The members of a guest's household, the guest included; the guest alone without one."""
        _, guest = await load_guest(unit, gathering_id, guest_id)
        group = await load_group(unit, gathering_id, guest.group_id)
        return (guest_id,) if group is None else group.members

    async def _pending(self, unit: UnitOfWork, ids: Sequence[str]) -> list[str]:
        """Those who have not answered. The commit demands nothing of those who have."""
        await unit.show(*[(GUESTS, id) for id in ids])
        guests: list[Guest | None] = [unit.bodies[GUESTS.ref(id)] for id in ids]
        return [guest.id for guest in guests if guest is not None and guest.status == "pending"]

    async def _seat(
        self, unit: UnitOfWork, gathering: Gathering, guest: Guest, wishes: Sequence[Wish]
    ) -> Sequence[Decided]:
        """The events of the wishes; whom the answer shows is loaded or shown then."""
        decided = await self._seating.seat(unit, gathering, wishes)
        await load_group(unit, gathering.id, guest.group_id)
        ids = others(unit.bodies, guest)
        shown: list[tuple[View[Any], str]] = [(GUESTS, id) for id in ids]
        if unit.counters(GATHERINGS, gathering.id).get("queued", 0):
            shown.append((WAITING_LISTS, gathering.id))
        await unit.show(*shown)
        for id in ids:
            if unit.bodies[GUESTS.ref(id)] is None:
                raise changed_meanwhile(GUESTS, id)
        return decided


def _check_versions(
    unit: UnitOfWork, named: Sequence[str], answers: Mapping[str, HouseholdAnswer]
) -> None:
    changed = [
        (id, expects, unit.version(GUESTS, id))
        for id in named
        if (expects := answers[id].expects) not in (None, unit.version(GUESTS, id))
    ]
    if changed:
        id, expects, actual = changed[0]
        raise AnswersChanged(id, expects or 0, actual, tuple(id for id, _, _ in changed))


def _wishes(
    unit: UnitOfWork,
    gathering: Gathering,
    named: Sequence[str],
    answers: Mapping[str, HouseholdAnswer],
) -> list[Wish]:
    """The decision about each answer. Raises Invalid with the flaws of all of them."""
    wishes: list[Wish] = []
    flaws: list[Flaw] = []
    for id in named:
        guest: Guest = unit.bodies[GUESTS.ref(id)]
        try:
            decided: list[msgspec.Struct] = answer(gathering, guest, answers[id].rsvp, now=unit.now)
        except Invalid as wrong:
            flaws += [Flaw(f"/answers/{id}{flaw.pointer}", flaw.detail) for flaw in wrong.flaws]
        else:
            wishes.append(Wish(guest, decided))
    if flaws:
        raise Invalid(*flaws[:MOST_FLAWS])
    return wishes
