"""Whom letters come from: what is read of a setting, and what is refused on every Python alike."""

import pytest

from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.settings import Settings
from gatherlog.targets.mail import message
from gatherlog.targets.mail_sender import MailSender
from gatherlog.targets.smtp import SmtpMailer, SmtpServer
from tests.targets.steering import ENCODED, STEERING

LIKE = "is not like Our party <party@example.org>"


def refusal(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        MailSender.from_text(text)
    return [(flaw.pointer, flaw.detail) for flaw in invalid.value.flaws]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("party@example.org", ""),
        ("<party@example.org>", ""),
        (" Our party <party@example.org> ", "Our party"),
        ("Our party<party@example.org>", "Our party"),
        ("Grüße & Co. (Köln) <party@example.org>", "Grüße & Co. (Köln)"),
        ('"Smith, Jo: all" <party@example.org>', "Smith, Jo: all"),
        ('"The \\"Party\\" \\\\o/"<party@example.org>', 'The "Party" \\o/'),
        ('"" <party@example.org>', ""),
        ('"Us" all <party@example.org>', "Us all"),
        ("J. R. Party <party@example.org>", "J. R. Party"),
        ("party@example.org (Our party)", "Our party"),
        ("(Our) party@example.org (party)", "Our party"),
        ("Us (the (best) \\) hosts) <party@example.org> (again)", "Us (the (best) ) hosts)"),
        ("Us < party@example.org >", "Us"),
        ("Us <(really) party (us) @ example.org>", "Us"),
        ('"party"@example.org', ""),
        ("\u738b <party@example.org>", "\u738b"),
    ],
)
def test_a_sender_is_an_address_with_a_name_or_without(text: str, name: str) -> None:
    assert MailSender.from_text(text) == MailSender(name, "party@example.org")


@pytest.mark.parametrize(
    "address",
    ["root@localhost", "No.Reply+x@Mail.Example.org", "o'neil@example.org", "a=b@example.org"],
)
def test_the_address_of_a_sender_stays_as_it_is_written(address: str) -> None:
    assert MailSender.from_text(f"Us <{address}>") == MailSender("Us", address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "Our party",
        "Our party <>",
        "@example.org",
        "party@",
        "party@example..org",
        "party@[here]",
        "party@[1.2.3]",
        "party@[IPv6:x]",
        "party@example.org.",
        ".party@example.org",
        "par..ty@example.org",
        "(party@example.org)",
        "party@example.org (Us",
        "party@example.org Us)",
        "(" * 5000 + "party@example.org",
        "par (x) ty@example.org",
        '"par"ty@example.org',
        "<<party@example.org>>",
        "Us <party@example.org> <>",
        "Us [all] <party@example.org>",
        "Group: party@example.org;",
        "par ty@example.org",
        "party@example.org, eve@example.org",
        "party@example.org eve@example.org",
        "party@example.org <eve@example.org>",
        "<party@example.org> <eve@example.org>",
        "Our party <party@example.org> and all",
        "Smith, Jo <party@example.org>",
        "Us: all <party@example.org>",
        "Us; all <party@example.org>",
        'Us "all <party@example.org>',
        '"Us\\" <party@example.org>',
        "Our party party@example.org",
        "Our party <party@example.org",
    ],
)
def test_what_is_no_single_sender_is_refused(text: str) -> None:
    assert refusal(text) == [("/mail_from", LIKE)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Us <party@Bücher.example>", "party@xn--bcher-kva.example"),
        ("party@xn--bcher-kva.example", "party@xn--bcher-kva.example"),
        ("party@例え.テスト", "party@xn--r8jz45g.xn--zckzah"),
        ('"our party"@example.org', '"our party"@example.org'),
        ('"a\\"b"@example.org', '"a\\"b"@example.org'),
        ("party . us@example . org", "party.us@example.org"),
        ("party@[192.0.2.1]", "party@[192.0.2.1]"),
        ("party@[ipv6:2001:DB8::1]", "party@[IPv6:2001:db8::1]"),
        ("p" * 64 + "@example.org", "p" * 64 + "@example.org"),
    ],
)
def test_the_address_of_a_sender_goes_out_in_ascii(text: str, address: str) -> None:
    sender = MailSender.from_text(text)
    written = message(Letter(to="ada@example.org", subject="s", text="t"), sender, 0)

    assert (sender.address, written["From"].addresses[0].addr_spec) == (address, address)
    assert written["Message-ID"].endswith(f"@{address.rpartition('@')[2]}>")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "pärty@example.org",
            "has letters beyond ASCII before the @, which many mail servers",
        ),
        ('"pärty us"@example.org', "has letters beyond ASCII before the @, which many mail"),
        ("p" * 65 + "@example.org", "has more than 64 characters before the @"),
        ("party@ex_ample.org", "has a domain that cannot be: its parts are letters, digits and"),
        (
            "party@\U0001f389.example",
            "has a domain that cannot be: a part of it is too long, or",
        ),
        ("party@xn--a.example", "has a domain that cannot be: a part of it is too long, or has"),
    ],
)
def test_settings_with_a_sender_that_cannot_be_are_refused_with_a_sentence(
    text: str, reason: str
) -> None:
    with pytest.raises(Invalid) as invalid:
        Settings.from_environment({"GATHERLOG_MAIL_FROM": f"Us <{text}>"})

    [flaw] = invalid.value.flaws
    assert (flaw.pointer, flaw.detail[: len(reason)]) == ("/mail_from", reason)


@pytest.mark.parametrize("steering", [*STEERING, *ENCODED])
@pytest.mark.parametrize(
    "form", ["Us{}all <us@example.org>", '"Us{}all" <us@example.org>', "us{}@example.org"]
)
def test_a_sender_that_steers_a_header_is_refused(form: str, steering: str) -> None:
    assert refusal(form.format(steering)) == [("/mail_from", LIKE)]


@pytest.mark.parametrize("steering", [*STEERING, *ENCODED])
def test_settings_with_a_sender_that_steers_a_header_are_refused(steering: str) -> None:
    variables = {"GATHERLOG_MAIL_FROM": f"Us{steering}all <us@example.org>"}

    with pytest.raises(Invalid) as invalid:
        Settings.from_environment(variables)

    assert [(flaw.pointer, flaw.detail) for flaw in invalid.value.flaws] == [("/mail_from", LIKE)]


def test_a_mailer_is_not_made_with_a_sender_that_is_refused() -> None:
    server = SmtpServer(host="127.0.0.1", port=1)

    with pytest.raises(Invalid) as invalid:
        SmtpMailer(server, "Us\r\nBcc: eve@example.org", clock=system_clock, sink=print)

    assert [flaw.pointer for flaw in invalid.value.flaws] == ["/mail_from"]


def test_a_letter_that_one_may_end_says_how_in_the_form_of_rfc_8058() -> None:
    letter = Letter(to="ada@x.org", subject="s", text="t", unsubscribe="https://x.org/u/1.ab")

    written = message(letter, MailSender.from_text("party@x.org"), 0)

    assert written["List-Unsubscribe"] == "<https://x.org/u/1.ab>"
    assert written["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
