"""The headers of a letter: the same ones on every Python, whatever is written into them."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.targets.mail import message
from gatherlog.targets.mail_sender import MailSender
from tests.targets.steering import ENCODED, STEERING

ADA = "ada@example.org"
SENDER = MailSender("Our party", "party@example.org")
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
]


def arrived(
    letter: Letter, policy: email.policy.EmailPolicy, sender: MailSender = SENDER
) -> EmailMessage:
    """The letter as a receiver reads it who is sent the bytes that `policy` makes of it."""
    sent = message(letter, sender, 0).as_bytes(policy=policy)
    read = email.message_from_string(sent.decode(), policy=email.policy.SMTP)
    assert isinstance(read, EmailMessage)
    return read


def in_one_line(text: str) -> str:
    """With a space for whatever is not printable, and one for several: folding may add more."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


pytestmark = pytest.mark.parametrize(
    "policy", [email.policy.SMTP, email.policy.SMTPUTF8], ids=["ascii", "utf8"]
)


@pytest.mark.parametrize("steering", STEERING)
@pytest.mark.parametrize("hello", ["Hello", "Grüße"])
def test_what_steers_is_a_space_in_a_subject(
    policy: email.policy.EmailPolicy, hello: str, steering: str
) -> None:
    subject = f"{hello}{steering}Bcc: eve@example.org"

    read = arrived(Letter(to=ADA, subject=subject, text="x\n"), policy)

    assert read.keys() == HEADERS
    assert in_one_line(read["Subject"]) == in_one_line(subject)
    assert read.get_content().splitlines() == ["x"]


@pytest.mark.parametrize("encoded", ENCODED)
@pytest.mark.parametrize("around", ["{}", "Grüße {} aus Köln", "Hello{}"])
def test_an_encoded_word_in_a_subject_is_not_decoded(
    policy: email.policy.EmailPolicy, around: str, encoded: str
) -> None:
    subject = around.format(encoded)

    read = arrived(Letter(to=ADA, subject=subject, text="x\n"), policy)

    assert read.keys() == HEADERS
    assert read["Subject"] == subject.replace("=?", "= ?")
    assert read.get_content().splitlines() == ["x"]


@pytest.mark.parametrize("name", ["Our party", "Grüße, Köln", 'The "Party" \\o/', "x" * 300, ""])
def test_a_senders_name_arrives_as_it_is(policy: email.policy.EmailPolicy, name: str) -> None:
    sender = MailSender(name, "party@example.org")

    [address] = arrived(Letter(to=ADA, subject="x", text="x\n"), policy, sender)["From"].addresses

    assert (address.display_name, address.addr_spec) == (name, "party@example.org")


@pytest.mark.parametrize("steering", [*STEERING, *ENCODED])
@pytest.mark.parametrize("form", ["a{}da@example.org", "ada@{}.example.org"])
def test_an_address_that_steers_a_header_is_refused(
    policy: email.policy.EmailPolicy, form: str, steering: str
) -> None:
    with pytest.raises(Invalid) as invalid:
        arrived(Letter(to=form.format(steering), subject="x", text="x\n"), policy)

    assert [flaw.pointer for flaw in invalid.value.flaws] == ["/email"]


@pytest.mark.parametrize("steering", [*STEERING, *ENCODED])
def test_an_id_that_steers_becomes_a_plain_message_id(
    policy: email.policy.EmailPolicy, steering: str
) -> None:
    read = arrived(Letter(to=ADA, subject="x", text="x\n", id=f"1{steering}2"), policy)

    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in steering)
    assert read.keys() == HEADERS
    assert read["Message-ID"] == f"<1{plain}2@example.org>"


@pytest.mark.parametrize("steering", [*STEERING, *ENCODED])
def test_a_text_becomes_no_header(policy: email.policy.EmailPolicy, steering: str) -> None:
    text = f"{steering}Bcc: eve@example.org{steering}\n"

    read = arrived(Letter(to=ADA, subject="x", text=text), policy)

    assert read.keys() == HEADERS
    assert read.get_content().count("Bcc: eve@example.org") == 1


@given(
    subject=st.text(st.characters()) | st.text("=?utf-8qbQB_0DA\r\n ü"),
    text=st.text(st.characters()),
    name=st.text().filter(str.isprintable),
)
def test_no_text_at_all_adds_a_header(
    policy: email.policy.EmailPolicy, subject: str, text: str, name: str
) -> None:
    sender = MailSender(name.replace("=?", ""), "party@example.org")

    read = arrived(Letter(to=ADA, subject=subject, text=text), policy, sender)

    assert read.keys() == HEADERS
    assert [address.addr_spec for address in read["To"].addresses] == [ADA]


def test_answers_go_to_whoever_the_letter_names(policy: email.policy.EmailPolicy) -> None:
    letter = Letter(to=ADA, subject="Hello", text="x\n", reply_to="olga@example.org")

    assert arrived(letter, policy)["Reply-To"] == "olga@example.org"


@pytest.mark.parametrize("wrong", ["", "olga", "a@example.org, b@example.org", "a\n@example.org"])
def test_nobody_is_named_by_what_is_no_plain_address(
    policy: email.policy.EmailPolicy, wrong: str
) -> None:
    with pytest.raises(Invalid):
        arrived(Letter(to=ADA, subject="Hello", text="x\n", reply_to=wrong), policy)
