"""The camelCase shapes of a guest, which the ancestor's clients know.

They are the shapes of the other paths under other names, so what takes those takes these.
"""

import re
from typing import TypeVar, cast

import msgspec

from gatherlog.apps.guests import Guest, GuestPatch, Household, NewGuest, OwnAnswer, Status
from gatherlog.apps.guests.inputs import GroupId
from gatherlog.apps.trail import LastSeen
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.interfaces.rest.answers import GuestAnswer, Time, answer_from

__all__ = [
    "AdminGuest",
    "CamelGuest",
    "CamelGuestPatch",
    "CamelNewGuest",
    "CamelOwnAnswer",
    "GroupChoice",
    "HouseholdView",
    "MemberView",
    "QuestionsView",
    "camelled",
    "of_admin_guest",
    "of_camel_guest",
    "of_household",
]

S = TypeVar("S", bound=msgspec.Struct)


def camel(struct: type[S]) -> type[S]:
    """The struct with every field under a camelCase name, those that it inherits too."""
    fields = [
        (field.name, field.type, msgspec.field(default=field.default))
        for field in msgspec.structs.fields(struct)
    ]
    again = msgspec.defstruct(
        struct.__name__,
        fields,
        bases=(struct,),
        module=struct.__module__,
        namespace={"__doc__": struct.__doc__},
        rename="camel",
        frozen=True,
    )
    return cast(type[S], again)


@camel
class CamelGuest(GuestAnswer, frozen=True):
    """One invitation. `attending` is null for no answer, undecided and waiting: see `status`."""


@camel
class AdminGuest(CamelGuest, frozen=True):
    """One invitation, and when the guest last logged in and was last here; null: never.

    Looks count once an hour, so both may be up to an hour early. No ETag moves by them.
    """

    last_login: Time | None = None
    last_access: Time | None = None


@camel
class CamelNewGuest(NewGuest, frozen=True, kw_only=True):
    """A guest to be invited; see `NewGuest`."""


@camel
class CamelGuestPatch(GuestPatch, frozen=True, kw_only=True):
    """A host's changes to a guest; see `GuestPatch`."""


@camel
class CamelOwnAnswer(OwnAnswer, frozen=True, kw_only=True):
    """A guest's own answer, 0 people being a no; and one for members who have not given any."""


class GroupChoice(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The household that a guest is to belong to; naming it makes it."""

    group_id: GroupId


class MemberView(msgspec.Struct, frozen=True, rename="camel"):
    """What members of a household see of each other."""

    id: str
    first_name: str
    last_name: str
    status: Status
    num_guests: int
    expected_guests: int


class QuestionsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to ask a household whose answers do not add up to what was expected."""

    signed_up: int
    not_coming: tuple[str, ...]
    more: int


class WaitingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Members who wait for places together; `fits` false: there are not as many at all."""

    members: tuple[str, ...]
    people: int
    place: int
    fits: bool


class HouseholdView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A guest's own view: oneself whole, of the others what is needed to answer together."""

    guest: CamelGuest
    group_members: list[MemberView]
    family_sum: int
    rsvp_deadline: str | None
    closed: bool
    questions: QuestionsView
    waiting: list[WaitingView]


of_camel_guest = answer_from(CamelGuest)
_of_admin_guest = answer_from(AdminGuest, "last_login", "last_access")
_of_member = answer_from(MemberView)


def of_admin_guest(guest: Guest, seen: LastSeen | None) -> AdminGuest:
    """A guest in camelCase, with the last visits."""
    login, access = (None, None) if seen is None else (seen.last_login, seen.last_access)
    return _of_admin_guest(
        guest,
        None if login is None else rfc3339(login),
        None if access is None else rfc3339(access),
    )


def of_household(household: Household) -> HouseholdView:
    """A household as the guest may see it: of the others neither address nor diet."""
    return HouseholdView(
        guest=of_camel_guest(household.guest.body),
        group_members=[_of_member(member.body) for member in household.members],
        family_sum=household.family_sum,
        rsvp_deadline=household.rsvp_deadline,
        closed=household.closed,
        questions=QuestionsView(**msgspec.structs.asdict(household.questions)),
        waiting=[WaitingView(**msgspec.structs.asdict(unit)) for unit in household.waiting],
    )


def camelled(flaw: Flaw) -> Flaw:
    """The flaw, its place under the name that the caller used."""
    pointer = re.sub(r"_([a-z])", lambda letter: letter[1].upper(), flaw.pointer)
    return Flaw(pointer, flaw.detail)
