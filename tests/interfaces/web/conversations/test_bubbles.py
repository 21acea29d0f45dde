"""Messages as a conversation shows them: days, the line above the new ones, what may be done."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gatherlog.apps.messages import Message, Person, ShownMessage
from gatherlog.core.eventstore.clock import to_micros
from gatherlog.interfaces.web.conversations.bubbles import Reader, bubbles

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000_000
NOON = to_micros(datetime(2026, 6, 6, 12, 0, tzinfo=BERLIN))


def shown(number: int, author: str, *, hours_ago: int = 0, **fields: Any) -> ShownMessage:
    text = fields.pop("text", f"{number}")
    message = Message(
        id=f"00000000-0000-7000-8000-00{number:010x}",
        author=author,
        text=text,
        sent_at=NOON - hours_ago * HOUR,
        **fields,
    )
    return ShownMessage("talk", message, Person(id=author, display_name=author.capitalize()))


def reader(**fields: Any) -> Reader:
    return Reader(account="ada", now=NOON, zone=BERLIN, **fields)


def test_each_day_is_named_once_above_its_first_message() -> None:
    hours = (60, 13, 12, 1, 0)
    made = bubbles([shown(n, "bob", hours_ago=ago) for n, ago in enumerate(hours, 1)], reader())

    headings = [one.heading.replace("\N{NO-BREAK SPACE}", " ") for one in made]
    assert headings == ["Thursday, 4 June", "Yesterday", "Today", "", ""]


def test_the_line_stands_above_the_first_new_message_by_another() -> None:
    said = [shown(n, author) for n, author in enumerate(("bob", "bob", "ada", "bob", "bob"), 1)]

    for read, new in ((None, []), (0, [1]), (2, [4]), (4, [5]), (5, [])):
        made = bubbles(said, reader(read=read))
        assert [one.number for one in made if one.is_first_new] == new
    later = bubbles(said[2:], reader(read=1))
    assert [one.number for one in later if one.is_first_new] == []


def test_the_last_message_that_the_other_has_read_says_so() -> None:
    said = [shown(n, author) for n, author in enumerate(("ada", "bob", "ada", "ada"), 1)]

    for seen, marked in ((0, []), (1, [1]), (2, [1]), (3, [3]), (9, [4])):
        made = bubbles(said, reader(seen=seen))
        assert [one.number for one in made if one.is_last_seen] == marked


def test_ones_own_messages_are_edited_for_a_day_and_those_of_others_reported() -> None:
    said = [
        shown(1, "ada", hours_ago=25),
        shown(2, "ada", hours_ago=24),
        shown(3, "bob"),
        shown(4, "ada", text="", deleted_at=NOON),
        shown(5, "bob", text=""),
        shown(6, "ada", edited_at=NOON),
    ]

    made = bubbles(said, reader())

    assert [one.change for one in made] == ["delete", "edit", "report", "", "report", "edit"]
    assert [one.state for one in made] == ["text", "text", "text", "deleted", "gone", "text"]
    assert [one.is_edited for one in made] == [False] * 5 + [True]
