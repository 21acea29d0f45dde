"""Endpoints of one's own profile, and of tokens for members."""

from typing import Any

import msgspec

from gatherlog.apps.people import ProfilePatch
from gatherlog.apps.people.profile_events import QuietHours
from gatherlog.apps.people.profile_views import Profile
from gatherlog.interfaces.auth import bearer
from gatherlog.interfaces.rest.answers import answer_from, json
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing
from gatherlog.interfaces.rest.sign_in import TokenAnswer

__all__ = ["KeySet", "ProfileAnswer"]

Plain = Call[None, Nothing]


class ProfileAnswer(msgspec.Struct, frozen=True):
    """One's own profile."""

    display_name: str | None
    handle: str | None
    time_zone: str
    language: str
    quiet_hours: QuietHours | None
    read_receipts: bool
    message_mail: bool


class KeySet(msgspec.Struct, frozen=True):
    """A JWK Set."""

    keys: list[dict[str, Any]]


_of_profile = answer_from(ProfileAnswer)


async def read_profile(call: Plain) -> Reply:
    return _answer(await call.platform.profiles.profile(_account(call)))


async def change_profile(call: Call[ProfilePatch, Nothing]) -> Reply:
    profile = await call.platform.profiles.change(_account(call), call.body, actor=call.by)
    return await call.remember(_answer(profile))


async def issue_token(call: Plain) -> Reply:
    token = await call.platform.member_tokens.issue(bearer(call.headers))
    return await call.remember(json(TokenAnswer(token)), secret=True)


async def read_key_set(call: Plain) -> Reply:
    return json(KeySet([(await call.platform.site_key()).public()]))


def _account(call: Call[Any, Any]) -> str:
    assert call.actor is not None
    return call.actor.account_id or ""


def _answer(profile: Profile) -> Reply:
    answer: ProfileAnswer = _of_profile(profile)
    return json(answer)
