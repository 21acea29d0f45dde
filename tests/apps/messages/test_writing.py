"""Writing to each other: pairs, groups, who may write, editing, deleting, blocking, leaving."""

import pytest

from gatherlog.apps.messages import (
    About,
    BadMessage,
    BlockedByYou,
    MessageService,
    TooLate,
    UnknownReceiver,
)
from gatherlog.apps.messages.refusals import NotYourBusiness
from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Denied, NotFound
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import (
    MadeUpPeople,
    differences,
    listed,
    new_group,
    texts,
    whole_group,
)
from tests.stores import events_of, eventually

ADA, BOB, CY, DEE = "id-ada", "id-bob", "id-cy", "id-dee"


async def pair(service: MessageService) -> str:
    """The conversation of Ada and Bob, with one message by each."""
    id = (await service.start(ADA, "bob", "Hello")).conversation
    await service.send(BOB, id, "Hi")
    return id


async def test_a_large_group_whose_first_members_have_all_left_is_owned_by_one_of_the_others(
    service: MessageService, people: MadeUpPeople, store: Store
) -> None:
    names = [f"friend{number}" for number in range(22)]
    people.all |= MadeUpPeople(*names).all
    id = await whole_group(service, store, ADA, names, title="Party")
    for name in names[:18]:
        await service.leave(f"id-{name}", id)
    people.remove("id-friend18")

    await service.leave(ADA, id)

    conversation = (await service.conversation("id-friend21", id)).conversation
    assert (conversation.owner, conversation.size) == ("id-friend19", 4)
    await service.remove_member("id-friend19", id, "friend20")
    assert await differences(store) == []


async def test_two_members_have_one_conversation_whoever_starts_it(
    service: MessageService,
) -> None:
    first = await service.start(ADA, "bob", "Hello")
    second = await service.start(BOB, "ada", "Hi")
    third = await service.start(ADA, "BOB", "How are you?")

    assert first.conversation == second.conversation == third.conversation
    assert await texts(service, BOB, first.conversation) == ["How are you?", "Hi", "Hello"]


async def test_the_conversation_shows_the_other_and_the_last_message_newest_first(
    service: MessageService,
) -> None:
    await service.start(ADA, "bob", "Hello Bob")
    await service.start(CY, "ada", "Hello Ada")
    await eventually(
        lambda: listed(service, ADA), [("Cy", "Hello Ada", 1), ("Bob", "Hello Bob", 0)]
    )

    await service.start(BOB, "ada", "Hi Ada")

    await eventually(lambda: listed(service, ADA), [("Bob", "Hi Ada", 1), ("Cy", "Hello Ada", 1)])


async def test_a_new_name_is_shown_everywhere_at_once(
    service: MessageService, people: MadeUpPeople
) -> None:
    id = await pair(service)
    people.rename(BOB, display_name="Robert", handle="rob")

    page = await service.messages(ADA, id)

    assert [shown.author.display_name for shown in page.items] == ["Robert", "Ada"]
    assert (await service.conversation(ADA, id)).name == "Robert"
    assert (await service.start(ADA, "rob", "Hey")).conversation == id


async def test_messages_of_an_account_that_was_removed_stay_as_somebodys(
    service: MessageService, people: MadeUpPeople
) -> None:
    id = await pair(service)
    people.remove(BOB)

    page = await service.messages(ADA, id)

    assert [(one.author.display_name, one.author.handle) for one in page.items] == [
        ("somebody", None),
        ("Ada", "ada"),
    ]
    with pytest.raises(UnknownReceiver):
        await service.send(ADA, id, "Are you there?")


@pytest.mark.parametrize("handle", ["nobody", "", "a" * 500, "bob\x00", "@bob"])
async def test_an_unknown_handle_is_refused_and_nothing_is_written(
    service: MessageService, store: Store, handle: str
) -> None:
    before = await store.heads()

    with pytest.raises(UnknownReceiver):
        await service.start(ADA, handle, "Hello")

    assert await store.heads() == before


BAD = {
    "": ("message_blank",),
    " \n\t": ("message_blank",),
    "\u200b\u200d\ufeff": ("message_blank",),
    "\ufe0f\u034f": ("message_blank",),
    "\u2800\u3164": ("message_blank",),
    "x" * 1025: ("message_exceed_max_chars",),
    " " * 1025: ("message_blank", "message_exceed_max_chars"),
    "a\x00b": ("message_invalid",),
    "a\u202eb": ("message_invalid",),
    "a\u2066b": ("message_invalid",),
    "a\ud800b": ("message_invalid",),
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text[:9]))
async def test_a_bad_message_is_refused_with_its_codes(
    service: MessageService, store: Store, text: str
) -> None:
    id = await pair(service)
    first = (await service.messages(ADA, id)).items[-1].message
    before = await events_of(store, f"conversation-{id}")

    for attempt in (
        service.start(ADA, "bob", text),
        service.send(ADA, id, text),
        service.edit(ADA, id, first.id, text),
    ):
        with pytest.raises(BadMessage) as refused:
            await attempt
        assert refused.value.codes == BAD[text]
    assert await events_of(store, f"conversation-{id}") == before


