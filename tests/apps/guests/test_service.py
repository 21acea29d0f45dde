"""The service on every engine: what is stored, found, refused and removed."""

import asyncio
from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import (
    DEFAULT,
    Gathering,
    GatheringDetails,
    GatheringFull,
    Guest,
    GuestPatch,
    GuestService,
    LinkHolder,
    NewGuest,
    Rsvp,
    RsvpClosed,
    SettingsPatch,
)
from gatherlog.core import Store
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Conflict, GatherlogError, Invalid, NotFound
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.recounting import group_sizes
from tests.apps.guests.slow_reads import SlowReads
from tests.stores import events_of, eventually, scanned

pytestmark = pytest.mark.on_database

NOBODY = CountingIds.nth(999)


async def invite(
    service: GuestService, name: str = "Ada Lovelace", where: str = DEFAULT, **given: Any
) -> Guest:
    first, last = name.split()
    new = NewGuest(first_name=first, last_name=last, **given)
    return (await service.add_guest(where, new, actor="cli")).body


async def names(service: GuestService, where: str = DEFAULT) -> list[str]:
    listing = await service.guests(where)
    return [f"{guest.body.first_name} {guest.body.last_name}" for guest in listing.items]


async def gatherings(service: GuestService) -> list[Gathering]:
    """All gatherings that are listed, in the order of the list."""
    found: list[Gathering] = []
    cursor = None
    while True:
        page = await service.gatherings(cursor=cursor)
        found += [stored.body for stored in page.items]
        if (cursor := page.cursor) is None:
            return found


async def test_an_invited_guest_is_there_with_the_time_of_the_event(
    service: GuestService, clock: StandingClock
) -> None:
    stored = await service.add_guest(
        DEFAULT,
        NewGuest(first_name="Ada", last_name="Lovelace", email="Ada@example.org"),
        actor="cli",
    )

    assert stored == Stored(
        Guest(
            id=stored.body.id,
            gathering_id=DEFAULT,
            group_id=None,
            first_name="Ada",
            last_name="Lovelace",
            email="Ada@example.org",
            created_at=clock(),
            updated_at=clock(),
        ),
        2,
    )
    assert await service.guest(DEFAULT, stored.body.id) == stored


async def test_an_answer_is_read_back_at_once(service: GuestService, clock: StandingClock) -> None:
    ada = await invite(service, expected_guests=2)
    clock.advance(days=1)

    stored = await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor=f"guest:{ada.id}")

    assert stored.body == msgspec.structs.replace(
        ada, attending=True, num_guests=2, rsvp_at=clock(), updated_at=clock()
    )
    assert stored.body.status == "coming"
    assert await service.guest(DEFAULT, ada.id) == stored


async def test_the_same_answer_again_keeps_the_version(service: GuestService) -> None:
    ada = await invite(service)
    first = await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor="cli")

    assert await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor="cli") == first


async def test_every_event_names_its_actor(service: GuestService, store: Store) -> None:
    ada = await invite(service)
    await service.rsvp(DEFAULT, ada.id, Rsvp(attending=None), actor=f"guest:{ada.id}")

    events = await events_of(store, "gathering-default")

    assert [(event.type, event.subject, msgspec.json.decode(event.meta)) for event in events] == [
        ("guests.gathering_created", "", {"actor": "cli"}),
        ("guests.guest_added", ada.id, {"actor": "cli"}),
        ("guests.rsvp_submitted", ada.id, {"actor": f"guest:{ada.id}"}),
    ]


async def test_guests_are_listed_by_last_and_first_name(service: GuestService) -> None:
    for name in "Zoe Müller", "anna muller", "Bert Łoś", "Ada Lovelace", "Carl Örn":
        await invite(service, name)

    await eventually(
        lambda: names(service),
        ["Bert Łoś", "Ada Lovelace", "anna muller", "Zoe Müller", "Carl Örn"],
    )


async def test_a_list_comes_in_pages(service: GuestService) -> None:
    for letter in "ABCDE":
        await invite(service, f"{letter} {letter}")
    await eventually(lambda: names(service), [f"{letter} {letter}" for letter in "ABCDE"])

    first = await service.guests(DEFAULT, limit=3)
    second = await service.guests(DEFAULT, limit=3, cursor=first.cursor)

    assert [guest.body.last_name for guest in first.items] == ["A", "B", "C"]
    assert [guest.body.last_name for guest in second.items] == ["D", "E"]
    assert second.cursor is None


