"""The commands on a store in DynamoDB: made, served, and refused with words that help."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.engines import DYNAMODB, Place, empty_place
from tests.dynamo import change_record
from tests.entrypoints.terminal import gatherlog, running
from tests.entrypoints.test_serving import get
from tests.stores import outdate_at


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with empty_place(DYNAMODB, tmp_path) as place:
        yield place


@pytest.fixture
def url(place: Place) -> str:
    return place.url


def test_a_store_is_made_with_the_rights_that_serving_needs_told_and_read_and_verified(
    url: str, tmp_path: Path
) -> None:
    made = gatherlog("init", cwd=tmp_path, GATHERLOG_STORE=url)
    read = gatherlog("read", "gathering-default", "--store", url, cwd=tmp_path)
    verified = gatherlog("verify", "--store", url, cwd=tmp_path)

    assert (made.status, made.err) == (0, "")
    assert made.out.startswith(f"{url} is ready.\n")
    assert (read.status, read.err) == (0, "")
    assert "guests.gathering_created" in read.out
    on_items, on_indexes = json.loads(made.out[made.out.index("{") :])["Statement"]
    assert on_indexes["Action"] == "dynamodb:Query"
    assert [name for name in on_items["Action"] if "Table" in name] == ["dynamodb:DescribeTable"]
    assert verified.status == 0
    assert verified.err.startswith("1 stream, 1 event, 1 document: 0 differ\n")


def test_a_table_that_is_not_there_is_refused_with_the_command_that_makes_it(
    url: str, tmp_path: Path
) -> None:
    refused = gatherlog("verify", "--store", url, cwd=tmp_path)

    assert (refused.status, refused.out) == (1, "")
    assert f"gatherlog init --store '{url}'" in refused.err
    assert refused.err.count("\n") == 1


def test_a_site_is_served_from_a_table(url: str, tmp_path: Path) -> None:
    assert gatherlog("init", "--store", url, cwd=tmp_path).status == 0

    with running(
        *("serve", "--port", "0", "--store", url),
        cwd=tmp_path,
        GATHERLOG_KEY_FILE=f"{tmp_path}/site.key",
    ) as serving:
        address = serving.read_until("^Gatherlog serves").split()[-1]
        ready, home = get(f"{address}/readyz"), get(address)
        assert serving.stop(signal.SIGTERM) == 0

    assert (ready[0], home[0]) == (200, 200)
    assert b"DynamoDB" in home[1]


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
    refused = gatherlog("serve", "--store", url, cwd=tmp_path)

    assert (refused.status, refused.out) == (2, "")
    assert "GATHERLOG_KEY_FILE" in refused.err


def test_a_restored_table_is_refused_until_init_is_told_to_go_on_with_it(
    url: str, tmp_path: Path
) -> None:
    gatherlog("init", "--store", url, cwd=tmp_path)
    change_record(url, "table", {"S": "00000000-0000-0000-0000-000000000000"})

    refused = gatherlog("init", "--store", url, cwd=tmp_path)
    accepted = gatherlog("init", "--restored", "--store", url, cwd=tmp_path)

    assert (refused.status, refused.out) == (1, "")
    assert f"gatherlog init --restored --store '{url}'" in refused.err
    assert (accepted.status, accepted.err) == (0, "")
    assert accepted.out.startswith("The table was restored: the store goes on in it")


def test_only_on_dynamodb_is_a_store_told_that_it_was_restored(tmp_path: Path) -> None:
    refused = gatherlog("init", "--restored", "--store", "sqlite:///a.db", cwd=tmp_path)

    assert (refused.status, refused.out) == (1, "")
    assert "leave out --restored" in refused.err
    assert list(tmp_path.iterdir()) == []


def test_a_table_has_no_roles_and_is_backed_up_by_aws(url: str, tmp_path: Path) -> None:
    gatherlog("init", "--store", url, cwd=tmp_path)

    role = gatherlog("init", "--store", url, "--for-role", "host", cwd=tmp_path)
    backup = gatherlog("backup", "copy", "--store", url, cwd=tmp_path)

    assert (role.status, backup.status) == (1, 1)
    assert "has no roles" in role.err
    assert "AWS backs it up" in backup.err
