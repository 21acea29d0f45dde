"""The camelCase guest API: the same bodies and answers, with camelCase names of fields.

Its structs are subclasses of the snake_case ones, so handlers and services take either.
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
    "of_admin_guest",
    "of_camel_guest",
    "of_household",
    "with_camel_case_pointer",
]

S = TypeVar("S", bound=msgspec.Struct)


def camel(struct: type[S]) -> type[S]:
    """The struct, as a subclass whose fields, inherited ones included, are camelCase in JSON."""
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
    """One invitation. `attending` is null unless the guest comes or declines; see `status`."""


@camel
class AdminGuest(CamelGuest, frozen=True):
    """One invitation, with the times of the guest's last login and last access; null: never.

    Accesses are noted once an hour, so both may be up to an hour early. They do not change ETags.
    """

    last_login: Time | None = None
    last_access: Time | None = None


@camel
class CamelNewGuest(NewGuest, frozen=True, kw_only=True):
    """A guest to invite; see `NewGuest`."""


@camel
class CamelGuestPatch(GuestPatch, frozen=True, kw_only=True):
    """A host's changes to a guest; see `GuestPatch`."""


@camel
class CamelOwnAnswer(OwnAnswer, frozen=True, kw_only=True):
    """A guest's own answer, where 0 people decline, and one for members who have not answered."""


class GroupChoice(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The household that a guest is put into; a new name makes a new household."""

    group_id: GroupId


class MemberView(msgspec.Struct, frozen=True, rename="camel"):
    """What members of a household see of each other: neither addresses nor diets."""

    id: str
    first_name: str
    last_name: str
    status: Status
    num_guests: int
    expected_guests: int


class QuestionsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Questions to a household whose answers do not add up to the number of people expected."""

    signed_up: int
    not_coming: tuple[str, ...]
    more: int


class WaitingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Members who wait for places together. `fits` is false if there are not as many in all."""

    members: tuple[str, ...]
    people: int
    place: int
    fits: bool


class HouseholdView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A guest's view of the household: all of oneself, and of the others what `MemberView` has."""

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
    """A guest in camelCase, with the times of the last login and access."""
    login, access = (None, None) if seen is None else (seen.last_login, seen.last_access)
    return _of_admin_guest(
        guest,
        None if login is None else rfc3339(login),
        None if access is None else rfc3339(access),
    )


def of_household(household: Household) -> HouseholdView:
    """A household as one of its guests may see it."""
    return HouseholdView(
        guest=of_camel_guest(household.guest.body),
        group_members=[_of_member(member.body) for member in household.members],
        family_sum=household.family_sum,
        rsvp_deadline=household.rsvp_deadline,
        closed=household.closed,
        questions=QuestionsView(**msgspec.structs.asdict(household.questions)),
        waiting=[WaitingView(**msgspec.structs.asdict(unit)) for unit in household.waiting],
    )


def with_camel_case_pointer(flaw: Flaw) -> Flaw:
    """The flaw, whose pointer names fields in camelCase, as the client does."""
    pointer = re.sub(r"_([a-z])", lambda match: match[1].upper(), flaw.pointer)
    return Flaw(pointer, flaw.detail)
