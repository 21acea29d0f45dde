"""The policy: who may do what. Pure; what it does not allow is refused.

Interfaces call `decide` before they call a service, and give it the facts as arguments.
"""

from collections.abc import Collection, Mapping
from enum import Enum, StrEnum, auto
from typing import Final

import msgspec

__all__ = ["ANYONE", "Action", "Actor", "Role", "Verdict", "decide", "needs_host"]


class Role(StrEnum):
    """What the owner of a credential is to the site."""

    OPERATOR = auto()
    """Runs the site."""
    HOST = auto()
    """The role of a key that is bound to one gathering."""
    MEMBER = auto()
    """Has an account. Every session has this role."""
    ORGANISER = auto()
    """A member who publishes things to do."""
    REVIEWER = auto()
    """A member who reviews what organisers publish."""
    GUEST = auto()
    """The role of a guest's link and of the login made from it; never of a key."""


class Action(StrEnum):
    """Everything that can be requested. Whatever an interface offers, it names the action."""

    READ_HEALTH = auto()
    READ_DESCRIPTION = auto()
    SIGN_IN = auto()
    SIGN_OUT = auto()
    READ_ACCOUNT = auto()
    END_SESSIONS = auto()
    LIST_GATHERINGS = auto()
    CREATE_GATHERING = auto()
    READ_GATHERING = auto()
    CHANGE_GATHERING = auto()
    REMOVE_GATHERING = auto()
    READ_STATS = auto()
    LIST_GUESTS = auto()
    ADD_GUEST = auto()
    READ_GUEST = auto()
    CHANGE_GUEST = auto()
    REMOVE_GUEST = auto()
    ANSWER_FOR_GUEST = auto()
    MAKE_CO_HOST = auto()
    ISSUE_LINK = auto()
    READ_GROUPS = auto()
    IMPORT_GUESTS = auto()
    EXPORT_GUESTS = auto()
    READ_INVITATION = auto()
    ANSWER_INVITATION = auto()
    READ_HOUSEHOLD = auto()
    ANSWER_HOUSEHOLD = auto()
    READ_ACTIVITIES = auto()
    READ_LOG = auto()
    APPEND_TO_LOG = auto()
    READ_RULES = auto()
    CHANGE_RULES = auto()
    READ_SUBSCRIPTIONS = auto()
    STEER_SUBSCRIPTIONS = auto()
    USE_QUEUES = auto()
    READ_METRICS = auto()
    READ_OVERVIEW = auto()
    READ_MAILBOX = auto()


