"""Mail with a real SMTP server: what arrives, what cannot be injected, and failures."""

import asyncio
import email
import email.policy
import json
import time
import traceback
from email.errors import HeaderParseError
from email.message import EmailMessage

import aiosmtplib
import msgspec
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from gatherlog.apps.people import Letter
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.targets import smtp
from gatherlog.targets.mail import message
from gatherlog.targets.mail_sender import MailSender
from gatherlog.targets.smtp import SmtpServer
from gatherlog.targets.smtp_failures import failure
from tests.targets.conftest import SENDER, PostOffice, mailer_at

ADA = "ada@example.org"
HELLO = Letter(to=ADA, subject="Hello", text="Good day.\n")


def read(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    read = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
    assert isinstance(read, EmailMessage)
    return read


def reasons(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["reason"] for line in lines]


async def delivered(office: PostOffice, letter: Letter, lines: list[bytes]) -> list[Envelope]:
    async with mailer_at(office.url, lines) as mailer:
        mailer.send(letter)
    return office.letters


async def test_a_letter_arrives_as_it_was_written(office: PostOffice, lines: list[bytes]) -> None:
    letter = Letter(to=ADA, subject="Grüße aus Köln", text="Zoë,\n\n.dots.\nDo come – 你好\n")

    [envelope] = await delivered(office, letter, lines)
    arrived = read(envelope)

    assert (envelope.mail_from, envelope.rcpt_tos) == ("party@example.org", [ADA])
    assert (arrived["From"], arrived["To"]) == (SENDER, ADA)
    assert arrived["Subject"] == "Grüße aus Köln"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Message-ID"].endswith("@example.org>")
    assert arrived.get_content().splitlines() == letter.text.splitlines()
    assert lines == []


@pytest.mark.parametrize(
    "subject",
    [
        "Hello\r\nBcc: eve@example.org",
        "Hello\nBcc: eve@example.org",
        "Hello\rBcc: eve@example.org",
        "Hello\x00\r\n\r\nBcc: eve@example.org",
        "Hello\u2028Bcc: eve@example.org\x0b\x0c\x85",
        "=?utf-8?q?Hello=0D=0ABcc:_eve@example.org?=",
        "\r\n\r\n" + "x" * 3000 + "\r\nBcc: eve@example.org",
        "ü" * 500 + "\r\nBcc: eve@example.org",
    ],
)
async def test_a_subject_cannot_become_a_header(
    office: PostOffice, lines: list[bytes], subject: str
) -> None:
    [envelope] = await delivered(office, Letter(to=ADA, subject=subject, text="x\n"), lines)
    arrived = read(envelope)

    assert envelope.rcpt_tos == [ADA]
    assert sorted(arrived.keys()) == sorted(read_headers())
    assert arrived.get_content().strip() == "x"


def read_headers() -> list[str]:
    return list(message(HELLO, MailSender.from_text(SENDER), 0).keys())


@pytest.mark.parametrize(
    "text",
    [
        "bye\r\n.\r\nMAIL FROM:<e@example.org>\r\nRCPT TO:<e@example.org>\r\nDATA\r\nhi\r\n.\r\n",
        "bye\n.\nMAIL FROM:<eve@example.org>\n",
        "bye\r.\rMAIL FROM:<eve@example.org>\r",
        "bye\x00\x1b[2J\r\n.\r\n",
    ],
)
async def test_a_text_cannot_end_its_letter_and_begin_another(
    office: PostOffice, lines: list[bytes], text: str
) -> None:
    [envelope] = await delivered(office, Letter(to=ADA, subject="x", text=text), lines)

    content = read(envelope).get_content()

    assert envelope.rcpt_tos == [ADA]
    assert [line.strip() for line in content.splitlines()] == [
        "".join(c if c.isprintable() else " " for c in line).strip() for line in text.splitlines()
    ]


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.org\r\nRCPT TO:<eve@example.org>",
        "ada@example.org>\r\nDATA",
        "ada@example.org, eve@example.org",
        "ada@example.org\x00",
        "Ada <ada@example.org>",
        "",
    ],
)
async def test_nothing_is_sent_to_anything_but_a_single_address(
    office: PostOffice, lines: list[bytes], to: str
) -> None:
    letters = await delivered(office, Letter(to=to, subject="x", text="x\n"), lines)

    assert letters == []
    assert reasons(lines) == ["address"]


