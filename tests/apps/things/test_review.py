"""Publishing on a service: drafts, review, new versions, reports, and who may know of what."""

from functools import partial

import msgspec
import pytest

from gatherlog.apps.things import FIELDS, OwnThing, Reason, Thing, ThingStatus, WrongState
from gatherlog.core import Store
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.errors import Conflict, Invalid, NotFound
from gatherlog.testing import StandingClock
from tests.apps.things.sample_things import OLGA, OTTO, PAUL, PIA, RITA, Town, content, event
from tests.stores import events_of, eventually

pytestmark = pytest.mark.on_database

ALL = Window(limit=50)


async def own(town: Town, who: str = OLGA, status: ThingStatus | None = None) -> list[str]:
    found = await town.service.own_things(who, ALL, status=status)
    return [item.body.id for item in found.items]


async def pending(town: Town) -> list[str]:
    return [item.body.id for item in (await town.service.pending(ALL)).items]


async def published(town: Town) -> list[str]:
    return [item.body.id for item in (await town.service.all_published(ALL)).items]


async def is_visible(town: Town, thing: Thing) -> bool:
    try:
        await town.service.published_thing(thing.id)
    except NotFound:
        return False
    return True


async def test_only_what_is_published_exists_for_visitors(town: Town) -> None:
    live = await town.published()
    withdrawn = await town.published()
    await town.service.withdraw_thing(withdrawn.id, "ill", OLGA, actor="cli")
    removed = await town.draft()
    await town.service.remove_thing(removed.id, OLGA, actor="cli")
    others = [await town.draft(), await town.pending(), await town.rejected(), withdrawn, removed]

    seen = await town.service.published_things([one.id for one in (*others, live)])

    assert [one and one.id for one in seen] == [None] * 5 + [live.id]
    assert [await is_visible(town, one) for one in (*others, live)] == [False] * 5 + [True]
    await eventually(lambda: published(town), [live.id])


async def test_what_is_hidden_and_what_is_missing_are_refused_alike(town: Town) -> None:
    draft, missing = (await town.draft()).id, "00000000-0000-7000-8000-000000009999"

    async def told(thing_id: str) -> list[str]:
        service, texts = town.service, []
        for asked in (
            service.published_thing(thing_id),
            service.places_left(thing_id, "2027-04-03"),
            service.coming_places(thing_id),
            service.add_favourite(thing_id, PIA, actor="cli"),
            service.report_thing(thing_id, "spam", PIA, actor="cli"),
            service.own_thing(thing_id, OTTO),
            service.change_thing(thing_id, event(), OTTO, actor="cli"),
            service.submit_thing(thing_id, OTTO, actor="cli"),
            service.make_new_version(thing_id, OTTO, actor="cli"),
            service.remove_thing(thing_id, OTTO, actor="cli"),
            service.withdraw_thing(thing_id, "x", OTTO, actor="cli"),
            service.cancel_occurrence(thing_id, "2027-04-03", "x", OTTO, actor="cli"),
            service.move_occurrence(thing_id, "2027-04-03", "2027-04-06", OTTO, actor="cli"),
            service.figures(thing_id, OTTO),
            service.roster(thing_id, "2027-04-03", OTTO),
            service.bookings_on(thing_id, "2027-04-03", OTTO),
            service.review(thing_id),
            service.history(thing_id),
            service.approve(thing_id, RITA, actor="cli"),
            service.reject(thing_id, (Reason("", "x"),), RITA, actor="cli"),
            service.withdraw_as_reviewer(thing_id, "x", RITA, actor="cli"),
        ):
            with pytest.raises(NotFound) as refused:
                await asked
            texts.append(str(refused.value).replace(thing_id, "…"))
        return texts

    hidden = await told(draft)

    assert hidden == await told(missing)
    assert set(hidden) == {"there is no thing '…'"}


async def test_organisers_see_their_own_things_by_state_and_nobody_elses(town: Town) -> None:
    draft, waits, back = await town.draft(), await town.pending(), await town.rejected()
    live, ottos = await town.published(), await town.draft(organiser=OTTO)
    gone = await town.draft()
    await town.service.remove_thing(gone.id, OLGA, actor="cli")

    await eventually(lambda: own(town), [live.id, back.id, waits.id, draft.id])
    states: list[tuple[ThingStatus, Thing]] = [
        ("DRAFT", draft),
        ("PENDING", waits),
        ("REJECTED", back),
        ("PUBLISHED", live),
    ]
    for status, thing in states:
        await eventually(partial(own, town, status=status), [thing.id])
        await eventually(partial(town.service.count_own_things, OLGA, status), 1)
    await eventually(lambda: own(town, OTTO), [ottos.id])


