"""The policy: who may do what. Pure; what `GRANTS` does not allow is refused.

Interfaces call `decide` before they call a service, and give it the facts as arguments.
"""

from collections.abc import Collection, Mapping
from enum import Enum, StrEnum, auto
from typing import Final

import msgspec

__all__ = [
    "ANYONE",
    "GRANTS",
    "Action",
    "Actor",
    "Grant",
    "Participation",
    "Role",
    "Standing",
    "Verdict",
    "decide",
    "needs_host",
    "needs_participation",
]


class Role(StrEnum):
    """What the owner of a credential is to the site."""

    OPERATOR = auto()
    """Runs the site."""
    HOST = auto()
    """The role of a key that is bound to one gathering."""
    MEMBER = auto()
    """Has an account. Every session has this role, and those of its account (`Actor.roles`)."""
    ORGANISER = auto()
    """A member who publishes things to do."""
    REVIEWER = auto()
    """A member who reviews what organisers publish."""
    INTAKE = auto()
    """The role of a key that sends records to named logs, and does nothing else."""
    GUEST = auto()
    """The role of a guest's link and of the login made from it; never of a key."""


class Action(StrEnum):
    """Everything that can be requested. Whatever an interface offers, it names the action."""

    READ_HEALTH = auto()
    READ_DESCRIPTION = auto()
    SIGN_IN = auto()
    SIGN_OUT = auto()
    ISSUE_TOKEN = auto()
    READ_ACCOUNT = auto()
    CHANGE_PROFILE = auto()
    END_SESSIONS = auto()
    ERASE_ACCOUNT = auto()
    """One's own; it is confirmed by mail."""
    CHANGE_ROLES = auto()
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
    INTAKE = auto()
    INTAKE_INTO_LOG = auto()
    READ_INTAKE = auto()
    READ_METRICS = auto()
    READ_STATUS = auto()
    READ_OVERVIEW = auto()
    READ_MAILBOX = auto()
    FIND_THINGS = auto()
    READ_THING = auto()
    WRITE_TO_SITE = auto()
    KEEP_FAVOURITES = auto()
    KEEP_CHILDREN = auto()
    BOOK_THING = auto()
    REPORT_THING = auto()
    KEEP_PROFILE = auto()
    CREATE_THING = auto()
    LIST_OWN_THINGS = auto()
    READ_OWN_THING = auto()
    CHANGE_OWN_THING = auto()
    READ_ROSTER = auto()
    WRITE_TO_FAMILIES = auto()
    LIST_REVIEWS = auto()
    READ_REVIEW = auto()
    DECIDE_REVIEW = auto()
    WITHDRAW_THING = auto()
    SETTLE_REPORTS = auto()
    USE_CONVERSATIONS = auto()
    READ_CONVERSATION = auto()
    SEND_MESSAGE = auto()
    ANNOUNCE = auto()
    CHANGE_MESSAGE = auto()
    REPORT_MESSAGE = auto()
    CHANGE_MEMBERS = auto()
    READ_REPORTS = auto()
    END_MAIL = auto()
    CONFIRM_ERASURE = auto()


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
    logs: frozenset[str] = frozenset()
    """The logs that an intake's key sends records to."""
    roles: frozenset[Role] = frozenset()
    """Roles besides `role`: those that the operator gave to the account of a session."""

    @property
    def name(self) -> str:
        """The name of this actor in the log and the trail: `key:0198…`."""
        return f"{self.kind}:{self.id}"


