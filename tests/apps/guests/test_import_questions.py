"""Imports on every engine that ask the host: choices, two imports at once, answers meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gatherlog.apps.guests import (
    DEFAULT,
    Guest,
    GuestPatch,
    GuestService,
    Imported,
    ImportReport,
    NewGuest,
    Rsvp,
)
from gatherlog.apps.guests.choices import NO_CHOICES, Choice, Choices, choices_of
from gatherlog.apps.guests.outcomes import CHANGED_MEANWHILE, mark
from gatherlog.apps.guests.sheets import SheetRow, read_sheet
from gatherlog.core import Store
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.recounting import check_figures, check_rebuild
from tests.apps.guests.test_importing import Meddling
from tests.made_up import lettered
from tests.stores import events_of

pytestmark = pytest.mark.on_database


async def take_in(
    service: GuestService, rows: list[SheetRow], choices: Choices = NO_CHOICES
) -> ImportReport:
    return await service.import_guests(DEFAULT, rows, choices, actor="cli", file_hash="f00d")


def lines(text: str) -> list[SheetRow]:
    sheet = read_sheet(f"First name,Last name,Email,Household,Seats\n{text}".encode())
    assert sheet.bad == ()
    return list(sheet.rows)


async def there(service: GuestService) -> dict[str, str | None]:
    """The addresses of all guests, by their names."""
    guests = await service.all_guests(DEFAULT)
    return {f"{guest.first_name} {guest.last_name}": guest.email for guest in guests}


async def ada(service: GuestService, **given: Any) -> Guest:
    """Ada, who has said yes and is vegan."""
    named = {"first_name": "Ada", "last_name": "Winter", "email": "family@example.org"}
    guest = (await service.add_guest(DEFAULT, NewGuest(**named | given), actor="cli")).body
    answer = Rsvp(attending=True, dietary_tags=("vegan",))
    return (await service.rsvp(DEFAULT, guest.id, answer, actor="cli")).body


BEN = "Ben,Winter,family@example.org,,\n"
NAMESAKE = "Ada,Winter,other@example.org,,\n"


@pytest.mark.parametrize("line", [BEN, NAMESAKE])
async def test_nobody_is_renamed_and_the_sure_rows_are_imported_at_once(
    service: GuestService, line: str
) -> None:
    before = await ada(service)

    done = await take_in(service, lines(f"{line}Cas,Roth,,,\n"))

    assert done.counts == Imported(new=1, changed=0, unchanged=0, asked=1)
    assert await there(service) == {"Ada Winter": "family@example.org", "Cas Roth": None}
    assert (await service.guest(DEFAULT, before.id)).body == before
    await check_figures(service)


async def test_what_was_answered_is_not_asked_again(service: GuestService) -> None:
    await ada(service)
    rows = lines(f"{BEN}{NAMESAKE}")

    first = await take_in(service, rows, choices_of(new="2"))
    assert first.counts == Imported(new=1, changed=0, unchanged=0, asked=1)
    then = await take_in(service, rows)
    assert then.counts == Imported(new=0, changed=0, unchanged=1, asked=1)
    rest = await take_in(service, rows, choices_of(new="3"))
    assert rest.counts == Imported(new=1, changed=0, unchanged=1)
    assert (await take_in(service, rows)).counts == Imported(new=0, changed=0, unchanged=2)
    await check_figures(service)


async def test_the_same_person_keeps_the_answer(service: GuestService) -> None:
    before = await ada(service)

    done = await take_in(service, lines(NAMESAKE), {(2, 0): Choice("same", before.id)})

    assert done.counts == Imported(new=0, changed=1, unchanged=0)
    now = (await service.guest(DEFAULT, before.id)).body
    assert (now.email, now.attending, now.dietary_tags) == ("other@example.org", True, ("vegan",))
    assert (await take_in(service, lines(NAMESAKE))).counts == Imported(0, 0, unchanged=1)


async def test_what_is_left_out_is_not_imported(service: GuestService, store: Store) -> None:
    before = await events_of(store, "gathering-default")

    done = await take_in(service, lines(BEN), choices_of(leave="2"))

    assert done.counts == Imported(new=0, changed=0, unchanged=0, skipped=1)
    assert await events_of(store, "gathering-default") == before


async def test_a_choice_holds_for_the_question_that_the_host_saw(service: GuestService) -> None:
    before = await ada(service)
    rows = lines(f"{NAMESAKE}Cas,Roth,,,\n")
    [question, _] = (await service.preview_import(DEFAULT, rows)).outcomes
    choice = Choice("same", before.id, mark(question))
    await service.rsvp(DEFAULT, before.id, Rsvp(attending=False), actor="cli")

    done = await take_in(service, rows, {(2, 0): choice})

    assert done.counts == Imported(new=1, changed=0, unchanged=0, refused=1)
    assert done.outcomes[0].reason == CHANGED_MEANWHILE
    assert (await service.guest(DEFAULT, before.id)).body.email == "family@example.org"


async def test_two_rows_cannot_be_the_same_guest(service: GuestService) -> None:
    before = await ada(service)
    rows = lines(f"{BEN}{NAMESAKE}")
    both = choices_of(same=f"2={before.id},3={before.id}")

    done = await take_in(service, rows, both)

    assert done.counts == Imported(new=0, changed=1, unchanged=0, refused=1)
    assert await there(service) == {"Ben Winter": "family@example.org"}


async def test_two_imports_with_the_same_choices_add_nobody_twice(service: GuestService) -> None:
    before = await ada(service)
    rows = lines(f"{BEN}{NAMESAKE}" + "".join(f"{lettered(n)},Roth,,,\n" for n in range(40)))
    choices = choices_of(new="2", same=f"3={before.id}")

    one, other = await asyncio.gather(
        take_in(service, rows, choices), take_in(service, rows, choices)
    )

    assert one.counts.new + other.counts.new == 41
    assert len(await service.all_guests(DEFAULT)) == 42
    assert (await there(service))["Ada Winter"] == "other@example.org"
    await check_figures(service)


async def test_who_answers_while_the_sheet_is_imported_is_not_overwritten(
    service: GuestService, store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    """The sheet gives Ada, who is known by the name alone, an address."""
    named = NewGuest(first_name="Ada", last_name="Winter")
    guest = (await service.add_guest(DEFAULT, named, actor="cli")).body

    async def meddle() -> None:
        await service.rsvp(DEFAULT, guest.id, Rsvp(attending=True), actor="cli")

    other = GuestService(Meddling(store, meddle), clock=clock, ids=ids)
    done = await take_in(other, lines(f"{NAMESAKE}Cas,Roth,,,\n"))

    assert done.counts == Imported(new=1, changed=0, unchanged=0, asked=1)
    now = (await service.guest(DEFAULT, guest.id)).body
    assert (now.email, now.attending) == (None, True)


async def _renamed(service: GuestService, guest: Guest) -> None:
    await service.change_guest(DEFAULT, guest.id, GuestPatch(first_name="Eva"), actor="cli")


async def _answered(service: GuestService, guest: Guest) -> None:
    await service.rsvp(DEFAULT, guest.id, Rsvp(attending=False), actor="cli")


async def _removed(service: GuestService, guest: Guest) -> None:
    await service.remove_guest(DEFAULT, guest.id, actor="cli")


@pytest.mark.parametrize("change", [_renamed, _answered, _removed])
async def test_a_chosen_guest_who_changes_during_the_import_is_left_alone(
    service: GuestService,
    store: Store,
    clock: StandingClock,
    ids: CountingIds,
    change: Callable[[GuestService, Guest], Awaitable[None]],
) -> None:
    before = await ada(service)

    async def meddle() -> None:
        await change(service, before)

    other = GuestService(Meddling(store, meddle), clock=clock, ids=ids)
    rows = lines(f"{NAMESAKE}Cas,Roth,,,\n")
    done = await take_in(other, rows, {(2, 0): Choice("same", before.id)})

    assert done.counts == Imported(new=1, changed=0, unchanged=0, refused=1)
    assert "other@example.org" not in (await there(service)).values()
    await check_figures(service)
    await check_rebuild(store)


async def test_somebody_new_whom_another_import_adds_meanwhile_is_not_added_twice(
    service: GuestService, store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    await ada(service)
    new = choices_of(new="2")

    async def meddle() -> None:
        await take_in(service, lines(BEN), new)

    other = GuestService(Meddling(store, meddle), clock=clock, ids=ids)
    done = await take_in(other, lines(BEN), new)

    assert done.counts == Imported(new=0, changed=0, unchanged=0, refused=1)
    assert [outcome.reason for outcome in done.outcomes] == ["Ben Winter is on the list already"]
    assert len(await service.all_guests(DEFAULT)) == 2


async def test_a_preview_with_choices_says_what_the_import_does(service: GuestService) -> None:
    before = await ada(service)
    rows = lines(f"{BEN}{NAMESAKE}Cas,Roth,,,\n")
    choices = choices_of(new="2", same=f"3={before.id}", leave="4")

    preview = await service.preview_import(DEFAULT, rows, choices)

    assert preview.counts == Imported(new=1, changed=1, unchanged=0, skipped=1)
    assert (await take_in(service, rows, choices)).counts == preview.counts
