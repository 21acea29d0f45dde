"""Finding guests by name, address, status and household; hosts' gatherings; co-hosts; zones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import (
    DEFAULT,
    VIEWS,
    GatheringDetails,
    GuestService,
    NewGuest,
    Rsvp,
    RsvpClosed,
    SettingsPatch,
)
from gatherlog.core import Limits, Once
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock, run_instantly


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

    listing = await service.guests(DEFAULT, q=q)

    assert [guest.body.first_name for guest in listing.items] == found


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

    assert await found(q="ada") == [people[0], people[2]]
    assert await found(status="waiting") == [people[1]]
    assert await found(status="pending") == [people[2]]
    assert await found(group_id="Byron") == people[:2]
    assert await found(q="ada", status="coming", group_id="Byron") == [people[0]]
    assert await found(group_id="byron") == []


@given(
    st.lists(st.sampled_from(["Ada", "Bob"]), max_size=30),
    st.integers(1, 7),
    st.sampled_from([10, 20, 10_000]),
)
def test_pages_are_full_and_complete_and_repeat_nobody(
    names: list[str], limit: int, page: int
) -> None:
    async def story() -> None:
        store = await open_store("memory:", views=VIEWS, limits=Limits(page=page))
        service = GuestService(store, clock=StandingClock(), ids=CountingIds())
        await service.ensure_default("cli")
        wanted = [
            id
            for place, name in enumerate(names)
            if (id := await invite(service, f"{name} {place:02}")) and name == "Ada"
        ]
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

    first = await service.gatherings_of("ann", limit=1)
    second = await service.gatherings_of("ann", limit=1, cursor=first.cursor)

    names = [stored.body.event_name for stored in (*first.items, *second.items)]
    assert names == ["Ball", "Walk"]
    await service.remove_gathering(ids[0], actor="cli")
    assert [g.body.id for g in (await service.gatherings_of("ann")).items] == [ids[2]]
    assert (await service.gatherings_of("eve")).items == []


async def test_a_guest_becomes_co_host_and_stops_being_one(service: GuestService) -> None:
    ada = await invite(service, "Ada A")

    made = await service.make_co_host(DEFAULT, ada, True, actor="cli")
    again = await service.make_co_host(DEFAULT, ada, True, actor="cli", expects=made.version)

    assert (made.body.is_co_host, again) == (True, made)
    ended = await service.make_co_host(DEFAULT, ada, False, actor="cli")
    assert not ended.body.is_co_host


async def test_a_command_with_a_key_answers_as_before(service: GuestService) -> None:
    once = Once("k", b"f", lambda handled: b"%d" % len(handled.events))
    details = GatheringDetails(event_name="Party")
    await service.create_gathering(details, actor="cli", once=once)

    with pytest.raises(Exception, match="under the same key") as repeated:
        await service.create_gathering(details, actor="cli", once=once)

    assert getattr(repeated.value, "answer", None) == b"1"
    assert len((await service.gatherings()).items) == 2


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
