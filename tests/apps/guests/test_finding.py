"""Finding guests by name, address, status and household; hosts' gatherings; co-hosts; zones."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import (
    DEFAULT,
    VIEWS,
    GatheringDetails,
    GuestPatch,
    GuestService,
    NewGuest,
    Rsvp,
    RsvpClosed,
    SettingsPatch,
    loading,
)
from gatherlog.apps.guests.views import GUESTS
from gatherlog.core import Limits, Once, Page, Query, Store
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock, run_instantly
from tests.stores import eventually, streams_of

pytestmark = pytest.mark.on_database


async def invite(
    service: GuestService, name: str, email: str | None = None, group_id: str | None = None
) -> str:
    first, last = name.rsplit(" ", 1)
    new = NewGuest(first_name=first, last_name=last, email=email, group_id=group_id)
    return (await service.add_guest(DEFAULT, new, actor="cli")).body.id


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("muller", ["Zoë"]),
        ("MÜLLER", ["Zoë"]),
        ("zoe mu", ["Zoë"]),
        ("muller  zoe", ["Zoë"]),
        ("łuk", ["Łukasz"]),
        ("luk", ["Łukasz"]),
        ("@EXAMPLE.org", ["Łukasz", "Zoë"]),
        ("o", ["Łukasz", "Zoë"]),
        (" ", ["Łukasz", "Ann", "Zoë"]),
        ("%", []),
        ("Zoë\n", ["Zoë"]),
    ],
)
async def test_a_part_of_name_or_address_finds_guests(
    service: GuestService, q: str, found: list[str]
) -> None:
    await invite(service, "Zoë Müller", "zoe@example.org")
    await invite(service, "Łukasz Abe", "l@Example.org")
    await invite(service, "Ann Kim")

    async def names() -> list[str]:
        listing = await service.guests(DEFAULT, q=q)
        return [guest.body.first_name for guest in listing.items]

    await eventually(names, found)


async def test_a_guest_is_found_only_if_all_that_is_given_fits(service: GuestService) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=1), actor="cli")
    people = [
        await invite(service, "Ada A", group_id="Byron"),
        await invite(service, "Bob B", group_id="Byron"),
        await invite(service, "Ada C"),
    ]
    for who in people[:2]:
        await service.rsvp(DEFAULT, who, Rsvp(attending=True), actor="cli")

    async def found(**given: Any) -> list[str]:
        listing = await service.guests(DEFAULT, **given)
        return [guest.body.id for guest in listing.items]

    await eventually(lambda: found(q="ada"), [people[0], people[2]])
    await eventually(lambda: found(status="waiting"), [people[1]])
    await eventually(lambda: found(status="pending"), [people[2]])
    await eventually(lambda: found(group_id="Byron"), people[:2])
    await eventually(lambda: found(q="ada", status="coming", group_id="Byron"), [people[0]])
    await eventually(lambda: found(group_id="byron"), [])


@pytest.mark.parametrize("url", ["memory:", "hostile:1"])
@given(
    names=st.lists(st.sampled_from(["Ada", "Bob"]), max_size=30),
    limit=st.integers(1, 7),
    page=st.sampled_from([10, 20, 10_000]),
)
def test_pages_are_full_and_complete_and_repeat_nobody(
    url: str, names: list[str], limit: int, page: int
) -> None:
    async def story() -> None:
        store = await open_store(url, views=VIEWS, limits=Limits(page=page))
        service = GuestService(store, clock=StandingClock(), ids=CountingIds())
        await service.ensure_default("cli")
        wanted = [
            id
            for place, name in enumerate(names)
            if (id := await invite(service, f"{name} {place:02}")) and name == "Ada"
        ]
        await asyncio.sleep(1)  # simulated: by now queries show everything
        found, sizes, cursor = [], [], None
        while True:
            part = await service.guests(DEFAULT, q="ada", limit=limit, cursor=cursor)
            found += [guest.body.id for guest in part.items]
            sizes.append(len(part.items))
            if (cursor := part.cursor) is None:
                break
        assert found == wanted
        assert all(size == limit for size in sizes[:-1])

    run_instantly(story())


async def test_a_host_finds_the_gatherings_of_the_account(service: GuestService) -> None:
    ids = []
    for name, host in ("Party", "ann"), ("Fair", "bob"), ("Walk", "ann"), ("Talk", None):
        details = GatheringDetails(event_name=name)
        made = await service.create_gathering(details, actor="cli", host=host)
        assert made.body.host_account == host
        ids.append(made.body.id)
    await service.change_settings(ids[0], SettingsPatch(event_name="Ball"), actor="cli")

    async def two_pages() -> list[str]:
        first = await service.gatherings_of("ann", limit=1)
        second = await service.gatherings_of("ann", limit=1, cursor=first.cursor)
        return [stored.body.event_name for stored in (*first.items, *second.items)]

    async def all_of(account: str) -> list[str]:
        return [stored.body.id for stored in (await service.gatherings_of(account)).items]

    await eventually(two_pages, ["Ball", "Walk"])
    await service.remove_gathering(ids[0], actor="cli")
    await eventually(lambda: all_of("ann"), [ids[2]])
    assert await all_of("eve") == []


async def test_the_list_of_all_guests_has_everybody_as_they_are_now(service: GuestService) -> None:
    """Also on an engine whose queries lag: letters, sheets and links are made of this list."""
    people = [await invite(service, f"Ada {letter}") for letter in "BCADE"]
    await service.remove_guest(DEFAULT, people[4], actor="cli")
    await service.change_guest(DEFAULT, people[0], GuestPatch(last_name="Z"), actor="cli")
    await service.rsvp(DEFAULT, people[1], Rsvp(attending=True), actor="cli")

    listed = await service.all_guests(DEFAULT)

    assert [guest.id for guest in listed] == [people[n] for n in (2, 1, 3, 0)]
    assert [guest.status for guest in listed] == ["pending", "coming", "pending", "pending"]


async def test_nobody_is_missing_or_twice_who_gets_another_name_meanwhile(
    service: GuestService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who moves from a later page to one before is in none of them, and the other way in both."""
    monkeypatch.setattr(loading, "DOCUMENTS", 2)
    people = [await invite(service, f"Ada {letter}") for letter in "BCDEFG"]
    query, renames = store.query, iter([(people[5], "A"), (people[0], "Z")])

    async def renaming(asked: Query) -> Page:
        found = await query(asked)
        if asked.view == GUESTS.name and (rename := next(renames, None)) is not None:
            patch = GuestPatch(last_name=rename[1])
            await service.change_guest(DEFAULT, rename[0], patch, actor="cli")
        return found

    monkeypatch.setattr(store, "query", renaming)
    listed = await service.all_guests(DEFAULT)

    assert [guest.id for guest in listed] == [people[n] for n in (5, 1, 2, 3, 4, 0)]
    assert next(renames, None) is None


