"""Two sheets, one after the other.

After the first, every guest says yes. The second may not take one person for another, nor lose an
answer.
"""

from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.guests import DEFAULT, GuestService, Rsvp
from gatherlog.bootstrap import Platform

NAMED = "Name,Email,Family\n"
CASES = {
    "the same name with another address": (
        "John Smith,a@example.org,\n",
        "John Smith,b@example.org,\n",
        "asked",
    ),
    "the same address with another name": (
        "Ada Winter,family@example.org,\n",
        "Ben Winter,family@example.org,\n",
        "asked",
    ),
    "a renamed household": ("Ada Winter,,W\n", "Ada Winter,,W2\n", "changed"),
    "kinds of apostrophes": ("Conan O\u2019Brien,,\n", "Conan O'Brien,,\n", "unchanged"),
    "kinds of hyphens": ("Jean\u2011Luc Roth,,\n", "Jean-Luc Roth,,\n", "unchanged"),
    "St. and St": ("Ada St. John,,\n", "Ada St John,,\n", "unchanged"),
    "composed letters": ("Zoe\u0308 Roth,,\n", "Zo\u00eb Roth,,\n", "unchanged"),
    "capitals": ("Zo\u00eb Roth,z@example.org,\n", "ZO\u00cb ROTH,Z@EXAMPLE.ORG,\n", "unchanged"),
    "a copy without accents": ("Zo\u00eb M\u00fcller,,\n", "Zoe Mueller,,\n", "unchanged"),
    "a name that comes back whole": ("Zoe Mueller,,\n", "Zo\u00eb M\u00fcller,,\n", "changed"),
    "swapped names": ("Ada Winter,,\n", "Winter Ada,,\n", "asked"),
    "a new last name": ("Ada Winter,ada@example.org,\n", "Ada King,ada@example.org,\n", "asked"),
    "a nickname": ("Robert Roth,,R\n", "Bob Roth,,R\n", "asked"),
    "an address for who has answered": ("Ada Winter,,\n", "Ada Winter,a@example.org,\n", "asked"),
    "somebody else": ("Ada Winter,ada@example.org,\n", "Cas Roth,cas@example.org,\n", "new"),
}
COUNTS = ("new", "changed", "unchanged", "asked")


@pytest.mark.parametrize("case", CASES)
async def test_nobody_is_taken_for_another(case: str, api: AsyncClient, platform: Platform) -> None:
    first, second, expected = CASES[case]
    await take_in(api, first)
    await all_say_yes(platform.guests)
    before = await platform.guests.all_guests(DEFAULT)

    done = await take_in(api, second)

    assert {name: done[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0) | {expected: 1}
    after = {guest.id: guest for guest in await platform.guests.all_guests(DEFAULT)}
    assert len(after) == len(before) + (expected == "new")
    for guest in before:
        now = after[guest.id]
        assert (now.attending, now.email) == (True, guest.email)
        assert expected == "changed" or now == guest


async def take_in(api: AsyncClient, lines: str, query: str = "") -> Any:
    sheet = (NAMED + lines).encode()
    path = f"/guests/import{query}"
    answer = await api.post(path, content=sheet, headers={"content-type": "text/csv"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def all_say_yes(guests: GuestService) -> None:
    for guest in await guests.all_guests(DEFAULT):
        await guests.rsvp(DEFAULT, guest.id, Rsvp(attending=True), actor="t")
