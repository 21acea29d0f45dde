"""A guest's address in either form of its domain is one address: found, matched, counted once."""

from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import DEFAULT, Guest, GuestPatch, GuestService, NewGuest
from gatherlog.apps.guests.letter_quotas import Hosts, LetterQuotas
from gatherlog.apps.guests.letters import recipients
from gatherlog.apps.guests.matching import matching_rows
from gatherlog.apps.guests.quotas import Quotas
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.giving_way import at_once
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.guest_lists import answered, gathering, guest
from tests.stores import eventually

BOTH = ["Ada@BÜCHER.example", "ada@xn--bcher-kva.example"]
ALIKE = "ada@b\u00fccher.ex\u0430mple"
"""With a Cyrillic letter."""


def known(id: str, email: str) -> Guest:
    return msgspec.structs.replace(guest(answered(True, 1)), id=id, email=email)


@pytest.mark.parametrize("stored", BOTH)
async def test_a_guest_is_invited_by_either_form(service: GuestService, stored: str) -> None:
    new = NewGuest(first_name="Ada", last_name="", email=stored)
    added = await service.add_guest(DEFAULT, new, actor="cli")

    assert added.body.email == stored
    for asked, is_invited in ((BOTH[0], True), (BOTH[1], True), (ALIKE, False)):

        async def found(asked: str = asked) -> bool:
            return await service.is_invited(DEFAULT, asked)

        await eventually(found, is_invited)


def test_a_row_of_a_sheet_finds_the_guest_by_either_form() -> None:
    guests = [known("1", BOTH[0]), known("2", ALIKE)]
    rows = [
        SheetRow(line=2, first_name="Ada", last_name="Lovelace", email=BOTH[1]),
        SheetRow(line=3, first_name="Ada", last_name="Lovelace", email=ALIKE),
    ]

    found = at_once(matching_rows(rows, guests))

    assert [one.guest and one.guest.id for one in found] == ["1", "2"]


def test_one_letter_goes_to_an_address_in_both_forms() -> None:
    guests = [known("1", BOTH[0]), known("2", BOTH[1]), known("3", ALIKE)]

    assert recipients(guests, ()) == ["1", "3"]


async def test_letters_to_both_forms_count_for_one_address(
    store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    async def is_confirmed(account: str) -> bool:
        return True

    async def digest(text: str) -> str:
        return text.encode().hex()

    off = dict.fromkeys(Quotas.__struct_fields__)
    bounds = Quotas(**off | {"address_letters": 1})
    letters = LetterQuotas(store, bounds, Hosts(is_confirmed, digest), clock=clock, ids=ids)

    sent = [
        await letters.admit(f"d{n}", gathering(), known(str(n), email))
        for n, email in enumerate([*BOTH, ALIKE])
    ]

    assert sent == ["admitted", "address", "admitted"]


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("a..da@example.org", "has a dot where none may be before the @"),
        ("ada@\U0001f389.example", "has a domain that cannot be: "),
        ("a" * 65 + "@example.org", "has more than 64 bytes before the @"),
        ('"ada"@example.org', "has a quoted part before the @, which is not taken here"),
        ("ada", "is not an email address; one looks like ada@example.org"),
    ],
)
async def test_what_mail_cannot_reach_is_refused_with_the_reason(
    service: GuestService, email: str, reason: str
) -> None:
    given: Any = {"email": email}
    with pytest.raises(Invalid) as added:
        await service.add_guest(
            DEFAULT, NewGuest(first_name="Ada", last_name="L", **given), actor="cli"
        )
    ada = await service.add_guest(DEFAULT, NewGuest(first_name="Ada", last_name="L"), actor="cli")
    with pytest.raises(Invalid) as changed:
        await service.change_guest(DEFAULT, ada.body.id, GuestPatch(**given), actor="cli")

    for refused in (added, changed):
        [flaw] = refused.value.flaws
        assert (flaw.pointer, flaw.detail[: len(reason)]) == ("/email", reason)