async def test_naming_a_household_creates_it_and_it_ends_with_its_last_member(
    service: GuestService,
) -> None:
    ada = await invite(service, "Ada Lovelace", group_id="a/b")
    bob = await invite(service, "Bob Byron", group_id="a/b")
    await eventually(lambda: group_sizes(service), {"a/b": 2})
    assert [guest.body for guest in await service.group(DEFAULT, "a/b")] == [ada, bob]

    await service.change_guest(DEFAULT, ada.id, GuestPatch(group_id="King"), actor="cli")
    await service.remove_guest(DEFAULT, bob.id, actor="cli")

    await eventually(lambda: group_sizes(service), {"King": 1})
    with pytest.raises(NotFound, match=r"^there is no group 'a/b'$"):
        await service.group(DEFAULT, "a/b")


async def test_households_are_distinguished_by_the_exact_text(service: GuestService) -> None:
    for group_id in "Byron", "byron", "Byron ":
        await invite(service, group_id=group_id)

    async def shown() -> list[tuple[str, int]]:
        return list((await group_sizes(service)).items())

    await eventually(shown, [("Byron", 1), ("Byron ", 1), ("byron", 1)])


async def test_a_removed_guest_is_not_found_and_the_events_stay(
    service: GuestService, store: Store
) -> None:
    ada = await invite(service)
    await service.remove_guest(DEFAULT, ada.id, actor="cli")

    for again in (
        service.guest(DEFAULT, ada.id),
        service.remove_guest(DEFAULT, ada.id, actor="cli"),
        service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor="cli"),
        service.change_guest(DEFAULT, ada.id, GuestPatch(), actor="cli"),
        service.issue_link(DEFAULT, ada.id, actor="cli"),
    ):
        with pytest.raises(NotFound, match=f"^there is no guest '{ada.id}'$"):
            await again
    await eventually(lambda: names(service), [])
    assert [event.type for event in await events_of(store, "gathering-default")] == [
        "guests.gathering_created",
        "guests.guest_added",
        "guests.guest_removed",
    ]


async def test_a_removed_gathering_answers_not_found_everywhere(service: GuestService) -> None:
    party = await service.create_gathering(GatheringDetails(event_name="Party"), actor="cli")
    where = party.body.id
    ada = await invite(service, where=where, group_id="Byron")
    token = await service.issue_link(where, ada.id, actor="cli")
    await service.remove_gathering(where, actor="cli")

    for again in (
        service.gathering(where),
        service.change_settings(where, SettingsPatch(), actor="cli"),
        service.remove_gathering(where, actor="cli"),
        service.stats(where),
        service.add_guest(where, NewGuest(first_name="A", last_name="B"), actor="cli"),
        service.guest(where, ada.id),
        service.guests(where),
        service.change_guest(where, ada.id, GuestPatch(), actor="cli"),
        service.remove_guest(where, ada.id, actor="cli"),
        service.rsvp(where, ada.id, Rsvp(attending=True), actor="cli"),
        service.groups(where),
        service.group(where, "Byron"),
        service.issue_link(where, ada.id, actor="cli"),
        service.guest_by_link(token),
        service.import_guests(where, [], actor="cli", file_hash=""),
        service.preview_import(where, []),
    ):
        with pytest.raises(NotFound):
            await again

    async def ids() -> list[str]:
        return [gathering.id for gathering in await gatherings(service)]

    await eventually(ids, [DEFAULT])


async def test_a_guest_of_another_gathering_is_not_found(service: GuestService) -> None:
    party = await service.create_gathering(GatheringDetails(event_name="Party"), actor="cli")
    ada = await invite(service)

    for elsewhere in (
        service.guest(party.body.id, ada.id),
        service.rsvp(party.body.id, ada.id, Rsvp(attending=True), actor="cli"),
        service.change_guest(party.body.id, ada.id, GuestPatch(), actor="cli"),
        service.remove_guest(party.body.id, ada.id, actor="cli"),
    ):
        with pytest.raises(NotFound):
            await elsewhere


