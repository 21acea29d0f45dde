"""Settings: read from the environment, overridden by flags, refused if invalid."""

import pytest

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.settings import Settings


def test_the_defaults_serve_this_machine_only() -> None:
    settings = Settings.from_environment({})

    assert settings == Settings(
        store="sqlite:///gatherlog.db", host="127.0.0.1", port=8000, public_url=None
    )
    assert settings.base_url == "http://127.0.0.1:8000"


def test_flags_override_the_environment() -> None:
    environ = {
        "GATHERLOG_STORE": "memory:",
        "GATHERLOG_HOST": "0.0.0.0",
        "GATHERLOG_PORT": "9000",
        "GATHERLOG_PUBLIC_URL": "https://party.example/",
        "GATHERLOG_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
        "GATHERLOG_CURRENCY": "EUR",
        "GATHERLOG_UNKNOWN": "x",
    }

    settings = Settings.from_environment(environ, port=0, demo=True)

    assert settings == Settings(
        store="memory:",
        host="0.0.0.0",
        port=0,
        public_url="https://party.example/",
        trusted_proxies=("10.0.0.1", "10.0.0.2"),
        currency="EUR",
        demo=True,
    )
    assert settings.base_url == "https://party.example"


def test_an_empty_variable_counts_as_none() -> None:
    assert Settings.from_environment({"GATHERLOG_PORT": ""}) == Settings()


def test_an_address_of_ip_6_stands_in_brackets() -> None:
    assert Settings(host="::1", port=80).base_url == "http://[::1]:80"


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("STORE", "gatherlog.db", "/store"),
        ("INTAKE_TYPES", "[A-Z", "/intake_types"),
        ("INTAKE_QUEUES", "Orders!", "/intake_queues"),
        ("INTAKE_QUEUES", "orders=Log", "/intake_queues"),
        ("STORE", "sqlite:///", "/store"),
        ("STORE", "oracle://x", "/store"),
        ("PORT", "http", "/port"),
        ("PORT", "65536", "/port"),
        ("PORT", "-1", "/port"),
        ("PUBLIC_URL", "party.example", "/public_url"),
        ("PUBLIC_URL", "https://", "/public_url"),
        ("PUBLIC_URL", "https://[", "/public_url"),
        ("PUBLIC_URL", "https://party.example/?a=b", "/public_url"),
        ("CURRENCY", "euro", "/currency"),
        ("CURRENCY", "eur", "/currency"),
        ("CURRENCY", "<b>", "/currency"),
    ],
)
def test_invalid_settings_are_refused_by_name(name: str, value: str, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        Settings.from_environment({f"GATHERLOG_{name}": value})

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]