async def test_the_queue_shows_the_oldest_first_until_it_is_decided(
    town: Town, clock: StandingClock
) -> None:
    waits = []
    for _ in range(3):
        waits.append((await town.pending()).id)
        clock.advance(seconds=1)
    await eventually(lambda: pending(town), waits)

    await town.service.approve(waits[0], RITA, actor="cli")
    await town.service.reject(waits[1], (Reason("name", "?"),), RITA, actor="cli")

    await eventually(lambda: pending(town), waits[2:])
    await eventually(town.service.count_pending, 1)


async def test_nobody_approves_their_own_also_as_a_reviewer(town: Town) -> None:
    thing = await town.pending()

    with pytest.raises(OwnThing):
        await town.service.approve(thing.id, OLGA, actor="cli")
    with pytest.raises(OwnThing):
        await town.service.reject(thing.id, (Reason("", "x"),), OLGA, actor="cli")

    assert (await town.service.own_thing(thing.id, OLGA)).body.status == "PENDING"


async def test_a_rejected_thing_has_its_reasons_and_is_submitted_again(town: Town) -> None:
    why = tuple(Reason(field, f"about {field}") for field in FIELDS)
    thing = await town.rejected(*why)
    assert (thing.status, thing.reasons) == ("REJECTED", why)

    await town.service.change_thing(thing.id, event(), OLGA, actor="cli")
    again = (await town.service.submit_thing(thing.id, OLGA, actor="cli")).body

    assert (again.status, again.reasons, again.content) == ("PENDING", (), event())


async def test_the_live_version_stays_up_until_the_new_one_replaces_it(town: Town) -> None:
    live = await town.published()
    draft = (await town.service.make_new_version(live.id, OLGA, actor="cli")).body
    await town.service.change_thing(draft.id, event(), OLGA, actor="cli")
    await town.service.submit_thing(draft.id, OLGA, actor="cli")
    review = await town.service.review(draft.id)
    assert review.live is not None
    assert (review.live.content, review.thing.content) == (content(), event())
    assert (await town.service.published_thing(live.id)).body.content == content()

    answer = await town.service.approve(draft.id, RITA, actor="cli", expects=review.version)

    assert (answer.body.id, answer.body.content) == (live.id, event())
    assert not await is_visible(town, draft)
    await eventually(lambda: published(town), [live.id])
    await eventually(lambda: own(town), [live.id])
    with pytest.raises(WrongState):
        await town.service.approve(draft.id, RITA, actor="cli")


async def test_a_rejected_new_version_leaves_the_live_one_alone(town: Town) -> None:
    live = await town.published()
    draft = (await town.service.make_new_version(live.id, OLGA, actor="cli")).body
    await town.service.submit_thing(draft.id, OLGA, actor="cli")

    await town.service.reject(draft.id, (Reason("name", "?"),), RITA, actor="cli")

    assert (await town.service.published_thing(live.id)).body.new_version == draft.id
    await town.service.remove_thing(draft.id, OLGA, actor="cli")
    assert (await town.service.published_thing(live.id)).body.new_version is None


async def test_an_approval_of_what_was_changed_since_is_refused(town: Town) -> None:
    thing = await town.pending()
    seen = (await town.service.review(thing.id)).version
    await town.service.change_thing(thing.id, event(), OLGA, actor="cli")

    with pytest.raises(Conflict):
        await town.service.approve(thing.id, RITA, actor="cli", expects=seen)

    assert not await is_visible(town, thing)


async def test_a_thing_needs_a_profile_to_be_submitted(town: Town) -> None:
    made = await town.service.create_thing(content(), OTTO, actor="cli")

    with pytest.raises(Invalid):
        await town.service.submit_thing(made.body.id, OTTO, actor="cli")

    await town.service.save_profile(OTTO, "Otto's", actor="cli")
    submitted = await town.service.submit_thing(made.body.id, OTTO, actor="cli")
    assert submitted.body.status == "PENDING"


async def test_profiles_are_found_several_at_once(town: Town, store: Store) -> None:
    for name in ("Olga", "Olga", " Olga's house "):
        await town.service.save_profile(OLGA, name, actor="cli")

    found = await town.service.profiles([OTTO, OLGA])

    assert [one and one.name for one in found] == [None, "Olga's house"]
    assert len(await events_of(store, f"organiser-{OLGA}")) == 2
    with pytest.raises(Invalid):
        await town.service.save_profile(OLGA, " ", actor="cli")


async def test_a_bad_draft_writes_nothing(town: Town, store: Store) -> None:
    heads = await store.heads()

    with pytest.raises(Invalid):
        await town.service.create_thing(content(name=""), OLGA, actor="cli")

    assert await store.heads() == heads


# Who decided what and when.