@pytest.mark.parametrize(
    "text",
    ["x" * 1024, "💥" * 1024, "two\nlines\twith a tab", "नमस्ते", "👩‍👧", "a\r\nb"],
    ids=lambda text: ascii(text[:9]),
)
async def test_a_message_is_kept_as_it_was_written(service: MessageService, text: str) -> None:
    sent = await service.start(ADA, "bob", text)

    assert await texts(service, BOB, sent.conversation) == [text.replace("\r\n", "\n")]


async def test_to_oneself_is_refused_together_with_other_flaws(service: MessageService) -> None:
    with pytest.raises(BadMessage) as refused:
        await service.start(ADA, "ada", " ")

    assert refused.value.codes == ("message_blank", "user_reciever_handle_invalid")


async def test_a_stranger_reads_and_writes_nothing(service: MessageService) -> None:
    id = await pair(service)
    message = (await service.messages(ADA, id)).items[0].message.id

    for attempt in (
        service.messages(CY, id),
        service.open(CY, id),
        service.conversation(CY, id),
        service.send(CY, id, "Me too"),
        service.mark_read(CY, id, message),
        service.edit(CY, id, message, "No"),
        service.delete(CY, id, message),
        service.report(CY, id, message, ""),
        service.mute(CY, id, True),
        service.leave(CY, id),
        service.add_member(CY, id, "dee"),
        service.remove_member(CY, id, "bob"),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await service.part(CY, id, message) is None
    assert await texts(service, ADA, id) == ["Hi", "Hello"]


async def test_whoever_is_blocked_is_told_that_the_handle_is_unknown(
    service: MessageService,
) -> None:
    id = await pair(service)
    await service.block(BOB, "ada", True)

    for attempt in (
        service.start(ADA, "bob", "Hey"),
        service.send(ADA, id, "Hey"),
        new_group(service, ADA, ["bob", "cy"]),
    ):
        with pytest.raises(UnknownReceiver):
            await attempt
    with pytest.raises(BlockedByYou):
        await service.send(BOB, id, "Hey")
    assert await texts(service, ADA, id) == ["Hi", "Hello"]

    await service.block(BOB, "ada", False)
    await service.send(ADA, id, "Friends again?")
    assert (await texts(service, BOB, id))[0] == "Friends again?"


@pytest.mark.parametrize("handles", [["bob"], ["bob", "nobody"], ["cy", "bob", "nobody"]])
async def test_of_several_handles_that_of_who_has_blocked_is_named_like_one_that_nobody_has(
    service: MessageService, handles: list[str]
) -> None:
    await service.block(BOB, "ada", True)
    named = []

    for given in (handles, [{"bob": "nobody", "nobody": "bob"}.get(one, one) for one in handles]):
        with pytest.raises(UnknownReceiver) as refused:
            await new_group(service, ADA, given, title="Picnic")
        named.append(refused.value.handle)

    assert named == ["bob", "nobody"]


async def test_a_message_may_be_about_what_concerns_the_sender_alone(
    service: MessageService,
) -> None:
    ours, others = About("gathering", "ours"), About("gathering", "others")
    id = (await service.start(ADA, "bob", "See you", about=ours)).conversation

    assert (await service.conversation(BOB, id)).conversation.about == ours
    for attempt in (
        service.start(ADA, "bob", "See you", about=others),
        service.send(ADA, id, "See you", about=others),
        new_group(service, ADA, ["bob", "cy"], about=others),
    ):
        with pytest.raises(NotYourBusiness):
            await attempt


async def test_a_message_is_edited_for_a_day_and_by_its_author(
    service: MessageService, clock: StandingClock
) -> None:
    id = await pair(service)
    hi, hello = (one.message for one in (await service.messages(ADA, id)).items)

    with pytest.raises(NotFound):
        await service.edit(ADA, id, hi.id, "Ho")
    clock.advance(days=1)
    edited = await service.edit(BOB, id, hi.id, "Ho")
    clock.advance(seconds=0.000001)
    with pytest.raises(TooLate):
        await service.edit(BOB, id, hi.id, "Hu")

    assert (edited.message.text, edited.message.edited_at) == ("Ho", hi.sent_at + 86_400_000_000)
    assert await texts(service, ADA, id) == ["Ho", "Hello"]
    line = await service.conversation(ADA, id)
    assert line.conversation.last is not None
    assert (line.conversation.last.text, hello.text) == ("Ho", "Hello")


async def test_a_deleted_message_leaves_its_place_and_no_text(
    service: MessageService, store: Store
) -> None:
    id = await pair(service)
    hi = (await service.messages(ADA, id)).items[0].message

    await service.delete(BOB, id, hi.id)
    await service.delete(BOB, id, hi.id)

    assert await texts(service, ADA, id) == ["", "Hello"]
    assert await service.unread(ADA) == 0
    with pytest.raises(TooLate):
        await service.edit(BOB, id, hi.id, "Hu")
    assert await differences(store) == []


async def test_a_report_shows_the_text_of_then_to_the_moderator(
    service: MessageService,
) -> None:
    id = await pair(service)
    hi = (await service.messages(ADA, id)).items[0].message
    await service.report(ADA, id, hi.id, " rude ")
    await service.delete(BOB, id, hi.id)

    async def reported() -> list[tuple[str, str, str, str]]:
        found = await service.reports()
        return [(one.author, one.text, one.by, one.reason) for one in found.items]

    await eventually(reported, [(BOB, "Hi", ADA, "rude")])


async def test_a_member_of_a_group_is_shown_what_is_written_from_then_on(
    service: MessageService,
) -> None:
    id = await new_group(service, ADA, ["bob"], title="Party")
    await service.send(ADA, id, "Only Bob reads this")
    await service.add_member(ADA, id, "cy")
    await service.add_member(ADA, id, "cy")
    await service.send(BOB, id, "Welcome, Cy")

    assert await texts(service, CY, id) == ["Welcome, Cy"]
    assert (await service.conversation(CY, id)).conversation.size == 3
    assert await service.unread(CY) == 1


async def test_only_the_owner_of_a_group_adds_and_removes(service: MessageService) -> None:
    id = await new_group(service, ADA, ["bob", "cy"])

    for attempt in (
        service.add_member(BOB, id, "dee"),
        service.remove_member(BOB, id, "cy"),
    ):
        with pytest.raises(Denied):
            await attempt
    await service.remove_member(ADA, id, "cy")
    for refused in (service.send(CY, id, "But"), service.messages(CY, id)):
        with pytest.raises(NotFound):
            await refused


async def test_a_pair_stays_a_pair(service: MessageService) -> None:
    id = await pair(service)

    for attempt in (service.add_member(ADA, id, "cy"), service.remove_member(ADA, id, "bob")):
        with pytest.raises(Denied):
            await attempt


async def test_the_next_member_owns_a_group_whose_owner_leaves(service: MessageService) -> None:
    id = await new_group(service, ADA, ["bob", "cy"])
    await service.leave(ADA, id)

    await service.add_member(BOB, id, "dee")

    line = await service.conversation(DEE, id)
    assert (line.conversation.owner, line.conversation.members) == (BOB, (BOB, CY, DEE))


async def test_who_leaves_a_pair_finds_it_again_without_what_was_said_before(
    service: MessageService, store: Store
) -> None:
    id = await pair(service)
    await service.leave(ADA, id)
    await eventually(lambda: listed(service, ADA), [])
    assert await service.unread(ADA) == 0

    await service.send(BOB, id, "Ada?")

    assert await texts(service, ADA, id) == ["Ada?"]
    assert (await service.start(ADA, "bob", "Yes?")).conversation == id
    assert await texts(service, BOB, id) == ["Yes?", "Ada?", "Hi", "Hello"]
    assert await differences(store) == []


async def test_one_handle_and_no_title_is_the_conversation_of_the_two(
    service: MessageService,
) -> None:
    id = await new_group(service, ADA, ["bob"])

    await eventually(lambda: listed(service, ADA), [("Bob", "", 0)])
    assert await listed(service, BOB) == []
    assert await new_group(service, BOB, ["ada"]) == id
    assert (await service.start(BOB, "ada", "Hello")).conversation == id


async def test_only_the_owner_writes_where_it_is_announced(service: MessageService) -> None:
    id = await new_group(service, ADA, ["bob", "cy"], title="News", announce_only=True)

    with pytest.raises(Denied):
        await service.send(BOB, id, "Me!")

    await service.send(ADA, id, "Doors open at six")
    assert await texts(service, BOB, id) == ["Doors open at six"]
