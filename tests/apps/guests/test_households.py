"""One member of a household answers for several: what is shown, written and refused."""

import asyncio
from typing import Any

import pytest
from msgspec import UNSET

from gatherlog.apps.guests import (
    DEFAULT,
    AnswersChanged,
    Guest,
    GuestPatch,
    GuestService,
    HouseholdAnswer,
    NewGuest,
    OwnAnswer,
    Questions,
    Rsvp,
    RsvpClosed,
    SettingsPatch,
    household_of,
)
from gatherlog.apps.guests.joint_answers import most_answers
from gatherlog.core import Limits, Once, Store
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.slow_reads import SlowReads
from tests.stores import events_of

Answers = dict[str, HouseholdAnswer]


async def invite(
    service: GuestService, first: str, group_id: str | None = "Byron", **given: Any
) -> str:
    new = NewGuest(first_name=first, last_name="Byron", group_id=group_id, **given)
    return (await service.add_guest(DEFAULT, new, actor="cli")).body.id


@pytest.fixture
async def family(service: GuestService) -> list[str]:
    """Ada for two, Bob and Cas."""
    return [
        await invite(service, "Ada", expected_guests=2),
        await invite(service, "Bob"),
        await invite(service, "Cas"),
    ]


def said(attending: bool | None, expects: int | None = None, **given: Any) -> HouseholdAnswer:
    return HouseholdAnswer(rsvp=Rsvp(attending=attending, **given), expects=expects)


async def everybody(service: GuestService, family: list[str]) -> list[Guest]:
    return [(await service.guest(DEFAULT, id)).body for id in family]


async def statuses(service: GuestService, family: list[str]) -> list[str]:
    return [guest.status for guest in await everybody(service, family)]


async def test_a_household_is_shown_with_what_it_should_be_asked(
    service: GuestService, family: list[str]
) -> None:
    await service.rsvp(DEFAULT, family[0], Rsvp(attending=True), actor="cli")

    household = await service.household(DEFAULT, family[1])

    assert household.guest == await service.guest(DEFAULT, family[1])
    assert household.members == [
        await service.guest(DEFAULT, family[0]),
        await service.guest(DEFAULT, family[2]),
    ]
    assert (household.family_sum, household.closed, household.waiting) == (4, False, [])
    assert household.questions == Questions(signed_up=2, not_coming=(family[1], family[2]), more=0)


async def test_a_household_is_asked_about_more_people_than_expected(
    service: GuestService, family: list[str]
) -> None:
    for number, more in (4, 0), (6, 2):
        answer = Rsvp(attending=True, num_guests=number)
        await service.rsvp(DEFAULT, family[0], answer, actor="cli")
        household = await service.household(DEFAULT, family[0])
        assert household.questions == Questions(signed_up=number, not_coming=(), more=more)


async def test_a_guest_without_a_household_is_shown_as_a_household_of_one(
    service: GuestService,
) -> None:
    ada = await invite(service, "Ada", None)

    household = await service.answer_household(DEFAULT, ada, {ada: said(True)}, actor="cli")

    assert (household.guest.body.status, household.members) == ("coming", [])


async def test_one_member_answers_for_several_in_one_commit_and_the_others_do_not_change(
    service: GuestService, store: Store, family: list[str]
) -> None:
    ada, bob, cas = family
    before = await service.guest(DEFAULT, cas)
    head = len(await events_of(store, "gathering-default"))

    household = await service.answer_household(
        DEFAULT, bob, {ada: said(True, dietary="no nuts"), bob: said(False)}, actor=f"guest:{bob}"
    )

    assert await service.guest(DEFAULT, cas) == before
    assert await statuses(service, family) == ["coming", "declined", "pending"]
    assert household == await service.household(DEFAULT, bob)
    events = await store.read_stream("gathering-default", after=head)
    assert [(event.type, event.subject) for event in events] == [
        ("guests.rsvp_submitted", ada),
        ("guests.rsvp_submitted", bob),
    ]
    versions = [(await service.guest(DEFAULT, id)).version for id in (ada, bob)]
    assert versions == [head + 2] * 2


async def test_members_who_changed_since_the_form_was_shown_are_named_and_nothing_is_written(
    service: GuestService, store: Store, family: list[str]
) -> None:
    shown = [(await service.guest(DEFAULT, id)).version for id in family]
    for who in family[1:]:
        await service.rsvp(DEFAULT, who, Rsvp(attending=False), actor="cli")
    before = await events_of(store, "gathering-default")

    with pytest.raises(AnswersChanged) as refused:
        await service.answer_household(
            DEFAULT,
            family[0],
            {id: said(True, version) for id, version in zip(family, shown, strict=True)},
            actor="cli",
        )

    assert refused.value.changed == (family[1], family[2])
    assert refused.value.name == f"guest/{family[1]}"
    assert await events_of(store, "gathering-default") == before