class Standing(Enum):
    """What an actor is to what an action is about. One actor may be several of these at once."""

    ANYBODY = auto()
    """Everybody, with a credential or without."""
    VISITOR_OF_DEMO = auto()
    """Everybody, where the site is a demonstration."""
    LOGIN = auto()
    """Whoever has signed in: a session, or a guest's login."""
    KEY = auto()
    """Any key: it does not sign in, so it has nothing to sign out of."""
    OPERATOR = auto()
    MEMBER = auto()
    """An account, by a session or by a key that acts for it."""
    HOSTS_KEY = auto()
    """A key that is bound to a gathering, whichever it is."""
    KEY_OF_GATHERING = auto()
    """The key that is bound to this gathering."""
    HOST = auto()
    """The account that hosts this gathering, or the key that is bound to it."""
    CO_HOST = auto()
    """A guest whom the host of this gathering lets manage it."""
    INVITED = auto()
    """The guest whom the invitation is for, or one of the same household."""
    OWNER = auto()
    """A session of this very account."""
    KEY_OF_OWNER = auto()
    """A key that acts for this very account."""
    ORGANISER = auto()
    """An account that publishes things to do."""
    REVIEWER = auto()
    """An account that reviews what organisers publish."""
    ORGANISER_OF_THING = auto()
    """The organiser whose thing it is."""
    REVIEWER_OF_OTHERS = auto()
    """A reviewer, or the operator, where it is somebody else's thing."""
    ACCOUNT = auto()
    """An account, by a session or by any key that acts for it."""
    PARTICIPANT = auto()
    """An account that takes part in this conversation."""
    OWNER_OF_CONVERSATION = auto()
    """The participant who adds and removes others."""
    AUTHOR = auto()
    """The participant who wrote this message."""
    INTAKE_KEY = auto()
    """A key that sends records, to whichever logs."""
    KEY_OF_LOG = auto()
    """A key that sends records to this log."""

    __hash__ = object.__hash__  # members are unique, and Enum's own hash is a slow call


class Grant(msgspec.Struct, frozen=True):
    """Who may do something. To everybody else the thing does not exist, except to `told`."""

    to: frozenset[Standing]
    told: frozenset[Standing] = frozenset()
    """Who is told that they may not, because they know anyway that there is such a thing."""


class Participation(msgspec.Struct, frozen=True):
    """That an account takes part in a conversation, and what it is there."""

    is_owner: bool = False
    is_author: bool = False
    """Whether it has written the message that the action is about."""


_TO_SENDERS: Final = Grant(frozenset({Standing.OPERATOR, Standing.INTAKE_KEY}))
_TO_SENDERS_TO_LOG: Final = Grant(
    frozenset({Standing.OPERATOR, Standing.KEY_OF_LOG}), told=frozenset({Standing.INTAKE_KEY})
)
_NOBODY: Final = Grant(frozenset())
_TO_ANYBODY: Final = Grant(frozenset({Standing.ANYBODY}))
_TO_DEMO: Final = Grant(frozenset({Standing.VISITOR_OF_DEMO}), told=frozenset({Standing.OPERATOR}))
_TO_LOGINS: Final = Grant(frozenset({Standing.LOGIN}), told=frozenset({Standing.KEY}))
_TO_OWNER: Final = Grant(frozenset({Standing.OWNER}), told=frozenset({Standing.KEY_OF_OWNER}))
_TO_OPERATOR: Final = Grant(frozenset({Standing.OPERATOR}))
"""The log as a whole is about everybody, so only the operator reads it or has it delivered."""
_TO_INVITED: Final = Grant(
    frozenset({Standing.INVITED}), told=frozenset({Standing.OPERATOR, Standing.KEY_OF_GATHERING})
)
"""Only guests answer as guests; hosts and the operator have actions of their own."""
_TO_HOSTS: Final = Grant(frozenset({Standing.OPERATOR, Standing.HOST, Standing.CO_HOST}))
_TO_HOST_ALONE: Final = Grant(
    frozenset({Standing.OPERATOR, Standing.HOST}), told=frozenset({Standing.CO_HOST})
)
_TO_ACCOUNTS: Final = Grant(
    frozenset({Standing.OPERATOR, Standing.MEMBER}), told=frozenset({Standing.HOSTS_KEY})
)
_TO_OWNER_AND_KEYS: Final = Grant(frozenset({Standing.OWNER, Standing.KEY_OF_OWNER}))
_TO_PARTICIPANTS: Final = Grant(frozenset({Standing.PARTICIPANT}))
_TO_OWNER_OF_CONVERSATION: Final = Grant(
    frozenset({Standing.OWNER_OF_CONVERSATION}), told=frozenset({Standing.PARTICIPANT})
)
_TO_ACCOUNTS_AND_KEYS: Final = Grant(
    frozenset({Standing.OPERATOR, Standing.MEMBER, Standing.HOSTS_KEY})
)
_ANY_CREDENTIAL: Final = frozenset({Standing.KEY, Standing.LOGIN})
_TO_PARENTS: Final = Grant(frozenset({Standing.MEMBER}), told=_ANY_CREDENTIAL)
"""Everybody with an account has a family of their own, and nobody else sees it."""
_TO_ORGANISERS: Final = Grant(frozenset({Standing.ORGANISER}), told=_ANY_CREDENTIAL)
_TO_ORGANISER_OF_THING: Final = Grant(frozenset({Standing.ORGANISER_OF_THING}))
_TO_REVIEWERS: Final = Grant(
    frozenset({Standing.REVIEWER, Standing.OPERATOR}), told=_ANY_CREDENTIAL
)
_TO_REVIEWERS_OF_OTHERS: Final = Grant(
    frozenset({Standing.REVIEWER_OF_OTHERS}), told=_ANY_CREDENTIAL
)
"""Nobody decides on a thing of their own, with whatever role or key."""

