"""The commands on a store in PostgreSQL: made, served, and refused with words that help."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.engines.postgres_address import read_place
from tests.contracts.engines import POSTGRES, Place, empty_place
from tests.entrypoints.terminal import gatherlog, running
from tests.entrypoints.test_serving import get
from tests.postgres import make_role, server
from tests.stores import outdate_at

SECRET = "s3cret"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with empty_place(POSTGRES, tmp_path) as place:
        yield place


@pytest.fixture
def url(place: Place) -> str:
    return place.url


def test_a_store_is_made_read_and_verified(url: str, tmp_path: Path) -> None:
    made = gatherlog("init", cwd=tmp_path, GATHERLOG_STORE=url)
    again = gatherlog("init", "--store", url, cwd=tmp_path)
    read = gatherlog("read", "gathering-default", "--store", url, cwd=tmp_path)
    verified = gatherlog("verify", "--store", url, cwd=tmp_path)

    assert made == again == (0, f"{url} is ready.\n", "")
    assert (read.status, read.err) == (0, "")
    assert "guests.gathering_created" in read.out
    assert verified.status == 0
    assert verified.err.startswith("1 stream, 1 event, 1 document: 0 differ\n")


def test_a_store_that_is_not_there_is_refused_with_the_command_that_makes_it(
    url: str, tmp_path: Path
) -> None:
    for command in ("verify", "read gathering-default", "key list"):
        refused = gatherlog(*command.split(), "--store", url, cwd=tmp_path)

        assert (refused.status, refused.out) == (1, "")
        assert f"gatherlog init --store '{url}'" in refused.err
        assert refused.err.count("\n") == 1


def test_a_role_with_no_more_rights_than_it_needs_serves(url: str, tmp_path: Path) -> None:
    make_role(url, "host")
    made = gatherlog("init", "--store", url, "--for-role", "host", cwd=tmp_path)
    served = url.replace("postgres@", "host@", 1)

    with running(
        *("serve", "--port", "0", "--store", served),
        cwd=tmp_path,
        GATHERLOG_KEY_FILE=f"{tmp_path}/site.key",
    ) as serving:
        address = serving.read_until("^Gatherlog serves").split()[-1]
        ready, home = get(f"{address}/readyz"), get(address)
        assert serving.stop(signal.SIGTERM) == 0

    assert (made.status, ready[0], home[0]) == (0, 200, 200)
    assert b"PostgreSQL" in home[1]


def test_views_of_an_earlier_release_are_named_and_built(url: str, tmp_path: Path) -> None:
    gatherlog("init", "--store", url, cwd=tmp_path)
    asyncio.run(outdate_at(url, "gathering", "log"))

    before = gatherlog("verify", "--store", url, cwd=tmp_path)
    upgraded = gatherlog("upgrade", "--json", "--store", url, cwd=tmp_path)
    after = gatherlog("verify", "--store", url, cwd=tmp_path)

    assert before.status == 1
    assert before.err.endswith("Not built: gathering; `gatherlog upgrade` builds them.\n")
    assert upgraded == (0, '{"built":["gathering"]}\n', "")
    assert after.status == 0


def test_serving_needs_a_place_for_the_private_key(url: str, tmp_path: Path) -> None:
    assert gatherlog("init", "--store", url, cwd=tmp_path).status == 0

    for command in ("serve", "work"):
        refused = gatherlog(command, "--store", url, cwd=tmp_path)

        assert (refused.status, refused.out) == (2, "")
        assert "GATHERLOG_KEY_FILE" in refused.err


def test_a_role_is_named_for_postgresql_only(tmp_path: Path) -> None:
    refused = gatherlog("init", "--for-role", "host", cwd=tmp_path)

    assert refused.status == 1
    assert "has no roles" in refused.err


def test_a_password_is_never_shown(place: Place, tmp_path: Path) -> None:
    assert place.engine.postgres is not None
    folder = server(place.engine.postgres).folder
    schema = read_place(place.url).schema
    url = f"postgresql://postgres:{SECRET}@/postgres?host={folder}&schema={schema}"

    made = gatherlog("init", "--store", url, cwd=tmp_path)
    refused = gatherlog("verify", "--store", f"{url}x", cwd=tmp_path)
    wrong = gatherlog("verify", "--store", f"{url}&colour={SECRET}", cwd=tmp_path)
    backup = gatherlog("backup", "copy", "--store", url, cwd=tmp_path)

    assert (made.status, refused.status, wrong.status, backup.status) == (0, 1, 2, 1)
    assert "pg_dump" in backup.err
    for told in (made, refused, wrong, backup):
        assert f":{SECRET}@" not in told.out + told.err
    assert "postgres:…@" in made.out


def test_a_database_that_is_down_is_told_in_a_sentence(tmp_path: Path) -> None:
    url = f"postgresql://postgres@/postgres?host={tmp_path}"

    refused = gatherlog("verify", "--store", url, cwd=tmp_path)

    assert (refused.status, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert "cannot be reached" in refused.err


@pytest.mark.heavy
def test_the_demo_keeps_its_data_in_a_database_and_shows_the_same_again(
    url: str, tmp_path: Path
) -> None:
    shown = []
    for _ in range(2):
        with running("demo", "--port", "0", "--store", url, cwd=tmp_path) as demo:
            found = demo.read_until("^export ")
            address, key = found.removeprefix("export URL=").split(" KEY=")
            assert get(f"{address}/admin/stats", key)[0] == 200
            assert demo.stop(signal.SIGTERM) == 0
        lines = "\n".join(line for line in demo.lines if "Making" not in line)
        shown.append(lines.replace(address, "URL"))
    (tmp_path / "elsewhere").mkdir()
    foreign = gatherlog("demo", "--store", url, cwd=tmp_path / "elsewhere")
    file = gatherlog("demo", "--store", "sqlite:///x.db", cwd=tmp_path)

    assert shown[0] == shown[1]
    assert (foreign.status, file.status) == (1, 2)
    assert "this demo has not made" in foreign.err


def test_the_demo_shows_no_password_of_an_address_that_it_refuses(tmp_path: Path) -> None:
    refused = gatherlog("demo", "--store", "postgres://me:pa55word@h/db", cwd=tmp_path)

    assert (refused.status, "is not a database" in refused.err) == (2, True)
    assert "pa55word" not in refused.out + refused.err