async def test_two_members_who_answer_for_different_persons_at_once_both_do(
    service: GuestService, store: Store, clock: StandingClock, ids: CountingIds, family: list[str]
) -> None:
    ada, bob, cas = family
    slow = GuestService(SlowReads(store), clock=clock, ids=ids)
    shown = {id: (await service.guest(DEFAULT, id)).version for id in family}

    await asyncio.gather(
        slow.answer_household(DEFAULT, ada, {ada: said(True, shown[ada])}, actor="cli"),
        slow.answer_household(DEFAULT, bob, {cas: said(False, shown[cas])}, actor="cli"),
    )

    assert await statuses(service, family) == ["coming", "pending", "declined"]


async def test_of_two_who_answer_for_the_same_person_from_the_same_form_one_does(
    service: GuestService, store: Store, clock: StandingClock, ids: CountingIds, family: list[str]
) -> None:
    ada, bob, cas = family
    slow = GuestService(SlowReads(store), clock=clock, ids=ids)
    shown = (await service.guest(DEFAULT, cas)).version

    done = await asyncio.gather(
        slow.answer_household(DEFAULT, ada, {cas: said(True, shown)}, actor="cli"),
        slow.answer_household(DEFAULT, bob, {cas: said(False, shown)}, actor="cli"),
        return_exceptions=True,
    )

    assert sorted(isinstance(result, AnswersChanged) for result in done) == [False, True]


async def test_one_of_another_household_cannot_be_answered_for(
    service: GuestService, family: list[str]
) -> None:
    eve = await invite(service, "Eve", "King")
    alone = await invite(service, "Fay", None)

    for who, other in (family[0], eve), (eve, family[0]), (alone, eve), (family[0], "nobody"):
        with pytest.raises(NotFound, match=rf"^there is no guest '{other}'$"):
            await service.answer_household(DEFAULT, who, {other: said(True)}, actor="cli")
    with pytest.raises(NotFound):
        await service.answer_household(DEFAULT, "nobody", {eve: said(True)}, actor="cli")


async def test_every_flaw_is_named_by_guest_and_nothing_is_written(
    service: GuestService, family: list[str]
) -> None:
    ada, bob, cas = family
    answers = {
        ada: said(True, num_guests=100),
        bob: said(True),
        cas: said(True, num_guests=1, children=2),
    }

    with pytest.raises(Invalid) as refused:
        await service.answer_household(DEFAULT, ada, answers, actor="cli")

    assert [flaw.pointer for flaw in refused.value.flaws] == [
        f"/answers/{ada}/num_guests",
        f"/answers/{cas}/children",
    ]
    assert await statuses(service, family) == ["pending"] * 3


@pytest.mark.parametrize("is_too_large", [False, True])
async def test_a_request_is_about_1_to_30_guests(
    service: GuestService, store: Store, is_too_large: bool
) -> None:
    """About fewer where two events and a document for each do not fit into one commit."""
    most = most_answers(store.limits)
    members = [await invite(service, "A") for _ in range(most + 1)]
    answers = {id: said(True) for id in members} if is_too_large else {}

    with pytest.raises(Invalid, match=rf"^/answers: should be about 1 to {most} guests$"):
        await service.answer_household(DEFAULT, members[0], answers, actor="cli")


def test_fewer_may_be_answered_for_where_commits_are_small() -> None:
    assert most_answers(Limits()) == 30
    assert most_answers(Limits(commit_actions=90)) == 28


async def test_after_the_deadline_nobody_answers_for_a_household(
    service: GuestService, clock: StandingClock, family: list[str]
) -> None:
    closing = SettingsPatch(rsvp_deadline="2026-05-01T13:00", time_zone="UTC")
    await service.change_settings(DEFAULT, closing, actor="cli")
    clock.set("2026-05-01T13:00:00Z")

    assert (await service.household(DEFAULT, family[0])).closed
    with pytest.raises(RsvpClosed):
        await service.answer_household(DEFAULT, family[0], {family[1]: said(True)}, actor="cli")
    for own in OwnAnswer(num_guests=1), OwnAnswer(dietary="no nuts"):
        with pytest.raises(RsvpClosed):
            await service.respond(DEFAULT, family[0], own, actor="cli")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (OwnAnswer(num_guests=3), ["coming", "pending", "pending"]),
        (OwnAnswer(num_guests=0), ["declined", "pending", "pending"]),
        (OwnAnswer(num_guests=0, group_status="declined"), ["declined"] * 3),
        (OwnAnswer(num_guests=1, group_status="coming"), ["coming"] * 3),
        (OwnAnswer(num_guests=0, group_status="coming"), ["declined", "coming", "coming"]),
        (OwnAnswer(group_status="coming"), ["pending", "coming", "coming"]),
        (OwnAnswer(dietary="no nuts"), ["pending"] * 3),
        (OwnAnswer(), ["pending"] * 3),
    ],
)
async def test_a_guest_answers_with_a_number_and_for_the_members_who_are_pending(
    service: GuestService, family: list[str], own: OwnAnswer, expected: list[str]
) -> None:
    household = await service.respond(DEFAULT, family[0], own, actor="cli")

    assert await statuses(service, family) == expected
    assert household.guest.body.dietary == (None if own.dietary is UNSET else own.dietary)


