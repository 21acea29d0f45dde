"""Writing messages: starting a conversation, adding to one, editing, deleting, reporting."""

from collections.abc import Awaitable, Callable

from gatherlog.apps.messages import decisions
from gatherlog.apps.messages.addressing import Addressed, check_receivers
from gatherlog.apps.messages.answers import ShownMessage
from gatherlog.apps.messages.commands import (
    Commands,
    FindPair,
    Permit,
    load_message,
    load_own,
    loaded_seats,
    seats_and_orders,
    seats_of,
)
from gatherlog.apps.messages.events import About, Sent
from gatherlog.apps.messages.members import Person, person_of
from gatherlog.apps.messages.refusals import ONESELF, UnknownReceiver
from gatherlog.apps.messages.texts import LONGEST_REASON, checked_line, checked_message
from gatherlog.apps.messages.views import (
    MESSAGES,
    Message,
    message_document,
    number_of,
)
from gatherlog.core.commands.handler import Decided, Handled, Once
from gatherlog.core.commands.service import no_such
from gatherlog.core.commands.unit_of_work import UnitOfWork

__all__ = ["KeptOnce", "SendingCommands", "not_kept"]

KeptOnce = Callable[[Callable[[Handled], ShownMessage]], Once | None]
"""Makes the idempotency key of a command that sends, given how its answer is found."""


def not_kept(shown: Callable[[Handled], ShownMessage]) -> None:
    """No key: what is sent again is sent twice."""


class SendingCommands(Commands):
    """Part of `MessageService`; what all of its commands have in common is documented there."""

    async def start(
        self,
        author: str,
        handle: str,
        text: str,
        *,
        about: About | None = None,
        actor: str = "",
        once: KeptOnce = not_kept,
    ) -> ShownMessage:
        """Write to whoever has the handle: into the conversation of the two, or a new one.

        Two accounts have one conversation, also if both start it at the same time. Raises
        BadMessage; UnknownReceiver, also where the other has blocked the author; BlockedByYou; and
        NotYourBusiness for an `about` that does not concern the author.
        """
        other = await self._people.by_handle(handle)
        text = checked_message(text, *[ONESELF] * (other == author))
        if other is None:
            raise UnknownReceiver
        await self._check_business(author, about)
        return await self._begin(author, other, text, about, actor, once)

    async def _begin(
        self,
        author: str,
        other: str,
        text: str,
        about: About | None,
        actor: str,
        once: KeptOnce,
    ) -> ShownMessage:
        """Write into the conversation of two accounts, or a new one."""

        async def write(id: str, find_pair: FindPair) -> ShownMessage:
            async def find(unit: UnitOfWork) -> Addressed:
                return Addressed(id, await find_pair(unit), (author, other))

            return await self._write(author, text, about, id, find, actor, once)

        return await self._of_pair(author, other, write)

    async def send(
        self,
        author: str,
        id: str,
        text: str,
        *,
        about: About | None = None,
        permit: Permit = lambda part: None,
        actor: str = "",
        once: KeptOnce = not_kept,
    ) -> ShownMessage:
        """Add to a conversation that the author takes part in.

        `permit` is asked with the part that the author has, as the commit will demand it, and may
        raise. Up to SMALL members find it in their lists at once, larger conversations soon. Raises
        NotFound, Denied where only the owner writes, and otherwise what `start` raises.
        """
        text = checked_message(text)
        await self._check_business(author, about)

        async def find(unit: UnitOfWork) -> Addressed:
            conversation, _ = await load_own(unit, id, author, permit)
            accounts = decisions.audience(conversation, author, self._at_once)
            return Addressed(id, conversation, accounts)

        return await self._write(author, text, about, id, find, actor, once)

    async def edit(
        self, author: str, id: str, message: str, text: str, *, actor: str = ""
    ) -> ShownMessage:
        """Give one's own message another text, for a day. Raises BadMessage, NotFound, TooLate."""
        text = checked_message(text)
        return await self._revise(
            author, id, message, actor, lambda found, now: decisions.edit(found, text, now)
        )

    async def delete(self, author: str, id: str, message: str, *, actor: str = "") -> None:
        """Take one's own message back. Its place stays, without a text. Raises NotFound."""
        await self._revise(author, id, message, actor, lambda found, now: decisions.delete(found))

    async def report(
        self, member: str, id: str, message: str, reason: str, *, actor: str = ""
    ) -> None:
        """Show a message, as it is now, to the moderator. Raises NotFound, Invalid."""
        reason = checked_line("reason", reason, LONGEST_REASON)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            _, mine = await load_own(unit, id, member)
            return decisions.report(await load_message(unit, mine, message), member, reason)

        await self._run(id, attempt, member, actor)

    async def _write(
        self,
        author: str,
        text: str,
        about: About | None,
        id: str,
        find: Callable[[UnitOfWork], Awaitable[Addressed]],
        actor: str,
        once: KeptOnce,
    ) -> ShownMessage:
        """Send a message into the conversation that `find` loads."""
        persons: dict[str, Person] = {}

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            to = await find(unit)
            who = to.pair or (author,)
            unit.assume_new(MESSAGES, to.next)
            wanted = [*seats_of(id, to.accounts), *to.blocks]
            found = await unit.load(*wanted, beside=self._people.refs(who))
            persons.update(self._people.read(who, found))
            seats, orders = loaded_seats(unit, id, to.accounts)
            check_receivers(unit, to, author, persons)
            return [
                *to.beginning(),
                *decisions.send(
                    id,
                    to.count,
                    seats,
                    orders,
                    author=author,
                    text=text,
                    message=self._ids(),
                    reaches_all=to.reaches_all,
                    about=about,
                ),
            ]

        def shown(handled: Handled) -> ShownMessage:
            [sent] = [event for event in handled.events if isinstance(event.payload, Sent)]
            document = message_document(id, number_of(sent.subject))
            return ShownMessage(
                id, handled.bodies[MESSAGES.ref(document)], person_of(persons, author)
            )

        return shown(await self._run(id, attempt, author, actor, once(shown)))

    async def _revise(
        self,
        author: str,
        id: str,
        message: str,
        actor: str,
        decide: Callable[[Message, int], list[Decided]],
    ) -> ShownMessage:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((MESSAGES, document))
            conversation, mine = await load_own(unit, id, author)
            found = await load_message(unit, mine, message)
            if found.author != author:
                raise no_such("message of yours", message)
            accounts = decisions.audience(conversation, author, self._at_once)
            seats, _ = await seats_and_orders(unit, id, accounts)
            return decisions.tell(
                decide(found, unit.now),
                found,
                [seat for seat in seats.values() if seat is not None],
                reaches_all=len(accounts) == conversation.size,
            )

        document = message_document(id, number_of(message))
        handled = await self._run(id, attempt, author, actor)
        persons = await self._people.persons([author])
        body: Message = handled.bodies[MESSAGES.ref(document)]
        return ShownMessage(id, body, person_of(persons, author))
