"""The policy as a table: actor by action, every cell written down."""

import pytest

from gatherlog.apps.people import Action, Actor, Role, Verdict, decide
from gatherlog.apps.people.policy import ANYONE

OPERATOR = Actor("key", "k1", Role.OPERATOR)
HOST = Actor("key", "k2", Role.HOST, "g1")
UNBOUND_HOST = Actor("key", "k3", Role.HOST, None)
GUEST = Actor("guest", "ada", Role.GUEST, "g1")

ALLOW, HIDE, DENY, IDENTIFY = Verdict.ALLOW, Verdict.HIDE, Verdict.DENY, Verdict.IDENTIFY

# action: nobody, operator, host of it, host of another one, the guest it is about, another guest
TABLE = {
    Action.READ_HEALTH: (ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW),
    Action.READ_DESCRIPTION: (ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW),
    Action.LIST_GATHERINGS: (IDENTIFY, ALLOW, ALLOW, ALLOW, HIDE, HIDE),
    Action.CREATE_GATHERING: (IDENTIFY, ALLOW, DENY, DENY, HIDE, HIDE),
    Action.READ_GATHERING: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.CHANGE_GATHERING: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.REMOVE_GATHERING: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.READ_STATS: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.LIST_GUESTS: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.ADD_GUEST: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.READ_GUEST: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.CHANGE_GUEST: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.REMOVE_GUEST: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.ANSWER_FOR_GUEST: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.ISSUE_LINK: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.READ_GROUPS: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.IMPORT_GUESTS: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.EXPORT_GUESTS: (IDENTIFY, ALLOW, ALLOW, HIDE, HIDE, HIDE),
    Action.READ_INVITATION: (IDENTIFY, DENY, DENY, HIDE, ALLOW, HIDE),
    Action.ANSWER_INVITATION: (IDENTIFY, DENY, DENY, HIDE, ALLOW, HIDE),
    Action.READ_OVERVIEW: (IDENTIFY, DENY, DENY, HIDE, HIDE, HIDE),
}


@pytest.mark.parametrize("action", Action)
def test_every_actor_gets_the_verdict_that_the_table_says(action: Action) -> None:
    assert (
        decide(None, action, "g1", guest_id="ada"),
        decide(OPERATOR, action, "g1", guest_id="ada"),
        decide(HOST, action, "g1", guest_id="ada"),
        decide(HOST, action, "g2", guest_id="ada"),
        decide(GUEST, action, "g1", guest_id="ada"),
        decide(GUEST, action, "g1", guest_id="bob"),
    ) == TABLE[action]


def test_a_guest_sees_nothing_of_another_gathering() -> None:
    verdict = decide(GUEST, Action.READ_INVITATION, "g2", guest_id="ada")

    assert verdict is HIDE


@pytest.mark.parametrize("gathering_id", ["g1", "default", None])
def test_a_host_without_a_gathering_sees_none(gathering_id: str | None) -> None:
    assert decide(UNBOUND_HOST, Action.READ_GATHERING, gathering_id) is HIDE


def test_the_overview_is_for_everybody_in_a_demo_alone() -> None:
    assert decide(None, Action.READ_OVERVIEW, demo=True) is ALLOW
    assert decide(None, Action.READ_OVERVIEW) is IDENTIFY


@pytest.mark.parametrize("action", [action for action in Action if action not in ANYONE])
def test_a_demo_opens_nothing_but_the_overview(action: Action) -> None:
    expected = ALLOW if action is Action.READ_OVERVIEW else IDENTIFY

    assert decide(None, action, "g1", demo=True) is expected
