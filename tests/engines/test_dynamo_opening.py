"""Opening a store on DynamoDB: what is there, who may, and what is refused with which words."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import Query, Store
from gatherlog.core.eventstore.errors import CursorInvalid, NotAStore
from gatherlog.engines import accept_restored, needed_rights, open_store
from gatherlog.engines.dynamodb.installing import LAYOUT
from gatherlog.engines.dynamodb_address import read_dynamo_place
from tests.contracts.commits import CARDS, commit, put, whole_stream, writing
from tests.contracts.engines import Place
from tests.dynamo import ROOT, call, change_record, url_of
from tests.dynamo_faults import Faults, FaultyDynamo


def described(place: Place) -> Any:
    return call("DescribeTable", TableName=read_dynamo_place(place.url).table)["Table"]


async def refusal(url: str, *, create: bool = True) -> str:
    """The words with which a store is refused."""
    with pytest.raises(NotAStore) as refused:
        await open_store(url, create=create)
    return str(refused.value)


async def test_a_missing_table_is_made_only_if_create_is_set(dynamo: Place) -> None:
    assert "gatherlog init" in await refusal(dynamo.url, create=False)
    assert read_dynamo_place(dynamo.url).table not in call("ListTables")["TableNames"]

    store = await dynamo.open()
    await store.commit(commit("card-1"))
    again = await dynamo.open(create=False)

    assert again.id == store.id
    assert len(await whole_stream(again, "card-1")) == 1


async def test_a_table_is_made_with_everything_that_protects_it(dynamo: Place) -> None:
    await dynamo.open()
    table = {"TableName": read_dynamo_place(dynamo.url).table}

    made = described(dynamo)
    expiry = call("DescribeTimeToLive", **table)["TimeToLiveDescription"]
    backups = call("DescribeContinuousBackups", **table)["ContinuousBackupsDescription"]

    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["DeletionProtectionEnabled"] is True
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "x"}
    recovery = backups["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


async def test_many_who_make_a_store_at_once_make_one(dynamo: Place) -> None:
    stores = await asyncio.gather(*[dynamo.open() for _ in range(5)])

    assert len({store.id for store in stores}) == 1


async def test_a_table_of_another_program_is_refused_and_left_alone(dynamo: Place) -> None:
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    call(
        "CreateTable",
        TableName=read_dynamo_place(dynamo.url).table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    before = described(dynamo)

    assert "other keys or indexes" in await refusal(dynamo.url)
    assert described(dynamo) == before


async def test_a_table_that_was_restored_from_a_backup_is_refused(dynamo: Place) -> None:
    await dynamo.open()
    change_record(dynamo.url, "table", {"S": "00000000-0000-0000-0000-000000000000"})

    for create in (True, False):
        assert "restored from a backup" in await refusal(dynamo.url, create=create)


async def restored(place: Place) -> Store:
    """The store as it is when its table was restored from a backup: with another table's id."""
    store = await place.open()
    keys = {"by_name": ("all", "a")}
    await store.commit(writing(put("a", b"", index_keys=keys), put("b", b"", index_keys=keys)))
    await store.close()
    change_record(place.url, "table", {"S": "00000000-0000-0000-0000-000000000000"})
    table = read_dynamo_place(place.url).table  # what AWS does not restore
    call("UpdateTable", TableName=table, DeletionProtectionEnabled=False)
    return store


async def test_a_restored_table_is_the_store_once_that_was_accepted(dynamo: Place) -> None:
    before = await restored(dynamo)

    assert await accept_restored(dynamo.url)
    store = await dynamo.open(create=False)

    assert store.id != before.id
    assert await whole_stream(store, "card-1") != []
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}
    assert described(dynamo)["DeletionProtectionEnabled"] is True


async def test_cursors_from_before_a_restore_are_refused(dynamo: Place) -> None:
    listed = Query(view="card", index="by_name", partition="all", limit=1)
    await restored(dynamo)
    await accept_restored(dynamo.url)
    cursor = (await (await dynamo.open()).query(listed)).cursor
    assert cursor is not None
    change_record(dynamo.url, "table", {"S": "00000000-0000-0000-0000-000000000001"})

    assert await accept_restored(dynamo.url)

    again = await dynamo.open()
    with pytest.raises(CursorInvalid, match="another store"):
        await again.query(msgspec.structs.replace(listed, cursor=cursor))


async def test_many_who_accept_a_restored_table_at_once_agree(dynamo: Place) -> None:
    await restored(dynamo)

    accepted = await asyncio.gather(*[accept_restored(dynamo.url) for _ in range(5)])
    again = await accept_restored(dynamo.url)

    assert (True in accepted, again) == (True, False)


