"""The demo's mailbox, and signing in with a mailbox, with a server, and without mail."""

import time

import pytest

from gatherlog.apps.people import Letter
from gatherlog.bootstrap import start
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.settings import Settings
from gatherlog.targets import smtp
from gatherlog.targets.mail import KEPT, Delivered, Mailbox, NoMail
from gatherlog.testing import StandingClock
from tests.targets.conftest import SENDER, PostOffice


def letter(number: int) -> Letter:
    return Letter(to="ada@example.org", subject=f"{number}", text="x")


def test_the_mailbox_shows_the_newest_letter_first() -> None:
    clock = StandingClock()
    mailbox = Mailbox(clock)

    mailbox.send(letter(1))
    clock.advance(hours=1)
    mailbox.send(letter(2))

    assert mailbox.letters() == [
        Delivered("ada@example.org", "2", "x", clock()),
        Delivered("ada@example.org", "1", "x", clock() - 3_600_000_000),
    ]


def test_the_mailbox_forgets_the_oldest_letters() -> None:
    mailbox = Mailbox(StandingClock())

    for number in range(KEPT + 5):
        mailbox.send(letter(number))

    assert len(mailbox.letters()) == KEPT
    assert mailbox.letters()[-1].subject == "5"


async def test_a_delivered_letter_is_in_the_mailbox() -> None:
    clock = StandingClock()
    mailbox = Mailbox(clock)

    await mailbox.deliver(letter(1))

    assert mailbox.letters() == [Delivered("ada@example.org", "1", "x", clock())]


async def test_the_mailbox_refuses_what_a_server_would_refuse() -> None:
    mailbox = Mailbox(StandingClock())

    with pytest.raises(DeliveryFailed) as failed:
        await mailbox.deliver(Letter(to="ada, eve", subject="x", text="x"))

    assert (failed.value.kind, failed.value.final) == ("address", True)
    assert mailbox.letters() == []


async def test_a_demo_mails_into_its_mailbox() -> None:
    platform = await start(Settings(store="memory:", demo=True))

    await platform.accounts.request_code("ada@example.org")

    assert platform.mailbox is not None
    assert [letter.to for letter in platform.mailbox.letters()] == ["ada@example.org"]
    await platform.stop()


async def test_without_a_server_nothing_is_sent_and_nobody_notices() -> None:
    platform = await start(Settings(store="memory:"))

    await platform.accounts.request_code("ada@example.org")

    assert isinstance(platform.mailer, NoMail)
    assert platform.mailbox is None
    await platform.stop()


async def test_with_a_server_the_code_arrives_there_and_signs_in(office: PostOffice) -> None:
    platform = await start(Settings(store="memory:", smtp_url=office.url, mail_from=SENDER))

    await platform.accounts.request_code("ada@example.org")
    await office.arrived.wait()
    [envelope] = office.letters
    assert isinstance(envelope.content, bytes)
    code = envelope.content.partition(b"\r\n\r\n")[2][:6].decode()
    token = await platform.accounts.start_session("ada@example.org", code)

    assert await platform.accounts.session(token) is not None
    await platform.stop()


async def test_a_server_that_is_down_changes_neither_answer_nor_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "CLOSE_SECONDS", 0.1)
    settings = Settings(store="memory:", smtp_url="smtp://127.0.0.1:1", mail_from=SENDER)
    platform = await start(settings)
    await platform.accounts.issue_code("first@example.org")  # the key is made now

    started = time.perf_counter()
    for number in range(50):
        await platform.accounts.request_code(f"guest{number}@example.org")

    assert time.perf_counter() - started < 2
    await platform.stop()


@pytest.mark.parametrize(
    ("variables", "pointers"),
    [
        ({"SMTP_URL": "mail.example", "MAIL_FROM": "a@b.c"}, ["/smtp_url"]),
        ({"SMTP_URL": "smtp://mail.example"}, ["/mail_from"]),
        ({"SMTP_URL": "smtp://h:99999", "MAIL_FROM": "a@b.c"}, ["/smtp_url"]),
        ({"MAIL_FROM": "nobody"}, ["/mail_from"]),
        ({"CONTACT": "nobody"}, ["/contact"]),
        ({"CONTACT": "Office <office@example.org>"}, ["/contact"]),
        ({"MAIL_FROM": "a@b.c\r\nBcc: eve@example.org"}, ["/mail_from"]),
    ],
)
def test_settings_of_mail_that_make_no_sense_are_refused(
    variables: dict[str, str], pointers: list[str]
) -> None:
    with pytest.raises(Invalid) as invalid:
        Settings.from_environment({f"GATHERLOG_{name}": text for name, text in variables.items()})

    assert [flaw.pointer for flaw in invalid.value.flaws] == pointers


def test_settings_of_mail_are_read_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "GATHERLOG_SMTP_URL": "smtps://party:x@mail.example",
            "GATHERLOG_MAIL_FROM": "Our party <party@example.org>",
        }
    )

    assert settings.smtp_url == "smtps://party:x@mail.example"
    assert settings.mail_from == "Our party <party@example.org>"
