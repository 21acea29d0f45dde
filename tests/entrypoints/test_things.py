"""The commands about things: list, show, approve, reject, withdraw, seed, reindex."""

import asyncio
import json
import os
import pty
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from gatherlog.apps.things import FloatRange, Reason
from gatherlog.bootstrap import Platform, start
from gatherlog.settings import Settings
from tests.apps.things.sample_things import content
from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import COMMAND, environment
from tests.stores import eventually

T = TypeVar("T")
OLGA, RITA, OTTO = "olga@example.org", "rita@example.org", "otto@example.org"
LASTS = {"start": "2026-01-01T00:00:00", "end": "2035-12-31T00:00:00"}
"""A series that goes on whenever the tests run."""


class Desk(msgspec.Struct):
    """Ids of things of Olga, by their states."""

    draft: str
    pending: str
    published: str
    rejected: str
    version: str
    """The new version of what is published, which waits for review."""


def on_store(work: Callable[[Platform], Awaitable[T]]) -> T:
    async def run() -> T:
        platform = await start(Settings())
        try:
            return await work(platform)
        finally:
            await platform.stop()

    return asyncio.run(run())


async def fill(platform: Platform) -> Desk:
    """Olga organises and reviews, Rita reviews, and Otto does neither."""
    accounts, service = platform.accounts, platform.things
    olga, rita, _ = [await accounts.ensure(one, actor="test") for one in (OLGA, RITA, OTTO)]
    await accounts.change_roles(olga, add=["organiser", "reviewer"], actor="test")
    await accounts.change_roles(rita, add=["reviewer"], actor="test")
    await service.save_profile(olga, "Olga's pond", actor="test")

    async def made(name: str, *, submitted: bool = True) -> str:
        when = msgspec.structs.replace(content().when, **LASTS)
        draft = content(name=name, when=when, capacity=12)
        thing = (await service.create_thing(draft, olga, actor="test")).body
        if submitted:
            await service.submit_thing(thing.id, olga, actor="test")
        return thing.id

    draft, pending = await made("Draft", submitted=False), await made("Frogs")
    published, rejected = await made("Newts"), await made("Toads")
    await service.approve(published, rita, actor="test")
    await service.reject(rejected, (Reason("price", "Too high"),), rita, actor="test")
    version = (await service.make_new_version(published, olga, actor="test")).body
    dearer = msgspec.structs.replace(version.content, price=FloatRange(5, 9))
    await service.change_thing(version.id, dearer, olga, actor="test")
    await service.submit_thing(version.id, olga, actor="test")
    return Desk(draft, pending, published, rejected, version.id)


@pytest.fixture
def desk(party: Terminal) -> Desk:
    return on_store(fill)


def listed(terminal: Terminal, *options: str) -> list[str]:
    return [one["id"] for one in json.loads(terminal("things", "list", "--json", *options).out)]