async def test_only_a_store_can_have_been_restored(dynamo: Place) -> None:
    with pytest.raises(NotAStore, match="gatherlog init"):
        await accept_restored(dynamo.url)
    store = await dynamo.open()

    assert not await accept_restored(dynamo.url)
    assert (await dynamo.open()).id == store.id


async def test_a_table_that_somebody_else_makes_is_waited_for_by_who_would_make_it(
    dynamo: Place,
) -> None:
    await dynamo.open()
    service = FaultyDynamo(Faults(state="CREATING"))
    url = url_of(read_dynamo_place(dynamo.url).table, endpoint=service.endpoint)

    assert "is CREATING" in await refusal(url, create=False)
    opening = asyncio.ensure_future(open_store(url))
    while service.done().get("described", 0) < 3:
        await asyncio.sleep(0.01)
    assert not opening.done()
    service.be(Faults())
    await (await opening).close()
    service.close()


async def test_a_store_of_a_newer_layout_is_refused(dynamo: Place) -> None:
    await dynamo.open()
    change_record(dynamo.url, "layout", {"N": str(LAYOUT + 1)})

    assert "newer version of Gatherlog" in await refusal(dynamo.url)


async def test_a_log_has_the_partitions_with_which_it_was_made(dynamo: Place) -> None:
    store = await open_store(f"{dynamo.url}&partitions=3", views=[CARDS])
    again = await dynamo.open()

    assert (store.limits.partitions, again.limits.partitions) == (3, 3)
    assert "3 partitions, not 8" in await refusal(f"{dynamo.url}&partitions=8")
    await store.close()


async def test_the_rights_that_running_needs_name_this_table_alone(dynamo: Place) -> None:
    await dynamo.open()

    told = await needed_rights(dynamo.url)

    arn = described(dynamo)["TableArn"]
    assert told.count(f'"{arn}') == 2
    assert "CreateTable" not in told
    assert "cannot be deleted" in told


def alone(url: str, folder: Path, **variables: str) -> str:
    """What a process says that opens a store and has no environment but this."""
    work = (
        "import asyncio, sys\n"
        "from gatherlog.engines import open_store\n"
        "try: asyncio.run(open_store(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-c", work, url],
        env={**bare, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_without_credentials_region_or_profile_it_is_told_what_to_do(
    dynamo: Place, tmp_path: Path
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    nobody = alone(dynamo.url, tmp_path)
    nowhere = alone("dynamodb://party", tmp_path, **keys)
    profile = alone(f"{dynamo.url}&profile=nobody", tmp_path)

    assert "NotAStore there are no credentials for AWS: set AWS_ACCESS_KEY_ID" in nobody
    assert "NotAStore dynamodb://party needs a region" in nowhere
    assert "NotAStore credentials for AWS: The config profile (nobody)" in profile


@pytest.mark.parametrize(
    "url",
    [
        *("dynamodb:", "dynamodb://", "dynamodb:party", "dynamodb://ab", "dynamodb:///party"),
        *("dynamodb://party/x", "dynamodb://party#x", "dynamodb://par ty", "dynamodb://p:1@party"),
        *("dynamodb://party?colour=1", "dynamodb://party?partitions=0", "dynamodb://party?region="),
        *("dynamodb://party?partitions=65", "dynamodb://party?partitions=x"),
        *("dynamodb://party?endpoint=localhost:8000", "dynamodb://party?endpoint=http://h/path"),
        *("dynamodb://party?endpoint=http://me:you@h", "dynamodb://party?endpoint=ftp://h"),
        *("dynamodb://party?endpoint=http://h:port", "dynamodb://party?endpoint=http://[:::]"),
        *("dynamodb://[", "dynamodb://[party]", "dynamodb://party?region=a-1&region=b-1"),
    ],
)
async def test_an_address_that_names_no_table_is_refused(url: str) -> None:
    with pytest.raises(NotAStore):
        read_dynamo_place(url)
    with pytest.raises(NotAStore):
        await open_store(url)


def test_a_secret_in_an_address_is_not_shown() -> None:
    with pytest.raises(NotAStore) as refused:
        read_dynamo_place("dynamodb://me:pa55word@party")

    assert "pa55word" not in str(refused.value)


async def test_an_endpoint_that_is_not_there_is_told(dynamo: Place) -> None:
    url = url_of("party", endpoint="http://127.0.0.1:9")

    with pytest.raises(Exception, match="does not answer") as failed:
        await open_store(url)
    assert type(failed.value).__name__ == "Busy"