async def test_the_history_says_who_decided_what_and_when(town: Town, clock: StandingClock) -> None:
    live = await town.rejected()
    clock.advance(seconds=1)
    await town.service.submit_thing(live.id, OLGA, actor="account:olga")
    clock.advance(seconds=1)
    await town.service.approve(live.id, RITA, actor="account:rita")
    clock.advance(seconds=1)
    after = await town.replaced(live, name="Toads")
    clock.advance(seconds=1)
    await town.service.withdraw_as_reviewer(after.id, "not safe", RITA, actor="account:rita")

    told = [
        (one.what.removeprefix("things."), one.account_id, one.thing_id == live.id)
        for one in await town.service.history(live.id)
    ]

    assert [one for one in told if one[0] != "submitted"] == [
        ("created", OLGA, True),
        ("rejected", RITA, True),
        ("approved", RITA, True),
        ("version_replaced", RITA, True),
        ("created", OLGA, False),
        ("approved", RITA, False),
        ("withdrawn", RITA, True),
    ]
    history = await town.service.history(live.id)
    assert (history[-1].reasons, history[-1].actor) == (
        (Reason("", "not safe"),),
        "account:rita",
    )
    assert [one.at for one in history] == sorted(one.at for one in history)


async def test_a_new_version_that_is_a_draft_is_in_no_history(town: Town) -> None:
    live = await town.published()
    before = await town.service.history(live.id)

    draft = (await town.service.make_new_version(live.id, OLGA, actor="cli")).body

    assert await town.service.history(live.id) == before
    with pytest.raises(NotFound):
        await town.service.history(draft.id)


# Reports.


async def reported(town: Town) -> list[tuple[str, str]]:
    found = await town.service.reports(ALL, RITA)
    return [(item.body.account_id, item.body.reason) for item in found.items]


async def test_anybody_reports_what_is_published_and_a_reviewer_settles_it(
    town: Town, clock: StandingClock
) -> None:
    thing = await town.published()
    for who, why in ((PIA, "spam"), (PIA, "no frogs"), (PAUL, "closed")):
        await town.service.report_thing(thing.id, why, who, actor="cli")
        clock.advance(seconds=1)
    await eventually(lambda: reported(town), [(PIA, "no frogs"), (PAUL, "closed")])

    await town.service.settle_report(thing.id, PIA, RITA, actor="cli")
    await town.service.settle_report(thing.id, PIA, RITA, actor="cli")

    await eventually(lambda: reported(town), [(PAUL, "closed")])


async def test_nobody_sees_or_settles_reports_about_what_they_publish_themselves(
    town: Town, clock: StandingClock
) -> None:
    others, own = await town.published(), await town.published(organiser=OTTO)
    for thing, why in ((own, "spam"), (others, "closed"), (own, "loud"), (own, "rude")):
        reporter = f"account-{why}"
        await town.service.report_thing(thing.id, why, reporter, actor="cli")
        clock.advance(seconds=1)
    await eventually(lambda: seen_by(town, RITA), ["spam", "closed", "loud", "rude"])

    assert await seen_by(town, OTTO) == ["closed"]
    for reporter in ("account-spam", "account-nobody"):
        with pytest.raises(OwnThing):
            await town.service.settle_report(own.id, reporter, OTTO, actor="cli")
    assert await seen_by(town, None, limit=3) == ["spam", "closed", "loud"]


async def seen_by(town: Town, reviewer: str | None, limit: int = 2) -> list[str]:
    """The reasons that a reviewer reads, in parts of which all but the last are full."""
    found = await town.service.reports(Window(limit=limit), reviewer)
    items = found.items
    while found.has_next and reviewer is not None:
        assert (len(found.items), found.has_previous) == (limit, len(items) > limit)
        window = Window(limit=limit, after=found.items[-1].cursor)
        found = await town.service.reports(window, reviewer)
        items = items + found.items
    return [item.body.reason for item in items]


async def test_a_report_needs_a_reason(town: Town) -> None:
    thing = await town.published()

    with pytest.raises(Invalid):
        await town.service.report_thing(thing.id, " \n", PIA, actor="cli")


# Slices in both directions, as all lists of this app are.


async def test_own_things_are_read_in_slices_in_both_directions(town: Town) -> None:
    made = [(await town.draft()).id for _ in range(7)][::-1]
    await eventually(lambda: own(town), made)

    forwards: list[str] = []
    window = Window(limit=3)
    flags = []
    while True:
        found = await town.service.own_things(OLGA, window)
        forwards += [item.body.id for item in found.items]
        flags.append((found.has_previous, found.has_next))
        if not found.has_next:
            break
        window = msgspec.structs.replace(window, after=found.items[-1].cursor)
    backwards: list[str] = []
    window = Window(limit=3, last=True)
    while True:
        found = await town.service.own_things(OLGA, window)
        backwards = [item.body.id for item in found.items] + backwards
        if not found.has_previous:
            break
        window = msgspec.structs.replace(window, before=found.items[0].cursor)

    assert (forwards, backwards) == (made, made)
    assert flags == [(False, True), (True, True), (True, False)]
