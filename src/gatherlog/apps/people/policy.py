"""The one policy: who may do what. Pure; whatever is not allowed here is refused.

Interfaces ask it before they ask a service, with facts as arguments.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import Final

import msgspec

__all__ = ["ANYONE", "Action", "Actor", "Role", "Verdict", "decide"]


class Role(StrEnum):
    """What a credential was given for."""

    OPERATOR = auto()
    HOST = auto()
    GUEST = auto()
    """Of a personal link, never of a key."""


class Action(StrEnum):
    """Everything that can be asked for. An interface offers nothing without naming its action."""

    READ_HEALTH = auto()
    READ_DESCRIPTION = auto()
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
    ISSUE_LINK = auto()
    READ_GROUPS = auto()
    IMPORT_GUESTS = auto()
    EXPORT_GUESTS = auto()
    READ_INVITATION = auto()
    ANSWER_INVITATION = auto()
    READ_OVERVIEW = auto()


class Verdict(Enum):
    """What the policy says, and how an interface answers it."""

    ALLOW = "allow"
    HIDE = "hide"
    """The asker may not know that it exists: not found."""
    DENY = "deny"
    """The asker may see it, but not do this."""
    IDENTIFY = "identify"
    """Nobody can say before it is known who asks."""


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who asks: what an API key or a guest's link stands for.

    `gathering_id` is the one that a host or a guest belongs to; a guest's `id` is the guest's.
    """

    kind: str
    id: str
    role: Role
    gathering_id: str | None = None

    @property
    def name(self) -> str:
        """How the log and the trail name this actor: `key:0198…`."""
        return f"{self.kind}:{self.id}"


ANYONE: Final = frozenset({Action.READ_HEALTH, Action.READ_DESCRIPTION})
"""What needs no credential."""
_OF_A_GUEST: Final = frozenset({Action.READ_INVITATION, Action.ANSWER_INVITATION})
_OF_NO_GATHERING: Final = frozenset({Action.LIST_GATHERINGS, Action.CREATE_GATHERING})
_BY_KEY: Final = frozenset(Action) - ANYONE - _OF_A_GUEST - {Action.READ_OVERVIEW}
_GRANTS: Final[Mapping[Role, frozenset[Action]]] = {
    Role.OPERATOR: _BY_KEY,
    Role.HOST: _BY_KEY - {Action.CREATE_GATHERING},  # bound to one, a key cannot come to own more
    Role.GUEST: _OF_A_GUEST,
}


def decide(
    actor: Actor | None,
    action: Action,
    gathering_id: str | None = None,
    *,
    guest_id: str | None = None,
    demo: bool = False,
) -> Verdict:
    """Whether `actor` (None: nobody known) may do `action`.

    `gathering_id` and `guest_id` say to what, where the action is about one; `demo` whether this
    is a demonstration, whose gatherings everybody may see.
    """
    if action in ANYONE or (demo and action is Action.READ_OVERVIEW):
        return Verdict.ALLOW
    if actor is None:
        return Verdict.IDENTIFY
    if not _sees(actor, action, gathering_id, guest_id):
        return Verdict.HIDE
    return Verdict.ALLOW if action in _GRANTS[actor.role] else Verdict.DENY


def _sees(actor: Actor, action: Action, gathering_id: str | None, guest_id: str | None) -> bool:
    """Whether the actor may know of what the action is about."""
    if actor.role is Role.OPERATOR:
        return True
    if action in _OF_NO_GATHERING:
        return actor.role is Role.HOST
    if gathering_id is None or actor.gathering_id != gathering_id:
        return False
    return actor.role is Role.HOST or (action in _OF_A_GUEST and guest_id == actor.id)