async def test_an_address_beyond_ascii_is_reached(office: PostOffice, lines: list[bytes]) -> None:
    [envelope] = await delivered(
        office, Letter(to="jürgen@bücher.example", subject="x", text="x\n"), lines
    )

    assert envelope.rcpt_tos == ["jürgen@xn--bcher-kva.example"]
    assert isinstance(envelope.content, bytes)
    assert "\r\nTo: jürgen@xn--bcher-kva.example\r\n".encode() in envelope.content


@pytest.mark.parametrize(
    "to", ["ada@bücher.example", "Ada@BÜCHER.example", "ada@xn--bcher-kva.example"]
)
async def test_a_domain_goes_out_in_ascii_to_any_server(
    ascii_office: PostOffice, lines: list[bytes], to: str
) -> None:
    letter = Letter(to=to, subject="Grüße", text="Zoë\n")

    [envelope] = await delivered(ascii_office, letter, lines)

    assert (envelope.rcpt_tos, lines) == (["ada@xn--bcher-kva.example"], [])
    assert isinstance(envelope.content, bytes)
    assert b"\r\nTo: ada@xn--bcher-kva.example\r\n" in envelope.content
    assert read(envelope)["Subject"] == "Grüße"


async def test_a_server_without_smtputf8_is_the_reason_why_a_letter_is_not_sent(
    ascii_office: PostOffice, lines: list[bytes]
) -> None:
    letter = Letter(to="jürgen@bücher.example", subject="x", text="x\n")

    async with mailer_at(ascii_office.url, lines, pauses=(0.01,)) as mailer:
        with pytest.raises(DeliveryFailed) as failed:
            await mailer.deliver(letter)
        mailer.send(letter)
        mailer.send(HELLO)

    assert (failed.value.kind, failed.value.final) == ("smtp_utf8", True)
    assert str(failed.value) == (
        "the mail server takes no addresses beyond ASCII (it lacks SMTPUTF8)"
    )
    assert [envelope.rcpt_tos for envelope in ascii_office.letters] == [[ADA]]
    assert mailer.not_sent == {"smtp_utf8": 1}
    [line] = map(json.loads, lines)
    assert (line["reason"], line["detail"]) == ("smtp_utf8", str(failed.value))
    assert "rgen" not in "".join(traceback.format_exception(failed.value)) + str(line)


@pytest.mark.parametrize(
    ("sender", "envelope_from", "shown"),
    [
        ("Grüße, Köln <us@bücher.example>", None, None),
        ('"Grüße, Köln" <us@bücher.example>', "us@xn--bcher-kva.example", "Grüße, Köln"),
        ("us@bücher.example (Our \u738b party)", "us@xn--bcher-kva.example", "Our \u738b party"),
        ('"our party"@example.org', '"our party"@example.org', ""),
    ],
)
async def test_letters_of_any_sender_arrive(
    ascii_office: PostOffice,
    lines: list[bytes],
    sender: str,
    envelope_from: str | None,
    shown: str | None,
) -> None:
    server = SmtpServer.from_url(ascii_office.url)
    if envelope_from is None:
        with pytest.raises(Invalid):
            smtp.SmtpMailer(server, sender, clock=system_clock, sink=lines.append)
        return
    mailer = smtp.SmtpMailer(server, sender, clock=system_clock, sink=lines.append)
    await mailer.deliver(HELLO)
    await mailer.close()

    [envelope] = ascii_office.letters
    [address] = read(envelope)["From"].addresses
    assert (envelope.mail_from, address.addr_spec) == (envelope_from, envelope_from)
    assert address.display_name == shown


async def test_a_server_that_is_busy_is_asked_again(office: PostOffice, lines: list[bytes]) -> None:
    office.answers = ["450 later", "451 later", "250 now"]

    async with mailer_at(office.url, lines, pauses=(0.01, 0.01)) as mailer:
        mailer.send(HELLO)

    assert [envelope.rcpt_tos for envelope in office.letters] == [[ADA]]
    assert lines == []


async def test_a_letter_that_is_refused_for_good_is_not_sent_again(
    office: PostOffice, lines: list[bytes]
) -> None:
    office.answers = [f"550 no mailbox {ADA}"]

    async with mailer_at(office.url, lines, pauses=(0.01, 0.01)) as mailer:
        mailer.send(HELLO)

    assert office.letters == []
    assert reasons(lines) == ["smtp_refused"]
    assert ADA.encode() not in b"".join(lines)