async def test_gatherings_are_listed_oldest_first_and_default_last(service: GuestService) -> None:
    for name in "Wedding", "Meet-up":
        await service.create_gathering(GatheringDetails(event_name=name), actor="cli")

    async def listed() -> list[str]:
        return [gathering.event_name for gathering in await gatherings(service)]

    await eventually(listed, ["Wedding", "Meet-up", "Our gathering"])


async def test_a_gathering_is_given_to_another_account_and_taken_back(
    service: GuestService, store: Store
) -> None:
    async def owned(account: str) -> list[str]:
        return [stored.body.id for stored in (await service.gatherings_of(account)).items]

    for host in ("ada", "ada", "bob", None):
        await service.change_host(DEFAULT, host, actor="cli")
        await eventually(lambda: owned("ada"), [DEFAULT] if host == "ada" else [])
        await eventually(lambda: owned("bob"), [DEFAULT] if host == "bob" else [])

    events = await events_of(store, "gathering-default")
    assert [event.type for event in events].count("guests.host_changed") == 3


async def test_an_id_is_given_to_one_gathering_only(service: GuestService) -> None:
    with pytest.raises(Conflict):
        await service.create_gathering(
            GatheringDetails(event_name="Party"), actor="cli", id=DEFAULT
        )


async def test_the_default_gathering_is_made_once(service: GuestService) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(event_name="Mine"), actor="cli")

    await service.ensure_default("cli")

    assert (await service.gathering(DEFAULT)).body.event_name == "Mine"


async def test_two_processes_that_start_at_once_create_one_default_gathering(store: Store) -> None:
    slow = SlowReads(store)
    one, other = (GuestService(slow, clock=StandingClock(), ids=CountingIds()) for _ in "12")

    await asyncio.gather(one.ensure_default("cli"), other.ensure_default("cli"))

    assert len(await events_of(store, "gathering-default")) == 1


async def test_a_command_that_expects_an_old_version_is_refused(service: GuestService) -> None:
    ada = await invite(service)
    seen = (await service.guest(DEFAULT, ada.id)).version
    now = await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor="cli", expects=seen)
    late = GuestPatch(first_name="A")

    for stale in (
        service.rsvp(DEFAULT, ada.id, Rsvp(attending=False), actor="cli", expects=seen),
        service.change_guest(DEFAULT, ada.id, late, actor="cli", expects=seen),
        service.remove_guest(DEFAULT, ada.id, actor="cli", expects=seen),
    ):
        with pytest.raises(Conflict):
            await stale
    with pytest.raises(Conflict):
        await service.change_settings(DEFAULT, SettingsPatch(), actor="cli", expects=99)
    assert await service.guest(DEFAULT, ada.id) == now


async def test_answers_do_not_change_the_version_of_the_settings(service: GuestService) -> None:
    ada = await invite(service)
    await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor="cli")

    assert (await service.gathering(DEFAULT)).version == 1


async def test_after_the_deadline_only_the_host_answers(
    service: GuestService, clock: StandingClock
) -> None:
    ada = await invite(service)
    await service.change_settings(
        DEFAULT, SettingsPatch(rsvp_deadline="2026-05-02", time_zone="Europe/Paris"), actor="cli"
    )
    clock.set("2026-05-03T00:00:00+02:00")

    with pytest.raises(RsvpClosed):
        await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor="cli")
    stored = await service.change_guest(DEFAULT, ada.id, GuestPatch(attending=True), actor="cli")
    assert (stored.body.status, stored.body.rsvp_at) == ("coming", clock())


async def test_a_full_gathering_keeps_the_old_answer(service: GuestService) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=3), actor="cli")
    ada, bob = await invite(service), await invite(service, "Bob Byron")
    before = await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True, num_guests=2), actor="cli")
    await service.rsvp(DEFAULT, bob.id, Rsvp(attending=True), actor="cli")

    with pytest.raises(GatheringFull):
        await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True, num_guests=3), actor="cli")

    assert await service.guest(DEFAULT, ada.id) == before
    assert (await service.stats(DEFAULT)).places_left == 0


async def test_freed_places_can_be_taken(service: GuestService) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=1), actor="cli")
    ada, bob = await invite(service), await invite(service, "Bob Byron")
    await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True), actor="cli")
    await service.remove_guest(DEFAULT, ada.id, actor="cli")

    stored = await service.rsvp(DEFAULT, bob.id, Rsvp(attending=True), actor="cli")

    assert stored.body.status == "coming"


