"""What the messages app has to know of the people who write to each other; another app has it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from gatherlog.apps.messages.events import About
from gatherlog.core.eventstore.store import Document, Ref

__all__ = ["SOMEBODY", "Business", "People", "Person", "Subject", "person_of"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An account as other members see it, by the names that it has now."""

    id: str
    display_name: str
    handle: str | None = None
    shows_reading: bool = False
    """Whether others may learn what this person has read, and this person what they have."""
    is_named: bool = True
    """Whether the person has chosen a name or a handle; else `display_name` says who it may be."""


SOMEBODY: Final = "somebody"
"""The name of an account that was removed."""


class People(Protocol):
    """Questions about accounts."""

    async def by_handle(self, handle: str) -> str | None:
        """The account that has this handle now; None if there is none, or it can be no handle."""
        ...

    async def persons(self, ids: Collection[str]) -> Mapping[str, Person]:
        """Those of these accounts that exist, by id, in one round trip."""
        ...

    def refs(self, ids: Sequence[str]) -> Sequence[Ref]:
        """The documents that say who these accounts are, to be read together with others."""
        ...

    def read(self, ids: Sequence[str], found: Sequence[Document | None]) -> Mapping[str, Person]:
        """As `persons`, from what was found of the documents that `refs` names."""
        ...


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A gathering, a thing or a booking, as an account sees it that it concerns."""

    name: str
    is_own: bool
    """Whether the account hosts the gathering, or organises the thing."""
    other: str | None = None
    """To which account one writes about it: the host, the organiser, the parent; None for one's own
    gathering or thing, about which one may write to anybody."""
    thing: str | None = None
    """The thing that is booked."""


class Business(Protocol):
    """Whether a gathering, a thing or a booking concerns an account, so that it may write of it."""

    async def concerns(self, account: str, about: About) -> bool: ...

    async def subject(self, account: str, about: About) -> Subject | None:
        """What it is; None where it does not concern the account, or does not exist."""
        ...

    async def names(self, account: str, about: About, others: Collection[str]) -> Mapping[str, str]:
        """What it calls those of the others whom the account sees in it: the organiser, the host.

        Nothing where it does not concern the account.
        """
        ...


def person_of(persons: Mapping[str, Person], id: str) -> Person:
    """One of the persons, or somebody whose account was removed."""
    return persons.get(id) or Person(id=id, display_name=SOMEBODY)