class Verdict(Enum):
    """What the policy decides, and so how an interface answers."""

    ALLOW = "allow"
    HIDE = "hide"
    """The actor may not learn that the thing exists; the answer is "not found"."""
    DENY = "deny"
    """The actor may see the thing, but not do this to it."""
    IDENTIFY = "identify"
    """It depends on the actor, and none is known."""


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who makes a request: a key (`key`), a session's account (`account`) or a guest (`guest`).

    `gathering_id` is that of a host's key or of a guest; `account_id` is the account of a session,
    or the one that a key acts for. `id` is the key's, the account's or the guest's.
    """

    kind: str
    id: str
    role: Role
    gathering_id: str | None = None
    account_id: str | None = None
    co_host: bool = False
    """Whether this is a guest whom the host lets manage the gathering."""

    @property
    def name(self) -> str:
        """The name of this actor in the log and the trail: `key:0198…`."""
        return f"{self.kind}:{self.id}"


ANYONE: Final = frozenset({Action.READ_HEALTH, Action.READ_DESCRIPTION, Action.SIGN_IN})
"""Actions that need no credential."""

_DEMO: Final = frozenset({Action.READ_OVERVIEW, Action.READ_MAILBOX})
_OF_A_GUEST: Final = frozenset(
    {
        Action.READ_INVITATION,
        Action.ANSWER_INVITATION,
        Action.READ_HOUSEHOLD,
        Action.ANSWER_HOUSEHOLD,
    }
)
_OF_AN_ACCOUNT: Final = frozenset({Action.READ_ACCOUNT, Action.END_SESSIONS})
_OF_NO_GATHERING: Final = frozenset({Action.LIST_GATHERINGS, Action.CREATE_GATHERING})
_OF_A_LOGIN: Final = frozenset({Action.SIGN_OUT})
_OF_THE_OPERATOR: Final = frozenset(
    {
        Action.READ_LOG,
        Action.APPEND_TO_LOG,
        Action.READ_RULES,
        Action.CHANGE_RULES,
        Action.READ_SUBSCRIPTIONS,
        Action.STEER_SUBSCRIPTIONS,
        Action.USE_QUEUES,
        Action.READ_METRICS,
    }
)
"""The log as a whole is about everybody, so only the operator reads it or has it delivered."""
_OF_A_HOST: Final = (
    frozenset(Action)
    - ANYONE
    - _DEMO
    - _OF_A_GUEST
    - _OF_AN_ACCOUNT
    - _OF_NO_GATHERING
    - _OF_A_LOGIN
    - _OF_THE_OPERATOR
)
_OF_A_CO_HOST: Final = _OF_A_HOST - {Action.REMOVE_GATHERING, Action.MAKE_CO_HOST}
_MEMBERS: Final = frozenset({Role.MEMBER, Role.ORGANISER, Role.REVIEWER})
_LISTS: Final[Mapping[Role, frozenset[Action]]] = {
    Role.OPERATOR: _OF_NO_GATHERING,
    Role.HOST: frozenset({Action.LIST_GATHERINGS}),  # its key stays bound to one gathering
    **dict.fromkeys(_MEMBERS, _OF_NO_GATHERING),
}


def needs_host(actor: Actor | None, action: Action) -> bool:
    """Whether `decide` needs `host_account` for this actor and action."""
    return actor is not None and actor.role in _MEMBERS and action in _OF_A_HOST


def decide(
    actor: Actor | None,
    action: Action,
    gathering_id: str | None = None,
    *,
    guest_id: str | None = None,
    household: Collection[str] = (),
    host_account: str | None = None,
    account_id: str | None = None,
    demo: bool = False,
) -> Verdict:
    """Whether `actor` may do `action`; None is an actor who has not shown a credential.

    `gathering_id`, `guest_id` and `account_id` are what the action is about. `household` are the
    guests for whom an acting guest may answer besides, `host_account` is the account that hosts the
    gathering, and `demo` says that this is a demonstration, whose gatherings and mail anybody sees.
    """
    if action in ANYONE or (demo and action in _DEMO):
        return Verdict.ALLOW
    if actor is None:
        return Verdict.IDENTIFY
    if action in _OF_A_LOGIN:
        return Verdict.DENY if actor.kind == "key" else Verdict.ALLOW
    if action in _OF_NO_GATHERING:
        return _of_no_gathering(actor, action)
    if action in _OF_THE_OPERATOR:
        return Verdict.ALLOW if actor.role is Role.OPERATOR else Verdict.HIDE
    if action in _OF_AN_ACCOUNT:
        return _of_an_account(actor, account_id)
    if action in _OF_A_GUEST:
        return _of_a_guest(actor, gathering_id, guest_id, household)
    if action in _OF_A_HOST:
        return _of_a_host(actor, action, gathering_id, host_account)
    return Verdict.DENY if actor.role is Role.OPERATOR else Verdict.HIDE


def _of_no_gathering(actor: Actor, action: Action) -> Verdict:
    if actor.role not in _LISTS:
        return Verdict.HIDE
    return Verdict.ALLOW if action in _LISTS[actor.role] else Verdict.DENY


def _of_an_account(actor: Actor, account_id: str | None) -> Verdict:
    """Only one's own account, even for the operator; and a key does not manage sessions."""
    if account_id is None or actor.account_id != account_id:
        return Verdict.HIDE
    return Verdict.ALLOW if actor.kind == "account" else Verdict.DENY


def _of_a_guest(
    actor: Actor, gathering_id: str | None, guest_id: str | None, household: Collection[str]
) -> Verdict:
    """Only a guest, for the own household; hosts and the operator have actions of their own."""
    if actor.role is Role.OPERATOR:
        return Verdict.DENY
    if gathering_id is None or actor.gathering_id != gathering_id:
        return Verdict.HIDE
    if actor.role is Role.HOST:
        return Verdict.DENY
    own = guest_id is not None and (guest_id == actor.id or guest_id in household)
    return Verdict.ALLOW if actor.role is Role.GUEST and own else Verdict.HIDE


def _of_a_host(
    actor: Actor, action: Action, gathering_id: str | None, host_account: str | None
) -> Verdict:
    """The operator, the key bound to the gathering, the account that hosts it, and co-hosts."""
    if actor.role is Role.OPERATOR:
        return Verdict.ALLOW
    if gathering_id is None:
        return Verdict.HIDE
    if actor.role in _MEMBERS:
        own = actor.account_id is not None and actor.account_id == host_account
        return Verdict.ALLOW if own else Verdict.HIDE
    if actor.gathering_id != gathering_id:
        return Verdict.HIDE
    if actor.role is Role.HOST:
        return Verdict.ALLOW
    if actor.role is Role.GUEST and actor.co_host:
        return Verdict.ALLOW if action in _OF_A_CO_HOST else Verdict.DENY
    return Verdict.HIDE
