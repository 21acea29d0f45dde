"""What the apps ask each other. Each app says as a protocol what it needs; none imports another."""

from collections.abc import Collection, Mapping, Sequence

from gatherlog.apps import guests, messages, people, things
from gatherlog.apps.messages.letters import Contact
from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.store import Document, Ref

__all__ = ["Concerns", "Contacts", "Invitees", "Members"]

UNNAMED = "a member"
"""What a member is called who has chosen neither a name nor a handle."""
HOST = "the host"
"""What guests call the host who has chosen neither: a gathering does not name its host."""


class Invitees:
    """The invitees that guests log in as: the link from the people app to the guests app."""

    def __init__(self, guest_lists: guests.GuestService) -> None:
        self._guests = guest_lists

    async def by_link(self, token: str) -> people.Invitee:
        holder = await self._guests.link_holder(token)
        return await self.by_id(holder.gathering_id, holder.guest_id)

    async def by_id(self, gathering_id: str, guest_id: str) -> people.Invitee:
        guest, gathering = await self._guests.guest_and_gathering(gathering_id, guest_id)
        return people.Invitee(
            gathering_id=gathering_id,
            guest_id=guest_id,
            first_name=guest.first_name,
            last_name=guest.last_name,
            link=guest.link,
            co_host=guest.manages,
            over_at=gathering.over_at,
        )

    def is_same_name(self, one: str, other: str) -> bool:
        return folded(" ".join(one.split())) == folded(" ".join(other.split()))


class Members:
    """Those who write to each other: the link from the messages app to the people app."""

    def __init__(self, profiles: people.ProfileService) -> None:
        self._profiles = profiles

    async def by_handle(self, handle: str) -> str | None:
        account = await self._profiles.by_handle(handle)
        return None if account is None or account not in await self.persons([account]) else account

    async def persons(self, ids: Collection[str]) -> Mapping[str, messages.Person]:
        return _persons(await self._profiles.known(ids))

    def refs(self, ids: Sequence[str]) -> Sequence[Ref]:
        return people.refs_of(ids)

    def read(
        self, ids: Sequence[str], found: Sequence[Document | None]
    ) -> Mapping[str, messages.Person]:
        return _persons(people.known_from(ids, found))


def _persons(known: Mapping[str, people.Known]) -> Mapping[str, messages.Person]:
    return {
        id: messages.Person(
            id=id,
            display_name=one.profile.display_name or one.profile.handle or UNNAMED,
            handle=one.profile.handle,
            shows_reading=one.profile.read_receipts,
            is_named=bool(one.profile.display_name or one.profile.handle),
        )
        for id, one in known.items()
    }


class Concerns:
    """Whose business it is what messages are about: the link from the messages app to other apps.

    A gathering is that of its host, and of the guests with the same address. A published thing is
    everybody's, and a booking that of the parent and the organiser.
    """

    def __init__(
        self,
        guest_lists: guests.GuestService,
        things_to_do: things.ThingService,
        profiles: people.ProfileService,
    ) -> None:
        self._guests = guest_lists
        self._things = things_to_do
        self._profiles = profiles

    async def concerns(self, account: str, about: messages.About) -> bool:
        return await self.subject(account, about) is not None

    async def subject(self, account: str, about: messages.About) -> messages.Subject | None:
        match about.kind:
            case "gathering":
                return await self._gathering(about.id, account)
            case "thing":
                return await self._thing(about.id, account)
            case "booking":
                return await self._booking(about.id, account)

    async def names(
        self, account: str, about: messages.About, others: Collection[str]
    ) -> Mapping[str, str]:
        """The organiser by the name that stands on the things, and the host as the host."""
        subject = await self.subject(account, about)
        other = None if subject is None or subject.is_own else subject.other
        if other is None or other not in others:
            return {}
        if about.kind == "gathering":
            return {other: HOST}
        organiser = await self._things.profile(other)
        return {} if organiser is None else {other: organiser.name}

    async def _gathering(self, id: str, account: str) -> messages.Subject | None:
        try:
            gathering = (await self._guests.gathering(id)).body
        except NotFound:
            return None
        name, host = gathering.event_name, gathering.host_account
        if host == account:
            return messages.Subject(name=name, is_own=True)
        known = (await self._profiles.known([account])).get(account)
        if known is None or not await self._guests.is_invited(id, known.address):
            return None
        return messages.Subject(name=name, is_own=False, other=host)

    async def _thing(self, id: str, account: str) -> messages.Subject | None:
        thing = await self._things.thing_of_concern(id, account)
        if thing is None:
            return None
        is_own, organiser = thing.organiser_id == account, thing.organiser_id
        return messages.Subject(
            name=thing.content.name, is_own=is_own, other=None if is_own else organiser
        )

    async def _booking(self, id: str, account: str) -> messages.Subject | None:
        found = await self._things.booking_of_concern(id, account)
        if found is None:
            return None
        booking, thing = found
        is_own = thing.organiser_id == account
        other = booking.account_id if is_own else thing.organiser_id
        return messages.Subject(
            name=thing.content.name,
            is_own=is_own,
            other=None if other == account else other,
            thing=thing.id,
        )


class Contacts:
    """How members are written to: the link from letters about messages to the people app."""

    def __init__(self, profiles: people.ProfileService, links: people.MailLinks, site: str) -> None:
        self._profiles = profiles
        self._links = links
        self._site = site

    async def contact(self, account: str) -> Contact | None:
        known = (await self._profiles.known([account])).get(account)
        if known is None or not known.profile.message_mail:
            return None
        hours = known.profile.quiet_hours
        return Contact(
            address=known.address,
            time_zone=known.profile.time_zone,
            quiet_hours=None if hours is None else (hours.start, hours.end),
            unsubscribe=f"{self._site}/unsubscribe/{await self._links.token(account)}",
        )
