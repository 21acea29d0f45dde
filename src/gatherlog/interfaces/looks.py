"""Which requests leave a look in the trail: one's own invitation, exports, and what operators read.

Hosts read their own guests' data all day, and leave no trace by it; the operator of a site reads
other people's.
"""

from collections.abc import Mapping
from typing import Any, Final

from gatherlog.apps.people import Action, Actor, Role
from gatherlog.apps.trail import SITE, What
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rest.endpoint import Call
from gatherlog.interfaces.rest.parameters import check_gathering_id

__all__ = ["note_answer", "note_look"]

_LOOKS: Final[Mapping[Action, What]] = {
    Action.READ_HOUSEHOLD: "rsvp_read",
    Action.READ_GUEST: "guest_read",
    Action.LIST_GUESTS: "guests_listed",
    Action.READ_GROUPS: "guests_listed",
    Action.EXPORT_GUESTS: "guests_exported",
    Action.READ_ACTIVITIES: "activities_read",
    Action.READ_LOG: "log_read",
}
_OF_ANYBODY: Final = frozenset({Action.READ_HOUSEHOLD, Action.EXPORT_GUESTS})
_OF_A_GUEST: Final = frozenset({Action.READ_HOUSEHOLD, Action.READ_GUEST})
_OF_A_GATHERING: Final = ("gathering-", "access-")


def note_look(
    platform: Platform, actor: Actor, action: Action, gathering_id: str, guest_id: str = ""
) -> None:
    """Have it noted, if it leaves a look, that somebody was shown what the action is about."""
    what = _LOOKS.get(action)
    if what is None or (action in _OF_A_GUEST and not guest_id):
        return
    if actor.role is Role.OPERATOR or action in _OF_ANYBODY:
        platform.trail.note(actor.name, what, gathering_id, guest_id)


def note_answer(call: Call[Any, Any], action: Action) -> None:
    """As `note_look`, of a request to an endpoint that was answered."""
    if call.actor is None:
        return
    gathering_id, guest_id = call.gathering_id, call.ids.get("guest_id", "")
    if action is Action.READ_LOG:
        gathering_id = _gathering_of(call.ids.get("stream", ""))
    if action is Action.READ_HOUSEHOLD:
        guest_id = call.actor.id
    note_look(call.platform, call.actor, action, gathering_id, guest_id)


def _gathering_of(stream: str) -> str:
    """The gathering that a stream is about; SITE where it is about none, or more than one."""
    if not stream.startswith(_OF_A_GATHERING):
        return SITE
    try:
        return check_gathering_id(stream.partition("-")[2])
    except NotFound:
        return SITE
