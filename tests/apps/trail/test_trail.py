"""The activities of the trail: who did what, about whom and when, newest first."""

import msgspec
import pytest

from gatherlog.apps.guests import DEFAULT, GatheringDetails, GuestService, NewGuest, Rsvp
from gatherlog.apps.trail import Activity, LastSeen, TrailService
from gatherlog.core import ANY, Append, Commit, Event, Store
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.trail.following import follow, trail
from tests.stores import events_of, eventually, scanned

pytestmark = pytest.mark.on_database

ADA = NewGuest(first_name="Ada", last_name="Lovelace")


async def shown(
    trail_service: TrailService,
    gathering_id: str = DEFAULT,
    *,
    guest_id: str | None = None,
    actor: str | None = None,
    action: str | None = None,
) -> list[tuple[str, str, str | None]]:
    """Action, actor and guest of each activity, newest first."""
    found = await trail_service.activities(
        gathering_id, guest_id=guest_id, actor=actor, action=action
    )
    assert found.cursor is None
    return [(one.action, one.actor, one.guest_id) for one in found.items]


async def listed(trail_service: TrailService, number: int) -> list[Activity]:
    """All activities, newest first, as soon as there are so many."""

    async def count() -> int:
        return len((await trail_service.activities(DEFAULT)).items)

    await eventually(count, number)
    return (await trail_service.activities(DEFAULT)).items


async def append(store: Store, stream: str, *events: Event) -> None:
    await store.commit(Commit(appends=[Append(stream, events, ANY)]))


async def test_events_and_accesses_are_listed_newest_first(
    store: Store, party: GuestService, trail_service: TrailService, clock: StandingClock
) -> None:
    clock.advance(seconds=1)
    ada = (await party.add_guest(DEFAULT, ADA, actor="key:1")).body.id
    clock.advance(seconds=1)
    trail_service.note(f"guest:{ada}", "login", DEFAULT, ada)
    clock.advance(seconds=1)
    await party.rsvp(DEFAULT, ada, Rsvp(attending=True), actor=f"guest:{ada}")
    clock.advance(seconds=1)
    trail_service.note("key:2", "guests_listed", DEFAULT)
    await trail_service.flush()

    await follow(store)

    await eventually(
        lambda: shown(trail_service),
        [
            ("guests_listed", "key:2", None),
            ("guests.rsvp_submitted", f"guest:{ada}", ada),
            ("login", f"guest:{ada}", ada),
            ("guests.guest_added", "key:1", ada),
            ("guests.gathering_created", "system", None),
        ],
    )


async def test_an_activity_has_the_time_of_the_event_and_the_time_it_was_recorded(
    store: Store, trail_service: TrailService, clock: StandingClock, ids: CountingIds
) -> None:
    trail_service.note("key:1", "guest_read", DEFAULT, "ada")
    seen = clock()
    clock.advance(seconds=0.5)
    await trail_service.flush()

    await follow(store)

    [activity] = await listed(trail_service, 1)
    assert activity == Activity(
        id=ids.nth(1),
        gathering_id=DEFAULT,
        guest_id="ada",
        action="guest_read",
        actor="key:1",
        timestamp=seen,
        created_at=seen + 500_000,
        version=1,
    )


async def test_the_trail_is_filtered_by_guest_actor_and_action(
    store: Store, party: GuestService, trail_service: TrailService, clock: StandingClock
) -> None:
    guests = []
    for actor in ("key:1", "key:2"):
        guests.append((await party.add_guest(DEFAULT, ADA, actor=actor)).body.id)
        await party.rsvp(DEFAULT, guests[-1], Rsvp(attending=True), actor="key:1")
    ada, bob = guests

    await follow(store)

    added, answered = "guests.guest_added", "guests.rsvp_submitted"
    await eventually(
        lambda: shown(trail_service, guest_id=bob),
        [
            (answered, "key:1", bob),
            (added, "key:2", bob),
        ],
    )
    await eventually(
        lambda: shown(trail_service, action=added),
        [
            (added, "key:2", bob),
            (added, "key:1", ada),
        ],
    )
    await eventually(lambda: shown(trail_service, actor="key:2"), [(added, "key:2", bob)])
    await eventually(
        lambda: shown(trail_service, action=added, guest_id=ada), [(added, "key:1", ada)]
    )
    await eventually(
        lambda: shown(trail_service, action=added, actor="key:1"), [(added, "key:1", ada)]
    )
    assert await shown(trail_service, guest_id=ada, actor="key:2") == []


