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
from gatherlog.interfaces.rest.answers import GuestAnswer, Time, of_guest

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
        kw_only=True,
    )
    return cast(type[S], again)


@camel
class CamelGuest(GuestAnswer, frozen=True, kw_only=True):
    """One invitation. `attending` is null for no answer, undecided and waiting: see `status`."""


@camel
class AdminGuest(CamelGuest, frozen=True, kw_only=True):
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


class MemberView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
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


def of_camel_guest(guest: Guest) -> CamelGuest:
    """A guest under the ancestor's names."""
    return CamelGuest(**msgspec.structs.asdict(of_guest(guest)))


def of_admin_guest(guest: Guest, seen: LastSeen | None) -> AdminGuest:
    """A guest under the ancestor's names, with the last visits."""
    login, access = (None, None) if seen is None else (seen.last_login, seen.last_access)
    return AdminGuest(
        **msgspec.structs.asdict(of_guest(guest)),
        last_login=None if login is None else rfc3339(login),
        last_access=None if access is None else rfc3339(access),
    )


def of_household(household: Household) -> HouseholdView:
    """A household as the guest may see it: of the others neither address nor diet."""
    members = [
        MemberView(
            id=member.body.id,
            first_name=member.body.first_name,
            last_name=member.body.last_name,
            status=member.body.status,
            num_guests=member.body.num_guests,
            expected_guests=member.body.expected_guests,
        )
        for member in household.members
    ]
    return HouseholdView(
        guest=of_camel_guest(household.guest.body),
        group_members=members,
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