async def test_fewer_places_than_are_taken_removes_nobody(service: GuestService) -> None:
    ada = await invite(service)
    await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True, num_guests=5), actor="cli")

    await service.change_settings(DEFAULT, SettingsPatch(max_guests=2), actor="cli")
    fewer = await service.rsvp(DEFAULT, ada.id, Rsvp(attending=True, num_guests=4), actor="cli")

    assert fewer.body.num_guests == 4
    stats = await service.stats(DEFAULT)
    assert (stats.people, stats.capacity, stats.places_left) == (4, 2, 0)


async def test_a_link_is_valid_until_a_new_one_is_issued(
    service: GuestService, store: Store
) -> None:
    ada = await invite(service)
    first = await service.issue_link(DEFAULT, ada.id, actor="cli")
    assert await service.guest_by_link(first) == LinkHolder(DEFAULT, ada.id)

    second = await service.issue_link(DEFAULT, ada.id, actor="cli")

    assert await service.guest_by_link(second) == LinkHolder(DEFAULT, ada.id)
    with pytest.raises(NotFound):
        await service.guest_by_link(first)
    assert len(await scanned(store, "guest_link")) == 1


async def test_the_link_of_a_removed_guest_is_removed(service: GuestService, store: Store) -> None:
    ada = await invite(service)
    token = await service.issue_link(DEFAULT, ada.id, actor="cli")
    await service.remove_guest(DEFAULT, ada.id, actor="cli")

    with pytest.raises(NotFound):
        await service.guest_by_link(token)
    assert await scanned(store, "guest_link") == []


@pytest.mark.parametrize("token", ["", "x", "\ud800", "0" * 10_000])
async def test_a_token_that_nobody_was_given_is_not_found(
    service: GuestService, token: str
) -> None:
    with pytest.raises(NotFound):
        await service.guest_by_link(token)


async def test_the_log_and_the_documents_never_hold_a_token(
    service: GuestService, store: Store
) -> None:
    ada = await invite(service)
    token = (await service.issue_link(DEFAULT, ada.id, actor="cli")).encode()

    kept = [event.data + event.meta for event in await events_of(store, "gathering-default")]
    for view in "guest", "guest_link", "gathering":
        kept += [document.body or b"" for document in await scanned(store, view)]

    assert [token in piece for piece in kept] == [False] * 6
    assert len(token) >= 43


@pytest.mark.parametrize("id", ["", "x", NOBODY, "a" * 300, "nul\x00"])
async def test_an_id_that_nobody_has_is_not_found(service: GuestService, id: str) -> None:
    for nobody in (
        service.guest(DEFAULT, id),
        service.group(DEFAULT, id),
        service.gathering(id),
        service.rsvp(DEFAULT, id, Rsvp(attending=True), actor="cli"),
        service.rsvp(id, NOBODY, Rsvp(attending=True), actor="cli"),
        service.change_guest(DEFAULT, id, GuestPatch(first_name="A"), actor="cli"),
    ):
        with pytest.raises(NotFound):
            await nobody


async def test_a_refused_command_writes_nothing(service: GuestService, store: Store) -> None:
    ada = await invite(service)
    before = await events_of(store, "gathering-default")
    refusals: list[GatherlogError] = []

    for wrong in (
        service.add_guest(DEFAULT, NewGuest(first_name="", last_name="x" * 10_000), actor="cli"),
        service.add_guest(
            DEFAULT, NewGuest(first_name="A", last_name="B", group_id="\x00" * 500), actor="cli"
        ),
        service.rsvp(DEFAULT, ada.id, Rsvp(attending=True, num_guests=10**9), actor="cli"),
        service.change_settings(DEFAULT, SettingsPatch(rsvp_deadline="soon"), actor="cli"),
        service.change_guest(DEFAULT, ada.id, GuestPatch(email="no"), actor="cli"),
    ):
        with pytest.raises(Invalid) as refused:
            await wrong
        refusals.append(refused.value)

    assert [error.code for error in refusals] == ["invalid"] * 5
    assert await events_of(store, "gathering-default") == before
