"""Gatherings on the command line: settings and hosts are shown and changed; create; list."""

import asyncio
import json

import pytest

from gatherlog.apps.guests import NewGuest, Rsvp
from gatherlog.bootstrap import start
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal

BARE = """\
Id         default
Name       Our gathering
Date       none
Location   none
Deadline   none
Capacity   no limit
Zone       UTC
Host       none
Guests     0: 0 coming (0 people), 0 not, 0 undecided, 0 waiting, 0 without an answer
"""
ALL = (
    *("--name", "Ida & Jonas", "--date", "2027-06-01T14:00", "--location", "The Orchard"),
    *("--deadline", "2027-05-01", "--capacity", "140", "--zone", "Europe/Berlin"),
)
SET = {
    "id": "default",
    "event_name": "Ida & Jonas",
    "event_date": "2027-06-01T14:00:00",
    "event_end": None,
    "location": "The Orchard",
    "rsvp_deadline": "2027-05-01",
    "max_guests": 140,
    "time_zone": "Europe/Berlin",
    "host": None,
}


def shown(terminal: Terminal) -> object:
    return json.loads(terminal("gathering", "--json").out)


def test_settings_are_shown(party: Terminal) -> None:
    assert party("gathering") == (0, BARE, "")


def test_settings_are_changed_and_shown(party: Terminal) -> None:
    status, out, err = party("gathering", *ALL)

    assert (status, err) == (0, "")
    assert out.splitlines()[1:8] == [
        "Name       Ida & Jonas",
        "Date       2027-06-01T14:00:00",
        "End        none; calendars show 3 hours",
        "Location   The Orchard",
        "Deadline   2027-05-01",
        "Capacity   140, 140 of them free",
        "Zone       Europe/Berlin",
    ]
    assert shown(party) == SET


def test_an_end_is_set_shown_and_moves_along_with_the_date(party: Terminal) -> None:
    party("gathering", *ALL, "--end", "2027-06-02T02:00")

    out = party("gathering", "--date", "2027-06-08T14:00").out
    refused = party("gathering", "--end", "2027-06-08T13:00")

    assert out.splitlines()[2:4] == [
        "Date       2027-06-08T14:00:00",
        "End        2027-06-09T02:00:00",
    ]
    assert (refused.status, refused.err) == (
        2,
        "gatherlog: nothing was changed: --end should be after the beginning\n",
    )


def test_what_becomes_of_a_time_that_clocks_skip_or_repeat_is_shown(party: Terminal) -> None:
    times = ("--date", "2027-03-28T02:30", "--end", "2027-10-31T02:30", "--zone", "Europe/Berlin")

    out = party("gathering", *times).out

    assert out.splitlines()[2:4] == [
        "Date       2027-03-28T02:30:00 (02:30 is 03:30 then, as the clocks go forward)",
        "End        2027-10-31T02:30:00 (the second 02:30 of two, as the clocks go back)",
    ]


def test_only_what_is_given_changes_and_none_clears(party: Terminal) -> None:
    party("gathering", *ALL)

    party("gathering", "--location", "none", "--capacity", "none")

    assert shown(party) == SET | {"location": None, "max_guests": None}


def test_what_is_refused_changes_nothing_and_names_every_option(party: Terminal) -> None:
    party("gathering", *ALL)

    refused = party("gathering", "--name", "Other", "--deadline", "soon", "--zone", "Mars")

    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("gatherlog: nothing was changed: --")
    assert [option in refused.err for option in ("--deadline ", "--zone ")] == [True, True]
    assert shown(party) == SET


def hosted(email: str) -> list[str]:
    """The gatherings of the host who signs in with this address, in the directory's store."""

    async def ask() -> list[str]:
        platform = await start(Settings())
        try:
            code = await platform.accounts.issue_code(email)
            actor = await platform.accounts.session(
                await platform.accounts.start_session(email, code)
            )
            assert actor is not None
            assert actor.account_id is not None
            found = await platform.guests.gatherings_of(actor.account_id)
            return [stored.body.id for stored in found.items]
        finally:
            await platform.stop()

    return asyncio.run(ask())


