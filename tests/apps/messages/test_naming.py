"""How members without a name of their own are called in what a conversation is about."""

from collections.abc import Collection, Mapping

import pytest

from gatherlog.apps.messages import About, MessageService
from gatherlog.core import Store
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import Everything, LeadingIds, MadeUpPeople, texts
from tests.stores import eventually

ADA, BOB, CY = "id-ada", "id-bob", "id-cy"
OURS = About("gathering", "ours")


class Counting(Everything):
    """Counts how often it is asked for names."""

    asked = 0

    async def names(self, account: str, about: About, others: Collection[str]) -> Mapping[str, str]:
        self.asked += 1
        return await super().names(account, about, others)


@pytest.fixture
def business() -> Counting:
    return Counting()


@pytest.fixture
def service(store: Store, people: MadeUpPeople, business: Counting) -> MessageService:
    return MessageService(store, people, business, clock=StandingClock(), ids=LeadingIds())


async def names(service: MessageService, account: str) -> list[str]:
    return [line.name for line in (await service.conversations(account)).items]


async def shown_to(service: MessageService, account: str, id: str) -> set[str]:
    """The names of all authors of a conversation, wherever the account is shown its messages."""
    page = (await service.messages(account, id)).items
    found = await service.shown_to(account, [(id, number) for number in (1, 2, 3)])
    return {one.author.display_name for one in (*page, *found.values())}


async def test_where_everybody_else_has_a_name_nothing_is_asked(
    service: MessageService, people: MadeUpPeople, business: Counting
) -> None:
    """Also where the reader has none."""
    people.forget_name(CY)
    id = (await service.start_about(CY, OURS, "Hello")).conversation

    await eventually(lambda: names(service, CY), ["Ada"])
    assert await texts(service, CY, id) == ["Hello"]
    assert business.asked == 0


async def test_who_has_no_name_is_called_as_there_and_only_in_that_conversation(
    service: MessageService, people: MadeUpPeople
) -> None:
    about = (await service.start_about(BOB, OURS, "May I come?")).conversation
    alone = (await service.start(ADA, "cy", "Hello")).conversation
    await service.send(ADA, about, "Yes")
    people.forget_name(ADA)

    assert (await service.conversation(BOB, about)).name == "Ada of Ours"
    assert await shown_to(service, BOB, about) == {"Bob", "Ada of Ours"}
    assert (await service.conversation(CY, alone)).name == "a member"
    assert await shown_to(service, CY, alone) == {"a member"}
    assert await shown_to(service, ADA, about) == {"Bob", "a member"}


async def test_one_page_has_each_conversation_under_its_own_names(
    service: MessageService, people: MadeUpPeople
) -> None:
    await service.start_about(BOB, OURS, "May I come?")
    await service.start("id-dee", "bob", "Hello")
    await service.start(CY, "bob", "Hello")
    people.forget_name(ADA)
    people.forget_name(CY)

    await eventually(lambda: names(service, BOB), ["a member", "Dee", "Ada of Ours"])


async def test_an_account_that_was_removed_is_somebody_also_there(
    service: MessageService, people: MadeUpPeople
) -> None:
    id = (await service.start_about(BOB, OURS, "May I come?")).conversation
    await service.send(ADA, id, "Yes")
    people.remove(ADA)

    assert (await service.conversation(BOB, id)).name == "somebody"
    assert await shown_to(service, BOB, id) == {"Bob", "somebody"}
