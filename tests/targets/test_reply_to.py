"""To whom answers to a letter go, where addresses are beyond ASCII."""

import pytest

from gatherlog.core.subscriptions.letters import Letter
from gatherlog.targets.mail import message
from gatherlog.targets.mail_sender import MailSender


@pytest.mark.parametrize(
    ("to", "reply_to", "header"),
    [
        ("ada@example.org", "olga@bücher.example", "olga@xn--bcher-kva.example"),
        ("ada@example.org", "jürgen@example.org", None),
        ("zoë@example.org", "jürgen@example.org", "jürgen@example.org"),
    ],
)
def test_the_address_for_answers_asks_no_more_of_a_server_than_the_letter(
    to: str, reply_to: str, header: str | None
) -> None:
    letter = Letter(to=to, subject="Hello", text="x\n", reply_to=reply_to)

    assert message(letter, MailSender("Us", "party@example.org"), 0)["Reply-To"] == header
