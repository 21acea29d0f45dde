"""The camelCase shapes of a guest, which the ancestor's clients know, and their way to our names.

Written out, so that types and description see them; a test holds them against the other names.
"""

import re
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.apps.guests import Guest, Household, Status
from gatherlog.apps.guests.inputs import GroupStatus
from gatherlog.core.errors import Flaw
from gatherlog.interfaces.rest.answers import Time, of_guest

__all__ = [
    "CamelGuest",
    "CamelGuestPatch",
    "CamelNewGuest",
    "CamelOwnAnswer",
    "GroupChoice",
    "HouseholdView",
    "MemberView",
    "QuestionsView",
    "camelled",
    "of_camel_guest",
    "of_household",
    "snaked",
]

S = TypeVar("S", bound=msgspec.Struct)


class CamelGuest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One invitation. `attending` is null for no answer, undecided and waiting: see `status`."""

    id: str
    group_id: str | None
    first_name: str
    last_name: str
    email: str | None
    attending: bool | None
    status: Status
    num_guests: int
    expected_guests: int
    children: int
    dietary: str | None
    dietary_tags: tuple[str, ...]
    rsvp_at: Time | None
    waiting_since: Time | None
    is_co_host: bool
    created_at: Time
    updated_at: Time


class CamelNewGuest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A guest to be invited; see `NewGuest`."""

    first_name: str
    last_name: str
    email: str | None = None
    group_id: str | None = None
    expected_guests: int = 1
    children: int = 0
    dietary: str | None = None
    dietary_tags: tuple[str, ...] = ()


class CamelGuestPatch(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A host's changes to a guest; see `GuestPatch`."""

    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    group_id: str | UnsetType | None = UNSET
    attending: bool | UnsetType | None = UNSET
    num_guests: int | UnsetType | None = UNSET
    expected_guests: int | UnsetType | None = UNSET
    children: int | UnsetType | None = UNSET
    dietary: str | UnsetType | None = UNSET
    dietary_tags: tuple[str, ...] | UnsetType | None = UNSET


class GroupChoice(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The household that a guest is to belong to; naming it makes it."""

    group_id: str


class CamelOwnAnswer(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A guest's own answer, 0 people being a no; and one for members who have not given any."""

    num_guests: int | UnsetType = UNSET
    children: int | UnsetType = UNSET
    dietary: str | UnsetType | None = UNSET
    dietary_tags: tuple[str, ...] | UnsetType | None = UNSET
    group_status: GroupStatus | UnsetType = UNSET


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


def snaked(body: msgspec.Struct, kind: type[S]) -> S:
    """The same fields as the struct that services take."""
    return body if isinstance(body, kind) else kind(**msgspec.structs.asdict(body))


def camelled(flaw: Flaw) -> Flaw:
    """The flaw, its place under the name that the caller used."""
    pointer = re.sub(r"_([a-z])", lambda letter: letter[1].upper(), flaw.pointer)
    return Flaw(pointer, flaw.detail)
