"""The policy as a table of actors, actions and owners, with every cell written down."""

from typing import Final, cast

import pytest

from gatherlog.apps.people import (
    Action,
    Actor,
    Participation,
    Role,
    Verdict,
    decide,
    needs_host,
    needs_participation,
)
from gatherlog.apps.people.policy import ANYONE, GRANTS

ALLOW, HIDE, DENY, IDENTIFY = Verdict.ALLOW, Verdict.HIDE, Verdict.DENY, Verdict.IDENTIFY

ACTORS: Final = {
    "nobody": None,
    "operator": Actor("key", "k1", Role.OPERATOR),
    "host": Actor("key", "k2", Role.HOST, "g1"),
    "member": Actor("account", "anna", Role.MEMBER, account_id="anna"),
    "organiser": Actor("key", "k4", Role.ORGANISER, account_id="anna"),
    "reviewer": Actor("key", "k5", Role.REVIEWER, account_id="anna"),
    "guest": Actor("guest", "ada", Role.GUEST, "g1"),
    "co_host": Actor("guest", "ada", Role.GUEST, "g1", co_host=True),
}

A, H, D, I = ALLOW, HIDE, DENY, IDENTIFY  # noqa: E741  a table wants narrow columns

# Columns as in ACTORS. First row: gathering g1, hosted by anna, the guest ada, the account anna, a
# thing of anna's. Second: gathering g2, hosted by otto, the guest eve, the account otto, his thing.
TABLE: Final = {
    Action.READ_HEALTH: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.READ_DESCRIPTION: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.SIGN_IN: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.SIGN_OUT: ([I, D, D, A, D, D, A, A], [I, D, D, A, D, D, A, A]),
    Action.ISSUE_TOKEN: ([I, H, H, A, D, D, H, H], [I, H, H, H, H, H, H, H]),
    Action.CHANGE_PROFILE: ([I, H, H, A, A, A, H, H], [I, H, H, H, H, H, H, H]),
    Action.READ_ACCOUNT: ([I, H, H, A, D, D, H, H], [I, H, H, H, H, H, H, H]),
    Action.END_SESSIONS: ([I, H, H, A, D, D, H, H], [I, H, H, H, H, H, H, H]),
    Action.ERASE_ACCOUNT: ([I, H, H, A, D, D, H, H], [I, H, H, H, H, H, H, H]),
    Action.CHANGE_ROLES: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.LIST_GATHERINGS: ([I, A, A, A, A, A, H, H], [I, A, A, A, A, A, H, H]),
    Action.CREATE_GATHERING: ([I, A, D, A, A, A, H, H], [I, A, D, A, A, A, H, H]),
    Action.READ_GATHERING: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.CHANGE_GATHERING: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.REMOVE_GATHERING: ([I, A, A, A, A, A, H, D], [I, A, H, H, H, H, H, H]),
    Action.READ_STATS: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.LIST_GUESTS: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.ADD_GUEST: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.READ_GUEST: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.CHANGE_GUEST: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.REMOVE_GUEST: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.ANSWER_FOR_GUEST: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.MAKE_CO_HOST: ([I, A, A, A, A, A, H, D], [I, A, H, H, H, H, H, H]),
    Action.ISSUE_LINK: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.READ_GROUPS: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.IMPORT_GUESTS: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.EXPORT_GUESTS: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.READ_INVITATION: ([I, D, D, H, H, H, A, A], [I, D, H, H, H, H, H, H]),
    Action.ANSWER_INVITATION: ([I, D, D, H, H, H, A, A], [I, D, H, H, H, H, H, H]),
    Action.READ_HOUSEHOLD: ([I, D, D, H, H, H, A, A], [I, D, H, H, H, H, H, H]),
    Action.ANSWER_HOUSEHOLD: ([I, D, D, H, H, H, A, A], [I, D, H, H, H, H, H, H]),
    Action.READ_ACTIVITIES: ([I, A, A, A, A, A, H, A], [I, A, H, H, H, H, H, H]),
    Action.READ_LOG: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.APPEND_TO_LOG: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.READ_RULES: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.CHANGE_RULES: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.READ_SUBSCRIPTIONS: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.STEER_SUBSCRIPTIONS: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.USE_QUEUES: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.INTAKE: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.INTAKE_INTO_LOG: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.READ_INTAKE: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.READ_METRICS: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.READ_STATUS: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
    Action.READ_OVERVIEW: ([I, D, H, H, H, H, H, H], [I, D, H, H, H, H, H, H]),
    Action.READ_MAILBOX: ([I, D, H, H, H, H, H, H], [I, D, H, H, H, H, H, H]),
    Action.FIND_THINGS: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.READ_THING: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.WRITE_TO_SITE: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.KEEP_FAVOURITES: ([I, D, D, A, A, A, D, D], [I, D, D, A, A, A, D, D]),
    Action.KEEP_CHILDREN: ([I, D, D, A, A, A, D, D], [I, D, D, A, A, A, D, D]),
    Action.BOOK_THING: ([I, D, D, A, A, A, D, D], [I, D, D, A, A, A, D, D]),
    Action.REPORT_THING: ([I, D, D, A, A, A, D, D], [I, D, D, A, A, A, D, D]),
    Action.KEEP_PROFILE: ([I, D, D, D, A, D, D, D], [I, D, D, D, A, D, D, D]),
    Action.CREATE_THING: ([I, D, D, D, A, D, D, D], [I, D, D, D, A, D, D, D]),
    Action.LIST_OWN_THINGS: ([I, D, D, D, A, D, D, D], [I, D, D, D, A, D, D, D]),
    Action.READ_OWN_THING: ([I, H, H, H, A, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.CHANGE_OWN_THING: ([I, H, H, H, A, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.READ_ROSTER: ([I, H, H, H, A, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.WRITE_TO_FAMILIES: ([I, H, H, H, A, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.LIST_REVIEWS: ([I, A, D, D, D, A, D, D], [I, A, D, D, D, A, D, D]),
    Action.READ_REVIEW: ([I, A, D, D, D, A, D, D], [I, A, D, D, D, A, D, D]),
    Action.DECIDE_REVIEW: ([I, A, D, D, D, D, D, D], [I, A, D, D, D, A, D, D]),
    Action.WITHDRAW_THING: ([I, A, D, D, D, D, D, D], [I, A, D, D, D, A, D, D]),
    Action.SETTLE_REPORTS: ([I, A, D, D, D, A, D, D], [I, A, D, D, D, A, D, D]),
    Action.USE_CONVERSATIONS: ([I, H, H, A, A, A, H, H], [I, H, H, A, A, A, H, H]),
    Action.READ_CONVERSATION: ([I, H, H, H, H, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.SEND_MESSAGE: ([I, H, H, H, H, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.ANNOUNCE: ([I, H, H, H, H, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.CHANGE_MESSAGE: ([I, H, H, H, H, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.REPORT_MESSAGE: ([I, H, H, H, H, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.CHANGE_MEMBERS: ([I, H, H, H, H, H, H, H], [I, H, H, H, H, H, H, H]),
    Action.END_MAIL: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.CONFIRM_ERASURE: ([A, A, A, A, A, A, A, A], [A, A, A, A, A, A, A, A]),
    Action.READ_REPORTS: ([I, A, H, H, H, H, H, H], [I, A, H, H, H, H, H, H]),
}


@pytest.mark.parametrize("action", Action)
def test_every_actor_gets_the_verdict_that_the_table_says(action: Action) -> None:
    own, others = verdicts(action, "g1", "ada", "anna"), verdicts(action, "g2", "eve", "otto")

    assert (own, others) == TABLE[action]


def test_every_action_has_a_row_in_the_policy_and_in_the_table_above() -> None:
    assert (set(GRANTS), set(TABLE)) == (set(Action), set(Action))


def test_an_action_without_a_row_is_granted_to_nobody() -> None:
    new = cast(Action, "sell_tickets")

    own, others = verdicts(new, "g1", "ada", "anna"), verdicts(new, "g2", "eve", "otto")

    assert (own, others) == ([IDENTIFY, *[HIDE] * 7], [IDENTIFY, *[HIDE] * 7])
    assert decide(None, new, "g1", demo=True) is IDENTIFY
    assert not needs_host(ACTORS["member"], new)


def verdicts(action: Action, gathering: str, guest: str, account: str) -> list[Verdict]:
    return [
        decide(
            actor,
            action,
            gathering,
            guest_id=guest,
            host_account=account,
            account_id=account,
            organiser_id=account,
        )
        for actor in ACTORS.values()
    ]


PARTS: Final = {
    "stranger": None,
    "participant": Participation(),
    "owner": Participation(is_owner=True),
    "author": Participation(is_author=True),
}
# Columns as in PARTS: what an account is in the conversation that an action is about.
IN_CONVERSATION: Final = {
    Action.READ_CONVERSATION: [H, A, A, A],
    Action.SEND_MESSAGE: [H, A, A, A],
    Action.ANNOUNCE: [H, D, A, D],
    Action.CHANGE_MESSAGE: [H, D, D, A],
    Action.REPORT_MESSAGE: [H, A, A, A],
    Action.CHANGE_MEMBERS: [H, D, A, D],
}


@pytest.mark.parametrize("action", IN_CONVERSATION)
@pytest.mark.parametrize("actor", ["member", "organiser", "reviewer"])
def test_in_a_conversation_it_depends_on_the_part_that_an_account_has(
    action: Action, actor: str
) -> None:
    verdicts = [decide(ACTORS[actor], action, participation=part) for part in PARTS.values()]

    assert verdicts == IN_CONVERSATION[action]


@pytest.mark.parametrize("action", Action)
def test_the_part_in_a_conversation_is_needed_wherever_the_verdict_depends_on_it(
    action: Action,
) -> None:
    for actor in ACTORS.values():
        verdicts = {decide(actor, action, participation=part) for part in PARTS.values()}

        assert len(verdicts) == 1 or needs_participation(action)


def test_a_key_of_the_operator_or_a_host_writes_for_the_account_that_it_acts_for() -> None:
    keys = [
        Actor("key", "k7", Role.OPERATOR, account_id="anna"),
        Actor("key", "k8", Role.HOST, "g1", account_id="anna"),
    ]

    assert [decide(key, Action.USE_CONVERSATIONS) for key in keys] == [ALLOW, ALLOW]


GENERAL = ANYONE | {
    Action.SIGN_OUT,
    Action.LIST_GATHERINGS,
    Action.CREATE_GATHERING,
    Action.USE_CONVERSATIONS,
    Action.KEEP_FAVOURITES,
    Action.KEEP_CHILDREN,
    Action.BOOK_THING,
    Action.REPORT_THING,
    Action.KEEP_PROFILE,
    Action.CREATE_THING,
    Action.LIST_OWN_THINGS,
    Action.LIST_REVIEWS,
    Action.READ_REVIEW,
    Action.SETTLE_REPORTS,
}
"""What depends on the credential alone."""


@pytest.mark.parametrize("action", [action for action in Action if action not in GENERAL])
def test_without_facts_only_the_operator_is_allowed_anything(action: Action) -> None:
    allowed = [name for name, actor in ACTORS.items() if decide(actor, action) is ALLOW]

    assert set(allowed) <= {"operator"}


def test_a_key_of_the_intake_sends_records_to_its_logs_and_does_nothing_else() -> None:
    key = Actor("key", "k9", Role.INTAKE, logs=frozenset({"meters", "doors"}))

    allowed = {action for action in Action if decide(key, action, "g1") is ALLOW}

    assert allowed == ANYONE | {Action.INTAKE}
    verdicts = [decide(key, Action.INTAKE_INTO_LOG, log=log) for log in ("meters", "doors", "x")]
    assert verdicts == [ALLOW, ALLOW, DENY]
    assert decide(key, Action.READ_INTAKE, log="meters") is HIDE
    assert decide(ACTORS["member"], Action.INTAKE_INTO_LOG, log="meters") is HIDE


def test_an_unknown_host_is_not_the_host_without_an_account() -> None:
    nobodys = Actor("key", "k9", Role.MEMBER)

    assert decide(nobodys, Action.READ_GATHERING, "g1", host_account=None) is HIDE


@pytest.mark.parametrize("gathering_id", ["g1", "default", None])
def test_a_host_without_a_gathering_sees_none(gathering_id: str | None) -> None:
    unbound = Actor("key", "k3", Role.HOST, None)

    assert decide(unbound, Action.READ_GATHERING, gathering_id) is HIDE


def test_a_hosts_key_is_not_valid_for_another_gathering_of_its_account() -> None:
    key = Actor("key", "k6", Role.HOST, "g1", account_id="anna")

    assert decide(key, Action.READ_GATHERING, "g2", host_account="anna") is HIDE


def test_a_guest_answers_for_the_household_and_nobody_else() -> None:
    household = frozenset({"ada", "bob"})
    guest = ACTORS["guest"]

    verdicts = [
        decide(guest, Action.ANSWER_HOUSEHOLD, "g1", guest_id=id, household=household)
        for id in ("ada", "bob", "eve", None)
    ]

    assert verdicts == [ALLOW, ALLOW, HIDE, HIDE]


def test_a_guest_sees_nothing_of_another_gathering() -> None:
    assert decide(ACTORS["guest"], Action.READ_INVITATION, "g2", guest_id="ada") is HIDE


def test_a_co_host_manages_no_other_gathering() -> None:
    assert decide(ACTORS["co_host"], Action.LIST_GUESTS, "g2") is HIDE


@pytest.mark.parametrize("action", [action for action in Action if action not in ANYONE])
def test_a_demo_allows_everybody_only_the_overview_and_the_mailbox(action: Action) -> None:
    shown = {Action.READ_OVERVIEW, Action.READ_MAILBOX}
    expected = ALLOW if action in shown else IDENTIFY

    assert decide(None, action, "g1", demo=True) is expected


@pytest.mark.parametrize("action", Action)
def test_the_host_is_needed_wherever_the_verdict_depends_on_it(action: Action) -> None:
    for actor in ACTORS.values():
        verdicts = {decide(actor, action, "g1", host_account=host) for host in ("anna", "otto")}

        assert needs_host(actor, action) is (len(verdicts) > 1)


def test_actors_are_named_by_kind() -> None:
    names = [actor.name for actor in ACTORS.values() if actor is not None]

    assert names == ["key:k1", "key:k2", "account:anna", "key:k4", "key:k5"] + ["guest:ada"] * 2


def session(*roles: Role) -> Actor:
    return Actor("account", "anna", Role.MEMBER, account_id="anna", roles=frozenset(roles))


def test_a_session_has_the_roles_of_its_account() -> None:
    both = session(Role.ORGANISER, Role.REVIEWER)

    assert decide(both, Action.CREATE_THING) is ALLOW
    assert decide(both, Action.LIST_REVIEWS) is ALLOW
    assert decide(session(), Action.CREATE_THING) is DENY
    assert decide(session(Role.ORGANISER), Action.LIST_REVIEWS) is DENY


@pytest.mark.parametrize("action", [Action.DECIDE_REVIEW, Action.WITHDRAW_THING])
def test_nobody_decides_on_their_own_thing_whatever_the_role_or_key(action: Action) -> None:
    annas = [
        session(Role.REVIEWER),
        session(Role.ORGANISER, Role.REVIEWER),
        Actor("key", "k7", Role.REVIEWER, account_id="anna"),
        Actor("key", "k8", Role.OPERATOR, account_id="anna"),
    ]

    assert {decide(actor, action, organiser_id="anna") for actor in annas} == {DENY}
    assert {decide(actor, action, organiser_id="otto") for actor in annas} == {ALLOW}


def test_an_organiser_without_an_account_owns_nothing() -> None:
    nobodys = Actor("key", "k9", Role.ORGANISER)

    assert decide(nobodys, Action.CREATE_THING) is DENY
    assert decide(nobodys, Action.READ_OWN_THING, organiser_id="anna") is HIDE


def test_who_decides_is_asked_about_a_thing_that_is_somebodys() -> None:
    assert decide(session(Role.REVIEWER), Action.DECIDE_REVIEW) is DENY