GRANTS: Final[Mapping[Action, Grant]] = {
    Action.READ_HEALTH: _TO_ANYBODY,
    Action.READ_DESCRIPTION: _TO_ANYBODY,
    Action.SIGN_IN: _TO_ANYBODY,
    Action.SIGN_OUT: _TO_LOGINS,
    Action.ISSUE_TOKEN: _TO_OWNER,
    Action.READ_ACCOUNT: _TO_OWNER,
    Action.CHANGE_PROFILE: _TO_OWNER_AND_KEYS,
    Action.END_SESSIONS: _TO_OWNER,
    Action.ERASE_ACCOUNT: _TO_OWNER,
    Action.CHANGE_ROLES: _TO_OPERATOR,
    Action.LIST_GATHERINGS: _TO_ACCOUNTS_AND_KEYS,
    Action.CREATE_GATHERING: _TO_ACCOUNTS,
    Action.READ_GATHERING: _TO_HOSTS,
    Action.CHANGE_GATHERING: _TO_HOSTS,
    Action.REMOVE_GATHERING: _TO_HOST_ALONE,
    Action.READ_STATS: _TO_HOSTS,
    Action.LIST_GUESTS: _TO_HOSTS,
    Action.ADD_GUEST: _TO_HOSTS,
    Action.READ_GUEST: _TO_HOSTS,
    Action.CHANGE_GUEST: _TO_HOSTS,
    Action.REMOVE_GUEST: _TO_HOSTS,
    Action.ANSWER_FOR_GUEST: _TO_HOSTS,
    Action.MAKE_CO_HOST: _TO_HOST_ALONE,
    Action.ISSUE_LINK: _TO_HOSTS,
    Action.READ_GROUPS: _TO_HOSTS,
    Action.IMPORT_GUESTS: _TO_HOSTS,
    Action.EXPORT_GUESTS: _TO_HOSTS,
    Action.READ_INVITATION: _TO_INVITED,
    Action.ANSWER_INVITATION: _TO_INVITED,
    Action.READ_HOUSEHOLD: _TO_INVITED,
    Action.ANSWER_HOUSEHOLD: _TO_INVITED,
    Action.READ_ACTIVITIES: _TO_HOSTS,
    Action.READ_LOG: _TO_OPERATOR,
    Action.APPEND_TO_LOG: _TO_OPERATOR,
    Action.READ_RULES: _TO_OPERATOR,
    Action.CHANGE_RULES: _TO_OPERATOR,
    Action.READ_SUBSCRIPTIONS: _TO_OPERATOR,
    Action.STEER_SUBSCRIPTIONS: _TO_OPERATOR,
    Action.USE_QUEUES: _TO_OPERATOR,
    Action.INTAKE: _TO_SENDERS,
    Action.INTAKE_INTO_LOG: _TO_SENDERS_TO_LOG,
    Action.READ_INTAKE: _TO_OPERATOR,
    Action.READ_METRICS: _TO_OPERATOR,
    Action.READ_STATUS: _TO_OPERATOR,
    Action.READ_OVERVIEW: _TO_DEMO,
    Action.READ_MAILBOX: _TO_DEMO,
    Action.FIND_THINGS: _TO_ANYBODY,
    Action.READ_THING: _TO_ANYBODY,
    Action.WRITE_TO_SITE: _TO_ANYBODY,
    Action.KEEP_FAVOURITES: _TO_PARENTS,
    Action.KEEP_CHILDREN: _TO_PARENTS,
    Action.BOOK_THING: _TO_PARENTS,
    Action.REPORT_THING: _TO_PARENTS,
    Action.KEEP_PROFILE: _TO_ORGANISERS,
    Action.CREATE_THING: _TO_ORGANISERS,
    Action.LIST_OWN_THINGS: _TO_ORGANISERS,
    Action.READ_OWN_THING: _TO_ORGANISER_OF_THING,
    Action.CHANGE_OWN_THING: _TO_ORGANISER_OF_THING,
    Action.READ_ROSTER: _TO_ORGANISER_OF_THING,
    Action.WRITE_TO_FAMILIES: _TO_ORGANISER_OF_THING,
    Action.LIST_REVIEWS: _TO_REVIEWERS,
    Action.READ_REVIEW: _TO_REVIEWERS,
    Action.DECIDE_REVIEW: _TO_REVIEWERS_OF_OTHERS,
    Action.WITHDRAW_THING: _TO_REVIEWERS_OF_OTHERS,
    Action.SETTLE_REPORTS: _TO_REVIEWERS,
    Action.USE_CONVERSATIONS: Grant(frozenset({Standing.ACCOUNT})),
    Action.READ_CONVERSATION: _TO_PARTICIPANTS,
    Action.SEND_MESSAGE: _TO_PARTICIPANTS,
    Action.ANNOUNCE: _TO_OWNER_OF_CONVERSATION,
    Action.CHANGE_MESSAGE: Grant(
        frozenset({Standing.AUTHOR}), told=frozenset({Standing.PARTICIPANT})
    ),
    Action.REPORT_MESSAGE: _TO_PARTICIPANTS,
    Action.CHANGE_MEMBERS: _TO_OWNER_OF_CONVERSATION,
    Action.READ_REPORTS: _TO_OPERATOR,
    Action.END_MAIL: _TO_ANYBODY,
    Action.CONFIRM_ERASURE: _TO_ANYBODY,
}
"""The policy. An action that has no row here is granted to nobody."""

