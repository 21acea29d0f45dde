"""Who may do what: keys of the interface, and the one policy that every interface asks."""

from gatherlog.apps.people.policy import Action, Actor, Role, Verdict, decide
from gatherlog.apps.people.service import CreatedKey, KeyService
from gatherlog.apps.people.views import VIEWS, ApiKey

__all__ = [
    "VIEWS",
    "Action",
    "Actor",
    "ApiKey",
    "CreatedKey",
    "KeyService",
    "Role",
    "Verdict",
    "decide",
]