async def test_answers_already_given_by_others_stay(
    service: GuestService, family: list[str]
) -> None:
    await service.rsvp(DEFAULT, family[1], Rsvp(attending=None), actor="cli")
    undecided = await service.guest(DEFAULT, family[1])

    own = OwnAnswer(num_guests=0, group_status="declined")
    await service.respond(DEFAULT, family[0], own, actor="cli")

    assert await service.guest(DEFAULT, family[1]) == undecided
    assert await statuses(service, family) == ["declined", "undecided", "declined"]


async def test_members_who_are_answered_for_come_with_the_expected_number(
    service: GuestService, family: list[str]
) -> None:
    own = OwnAnswer(num_guests=1, group_status="coming")
    await service.respond(DEFAULT, family[1], own, actor="cli")

    assert [guest.num_guests for guest in await everybody(service, family)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("own", "pointer"),
    [
        (OwnAnswer(num_guests=1, group_status="declined"), "/num_guests"),
        (OwnAnswer(group_status="declined"), "/num_guests"),
        (OwnAnswer(num_guests=-5), "/num_guests"),
        (OwnAnswer(num_guests=10**9), "/num_guests"),
        (OwnAnswer(num_guests=1, children=2), "/children"),
        (OwnAnswer(dietary_tags=("paleo",)), "/dietary_tags/0"),
    ],
)
async def test_each_flaw_of_an_own_answer_names_its_field(
    service: GuestService, family: list[str], own: OwnAnswer, pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await service.respond(DEFAULT, family[0], own, actor="cli")

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]


async def test_a_household_waits_and_comes_together_and_one_member_may_leave(
    service: GuestService, family: list[str]
) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=3), actor="cli")
    own = OwnAnswer(num_guests=2, group_status="coming")
    household = await service.respond(DEFAULT, family[0], own, actor="cli")
    assert await statuses(service, family) == ["waiting"] * 3
    assert [(unit.people, unit.place, unit.fits) for unit in household.waiting] == [(4, 1, False)]

    await service.rsvp(DEFAULT, family[2], Rsvp(attending=False), actor="cli")

    assert await statuses(service, family) == ["coming", "coming", "declined"]


async def test_a_member_added_to_the_household_can_be_answered_for(
    service: GuestService, family: list[str]
) -> None:
    eve = await invite(service, "Eve", None)
    await service.change_guest(DEFAULT, eve, GuestPatch(group_id="Byron"), actor="cli")
    await service.change_guest(DEFAULT, family[2], GuestPatch(group_id=None), actor="cli")

    await service.answer_household(DEFAULT, family[0], {eve: said(True)}, actor="cli")

    with pytest.raises(NotFound):
        await service.answer_household(DEFAULT, eve, {family[2]: said(True)}, actor="cli")


async def test_the_answer_that_is_stored_with_a_key_is_the_whole_household(
    service: GuestService, clock: StandingClock, family: list[str], store: Store
) -> None:
    kept: list[Any] = []

    def keep(handled: Any) -> bytes:
        kept.append(household_of(handled, DEFAULT, family[0], clock()))
        return b"kept"

    await service.change_settings(DEFAULT, SettingsPatch(max_guests=1), actor="cli")
    await service.rsvp(DEFAULT, family[2], Rsvp(attending=True, num_guests=2), actor="cli")
    now = await service.answer_household(
        DEFAULT, family[0], {family[1]: said(True)}, actor="cli", once=Once("k", b"f", keep)
    )

    assert kept[0].guest.body == now.guest.body
    assert [member.body for member in kept[0].members] == [member.body for member in now.members]
    assert (kept[0].waiting, kept[0].questions) == (now.waiting, now.questions)
    assert [member.status for member in await everybody(service, family)] == [
        "pending",
        "coming",
        "waiting",
    ]
