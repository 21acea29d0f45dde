"""The file of the site's key: created once, readable by its owner only, or else refused."""

import multiprocessing
import stat
from collections.abc import Callable
from hashlib import sha256
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from gatherlog.apps.people.key_file import KeyUnusable, check_key, kept_key
from gatherlog.apps.people.rsa_key import RsaKey
from gatherlog.bootstrap import start
from gatherlog.core.eventstore.errors import Unauthenticated
from gatherlog.settings import Settings
from tests.apps.people.conftest import KEY


def test_a_key_file_is_readable_by_its_owner_only_and_then_reused(tmp_path: Path) -> None:
    file = tmp_path / "site.key"

    made = [kept_key(file, lambda: b"first"), kept_key(file, lambda: b"second")]

    assert made == [b"first", b"first"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def make(file: Path, barrier: Barrier, digest: Path) -> None:
    pem = RsaKey.generate().pem()
    barrier.wait(20)
    digest.write_text(sha256(kept_key(file, lambda: pem)).hexdigest())


def test_processes_that_create_the_key_at_once_get_the_same_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, file = context.Barrier(2), tmp_path / "site.key"
    digests = [tmp_path / f"digest{n}" for n in range(2)]
    racers = [context.Process(target=make, args=(file, barrier, digest)) for digest in digests]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(40)

    assert {digest.read_text() for digest in digests} == {sha256(file.read_bytes()).hexdigest()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == sorted([file, *digests])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o601])
def test_a_key_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "site.key"
    kept_key(file, lambda: b"secret")
    file.chmod(mode)

    for ask in (lambda: kept_key(file, lambda: b"new"), lambda: check_key(file)):
        with pytest.raises(KeyUnusable) as refused:
            ask()
        assert "chmod 600" in str(refused.value)
        assert "secret" not in str(refused.value)


async def test_a_platform_keeps_its_key_beside_its_store(tmp_path: Path) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path}/party.db")
    codes = []
    for _ in range(2):
        platform = await start(settings)
        codes.append(await platform.accounts.issue_code("ada@example.org"))
        await platform.stop()

    platform = await start(settings)
    token = await platform.accounts.start_session("ada@example.org", codes[-1])
    assert await platform.accounts.session(token) is not None
    await platform.stop()
    assert stat.S_IMODE((tmp_path / "party.db.key").stat().st_mode) == 0o600


async def test_a_platform_that_signs_nobody_in_creates_no_key(tmp_path: Path) -> None:
    platform = await start(Settings(store=f"sqlite:///{tmp_path}/party.db"))
    await platform.stop()

    assert not (tmp_path / "party.db.key").exists()


async def test_a_key_from_the_environment_is_used_and_no_file_is_written(tmp_path: Path) -> None:
    variables = {"GATHERLOG_JWT_KEY": KEY.pem().decode().replace("\n", "\\n")}
    settings = Settings.from_environment(variables, store=f"sqlite:///{tmp_path}/party.db")

    platform = await start(settings)
    await platform.accounts.issue_code("ada@example.org")
    await platform.stop()

    assert not (tmp_path / "party.db.key").exists()


async def test_the_key_file_may_be_elsewhere(tmp_path: Path) -> None:
    environ = {"GATHERLOG_KEY_FILE": f"{tmp_path}/kept/site.key"}
    (tmp_path / "kept").mkdir()
    settings = Settings.from_environment(environ, store=f"sqlite:///{tmp_path}/party.db")

    platform = await start(settings)
    await platform.accounts.issue_code("ada@example.org")
    await platform.stop()

    assert stat.S_IMODE((tmp_path / "kept" / "site.key").stat().st_mode) == 0o600
    assert not (tmp_path / "party.db.key").exists()


@pytest.mark.parametrize("name", ["missing/site.key", ".", "a/" + "b" * 300])
async def test_a_key_file_that_cannot_be_used_is_refused_at_the_start(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    file = tmp_path / name

    with pytest.raises(KeyUnusable, match=str(file)):
        await start(Settings(store="memory:", key_file=str(file)))


def test_a_key_that_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "gone" / "site.key"

    with pytest.raises(KeyUnusable, match=str(file)):
        kept_key(file, KEY.pem)


@pytest.mark.parametrize("text", ["nonsense", "", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
async def test_text_that_is_no_key_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(KeyUnusable) as refused:
        await start(Settings(store="memory:", jwt_key=text))

    assert str(refused.value) == "GATHERLOG_JWT_KEY: not a private RSA key in PEM"


def _elliptic() -> bytes:
    return ECKey.generate_key("P-256", private=True).as_pem(private=True)


def _short() -> bytes:
    with pytest.warns(SecurityWarning):
        return RSAKey.generate_key(1024, private=True).as_pem(private=True)


@pytest.mark.parametrize("make", [_elliptic, _short, lambda: b"nonsense"])
async def test_a_key_file_with_an_unusable_key_is_refused_at_the_start_in_one_line(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    file = tmp_path / "site.key"
    file.write_bytes(make())
    file.chmod(0o600)

    with pytest.raises(KeyUnusable) as refused:
        await start(Settings(store="memory:", key_file=str(file)))

    assert str(refused.value).startswith(f"{file}: not a private RSA key")


async def test_an_exposed_key_is_refused_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "party.db.key"
    file.write_bytes(KEY.pem())
    file.chmod(0o644)

    with pytest.raises(KeyUnusable):
        await start(Settings(store=f"sqlite:///{tmp_path}/party.db"))


def test_settings_never_show_what_is_secret() -> None:
    settings = Settings(
        smtp_url="smtp://party:hunter2@mail.example", mail_from="a@b.c", jwt_key="PEM"
    )

    assert "hunter2" not in f"{settings!r} {settings}"
    assert "PEM" not in f"{settings!r} {settings}"


def test_a_public_key_is_no_private_one() -> None:
    with pytest.raises(ValueError, match="not a private RSA key"):
        RsaKey.from_pem(RSAKey.import_key(KEY.pem()).as_pem(private=False))


def test_digests_depend_on_key_purpose_and_text() -> None:
    other = RsaKey.from_pem(RsaKey.generate().pem())
    same = RsaKey.from_pem(KEY.pem())

    digests = [
        KEY.digest("code", "ada"),
        KEY.digest("code", "eve"),
        KEY.digest("address", "ada"),
        other.digest("code", "ada"),
    ]

    assert len(set(digests)) == 4
    assert same.digest("code", "ada") == digests[0]


@given(st.text(alphabet=st.characters(), max_size=60))
def test_only_our_own_tokens_are_verified(text: str) -> None:
    with pytest.raises(Unauthenticated):
        KEY.verified(text)


@given(st.data())
def test_a_token_that_is_changed_anywhere_is_refused(data: st.DataObject) -> None:
    token = KEY.sign({"sub": "ada", "exp": 1})
    place = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.sampled_from("AbZ_-.9é\x00").filter(lambda char: char != token[place]))

    with pytest.raises(Unauthenticated):
        KEY.verified(token[:place] + other + token[place + 1 :])
