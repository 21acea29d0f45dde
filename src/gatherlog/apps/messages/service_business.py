"""What messages are about: gatherings, things and bookings, and writing to whoever has to do with
one."""

import asyncio
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from gatherlog.apps.messages.answers import ShownMessage
from gatherlog.apps.messages.events import About
from gatherlog.apps.messages.members import Person, Subject, person_of
from gatherlog.apps.messages.refusals import NotYourBusiness, UnknownReceiver
from gatherlog.apps.messages.service_sending import KeptOnce, SendingCommands, not_kept
from gatherlog.apps.messages.texts import checked_message

__all__ = ["BusinessCommands", "are_named"]


class BusinessCommands(SendingCommands):
    """Part of `MessageService`; what all of its commands have in common is documented there."""

    async def start_about(
        self, author: str, about: About, text: str, *, actor: str = "", once: KeptOnce = not_kept
    ) -> ShownMessage:
        """Write to the host, the organiser or the parent, who needs no handle for that.

        Raises BadMessage; NotYourBusiness; UnknownReceiver where there is nobody, or the other has
        blocked the author; and BlockedByYou.
        """
        text = checked_message(text)
        subject = await self._business.subject(author, about)
        if subject is None:
            raise NotYourBusiness(about.kind)
        if subject.other is None:
            raise UnknownReceiver
        return await self._begin(author, subject.other, text, about, actor, once)

    async def subjects(self, account: str, abouts: Collection[About]) -> Mapping[About, Subject]:
        """What these are, without those that do not concern the account."""
        found = await asyncio.gather(*[self._business.subject(account, one) for one in abouts])
        return {about: one for about, one in zip(abouts, found, strict=True) if one is not None}

    async def receiver(self, account: str, about: About, subject: Subject) -> Person | None:
        """Whom the account writes to about it."""
        if subject.other is None:
            return None
        persons = await self._people.persons([subject.other])
        return person_of(await self._called(account, about, persons), subject.other)

    async def _called(
        self, account: str, about: About | None, persons: Mapping[str, Person]
    ) -> Mapping[str, Person]:
        """The persons as the account knows them in a conversation about something.

        Who has chosen no name is called as there, so nobody learns a name that is not shown to them
        anyway. Nothing is read where all others have names.
        """
        if about is None or are_named(account, persons):
            return persons
        unnamed = [one.id for one in persons.values() if not one.is_named and one.id != account]
        names = await self._business.names(account, about, unnamed)
        called = {id: replace(persons[id], display_name=name) for id, name in names.items()}
        return {**persons, **called}


def are_named(account: str, persons: Mapping[str, Person]) -> bool:
    """Whether all others than the account have chosen a name or a handle."""
    return all(one.is_named or one.id == account for one in persons.values())
