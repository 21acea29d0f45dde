"""Addresses of stores are taken apart, and addresses that no engine has are refused."""

from pathlib import Path

import pytest

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines import back_up, open_store
from gatherlog.engines.addresses import read_address
from gatherlog.engines.postgres_address import read_place, without_password


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///party.db", "party.db"),
        ("sqlite:////var/lib/party.db", "/var/lib/party.db"),
        ("sqlite:///memory:", "memory:"),
        ("sqlite:///a b#c?d.db", "a b#c?d.db"),
    ],
)
def test_sqlite_names_a_file_as_it_is_written(url: str, file: str) -> None:
    address = read_address(url)

    assert (address.engine, address.place, address.file) == ("sqlite", file, Path(file))
    assert address.is_lasting


@pytest.mark.parametrize(("url", "engine"), [("memory:", "memory"), ("hostile:7", "hostile")])
def test_what_is_in_memory_has_no_file_and_does_not_last(url: str, engine: str) -> None:
    address = read_address(url)

    assert (address.engine, address.file, address.is_lasting) == (engine, None, False)
    assert not address.is_missing


def test_a_store_is_missing_until_its_file_exists(tmp_path: Path) -> None:
    address = read_address(f"sqlite:///{tmp_path / 'party.db'}")
    was_missing = address.is_missing
    (tmp_path / "party.db").touch()

    assert (was_missing, address.is_missing) == (True, False)
    assert address.is_empty
    (tmp_path / "party.db").write_bytes(b"x")
    assert not address.is_empty


@pytest.mark.parametrize(
    "url",
    [
        *("", ":", "party.db", "sqlite", "sqlite:", "sqlite:party.db", "sqlite://party.db"),
        *("sqlite:///", "sqlite:///:memory:", "SQLITE:///party.db", " memory:", "memory"),
        *("memory:///", "memory:party", "hostile", "postgres://localhost/party", "file:///party"),
        *("hostile:", "hostile:x", "hostile:-3", "hostile:1.5", "hostile: 7", "hostile:\u0663"),
    ],
)
async def test_what_no_engine_has_is_refused_wherever_it_is_given(url: str, tmp_path: Path) -> None:
    with pytest.raises(NotAStore):
        read_address(url)
    with pytest.raises(NotAStore):
        await open_store(url)
    with pytest.raises(NotAStore):
        back_up(url, tmp_path / "copy.db")
    assert not list(tmp_path.iterdir())


def test_a_store_without_a_file_cannot_be_backed_up_into_one(tmp_path: Path) -> None:
    with pytest.raises(NotAStore, match="export and import"):
        back_up("memory:", tmp_path / "copy.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://me:pa55word@h/db", "postgresql://me:pa55word@h,g:1/db?schema=x"),
        *("postgresql://me:pa55/word@h/db", "postgresql://me:pa55?word@h/db?schema=x"),
        *("postgresql://me:pa55#word@h/db", "postgresql://me:pa55@word@h/db"),
        *("postgresql://me:1/pa55word@h/db", "postgresql://me:[pa55word@h/db"),
        *("postgresql:me:pa55word@h/db", "postgresql:/me:pa55word@h/db"),
        *("postgres://me:pa55word@h/db", "PostgreSQL://me:pa55word@h/db"),
        *("postgresql+asyncpg://me:pa55word@h/db", "postgresql://h/db?password=pa55#word"),
        *("postgresql://h/db?p%61ssword=pa55word", "postgresql://h/db?PASSWORD=pa55word"),
        "postgresql://h/db?sslmode=require;password=pa55word",
        "postgresql://me:pa55word",
        *("postgresql://me:pa55?w=ord@h/db", "postgresql://me:pa55?password=word@h/db"),
    ],
)
async def test_no_part_of_a_password_is_shown_however_the_address_is_written(url: str) -> None:
    said = without_password(url)
    try:
        said += read_address(url).shown
        read_place(url.replace("@h", "@localhost:x"))
    except NotAStore as refused:
        said += f"{refused} {refused.__cause__}"

    assert "pa55" not in said
    for name in ("password", "PASSWORD", "p%61ssword"):
        said = said.replace(name, "")
    assert "word" not in said.replace("in a user or", "")


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql:///party", "postgresql://me@h:5432/party", "postgresql://[::1]:5432/party"),
        *("postgresql://h,g:5433/party?schema=x", "postgresql://h:1/db?user=me@site&schema=x"),
        "postgresql://me@/party?host=/var/run/postgresql",
    ],
)
def test_an_address_without_a_password_is_shown_as_it_is(url: str) -> None:
    assert read_address(url).shown == url
