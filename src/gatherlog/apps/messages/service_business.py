"""What messages are about: gatherings, things and bookings, and writing to whoever has to do with
one."""

import asyncio
from collections.abc import Collection, Mapping

from gatherlog.apps.messages.answers import ShownMessage
from gatherlog.apps.messages.events import About
from gatherlog.apps.messages.members import Person, Subject, person_of
from gatherlog.apps.messages.refusals import NotYourBusiness, UnknownReceiver
from gatherlog.apps.messages.service_sending import KeptOnce, SendingCommands, not_kept
from gatherlog.apps.messages.texts import checked_message

__all__ = ["BusinessCommands"]


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

    async def receiver(self, subject: Subject) -> Person | None:
        """Whom one writes to about it."""
        if subject.other is None:
            return None
        return person_of(await self._people.persons([subject.other]), subject.other)
