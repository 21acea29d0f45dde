"""People who write to each other in tests, and what their lists show."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from gatherlog.apps.messages import CATEGORIES, About, MessageService, Person, Subject
from gatherlog.apps.messages.coming_and_going import coming_and_going
from gatherlog.apps.messages.events import MembersInvited
from gatherlog.apps.messages.fold import conversation_stream
from gatherlog.core import Recorded, Store
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.eventstore.store import Document, Ref
from gatherlog.core.projections.rebuild import verify
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.handlers import Handlers
from tests.stores import events_of


class MadeUpPeople:
    """A `People` whose accounts are named like their handles: `id-ada` has the handle `ada`."""

    def __init__(self, *handles: str) -> None:
        self.all = {
            f"id-{handle}": Person(
                id=f"id-{handle}", display_name=handle.capitalize(), handle=handle
            )
            for handle in handles
        }

    def rename(self, id: str, **names: str) -> None:
        self.all[id] = replace(self.all[id], **names)

    def show_reading(self, *ids: str) -> None:
        for id in ids:
            self.all[id] = replace(self.all[id], shows_reading=True)

    def forget_name(self, id: str) -> None:
        """Let somebody have neither a name nor a handle."""
        self.all[id] = replace(self.all[id], display_name="a member", handle=None, is_named=False)

    def remove(self, id: str) -> None:
        del self.all[id]

    async def by_handle(self, handle: str) -> str | None:
        found = [person.id for person in self.all.values() if person.handle == handle.lower()]
        return found[0] if found else None

    async def persons(self, ids: Collection[str]) -> Mapping[str, Person]:
        return {id: self.all[id] for id in ids if id in self.all}

    def refs(self, ids: Sequence[str]) -> Sequence[Ref]:
        return []

    def read(self, ids: Sequence[str], found: Sequence[Document | None]) -> Mapping[str, Person]:
        return {id: self.all[id] for id in ids if id in self.all}


class LeadingIds:
    """An id source that counts in the first digits of its ids, as the time of a UUIDv7 does.

    The last digits of a message's id are its number, so those that count there would collide.
    """

    def __init__(self, start: int = 0) -> None:
        self._given = start

    def __call__(self) -> str:
        self._given += 1
        return f"{self._given:08d}-0000-7000-8000-000000000000"


class Everything:
    """A `Business` in which the gathering `ours`, Ada's, concerns everybody, and no other does."""

    async def concerns(self, account: str, about: About) -> bool:
        return about.id == "ours"

    async def subject(self, account: str, about: About) -> Subject | None:
        if about.id != "ours":
            return None
        is_own = account == "id-ada"
        return Subject(name="Ours", is_own=is_own, other=None if is_own else "id-ada")

    async def names(self, account: str, about: About, others: Collection[str]) -> Mapping[str, str]:
        named = {"id-ada": "Ada of Ours"} if about.id == "ours" and account != "id-ada" else {}
        return {id: name for id, name in named.items() if id in others}


async def new_group(
    service: MessageService, owner: str, handles: Sequence[str], **more: Any
) -> str:
    """The id of a new group, or of the conversation of two."""
    return (await service.start_group(owner, handles, **more)).conversation.id


async def deliver(subscription: Handlers, *events: Recorded) -> None:
    """Let a subscription handle these events, as its worker does."""
    [destination] = subscription.destinations()
    for event in events:
        id = f"{subscription.name}-{event.id}"
        await destination.target.deliver([Delivery(id=id, rule=subscription.name, event=event)])


async def invitations(store: Store, id: str) -> list[Recorded]:
    """The events by which members of a group were invited whom its first commit did not take in."""
    kind = event_type_of(MembersInvited)
    return [one for one in await events_of(store, conversation_stream(id)) if one.type == kind]


async def whole_group(
    service: MessageService, store: Store, owner: str, handles: Sequence[str], **more: Any
) -> str:
    """As `new_group`, once all who were invited take part."""
    id = await new_group(service, owner, handles, **more)
    await deliver(coming_and_going(service), *await invitations(store, id))
    return id


async def texts(service: MessageService, account: str, id: str) -> list[str]:
    """The newest messages of a conversation, newest first."""
    page = await service.messages(account, id)
    return [shown.message.text for shown in page.items]


async def listed(service: MessageService, account: str) -> list[tuple[str, str, int]]:
    """The conversations of an account: the name, the last text, and how many are unread."""
    found = await service.conversations(account)
    return [
        (line.name, line.conversation.last.text if line.conversation.last else "", line.mine.unread)
        for line in found.items
    ]


async def differences(store: Store) -> list[str]:
    """What a rebuild would repair: nothing, unless a fold is not what commits make of it."""
    return [f"{one.view}/{one.id}: {one.what}" async for one in verify(store, CATEGORIES)]