async def test_nothing_is_shown_across_gatherings(
    store: Store, party: GuestService, trail_service: TrailService
) -> None:
    details = GatheringDetails(event_name="Another")
    other = (await party.create_gathering(details, actor="key:1")).body.id
    mine = (await party.add_guest(DEFAULT, ADA, actor="key:1")).body.id
    theirs = (await party.add_guest(other, ADA, actor="key:1")).body.id
    trail_service.note("key:1", "guests_listed", other)
    await trail_service.flush()

    await follow(store)

    async def guests() -> list[str]:
        return sorted(str(guest) for _, _, guest in await shown(trail_service, gathering_id=other))

    await eventually(guests, sorted([theirs, "None", "None"]))
    assert await shown(trail_service, gathering_id=other, guest_id=mine) == []
    assert await shown(trail_service, guest_id=theirs) == []
    await eventually(
        lambda: shown(trail_service, actor="key:1"), [("guests.guest_added", "key:1", mine)]
    )
    assert await shown(trail_service, action="guests_listed") == []


async def test_what_a_removed_guest_did_stays(
    store: Store, party: GuestService, trail_service: TrailService
) -> None:
    ada = (await party.add_guest(DEFAULT, ADA, actor="key:1")).body.id
    await party.remove_guest(DEFAULT, ada, actor="key:1")

    await follow(store)

    await eventually(
        lambda: shown(trail_service, guest_id=ada),
        [("guests.guest_removed", "key:1", ada), ("guests.guest_added", "key:1", ada)],
    )


async def test_what_happened_in_one_moment_keeps_its_order(
    store: Store, trail_service: TrailService
) -> None:
    at_once = [Event(f"e{n}", f"guests.no_{n}", 5, 5, b"{}") for n in range(12)]
    await append(store, "gathering-default", *at_once)

    await follow(store)

    assert [one.id for one in await listed(trail_service, 12)] == [
        f"e{n}" for n in reversed(range(12))
    ]


async def test_a_clock_that_jumps_neither_loses_nor_repeats_an_activity(
    store: Store, trail_service: TrailService
) -> None:
    day = 24 * 3600 * 1_000_000
    times = [10 * day, 3 * day, 10**6 * day, 1 * day, 0, 10 * day]
    jumping = [Event(f"e{n}", "guests.said", time, n, b"{}") for n, time in enumerate(times)]
    for event in jumping:
        await append(store, "gathering-default", event)

    await follow(store)

    shown = [one.id for one in await listed(trail_service, 6)]
    assert shown == ["e2", "e5", "e0", "e1", "e3", "e4"]


async def test_an_event_of_a_gathering_is_an_activity_whatever_its_type_and_form(
    store: Store, trail_service: TrailService
) -> None:
    event = Event("e1", "guests.danced", 5, 6, b"\xff", schema=7, subject="ada")
    await append(store, "gathering-default", event)

    await follow(store)

    await eventually(lambda: shown(trail_service), [("guests.danced", "", "ada")])


async def test_other_streams_leave_no_activity(store: Store) -> None:
    await append(store, "account-1", Event("e1", "people.account_created", 1, 1, b"{}"))
    await append(store, "gatherings-1", Event("e2", "x.y", 1, 1, b"{}"))
    await append(store, "access-default", Event("e3", "trail.accessed", 1, 1, ACCESS))
    await append(store, "gathering-default", Event("e4", "guests.said", 1, 1, b"{}"))

    await follow(store)

    assert sorted(id for _, id in await trail(store)) == [
        "access-default@/x/guests_listed/0",
        "gathering-default@1",
    ]