async def test_pages_of_gatherings_and_households_are_full(service: GuestService) -> None:
    for number in range(12):
        await service.create_gathering(GatheringDetails(event_name=f"No. {number}"), actor="cli")
        await invite(service, "Ada A", group_id=f"House {number:02}")

    async def sizes() -> tuple[int, int]:
        groups = await service.groups(DEFAULT, limit=11)
        return len((await service.gatherings(limit=11)).items), len(groups.items)

    await eventually(sizes, (11, 11))


async def test_a_guest_becomes_co_host_and_stops_being_one(service: GuestService) -> None:
    ada = await invite(service, "Ada A")

    made = await service.make_co_host(DEFAULT, ada, True, actor="cli")
    again = await service.make_co_host(DEFAULT, ada, True, actor="cli", expects=made.version)

    assert (made.body.is_co_host, again) == (True, made)
    ended = await service.make_co_host(DEFAULT, ada, False, actor="cli")
    assert not ended.body.is_co_host


async def test_a_command_with_a_key_answers_as_before(service: GuestService, store: Store) -> None:
    once = Once("k", b"f", lambda handled: b"%d" % len(handled.events))
    details = GatheringDetails(event_name="Party")
    await service.create_gathering(details, actor="cli", once=once)

    with pytest.raises(Exception, match="under the same key") as repeated:
        await service.create_gathering(details, actor="cli", once=once)

    assert getattr(repeated.value, "answer", None) == b"1"
    assert [head.stream for head in await streams_of(store, "gathering")] == [
        f"gathering-{CountingIds.nth(2)}",
        "gathering-default",
    ]


