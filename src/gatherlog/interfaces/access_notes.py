"""Which requests are noted in the trail as accesses to personal data.

Noted are guests who open their own invitation, exports, and everything that operators read. Hosts
read their own guests' data all day, which is not noted; operators read other people's.
"""

from collections.abc import Mapping
from typing import Any, Final

from gatherlog.apps.people import Action, Actor, Role
from gatherlog.apps.trail import SITE, What
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rest.endpoint import Call
from gatherlog.interfaces.rest.parameters import check_gathering_id

__all__ = ["note_access", "note_endpoint_access"]

_NOTED: Final[Mapping[Action, What]] = {
    Action.READ_HOUSEHOLD: "rsvp_read",
    Action.READ_GUEST: "guest_read",
    Action.LIST_GUESTS: "guests_listed",
    Action.READ_GROUPS: "guests_listed",
    Action.EXPORT_GUESTS: "guests_exported",
    Action.READ_ACTIVITIES: "activities_read",
    Action.READ_LOG: "log_read",
    Action.READ_REPORTS: "reports_read",
    Action.READ_INTAKE: "log_read",
}
_NOTED_OF_EVERYBODY: Final = frozenset({Action.READ_HOUSEHOLD, Action.EXPORT_GUESTS})
_ABOUT_ONE_GUEST: Final = frozenset({Action.READ_HOUSEHOLD, Action.READ_GUEST})
_STREAMS_OF_GATHERINGS: Final = ("gathering-", "access-")


def note_access(
    platform: Platform, actor: Actor, action: Action, gathering_id: str, guest_id: str = ""
) -> None:
    """Have the trail note that the actor was shown data, if this action of this actor is noted."""
    what = _NOTED.get(action)
    if what is None or (action in _ABOUT_ONE_GUEST and not guest_id):
        return
    if actor.role is Role.OPERATOR or action in _NOTED_OF_EVERYBODY:
        platform.trail.note(actor.name, what, gathering_id, guest_id)


def note_endpoint_access(call: Call[Any, Any], action: Action) -> None:
    """As `note_access`, for a request to an endpoint that was answered."""
    if call.actor is None:
        return
    gathering_id, guest_id = call.gathering_id, call.ids.get("guest_id", "")
    if action in (Action.READ_REPORTS, Action.READ_INTAKE):
        gathering_id = SITE
    if action is Action.READ_LOG:
        gathering_id = _gathering_of(call.ids.get("stream", ""))
    if action is Action.READ_HOUSEHOLD:
        guest_id = call.actor.id
    note_access(call.platform, call.actor, action, gathering_id, guest_id)


def _gathering_of(stream: str) -> str:
    """The gathering that a stream is about; SITE if it is about none, or more than one."""
    if not stream.startswith(_STREAMS_OF_GATHERINGS):
        return SITE
    try:
        return check_gathering_id(stream.partition("-")[2])
    except NotFound:
        return SITE