ANYONE: Final = frozenset(
    action for action, grant in GRANTS.items() if Standing.ANYBODY in grant.to
)
"""Actions that need no credential."""
_MEMBERS: Final = frozenset({Role.MEMBER, Role.ORGANISER, Role.REVIEWER})
_BY_ROLE: Final[Mapping[Role, Standing]] = {
    Role.OPERATOR: Standing.OPERATOR,
    Role.HOST: Standing.HOSTS_KEY,
    Role.INTAKE: Standing.INTAKE_KEY,
    **dict.fromkeys(_MEMBERS, Standing.MEMBER),
}
_OF_ACCOUNT: Final[Mapping[Role, Standing]] = {
    Role.ORGANISER: Standing.ORGANISER,
    Role.REVIEWER: Standing.REVIEWER,
}


_IN_CONVERSATION: Final = frozenset(
    {Standing.PARTICIPANT, Standing.OWNER_OF_CONVERSATION, Standing.AUTHOR}
)


def needs_participation(action: Action) -> bool:
    """Whether `decide` needs `participation` for this action."""
    return not _IN_CONVERSATION.isdisjoint(GRANTS.get(action, _NOBODY).to)


def needs_host(actor: Actor | None, action: Action) -> bool:
    """Whether `decide` needs `host_account` for this actor and action."""
    if actor is None or actor.role not in _MEMBERS:
        return False
    return Standing.HOST in GRANTS.get(action, _NOBODY).to