ACCESS = b'{"who":"x","what":"guests_listed"}'


async def test_an_access_event_of_unknown_type_fails_and_blocks_only_its_guest(
    store: Store, trail_service: TrailService
) -> None:
    await append(
        store,
        "access-default",
        Event("e1", "trail.sniffed", 1, 1, ACCESS, subject="ada"),
        Event("e2", "trail.accessed", 1, 1, ACCESS, subject="ada"),
        Event("e3", "trail.accessed", 1, 1, ACCESS, subject="bob"),
    )

    await follow(store)

    [letter] = [DEAD_LETTERS.read(one) for one in await scanned(store, DEAD_LETTERS.name)]
    assert letter is not None
    assert (letter.stream, letter.version) == ("access-default", 1)
    await eventually(lambda: shown(trail_service), [("guests_listed", "x", "bob")])


async def test_an_access_that_two_processes_record_is_one_activity(
    store: Store, trail_service: TrailService, clock: StandingClock, ids: CountingIds
) -> None:
    twin = TrailService(store, clock=clock, ids=ids, seconds=3600)
    for service in (trail_service, twin):
        service.note("guest:ada", "login", DEFAULT, "ada")
        await service.flush()
        clock.advance(seconds=90)
    assert len(await events_of(store, "access-default")) == 2

    await follow(store)

    [activity] = await listed(trail_service, 1)
    assert (activity.version, activity.timestamp) == (1, clock() - 180_000_000)
    assert (await trail_service.last_seen(["ada"]))["ada"].last_login == clock() - 90_000_000


async def test_a_guest_who_acts_was_seen(
    store: Store, trail_service: TrailService, clock: StandingClock
) -> None:
    logged_in = clock()
    trail_service.note("guest:ada", "login", DEFAULT, "ada")
    clock.advance(hours=2)
    trail_service.note("guest:ada", "rsvp_read", DEFAULT, "ada")
    read = clock()
    clock.advance(hours=2)
    trail_service.note("key:1", "guest_read", DEFAULT, "ada")
    trail_service.note("key:1", "guest_read", DEFAULT, "bob")
    await trail_service.flush()

    await follow(store)

    assert await trail_service.last_seen(["bob", "ada"]) == {
        "ada": LastSeen(last_login=logged_in, last_access=read)
    }


async def test_a_guest_who_answers_for_another_was_seen(
    store: Store, party: GuestService, trail_service: TrailService, clock: StandingClock
) -> None:
    ada = (await party.add_guest(DEFAULT, ADA, actor="key:1")).body.id
    bob = (await party.add_guest(DEFAULT, ADA, actor="key:1")).body.id
    clock.advance(hours=1)
    await party.rsvp(DEFAULT, bob, Rsvp(attending=False), actor=f"guest:{ada}")

    await follow(store)

    assert await trail_service.last_seen([ada, bob]) == {ada: LastSeen(last_access=clock())}


async def test_a_clock_that_is_set_back_does_not_change_a_last_visit(
    store: Store, trail_service: TrailService, clock: StandingClock
) -> None:
    late = clock()
    for hours in (0, -5, 2, -30):
        clock.advance(hours=hours)
        late = max(late, clock())
        trail_service.note("guest:ada", "login", DEFAULT, "ada")
        await trail_service.flush()

    await follow(store)

    assert await trail_service.last_seen(["ada"]) == {
        "ada": LastSeen(last_login=late, last_access=late)
    }
    assert len(await listed(trail_service, 4)) == 4


@pytest.mark.parametrize("meta", [b"", b"{}", b'{"actor":"","more":1}'])
async def test_an_event_without_an_actor_has_an_activity_without_an_actor(
    store: Store, trail_service: TrailService, meta: bytes
) -> None:
    await append(
        store,
        "gathering-default",
        msgspec.structs.replace(Event("e1", "guests.said", 1, 1, b"{}"), meta=meta),
    )

    await follow(store)

    await eventually(lambda: shown(trail_service), [("guests.said", "", None)])
