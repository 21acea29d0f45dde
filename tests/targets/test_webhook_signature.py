"""Signatures by Standard Webhooks 1.0."""

import base64

import pytest

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.targets.webhook_signature import is_signed, secret_bytes, secret_text, signature

SECRET = b"0123456789abcdef0123456789abcdef"
OTHER = b"fedcba9876543210fedcba9876543210"
NOW = 1_795_521_600
BODY = b'{"name":"Zo\xc3\xab"}'


def signed(*secrets: bytes, body: bytes = BODY, id: str = "d-1", at: int = NOW) -> dict[str, str]:
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(secrets, id, at, body),
    }


def test_a_signature_is_what_openssl_makes_of_id_time_and_body() -> None:
    """printf 'd-1.1795521600.{"name":"Zoë"}' | openssl dgst -sha256 -hmac … -binary | base64"""
    assert (
        signature([SECRET], "d-1", NOW, BODY) == "v1,/+6z/Tdcxd3paFuWVxAoagTLiVNpiRwytl0JyAX50DE="
    )


def test_each_secret_has_a_signature_of_its_own() -> None:
    both = signature([SECRET, OTHER], "d-1", NOW, BODY)

    assert both.split(" ") == [signature([one], "d-1", NOW, BODY) for one in (SECRET, OTHER)]


def test_either_of_two_secrets_on_either_side_is_enough() -> None:
    assert is_signed([SECRET], signed(OTHER, SECRET), BODY, now=NOW)
    assert is_signed([OTHER, SECRET], signed(SECRET), BODY, now=NOW)
    assert not is_signed([OTHER], signed(SECRET), BODY, now=NOW)
    assert not is_signed([], signed(SECRET), BODY, now=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "d-2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": f"0{NOW}"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ä"},
        {"webhook-signature": signed(SECRET)["webhook-signature"].replace("v1,", "v2,")},
        {"webhook-signature": signed(SECRET)["webhook-signature"].lower()},
    ],
)
def test_any_change_invalidates_the_signature(changed: dict[str, str]) -> None:
    assert is_signed([SECRET], signed(SECRET), BODY, now=NOW)
    assert not is_signed([SECRET], signed(SECRET) | changed, BODY, now=NOW)


def test_another_body_or_no_header_is_not_signed() -> None:
    assert not is_signed([SECRET], signed(SECRET), BODY + b" ", now=NOW)
    assert not is_signed([SECRET], {}, BODY, now=NOW)


@pytest.mark.parametrize(("late", "good"), [(0, True), (300, True), (301, False), (-301, False)])
def test_a_signature_is_valid_for_five_minutes(late: int, good: bool) -> None:
    assert is_signed([SECRET], signed(SECRET), BODY, now=NOW + late) == good


def test_a_secret_is_written_as_whsec_and_base64() -> None:
    text = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

    assert secret_text(SECRET) == text
    assert secret_bytes(text) == SECRET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        base64.b64encode(SECRET).decode(),
        secret_text(b"x" * 23),
        secret_text(b"x" * 65),
        secret_text(SECRET)[:-2],
        secret_text(SECRET) + "\n",
        secret_text(SECRET).replace("=", "*"),
        "whsec_äöü",
    ],
)
def test_an_invalid_secret_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        secret_bytes(text)

    assert str(refused.value) == "/secret: a secret reads whsec_, then 24 to 64 bytes in base64"
