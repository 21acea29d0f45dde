"""Roles of accounts on the command line."""

import json

import pytest

from tests.entrypoints.conftest import Terminal


def roles(party: Terminal, *arguments: str) -> list[str]:
    shown = party("account", "Olga@example.org", *arguments, "--json")
    assert (shown.status, shown.err) == (0, "")
    found: list[str] = json.loads(shown.out)["roles"]
    return found


def test_roles_are_given_and_taken_back(party: Terminal) -> None:
    given = roles(party, "--role", "reviewer", "--role", "organiser")

    assert given == ["member", "organiser", "reviewer"]
    assert roles(party, "--remove-role", "reviewer") == ["member", "organiser"]
    assert roles(party) == ["member", "organiser"]


def test_the_roles_are_told_in_words(party: Terminal) -> None:
    status, out, _ = party("account", "olga@example.org", "--role", "organiser")

    assert (status, out.partition(": ")[2]) == (0, "member, organiser\n")


@pytest.mark.parametrize("role", ["operator", "host", "Reviewer", ""])
def test_other_roles_are_refused(party: Terminal, role: str) -> None:
    refused = party("account", "olga@example.org", "--role", role)

    assert (refused.status, refused.out) == (2, "")
    assert roles(party) == ["member"]


def test_what_is_no_address_is_refused(party: Terminal) -> None:
    refused = party("account", "olga", "--role", "organiser")

    assert (refused.status, refused.out) == (2, "")