def test_a_gathering_is_given_to_whoever_signs_in_with_an_address(party: Terminal) -> None:
    given = party("gathering", "--host", "Ada@example.org", "--name", "Ball")

    assert (given.status, "Host       ada@example.org" in given.out.splitlines()) == (0, True)
    assert (hosted("ada@example.org"), hosted("bob@example.org")) == (["default"], [])


def test_another_host_or_none_replaces_the_host(party: Terminal) -> None:
    party("gathering", "--host", "ada@example.org")

    party("gathering", "--host", "bob@example.org")
    assert (hosted("ada@example.org"), hosted("bob@example.org")) == ([], ["default"])
    party("gathering", "--host", "none")
    assert hosted("bob@example.org") == []


def test_a_host_without_an_address_changes_nothing(party: Terminal) -> None:
    refused = party("gathering", "--host", "ada", "--name", "Other")

    assert refused == (
        2,
        "",
        "gatherlog: nothing was changed: --host is not an email address; one looks like "
        "ada@example.org\n",
    )
    assert party("gathering") == (0, BARE, "")


def test_gatherings_are_made_and_listed_with_their_hosts(party: Terminal) -> None:
    made = party("gathering", "create", *ALL, "--host", "ada@example.org")
    id = made.out.strip()

    assert (made.status, made.err) == (0, "")
    assert json.loads(party("gathering", "--gathering", id, "--json").out) == SET | {
        "id": id,
        "host": "ada@example.org",
    }
    assert hosted("ada@example.org") == [id]
    listed = json.loads(party("gathering", "list", "--json").out)
    assert [(one["id"], one["host"]) for one in listed] == [
        (id, "ada@example.org"),
        ("default", None),
    ]
    assert [line.split("  ")[0] for line in party("gathering", "list").out.splitlines()] == [
        "id",
        id,
        "default",
    ]


@pytest.mark.parametrize("wrong", [("--name", " "), ("--name", "A", "--capacity", "many")])
def test_an_invalid_gathering_is_not_created(party: Terminal, wrong: tuple[str, ...]) -> None:
    refused = party("gathering", "create", *wrong)

    assert (refused.status, refused.out) == (2, "")
    assert len(json.loads(party("gathering", "list", "--json").out)) == 1


async def come() -> None:
    """A guest comes to the gathering `default`."""
    platform = await start(Settings())
    new = NewGuest(first_name="Ada", last_name="Lovelace")
    ada = await platform.guests.add_guest("default", new, actor="test")
    await platform.guests.rsvp("default", ada.body.id, Rsvp(attending=True), actor="test")
    await platform.stop()


async def choices() -> list[bool | None]:
    """What changes of settings say about letters, the oldest first; None where they say nothing."""
    platform = await start(Settings())
    events = await platform.store.read_stream("gathering-default")
    await platform.stop()
    changes = [json.loads(e.data) for e in events if e.type == "guests.settings_changed"]
    return [change.get("notify") for change in changes]


def test_a_new_place_says_whether_guests_get_letters_where_the_site_sends_mail(
    party: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATHERLOG_SMTP_URL", "smtp://127.0.0.1:9")
    monkeypatch.setenv("GATHERLOG_MAIL_FROM", "party@example.org")
    asyncio.run(come())

    status, out, err = party("gathering", "--location", "The mill")
    assert (status, out) == (2, "")
    assert "nothing was changed: guests who come or wait: 1; add --notify to write" in err
    assert party("gathering", "--location", "The mill", "--no-notify").status == 0
    assert party("gathering", "--name", "Ball").status == 0
    assert party("gathering", "--location", "The barn", "--notify").status == 0
    assert asyncio.run(choices()) == [False, None, True]


def test_bad_quotas_are_refused_with_what_is_wrong(
    party: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATHERLOG_QUOTAS", "guests=many")

    status, out, err = party("gathering")
    assert (status, out) == (2, "")
    assert (
        "GATHERLOG_QUOTAS: 'guests=many' is not like guests=5000; names: gatherings, guests, "
        in err
    )