def decide(
    actor: Actor | None,
    action: Action,
    gathering_id: str | None = None,
    *,
    guest_id: str | None = None,
    household: Collection[str] = (),
    host_account: str | None = None,
    account_id: str | None = None,
    organiser_id: str | None = None,
    participation: Participation | None = None,
    log: str | None = None,
    demo: bool = False,
) -> Verdict:
    """Whether `actor` may do `action`; None is an actor who has not shown a credential.

    `gathering_id`, `guest_id` and `account_id` are what the action is about. `household` are the
    guests for whom an acting guest may answer besides, `host_account` is the account that hosts the
    gathering, `participation` what the actor's account is in the conversation, if it takes part,
    and `demo` says that this is a demonstration, whose gatherings and mail anybody sees.
    `organiser_id` is the account whose thing to do the action is about, `log` the log that records
    are sent to.
    """
    grant = GRANTS.get(action, _NOBODY)
    if Standing.ANYBODY in grant.to or (demo and Standing.VISITOR_OF_DEMO in grant.to):
        return Verdict.ALLOW
    if actor is None:
        return Verdict.IDENTIFY
    standings = _of_credential(actor)
    if gathering_id is not None:
        standings += _in_gathering(actor, gathering_id, host_account)
        if guest_id is not None:
            standings += _to_guest(actor, gathering_id, guest_id, household)
    if account_id is not None and actor.account_id == account_id:
        standings += (Standing.OWNER if actor.kind == "account" else Standing.KEY_OF_OWNER,)
    if organiser_id is not None:
        standings += _to_thing(actor, organiser_id, standings)
    if participation is not None:
        standings += _in_conversation(participation)
    if log is not None and log in actor.logs:
        standings += (Standing.KEY_OF_LOG,)
    if not grant.to.isdisjoint(standings):
        return Verdict.ALLOW
    return Verdict.HIDE if grant.told.isdisjoint(standings) else Verdict.DENY


def _of_credential(actor: Actor) -> tuple[Standing, ...]:
    """What the actor is by the credential alone."""
    shown = Standing.KEY if actor.kind == "key" else Standing.LOGIN
    standings = (shown,) if actor.account_id is None else (shown, Standing.ACCOUNT)
    role = _BY_ROLE.get(actor.role)
    if role is None:
        return standings
    is_plain = actor.role is Role.MEMBER and not actor.roles
    if is_plain or role is not Standing.MEMBER or actor.account_id is None:
        return (*standings, role)
    more = [_OF_ACCOUNT[one] for one in (actor.role, *actor.roles) if one in _OF_ACCOUNT]
    return (*standings, role, *more)


def _in_conversation(participation: Participation) -> tuple[Standing, ...]:
    """What the actor's account is to a conversation that it takes part in."""
    standings = [Standing.PARTICIPANT]
    if participation.is_owner:
        standings.append(Standing.OWNER_OF_CONVERSATION)
    if participation.is_author:
        standings.append(Standing.AUTHOR)
    return tuple(standings)


def _in_gathering(
    actor: Actor, gathering_id: str, host_account: str | None
) -> tuple[Standing, ...]:
    """What the actor is to a gathering."""
    if actor.role in _MEMBERS:
        hosts = actor.account_id is not None and actor.account_id == host_account
        return (Standing.HOST,) if hosts else ()
    if actor.gathering_id != gathering_id:
        return ()
    if actor.role is Role.HOST:
        return (Standing.KEY_OF_GATHERING, Standing.HOST)
    return (Standing.CO_HOST,) if actor.role is Role.GUEST and actor.co_host else ()


def _to_thing(
    actor: Actor, organiser_id: str, standings: Collection[Standing]
) -> tuple[Standing, ...]:
    """What the actor is to a thing of this organiser."""
    if actor.account_id == organiser_id:
        return (Standing.ORGANISER_OF_THING,) if Standing.ORGANISER in standings else ()
    reviews = Standing.REVIEWER in standings or Standing.OPERATOR in standings
    return (Standing.REVIEWER_OF_OTHERS,) if reviews else ()


def _to_guest(
    actor: Actor, gathering_id: str, guest_id: str, household: Collection[str]
) -> tuple[Standing, ...]:
    """What the actor is to a guest of a gathering."""
    if actor.role is not Role.GUEST or actor.gathering_id != gathering_id:
        return ()
    return (Standing.INVITED,) if guest_id == actor.id or guest_id in household else ()
