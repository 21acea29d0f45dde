"""Links from the command line: for some guests or all, shown once, on a terminal or as a sheet."""

import asyncio
import csv
import io
import json
import re

import pytest

from gatherlog.bootstrap import start
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal

SHEET = b"""\
First,Last,Email,Family
Ada,Lovelace,family@example.org,Lovelace
Ben,Lovelace,family@example.org,Lovelace
Alan,Turing,,
=Eve,Zuse,,
"""
HERE = "The links begin with http://127.0.0.1:8000; if guests reach the site elsewhere, say "


@pytest.fixture
def invited(party: Terminal) -> Terminal:
    """The terminal in a directory whose store has four guests."""
    assert party("import", "-", "--yes", "--take", "5", stdin=SHEET).status == 0
    return party


def ids(terminal: Terminal) -> dict[str, str]:
    """The ids of the guests by first name, from the log."""
    lines = terminal("read", "gathering-default", "--json", "--after", "1").out.splitlines()
    output = [json.loads(line) for line in lines]
    return {
        event["data"]["first_name"]: event["subject"]
        for event in output
        if event["type"] == "guests.guest_added"
    }


def holder(link: str) -> str | None:
    """The first name of the guest of a link, in the store of this directory."""

    async def ask() -> str | None:
        platform = await start(Settings())
        try:
            found = await platform.guests.guest_by_link(link.rpartition("/r/")[2])
            guest = await platform.guests.guest(found.gathering_id, found.guest_id)
            return guest.body.first_name
        except NotFound:
            return None
        finally:
            await platform.stop()

    return asyncio.run(ask())


def test_a_link_is_printed_with_name_and_address_and_opens(invited: Terminal) -> None:
    status, out, err = invited("link", ids(invited)["Alan"])

    found = re.fullmatch(r"Alan Turing\n    (http://127\.0\.0\.1:8000/r/\S{43})\n", out)
    assert (status, err, found is not None) == (0, f"{HERE}--public-url.\n", True)
    assert found is not None
    assert holder(found[1]) == "Alan"


def test_an_address_stands_for_all_who_share_it(invited: Terminal) -> None:
    out = invited("link", "FAMILY@example.org", "--public-url", "https://p.example/").out

    assert [line for line in out.splitlines() if "/r/" not in line] == [
        "Ada Lovelace <family@example.org>",
        "Ben Lovelace <family@example.org>",
    ]
    assert out.count("    https://p.example/r/") == 2


def test_a_new_link_ends_the_one_before_and_says_so(invited: Terminal) -> None:
    ada = ids(invited)["Ada"]
    old = invited("link", ada).out.split()[-1]

    status, out, err = invited("link", ada)

    assert (status, err.splitlines()[0]) == (
        0,
        "1 earlier link ends now; whoever has an old one needs the new one.",
    )
    assert (holder(old), holder(out.split()[-1])) == (None, "Ada")


def test_links_for_all_are_a_sheet_without_formulas(invited: Terminal) -> None:
    status, out, err = invited("link", "--all", "--yes", "--csv", "--public-url", "https://p.org")

    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))))
    assert (status, err, out.count("\ufeff")) == (0, "", 1)
    assert [(row["First name"], row["Email"], row["Household"]) for row in rows] == [
        ("Ada", "family@example.org", "Lovelace"),
        ("Ben", "family@example.org", "Lovelace"),
        ("Alan", "", ""),
        ("'=Eve", "", ""),
    ]
    assert [holder(row["Link"]) for row in rows] == ["Ada", "Ben", "Alan", "=Eve"]


def test_no_link_is_made_if_one_guest_is_unknown_or_nobody_confirms(invited: Terminal) -> None:
    before = invited("read", "gathering-default").out

    refused = [invited("link", ids(invited)["Ada"], "eve@example.org"), invited("link", "--all")]

    assert [(done.status, done.out) for done in refused] == [(1, ""), (2, "")]
    assert refused[0].err.startswith("gatherlog: there is no guest 'eve@example.org'")
    assert invited("read", "gathering-default").out == before
