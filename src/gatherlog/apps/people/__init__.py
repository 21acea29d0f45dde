"""Who a caller is and may do: keys, accounts, guests' logins, and the policy of all interfaces."""

from gatherlog.apps.people.accounts import AccountService
from gatherlog.apps.people.askers import Asker, Origin
from gatherlog.apps.people.folds import CATEGORIES
from gatherlog.apps.people.guest_login import GuestLoginService, Invitee, Invitees
from gatherlog.apps.people.keys import CreatedKey, KeyService
from gatherlog.apps.people.mail import Letter, Mailer
from gatherlog.apps.people.mail_links import MailLinks
from gatherlog.apps.people.member_tokens import MemberTokenService, is_of_member
from gatherlog.apps.people.policy import (
    Action,
    Actor,
    Participation,
    Role,
    Verdict,
    decide,
    needs_host,
    needs_participation,
)
from gatherlog.apps.people.profile_decisions import HandleTaken, ProfilePatch
from gatherlog.apps.people.profile_events import QuietHours
from gatherlog.apps.people.profile_views import Profile
from gatherlog.apps.people.profiles import Known, ProfileService, known_from, refs_of
from gatherlog.apps.people.signing import KeySource, SiteKey
from gatherlog.apps.people.views import VIEWS, Account, ApiKey

__all__ = [
    "CATEGORIES",
    "VIEWS",
    "Account",
    "AccountService",
    "Action",
    "Actor",
    "ApiKey",
    "Asker",
    "CreatedKey",
    "GuestLoginService",
    "HandleTaken",
    "Invitee",
    "Invitees",
    "KeyService",
    "KeySource",
    "Known",
    "Letter",
    "MailLinks",
    "Mailer",
    "MemberTokenService",
    "Origin",
    "Participation",
    "Profile",
    "ProfilePatch",
    "ProfileService",
    "QuietHours",
    "Role",
    "SiteKey",
    "Verdict",
    "decide",
    "is_of_member",
    "known_from",
    "needs_host",
    "needs_participation",
    "refs_of",
]