async def test_deliver_returns_once_the_server_has_accepted_the_letter(
    office: PostOffice, lines: list[bytes]
) -> None:
    async with mailer_at(office.url, lines) as mailer:
        await mailer.deliver(HELLO)

        assert [envelope.rcpt_tos for envelope in office.letters] == [[ADA]]


async def test_a_letter_delivered_twice_has_one_message_id(
    office: PostOffice, lines: list[bytes]
) -> None:
    async with mailer_at(office.url, lines) as mailer:
        for id in ("0b6c-1", "0b6c-1", None, None, "a>\r\nBcc: b@c"):
            await mailer.deliver(msgspec.structs.replace(HELLO, id=id))

    first, again, one, other, odd = (read(letter)["Message-ID"] for letter in office.letters)
    assert first == again == "<0b6c-1@example.org>"
    assert len({first, one, other}) == 3
    assert odd == "<a---Bcc--b-c@example.org>"


@pytest.mark.parametrize(
    ("answer", "kind", "final", "detail"),
    [
        ("550 5.1.1 <{}> is unknown", "smtp_refused", True, "550 5.1.1"),
        ("553 no such user {}", "smtp_refused", True, "553"),
        ("451 4.7.1 greylisted", "smtp_later", False, "451 4.7.1"),
        ("421 {} is too much", "smtp_later", False, "421"),
    ],
)
async def test_a_refusal_is_reported_by_its_numbers_and_never_by_the_address(
    office: PostOffice, lines: list[bytes], answer: str, kind: str, final: bool, detail: str
) -> None:
    office.answers = [answer.format(ADA)]

    async with mailer_at(office.url, lines, pauses=(0.01,)) as mailer:
        with pytest.raises(DeliveryFailed) as failed:
            await mailer.deliver(HELLO)

    assert (failed.value.kind, failed.value.final) == (kind, final)
    assert str(failed.value).endswith(f": {detail}")
    assert ADA not in "".join(traceback.format_exception(failed.value))
    assert (office.letters, lines) == ([], [])


@pytest.mark.parametrize(
    ("error", "kind", "final"),
    [
        (aiosmtplib.SMTPDataError(554, "spam"), "smtp_refused", True),
        (aiosmtplib.SMTPDataError(452, "full"), "smtp_later", False),
        (aiosmtplib.SMTPAuthenticationError(535, "5.7.8 no"), "smtp_config", False),
        (aiosmtplib.SMTPSenderRefused(550, "no", SENDER), "smtp_config", False),
        (aiosmtplib.SMTPConnectResponseError(554, "go away"), "smtp_config", False),
        (aiosmtplib.SMTPConnectResponseError(421, "busy"), "smtp_later", False),
        (aiosmtplib.SMTPException("STARTTLS is not supported"), "smtp_config", False),
        (aiosmtplib.SMTPNotSupported("SMTPUTF8"), "smtp_refused", True),
        (aiosmtplib.SMTPConnectTimeoutError("slow"), "timeout", False),
        (aiosmtplib.SMTPServerDisconnected("gone"), "unreachable", False),
        (ConnectionResetError(), "unreachable", False),
        (TimeoutError(), "timeout", False),
        (ValueError("odd"), "address", True),
        (HeaderParseError("odd"), "address", True),
    ],
)
def test_only_what_is_about_this_letter_is_final(error: Exception, kind: str, final: bool) -> None:
    failed = failure(error)

    assert (failed.kind, failed.final) == (kind, final)


async def test_a_letter_to_no_single_address_is_given_up_at_once(
    office: PostOffice, lines: list[bytes]
) -> None:
    async with mailer_at(office.url, lines) as mailer:
        with pytest.raises(DeliveryFailed) as failed:
            await mailer.deliver(Letter(to=f"{ADA}, eve@example.org", subject="x", text="x\n"))

    assert (failed.value.kind, failed.value.final) == ("address", True)
    assert ADA not in "".join(traceback.format_exception(failed.value))