@pytest.mark.parametrize(
    ("deadline", "zone", "last", "first"),
    [
        # A day of 23 hours: clocks go forward at two.
        ("2026-03-29", "Europe/Paris", "2026-03-29T21:59:59.999999Z", "2026-03-29T22:00:00Z"),
        # A day of 25 hours.
        ("2026-10-25", "Europe/Paris", "2026-10-25T22:59:59.999999Z", "2026-10-25T23:00:00Z"),
        # 02:30 does not exist: the later reading counts.
        ("2026-03-29T02:30", "Europe/Paris", "2026-03-29T01:29:59Z", "2026-03-29T01:30:00Z"),
        # 02:30 comes twice: the second counts.
        ("2026-10-25T02:30", "Europe/Paris", "2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z"),
        # Midnight itself is skipped.
        ("2026-04-23", "Africa/Cairo", "2026-04-23T21:59:59Z", "2026-04-23T22:00:00Z"),
    ],
)
async def test_a_deadline_passes_in_its_zone_also_on_days_when_clocks_change(
    service: GuestService, clock: StandingClock, deadline: str, zone: str, last: str, first: str
) -> None:
    ada = await invite(service, "Ada A")
    settings = SettingsPatch(rsvp_deadline=deadline, time_zone=zone)
    await service.change_settings(DEFAULT, settings, actor="cli")

    clock.set(last)
    await service.rsvp(DEFAULT, ada, Rsvp(attending=True), actor="cli")
    clock.set(first)
    with pytest.raises(RsvpClosed):
        await service.rsvp(DEFAULT, ada, Rsvp(attending=False), actor="cli")


async def test_a_corrected_zone_keeps_the_local_time_of_the_deadline_and_every_answer(
    service: GuestService, clock: StandingClock
) -> None:
    """A deadline in New York, by mistake with London's zone; an answer came in between."""
    ada, bob = await invite(service, "Ada A"), await invite(service, "Bob B")
    wrong = SettingsPatch(rsvp_deadline="2026-06-01T18:00", time_zone="Europe/London")
    await service.change_settings(DEFAULT, wrong, actor="cli")
    clock.set("2026-06-01T16:30:00Z")
    given = await service.rsvp(DEFAULT, ada, Rsvp(attending=True), actor="cli")
    clock.set("2026-06-01T17:30:00Z")
    with pytest.raises(RsvpClosed):
        await service.rsvp(DEFAULT, bob, Rsvp(attending=True), actor="cli")

    right = SettingsPatch(time_zone="America/New_York")
    settings = await service.change_settings(DEFAULT, right, actor="cli")

    assert settings.body.rsvp_deadline == "2026-06-01T18:00:00"
    assert await service.guest(DEFAULT, ada) == given
    await service.rsvp(DEFAULT, bob, Rsvp(attending=True), actor="cli")
    clock.set("2026-06-01T22:00:00Z")
    with pytest.raises(RsvpClosed):
        await service.rsvp(DEFAULT, bob, Rsvp(attending=False), actor="cli")
    assert (await service.stats(DEFAULT)).attending == 2
