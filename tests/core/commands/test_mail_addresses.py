"""Mail addresses: what is refused and why, which are one address, and where mail goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.commands.mail_addresses import (
    compared,
    normal_form,
    sent_to,
    why_no_address,
)

NONE = "is not an email address; one looks like ada@example.org"
BEYOND = (
    "has a domain that cannot be: a part of it is too long, or has a character that it may not have"
)
LETTERS = "has a domain that cannot be: its parts are letters, digits and hyphens, up to 63 of them"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ada", NONE),
        ("", NONE),
        ("ada@example", NONE),
        ("ada@example..org", NONE),
        ("ada@@example.org", NONE),
        ("Ada <ada@example.org>", NONE),
        ("a da@example.org", NONE),
        ("=?utf-8?q?ada?=@example.org", NONE),
        ("ada\u200b@example.org", NONE),
        ("\ud800@example.org", NONE),
        (".ada@example.org", "has a dot where none may be before the @"),
        ("ada.@example.org", "has a dot where none may be before the @"),
        ("a..da@example.org", "has a dot where none may be before the @"),
        ('"ada lovelace"@example.org', "has a quoted part before the @, which is not taken here"),
        ("a" * 65 + "@example.org", "has more than 64 bytes before the @"),
        ("ä" * 33 + "@example.org", "has more than 64 bytes before the @"),
        (f"ada@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.example.org", "has more than 254 bytes"),
        (f"ada@{'ä' * 56}.{'ö' * 56}.{'ü' * 56}.{'ß' * 56}.org", BEYOND),
        ("ada@" + "a" * 64 + ".org", LETTERS),
        ("ada@ex_ample.org", LETTERS),
        ("ada@-example.org", LETTERS),
        ("ada@example-.org", LETTERS),
        ("ada@xn--.org", BEYOND),
        ("ada@xn--a.org", BEYOND),
        ("ada@xn--ls8h.la", BEYOND),
        ("ada@\U0001f4a9.la", BEYOND),
        ("ada@bü_cher.example", BEYOND),
        ("ada@\u0301x.org", BEYOND),
        ("ada@a\u05d0.org", BEYOND),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(address: str, reason: str) -> None:
    assert why_no_address(address) == reason


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("a" * 64 + "@Example.ORG", "a" * 64 + "@example.org"),
        ("Ada@bücher.example", "Ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@BU\u0308CHER.example", "ada@xn--bcher-kva.example"),
        ("ada@faß.example", "ada@xn--fa-hia.example"),
        ("ada@例え\u3002テスト.example", "ada@xn--r8jz45g.xn--zckzah.example"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
        ("o'neil+x=y@r3---sn.example.org", "o'neil+x=y@r3---sn.example.org"),
    ],
)
def test_mail_goes_out_to_the_domain_in_ascii(address: str, sent: str) -> None:
    assert (why_no_address(address), sent_to(address)) == (None, sent)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@example.org", "ADA@EXAMPLE.ORG"),
        ("ada@bücher.example", "Ada@XN--BCHER-KVA.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("jürgen@example.org", "JU\u0308RGEN@example.org"),
    ],
)
def test_one_address_in_two_forms_is_one(one: str, other: str) -> None:
    assert compared(one) == compared(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@example.org", "ada@ex\u0430mple.org"),
        ("ad\u0430@example.org", "ada@example.org"),
        ("ada@faß.example", "ada@fass.example"),
        ("straße@example.org", "strasse@example.org"),
        ("mıke@example.org", "mike@example.org"),
        ("jürgen@example.org", "jurgen@example.org"),
        ("a.da@example.org", "ada@example.org"),
        ("ada+x@example.org", "ada@example.org"),
    ],
)
def test_addresses_that_only_look_alike_are_two(one: str, other: str) -> None:
    assert compared(one) != compared(other)
    assert normal_form(one) != normal_form(other)


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_an_address_has_one_form_for_each_purpose(local: str, domain: str) -> None:
    address = f"{local}@{domain}.org"
    assert isinstance(compared(address), str)
    if why_no_address(address) is not None:
        return
    normal = normal_form(address)
    assert why_no_address(normal) is None
    assert (normal_form(normal), sent_to(normal)) == (normal, sent_to(normal))
    assert compared(normal) == compared(address) == compared(sent_to(normal))
    assert sent_to(normal).rpartition("@")[2].isascii()


def test_a_long_text_is_refused_at_once() -> None:
    assert why_no_address("a" * 1_000_000) == "has more than 254 bytes"
    assert why_no_address("a." * 120) == NONE
    assert compared("ü" * 100_000 + "@" + "ü" * 100_000)