def shown(terminal: Terminal, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(terminal("things", "show", "--json", *arguments).out)
    return found


def test_what_waits_is_listed_and_with_an_organiser_all_of_theirs(
    terminal: Terminal, desk: Desk
) -> None:
    newest = [desk.version, desk.rejected, desk.published, desk.pending, desk.draft]

    assert (
        listed(terminal)
        == listed(terminal, "--status", "pending")
        == [
            desk.pending,
            desk.version,
        ]
    )
    assert listed(terminal, "--status", "published") == [desk.published]
    assert listed(terminal, "--organiser", OLGA) == newest
    assert listed(terminal, "--organiser", OLGA, "--status", "rejected") == [desk.rejected]
    assert listed(terminal, "--organiser", OLGA, "--status", "draft") == [desk.draft]
    assert listed(terminal, "--organiser", OTTO) == []


def test_a_list_is_a_table_that_says_if_there_is_more(terminal: Terminal, desk: Desk) -> None:
    done = terminal("things", "list", "--limit", "1")

    head, line = done.out.splitlines()
    assert head.split() == ["id", "status", "since", "type", "category", "organiser", "name"]
    assert line.startswith(f"{desk.pending}  PENDING  20")
    assert line.endswith("RECURRING_EVENT  ARTS      Olga's pond  Frogs")
    assert (done.status, done.err) == (0, "These are the first 1; --limit shows more.\n")
    assert terminal("things", "list", "--organiser", OTTO) == (0, "", "There are none.\n")


def test_a_new_version_is_shown_with_what_it_changes(terminal: Terminal, desk: Desk) -> None:
    lines = terminal("things", "show", desk.version).out.splitlines()

    assert "Changed    price" in lines
    assert "Price      5.00 to 9.00 (published: 5.00 to 7.50)" in lines
    assert "Ages       5 to 8, for CHILD" in lines
    assert "We paint frogs." in lines
    assert lines[-1].endswith(" things.submitted by test")


def test_what_is_published_is_shown_with_its_dates(terminal: Terminal, desk: Desk) -> None:
    lines = terminal("things", "show", desk.published).out.splitlines()
    found = shown(terminal, desk.published.upper())

    places = ":00  0 booked, 0 waiting, 12 of 12 places left"
    assert len([line for line in lines if line.endswith(places)]) == 5
    assert len(found["dates"]) > 20
    assert {one["left"] for one in found["dates"]} == {12}
    assert (found["status"], found["newVersion"]) == ("PUBLISHED", desk.version)


def test_json_has_the_fields_as_graphql_names_them(terminal: Terminal, desk: Desk) -> None:
    found = shown(terminal, desk.version)

    assert (found["id"], found["status"], found["version"]) == (desk.version, "PENDING", 3)
    assert (found["replaces"], found["changed"]) == (desk.published, ["price"])
    assert found["organiser"]["name"] == "Olga's pond"
    assert found["price"] == {"from": 5.0, "to": 9.0}
    assert found["target"] == {"age": {"from": 5, "to": 8}, "type": ["CHILD"]}
    assert found["when"]["dateTime"] == {"from": LASTS["start"], "to": LASTS["end"]}
    assert [one["dayOfWeek"] for one in found["when"]["occurrences"]] == ["SAT", "SUN"]
    assert found["where"]["location"] == {"lat": 52.52, "lon": 13.405}
    assert (found["bookingMandatory"], found["capacity"], found["image"]) == (True, 12, None)
    assert found["contact"]["email"] == OLGA
    assert [one["what"] for one in found["history"]] == ["things.created", "things.submitted"]


def test_drafts_and_rejected_things_are_shown_with_their_organiser_only(
    terminal: Terminal, desk: Desk
) -> None:
    for hidden in (desk.draft, desk.rejected):
        reason = f"gatherlog: there is no thing '{hidden}'\n"
        assert terminal("things", "show", hidden) == (1, "", reason)
        assert terminal("things", "show", hidden, "--organiser", OTTO) == (1, "", reason)

    assert shown(terminal, desk.draft, "--organiser", OLGA)["history"] == []
    rejected = terminal("things", "show", desk.rejected, "--organiser", OLGA).out
    assert "Rejected   price: Too high\n" in rejected
    assert "(price: Too high)\n" in rejected


def test_approving_publishes(terminal: Terminal, desk: Desk) -> None:
    done = terminal("things", "approve", desk.pending, "--as", RITA, "--version", "2")

    assert done == (0, f"Frogs is published as {desk.pending}.\n", "")
    found = shown(terminal, desk.pending)
    assert (found["status"], found["history"][-1]["actor"]) == ("PUBLISHED", "cli")
    assert found["decidedBy"] == found["history"][-1]["accountId"] == account(RITA)


def test_approving_a_new_version_replaces_what_is_published(terminal: Terminal, desk: Desk) -> None:
    done = terminal("things", "approve", desk.version, "--as", RITA)

    replaced = f"Newts is published as {desk.published}, in place of what was published before.\n"
    assert done == (0, replaced, "")
    assert shown(terminal, desk.published)["price"] == {"from": 5.0, "to": 9.0}
    assert listed(terminal, "--status", "published") == [desk.published]


def test_rejecting_gives_reasons_by_field_and_for_the_whole(terminal: Terminal, desk: Desk) -> None:
    reasons = ("--field", "price=5 = 7?", "--reason", "Ask us.", "--field", "when=Too late")

    done = terminal("things", "reject", desk.pending, "--as", RITA, *reasons)

    assert done == (0, "Frogs goes back to its organiser.\n", "")
    found = shown(terminal, desk.pending, "--organiser", OLGA)
    assert (found["status"], found["reasons"]) == (
        "REJECTED",
        [
            {"field": "price", "text": "5 = 7?"},
            {"field": "when", "text": "Too late"},
            {"field": "", "text": "Ask us."},
        ],
    )


def test_withdrawing_takes_down_what_is_published(terminal: Terminal, desk: Desk) -> None:
    command = ("things", "withdraw", desk.published, "--as", RITA, "--reason")

    assert terminal(*command, "It is unsafe.") == (
        0,
        "Newts is withdrawn, and its coming bookings cancelled.\n",
        "",
    )
    assert listed(terminal, "--status", "published") == []
    again = terminal(*command, "It is unsafe.")
    assert (again.status, again.err) == (
        1,
        "gatherlog: it is REMOVED, so it cannot be withdrawn\n",
    )


def test_nobody_decides_twice_on_their_own_without_the_role_or_on_what_was_changed(
    terminal: Terminal, desk: Desk
) -> None:
    before = listed(terminal)
    for id, who, says in (
        (desk.published, RITA, "it is PUBLISHED, so it cannot be approved"),
        (desk.rejected, RITA, "it is REJECTED, so it cannot be approved"),
        (desk.draft, RITA, f"there is no thing '{desk.draft}'"),
        ("no-thing", RITA, "there is no thing 'no-thing'"),
        (desk.pending, OLGA, "nobody decides on what they publish themselves"),
        (
            desk.pending,
            OTTO,
            f"{OTTO} is no reviewer; gatherlog account {OTTO} --role reviewer makes one",
        ),
        (desk.pending, "new@example.org", "there is no account 'new@example.org'"),
    ):
        refused = terminal("things", "approve", id, "--as", who)
        assert refused == (1, "", f"gatherlog: {says}\n")
        reasons = ("--reason", "No")
        assert terminal("things", "reject", id, "--as", who, *reasons) == (
            1,
            "",
            f"gatherlog: {says.replace('approved', 'rejected')}\n",
        )
    stale = ("things", "approve", desk.pending, "--as", RITA, "--version", "1")
    is_newer = f"gatherlog: document 'thing/{desk.pending}' is at version 2, not 1\n"
    assert terminal(*stale) == (1, "", is_newer)
    assert listed(terminal) == before


def test_mistakes_are_named_in_one_line_and_change_nothing(terminal: Terminal, desk: Desk) -> None:
    before = listed(terminal, "--organiser", OLGA), shown(terminal, desk.pending)
    reject = ("reject", desk.pending, "--as", RITA)
    for wrong, says in {
        ("list", "--status", "draft"): "--status draft needs --organiser EMAIL",
        ("list", "--status", "rejected"): "--status rejected needs --organiser EMAIL",
        ("list", "--status", "PENDING"): "PENDING",
        ("list", "--limit", "0"): "--limit is 0: write 1 or more",
        ("list", "--organiser", "olga"): "--organiser is not an email address",
        ("show",): "ID",
        ("approve", desk.pending): "--as",
        ("approve", desk.pending, "--as", "rita"): "--as is not an email address",
        ("approve", desk.pending, "--as", RITA, "--version", "two"): "--version",
        reject: "say why: --reason TEXT, or --field FIELD=TEXT",
        (*reject, "--field", "price"): "--field is 'price': write FIELD=TEXT",
        (*reject, "--field", "=Too high"): "--field is '=Too high': write FIELD=TEXT",
        (*reject, "--field", "prize=Too high"): "--field prize",
        (*reject, "--field", "price= "): "--field price is missing or blank",
        (*reject, "--reason", ""): "--reason is missing or blank",
        (*reject, "--reason", "x" * 2_001): "--reason",
        (*reject, "--reason", "\udcff"): "--reason",
        (*reject, "--field", "\udcff=No"): "--field",
        ("withdraw", desk.published, "--as", RITA): "--reason",
        ("withdraw", desk.published, "--as", RITA, "--reason", " "): "--reason is missing or blank",
        ("seed", "--count", "0"): "--count is 0: write 1 to 1,000,000",
        ("seed", "--count", "1000001"): "--count is 1000001: write 1 to 1,000,000",
        ("seed", "--store", "memory:"): "ends with its process",
    }.items():
        refused = terminal("things", *wrong)
        assert (refused.status, refused.out) == (2, ""), wrong
        assert (says in refused.err, refused.err.count("\n")) == (True, 1), refused.err
    assert (listed(terminal, "--organiser", OLGA), shown(terminal, desk.pending)) == before


def account(email: str) -> str:
    return on_store(lambda platform: platform.accounts.of_address(email))


def test_seeding_gives_the_same_things_for_the_same_seed(terminal: Terminal) -> None:
    names: list[list[tuple[str, str]]] = []
    for seed in ("5", "5", "6"):
        store = ("--store", f"sqlite:///{len(names)}.db")
        done = terminal("things", "seed", "--count", "30", "--seed", seed, *store)
        assert done == (0, "Published: 30 things.\n", "")
        found = terminal(
            "things", "list", "--status", "published", "--limit", "50", "--json", *store
        )
        names.append([(one["name"], one["organiser"]["name"]) for one in json.loads(found.out)])
        assert terminal("verify", *store).status == 0

    assert len(names[0]) == 30
    assert names[0] == names[1] != names[2]


def test_seeding_again_adds_to_what_is_there(terminal: Terminal, desk: Desk) -> None:
    for _ in range(2):
        assert terminal("things", "seed", "--count", "3").status == 0

    assert len(listed(terminal, "--status", "published")) == 7
    assert terminal("verify").status == 0


def test_reindex_reaches_a_server_that_runs(party: Terminal) -> None:
    async def serve_meanwhile() -> None:
        platform = await start(Settings())
        platform.search.start()
        await platform.search.caught_up(await platform.store.heads())
        before = (await platform.search.status()).builds

        done = await asyncio.to_thread(party, "things", "reindex")

        async def builds() -> int:
            return (await platform.search.status()).builds

        assert (done.status, done.err) == (0, "")
        await eventually(builds, before + 1)
        await platform.stop()

    asyncio.run(serve_meanwhile())


def test_reindex_needs_a_store(terminal: Terminal) -> None:
    refused = terminal("things", "reindex")

    assert (refused.status, refused.out) == (1, "")
    assert "gatherlog init" in refused.err


def test_at_a_terminal_seeding_tells_how_far_it_is(here: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "things", "seed", "--count", "150"],
        cwd=here,
        env=environment(TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
    ) as process:
        os.close(follower)
        shown = "".join(read_all(leader))
        assert process.stdout is not None
        assert process.stdout.read() == "Published: 150 things.\n"

    assert "100 of 150 things" in shown


def read_all(terminal: int) -> Iterator[str]:
    """What is shown at a terminal until the process ends, which fails the last read on Linux."""
    with suppress(OSError):
        while part := os.read(terminal, 4096):
            yield part.decode(errors="replace")
    os.close(terminal)
