"""The target that is an e-mail address: the text of letters, and which addresses are refused."""

from typing import Any

import pytest

from gatherlog.core import Recorded
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.targets.letters import LONGEST_TEXT, LetterTarget, check_letter
from gatherlog.targets.mail import NoMail

ID = "0b6c2f0e-1f1c-5a7b-9a55-3c4a1d2e5f60"


class RecordingTransport:
    """A `MailTransport` that keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def deliver(self, letter: Letter) -> None:
        self.letters.append(letter)


def event(**given: Any) -> Recorded:
    plain: dict[str, Any] = {
        "partition": 0,
        "position": 7,
        "stream": "thing-42",
        "version": 3,
        "id": "e1",
        "type": "things.seat_taken",
        "time": 1_800_000_000_000_000,
        "recorded": 1_800_000_000_000_000,
        "data": b'{"seats":2,"who":{"name":"Zo\xc3\xab"}}',
        "schema": 1,
        "subject": "s1",
        "meta": b'{"actor":"key:1"}',
    }
    return Recorded(**plain | given)


async def written(given: object = None, **about: Any) -> Letter:
    transport = RecordingTransport()
    target = LetterTarget(transport, "ada@example.org", "A seat")
    await target.deliver([Delivery(id=ID, rule="seats/mail", event=event(**about), input=given)])
    await target.close()
    [letter] = transport.letters
    return letter


async def test_the_letter_carries_the_rules_address_and_subject_and_the_deliverys_id() -> None:
    assert await written("Hello.\n") == Letter(
        to="ada@example.org", subject="A seat", text="Hello.\n", id=ID
    )


async def test_an_input_that_is_text_is_the_letter() -> None:
    assert (await written("")).text == ""
    assert (await written("line\n\nline")).text == "line\n\nline"


async def test_any_other_input_is_readable_json() -> None:
    assert (await written({"who": "Zoë", "n": [1]})).text == (
        '{\n  "who": "Zoë",\n  "n": [\n    1\n  ]\n}\n'
    )
    assert (await written(0)).text == "0\n"


async def test_without_an_input_the_letter_summarises_the_event() -> None:
    assert (await written()).text == (
        "things.seat_taken\n\n"
        "stream:  thing-42, version 3\n"
        "time:    2027-01-15T08:00:00.000000Z\n"
        "subject: s1\n"
        "by:      key:1\n\n"
        '{\n  "seats": 2,\n  "who": {\n    "name": "Zoë"\n  }\n}\n'
    )


async def test_a_summary_leaves_out_what_is_not_recorded() -> None:
    text = (await written(subject="", meta=b"", data=b"{}")).text

    assert text.splitlines()[2:] == [
        "stream:  thing-42, version 3",
        "time:    2027-01-15T08:00:00.000000Z",
        "",
        "{}",
    ]


async def test_data_that_is_no_json_is_in_the_letter_too() -> None:
    assert (await written(data=b"\xff\x00")).text.endswith('{\n  "base64": "/wA="\n}\n')


async def test_a_long_letter_is_cut() -> None:
    text = (await written("x" * 2_000_000)).text

    assert text.startswith("x" * LONGEST_TEXT + "\n\n(This is longer")
    assert len(text) < LONGEST_TEXT + 200


async def test_a_site_without_mail_gives_the_delivery_up_with_that_reason() -> None:
    target = LetterTarget(NoMail(), "ada@example.org", "A seat")

    with pytest.raises(DeliveryFailed) as failed:
        await target.deliver([Delivery(id=ID, rule="seats/mail", event=event())])

    assert (failed.value.kind, failed.value.final) == ("no_mail", True)
    assert str(failed.value) == "this site has no mail server"


@pytest.mark.parametrize("to", ["ada@example.org", "jürgen@bücher.example", "a+b@x.y.example"])
def test_a_plain_address_and_a_subject_are_fine(to: str) -> None:
    check_letter(to, "Grüße – 你好")


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ada",
        " ada@example.org",
        "ada@example.org\n",
        "Ada <ada@example.org>",
        "ada@example.org, eve@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\x00",
        "ada@" + "x" * 300 + ".example",
    ],
)
def test_anything_but_one_plain_address_is_a_flaw(to: str) -> None:
    with pytest.raises(Invalid) as invalid:
        check_letter(to, "Hello")

    assert [flaw.pointer for flaw in invalid.value.flaws] == ["/to"]


@pytest.mark.parametrize(
    "subject",
    ["", " ", "Hello\r\nBcc: eve@example.org", "Hello\nX", "\x00", "a\u2028b", "\u202e", "x" * 201],
)
def test_a_subject_that_is_empty_long_or_more_than_one_line_is_a_flaw(subject: str) -> None:
    with pytest.raises(Invalid) as invalid:
        check_letter("ada@example.org", subject)

    assert [flaw.pointer for flaw in invalid.value.flaws] == ["/subject"]


def test_all_flaws_are_reported_at_once() -> None:
    with pytest.raises(Invalid) as invalid:
        check_letter("nobody", "")

    assert [flaw.pointer for flaw in invalid.value.flaws] == ["/to", "/subject"]
