"""A gathering's settings on the command line: shown, and changed one by one."""

import json

from tests.entrypoints.conftest import Terminal

BARE = """\
Id         default
Name       Our gathering
Date       none
Location   none
Deadline   none
Capacity   no limit
Zone       UTC
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
    "location": "The Orchard",
    "rsvp_deadline": "2027-05-01",
    "max_guests": 140,
    "time_zone": "Europe/Berlin",
}


def shown(terminal: Terminal) -> object:
    return json.loads(terminal("gathering", "--json").out)


def test_settings_are_shown(party: Terminal) -> None:
    assert party("gathering") == (0, BARE, "")


def test_settings_are_changed_and_shown(party: Terminal) -> None:
    status, out, err = party("gathering", *ALL)

    assert (status, err) == (0, "")
    assert out.splitlines()[1:7] == [
        "Name       Ida & Jonas",
        "Date       2027-06-01T14:00:00",
        "Location   The Orchard",
        "Deadline   2027-05-01",
        "Capacity   140, 140 of them free",
        "Zone       Europe/Berlin",
    ]
    assert shown(party) == SET


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
