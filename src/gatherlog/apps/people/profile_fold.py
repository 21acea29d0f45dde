"""How the events of profiles become documents; part of the fold of accounts. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from gatherlog.apps.people.profile_events import HandleChanged, HandleReleased, ProfileChanged
from gatherlog.apps.people.profile_views import HANDLES, PROFILES, Handle, Profile
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.projections.folds import Change

__all__ = ["evolve_profile", "profile_refs"]


def profile_refs(account_id: str, event: Any) -> list[Ref]:
    """The documents of a profile that an event of its account is about."""
    match event:
        case ProfileChanged():
            return [PROFILES.ref(account_id)]
        case HandleChanged(handle, before):
            taken = [HANDLES.ref(one) for one in (handle, before) if one is not None]
            return [PROFILES.ref(account_id), *taken]
        case HandleReleased(handle):
            return [HANDLES.ref(handle)]
    return []


def evolve_profile(documents: Mapping[Ref, Any], account_id: str, event: Any) -> list[Change]:
    """What an event of PROFILE_EVENTS changes."""
    if isinstance(event, HandleReleased):
        return [Change(HANDLES, event.handle, DELETE)]
    before: Profile = documents[PROFILES.ref(account_id)] or Profile()
    if isinstance(event, ProfileChanged):
        given = {name: getattr(event, name) for name in event.__struct_fields__}
        changed = {name: value for name, value in given.items() if value is not UNSET}
        return [Change(PROFILES, account_id, replace(before, **changed))]
    assert isinstance(event, HandleChanged)
    changes = [Change(PROFILES, account_id, replace(before, handle=event.handle))]
    if event.before is not None:
        changes.append(Change(HANDLES, event.before, Handle(account_id, event.kept_until)))
    if event.handle is not None:
        changes.append(Change(HANDLES, event.handle, Handle(account_id)))
    return changes