async def test_a_server_that_is_down_or_silent_is_retried(
    lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    over = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    monkeypatch.setattr(smtp, "TIMEOUT", 0.1)
    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    kinds = []
    for port in (server.sockets[0].getsockname()[1], 1):
        async with mailer_at(f"smtp://127.0.0.1:{port}", lines) as mailer:
            with pytest.raises(DeliveryFailed) as failed:
                await mailer.deliver(HELLO)
        kinds.append((failed.value.kind, failed.value.final))
    over.set()
    server.close()

    assert kinds == [("timeout", False), ("unreachable", False)]


async def test_a_letter_is_accepted_whatever_the_server_answers_to_quit(
    office: PostOffice, lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    over = asyncio.Event()

    async def say_nothing(server: SMTP, session: Session, envelope: Envelope) -> str:
        await over.wait()
        return "221 at last"

    monkeypatch.setattr(office, "handle_QUIT", say_nothing, raising=False)
    monkeypatch.setattr(smtp, "QUIT_SECONDS", 0.05)
    async with mailer_at(office.url, lines) as mailer:
        await mailer.deliver(HELLO)
    over.set()

    assert [envelope.rcpt_tos for envelope in office.letters] == [[ADA]]


async def test_a_letter_that_fails_does_not_stop_others(
    office: PostOffice, lines: list[bytes]
) -> None:
    async with mailer_at(office.url, lines) as mailer:
        for number in range(20):
            to = "no address" if number % 2 else f"guest{number}@example.org"
            mailer.send(Letter(to=to, subject="x", text="x\n"))

    arrived = sorted(envelope.rcpt_tos[0] for envelope in office.letters)
    assert arrived == sorted(f"guest{number}@example.org" for number in range(0, 20, 2))
    assert reasons(lines) == ["address"] * 10


async def test_a_server_that_is_down_is_given_up_with_a_line_that_names_nobody(
    lines: list[bytes],
) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    async with mailer_at(f"smtp://127.0.0.1:{port}", lines, pauses=(0.01,)) as mailer:
        mailer.send(HELLO)

    assert reasons(lines) == ["unreachable"]
    assert ADA.encode() not in b"".join(lines)


async def test_sending_in_the_background_never_waits_for_a_silent_server(
    lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "CLOSE_SECONDS", 0.2)
    silent = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    started = time.perf_counter()
    async with mailer_at(f"smtp://127.0.0.1:{port}", lines) as mailer:
        for _ in range(100):
            mailer.send(HELLO)
        handed_over = time.perf_counter() - started
        await asyncio.sleep(0.05)
    silent.set()
    server.close()

    assert handed_over < 0.5
    assert time.perf_counter() - started < 10


async def test_letters_beyond_the_queue_are_dropped_with_a_line(
    lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "QUEUE", 5)
    async with mailer_at("smtp://127.0.0.1:1", lines) as mailer:
        for _ in range(smtp.QUEUE + 3):
            mailer.send(HELLO)

        assert reasons(lines) == ["too many letters wait"] * 3
        assert mailer.not_sent == {"queue_full": 3}


async def test_a_closed_mailer_sends_nothing(office: PostOffice, lines: list[bytes]) -> None:
    async with mailer_at(office.url, lines) as mailer:
        await mailer.close()
        mailer.send(HELLO)

    assert office.letters == []
    assert reasons(lines) == ["closed"]


@pytest.mark.parametrize(
    ("url", "server", "start_tls"),
    [
        ("smtp://mail.example", SmtpServer(host="mail.example", port=25), None),
        ("smtp://mail.example:2525", SmtpServer(host="mail.example", port=2525), None),
        ("smtps://mail.example", SmtpServer(host="mail.example", port=465, tls=True), False),
        (
            "smtp://party:p%40ss@mail.example",
            SmtpServer(host="mail.example", port=587, username="party", password="p@ss"),
            True,
        ),
        (
            "smtp://party:x@127.0.0.1:1025",
            SmtpServer(host="127.0.0.1", port=1025, username="party", password="x"),
            None,
        ),
    ],
)
def test_a_url_is_read_into_the_address_of_a_server(
    url: str, server: SmtpServer, start_tls: bool | None
) -> None:
    assert SmtpServer.from_url(url) == server
    assert server.start_tls is start_tls
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    "url", ["", "mail.example", "http://x", "smtp://", "smtp://x:port", "smtp://x/y"]
)
def test_an_invalid_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever the parser says
        SmtpServer.from_url(url)


def test_a_message_to_nobody_is_invalid() -> None:
    with pytest.raises(Invalid):
        message(Letter(to="", subject="x", text="x"), MailSender.from_text(SENDER), 0)
