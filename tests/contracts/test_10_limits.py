"""Promise 10: what an engine cannot take is refused, naming the limit, before it is written."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gatherlog.core import (
    NEW,
    Append,
    Commit,
    Committed,
    Event,
    Limits,
    Recalled,
    Store,
    Write,
)
from gatherlog.core.eventstore.clock import LAST_TIME
from gatherlog.core.eventstore.commit_checks import count_actions
from gatherlog.core.eventstore.errors import LimitExceeded, NotAStore
from gatherlog.engines import open_store
from tests.contracts.commits import (
    append,
    card,
    commit,
    count,
    documents_of,
    event,
    put,
    streams_of,
    writing,
)
from tests.contracts.engines import Place


def _filled(limits: Limits) -> Commit:
    """A commit of more bytes than fit, each event within its own bound."""
    size = limits.event_bytes
    return Commit(
        appends=[
            append("card-1", *[event(b"x" * size) for _ in range(limits.commit_bytes // size + 1)])
        ]
    )


TOO_MUCH: dict[str, tuple[str, Callable[[Limits], Commit]]] = {
    "an event": (
        "bytes of an event",
        lambda limits: Commit(appends=[append("card-1", event(b"x" * (limits.event_bytes + 1)))]),
    ),
    "an event with its context": (
        "bytes of an event",
        lambda limits: Commit(
            appends=[append("card-1", event(b"x" * limits.event_bytes, meta=b"y"))]
        ),
    ),
    "a body": (
        "bytes of a document",
        lambda limits: writing(put("a", b"x" * (limits.body_bytes + 1))),
    ),
    "an answer": (
        "bytes of an answer",
        lambda limits: Commit(
            appends=[append("card-1")], key="k", answer=b"x" * (limits.answer_bytes + 1)
        ),
    ),
    "index keys": (
        "bytes of the index keys of a document",
        lambda limits: writing(put("a", b"", index_keys={"by_name": ("all", "é" * 33_000)})),
    ),
    "actions": (
        "actions of a commit",
        lambda limits: commit("card-1", events=limits.commit_actions),
    ),
    "documents": (
        "actions of a commit",
        lambda limits: writing(*[put(f"{i}", b"") for i in range(limits.commit_actions)]),
    ),
    "bytes": ("bytes of a commit", _filled),
    "an event's id": (
        "characters of an event's id",
        lambda limits: Commit(appends=[append("card-1", event(id="x" * 65))]),
    ),
}


@pytest.mark.parametrize("what", TOO_MUCH)
async def test_what_exceeds_a_limit_is_refused_with_the_name_of_the_limit(
    store: Store, what: str
) -> None:
    name, make = TOO_MUCH[what]

    with pytest.raises(LimitExceeded) as refusal:
        await store.commit(make(store.limits))

    assert refusal.value.limit == name
    assert refusal.value.found > refusal.value.allowed
    assert await streams_of(store, "card") == []
    assert await documents_of(store, "card") == []
    assert await store.heads() == (0,) * store.limits.partitions


LONG_KEYS = dict.fromkeys(("by_name", "by_table"), ("é" * 200, "\x01" * 15000 + "é" * 8000))
"""As many bytes of keys as a document may have."""


async def test_as_much_as_the_limits_allow_is_accepted(store: Store) -> None:
    limits = store.limits
    await store.commit(commit("card-1", events=limits.commit_actions - 2))
    await store.commit(
        Commit(appends=[append("card-2", event(b"x" * limits.event_bytes))], key="k" * 400)
    )
    await store.commit(Commit(key="answered", answer=b"x" * (limits.answer_bytes - 1000)))
    name = "card-" + "x" * 395
    await store.commit(
        Commit(
            appends=[append(name, Event("i" * 64, "t" * 400, 0, 0, b"", 1, "s" * 400))],
            writes=[put("d" * 400, b"x" * limits.body_bytes, stream=name, index_keys=LONG_KEYS)],
        )
    )

    assert [head.version for head in await streams_of(store, "card")] == [
        limits.commit_actions - 2,
        1,
        1,
    ]


NAMES: dict[str, tuple[str, int, Callable[[str], Commit]]] = {
    "a key": ("bytes of an idempotency key", 400, lambda name: commit("card-1", key=name)),
    "a stream": ("bytes of a stream's name", 400, lambda name: commit(f"card-{name}"[:-5])),
    "an id": ("bytes of a document's id", 400, lambda name: writing(put(name, b""))),
    "a subject": (
        "bytes of an event's subject",
        400,
        lambda name: Commit(appends=[append("card-1", event(subject=name))]),
    ),
    "a type": (
        "bytes of an event's type",
        400,
        lambda name: Commit(appends=[append("card-1", Event("e", name, 0, 0, b""))]),
    ),
    "a counter": (
        "bytes of the name of a counter or an index",
        48,
        lambda name: writing(count("a", {name: 1})),
    ),
    "an index": (
        "bytes of the name of a counter or an index",
        48,
        lambda name: writing(put("a", b"", index_keys={name: ("all",)})),
    ),
}


def name_of(size: int) -> str:
    """A name of so many bytes, most of whose characters take two; its last five take one."""
    return "é" * ((size - 5) // 2) + "x" * (5 + (size - 5) % 2)


@pytest.mark.parametrize("what", NAMES)
async def test_the_size_of_a_name_is_counted_in_bytes(store: Store, what: str) -> None:
    limit, most, make = NAMES[what]
    await store.commit(make(name_of(most)))
    taken = await streams_of(store, "card")

    with pytest.raises(LimitExceeded) as refusal:
        await store.commit(make(name_of(most + 1)))

    refused = refusal.value
    assert (refused.limit, refused.allowed, refused.found) == (limit, most, most + 1)
    assert (await streams_of(store, "card"), len(taken)) == (taken, 1)


async def test_the_name_of_a_view_has_at_most_48_bytes(store: Store) -> None:
    def write(view: str) -> Commit:
        return writing(msgspec.structs.replace(put("a", b""), view=view))

    await store.commit(write("v" * 48))
    with pytest.raises(LimitExceeded) as refusal:
        await store.commit(write("v" * 49))

    assert refusal.value.limit == "bytes of a view's name"


def put_one(id: str) -> Write:
    """A card that no index lists."""
    return msgspec.structs.replace(put(id, b""), indexes=0)


BESIDE_EVENTS: dict[str, Callable[[int], Commit]] = {
    "nothing else": lambda size: commit("card-1"),
    "a key": lambda size: commit("card-1", key="k"),
    "streams": lambda size: commit(*[f"card-{n}" for n in range(size // 3)]),
    "demands on streams": lambda size: Commit(
        appends=[append("card-1"), *[Append(f"seat-{n}", (), NEW) for n in range(size // 2)]]
    ),
    "documents": lambda size: writing(*[put_one(f"{n}") for n in range(size)]),
    "documents with index rows": lambda size: writing(
        *[put(f"{n}", b"", index_keys={"by_name": ("all",)}) for n in range(size // 7)]
    ),
    "counters": lambda size: writing(*[count(f"{n}", n=1) for n in range(size // 2)]),
    "bodies with counters": lambda size: writing(
        *[msgspec.structs.replace(put_one(f"{n}"), adds={"n": 1}) for n in range(size // 2)]
    ),
}


@pytest.mark.parametrize("what", BESIDE_EVENTS)
async def test_a_commit_may_have_as_many_counted_actions_as_the_limit_and_no_more(
    store: Store, what: str
) -> None:
    limits = store.limits
    asked = BESIDE_EVENTS[what](limits.commit_actions // 2)
    first, *rest = asked.appends
    more = [event() for _ in range(limits.commit_actions - count_actions(asked, limits))]
    longer = append(first.stream, event(), *more)
    full = msgspec.structs.replace(asked, appends=[longer, *rest])
    longest = append(first.stream, event(), event(), *more)
    over = msgspec.structs.replace(asked, appends=[longest, *rest])
    assert count_actions(full, limits) == limits.commit_actions

    with pytest.raises(LimitExceeded) as refusal:
        await store.commit(over)

    assert (refusal.value.limit, refusal.value.found) == (
        "actions of a commit",
        limits.commit_actions + 1,
    )
    assert (await store.commit(full)).streams[first.stream] == 1 + len(more)


def _timed(time: int = 0, recorded: int = 0, schema: int = 1) -> Commit:
    return Commit(
        appends=[Append("card-1", [Event("e", "tests.happened", time, recorded, b"", schema)])]
    )


def _marked(id: str = "e", type: str = "t", subject: str = "") -> Commit:
    return Commit(appends=[Append("card-1", [Event(id, type, 0, 0, b"", 1, subject)])])


HALF = "\ud800"
"""Half of a surrogate pair: no text that could be stored."""

MISTAKES: dict[str, Commit] = {
    "an empty commit": Commit(),
    "an empty key": commit("card-1", key=""),
    "nothing to append": Commit(appends=[Append("card-1", [])]),
    "a stream without a category": commit("card"),
    "a stream without an id": commit("card-"),
    "a category in capitals": commit("Card-1"),
    "a stream twice": commit("card-1", "card-1"),
    "a version below any": commit("card-1", expected=-2),
    "a view that is no name": writing(msgspec.structs.replace(put("a", b""), view="Card")),
    "a document without an id": writing(put("", b"")),
    "an event without an id": _marked(id=""),
    "an event without a type": _marked(type=""),
    "half a character in a stream": commit(f"card-{HALF}"),
    "half a character in a key": commit("card-1", key=HALF),
    "half a character in a document's id": writing(put(HALF, b"")),
    "data that is no bytes": Commit(appends=[Append("card-1", [Event("e", "t", 0, 0, {"a": 1})])]),  # type: ignore[arg-type]
    "data that is text": Commit(appends=[Append("card-1", [Event("e", "t", 0, 0, "{}")])]),  # type: ignore[arg-type]
    "a time with a fraction": _timed(time=1.5),  # type: ignore[arg-type]
    "a schema that is text": _timed(schema="1"),  # type: ignore[arg-type]
    "an answer that is text": msgspec.structs.replace(commit("card-1", key="k"), answer="a"),
    "a body that is text": writing(put("a", "text")),  # type: ignore[arg-type]
    "a fraction added": writing(count("a", {"n": 1.5})),  # type: ignore[dict-item]
    "a NUL in a document's id": writing(put("a\0b", b"")),
    "a NUL in a stream": commit("card-a\0b"),
    "an event's id that is not ASCII": _marked(id="é"),
    "half a character in an event's type": _marked(type=HALF),
    "half a character in a subject": _marked(subject=HALF),
    "half a character in a counter": writing(count("a", {HALF: 1})),
    "half a character in an index": writing(put("a", b"", index_keys={HALF: ("a",)})),
    "half a character in a key of an index": writing(
        put("a", b"", index_keys={"by_name": ("all", HALF)})
    ),
    "a counter without a name": writing(count("a", {"": 1})),
    "a time before 1970": _timed(time=-1),
    "a time after 9999": _timed(time=LAST_TIME + 1),
    "a recorded time before 1970": _timed(recorded=-1),
    "a recorded time after 9999": _timed(recorded=LAST_TIME + 1),
    "a time beyond 64 bits": _timed(time=2**63),
    "a recorded time beyond 64 bits": _timed(recorded=-(2**63) - 1),
    "a schema beyond 64 bits": _timed(schema=2**63),
    "a schema of zero": _timed(schema=0),
    "a stamp beyond 64 bits": Commit(
        writes=[msgspec.structs.replace(put("a", b"", expects=NEW), at=2**63)]
    ),
    "a stamp below zero": Commit(
        writes=[msgspec.structs.replace(put("a", b"", expects=NEW), at=-1)]
    ),
    "a body at version zero": Commit(
        writes=[msgspec.structs.replace(put("a", b"", expects=NEW), at=0)]
    ),
    "adds of a rebuild without what was counted": Commit(
        writes=[msgspec.structs.replace(count("a", n=1), at=1)]
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_an_invalid_commit_is_refused_and_does_not_affect_others(
    store: Store, mistake: str
) -> None:
    asked = [commit("card-8"), MISTAKES[mistake], commit("card-9")]

    done = await asyncio.gather(*[store.commit(c) for c in asked], return_exceptions=True)

    assert [isinstance(d, Committed) for d in done] == [True, False, True]
    assert isinstance(done[1], ValueError)
    assert [head.stream for head in await streams_of(store, "card")] == ["card-8", "card-9"]
    assert await documents_of(store, "card") == []


async def test_an_invalid_commit_is_refused_even_if_its_key_is_known(store: Store) -> None:
    await store.commit(commit("card-1", key="k"))
    oversized = append("card-1", event(b"x" * (store.limits.event_bytes + 1)))

    with pytest.raises(LimitExceeded):
        await store.commit(Commit(appends=[oversized], key="k"))
    recalled = await store.recall("k")
    assert recalled == Recalled(b"", b"", recalled.at if recalled else 0)


async def test_a_write_that_only_demands_something_is_accepted(store: Store) -> None:
    await store.commit(Commit(writes=[Write(view="card", id="a", stream="card-1", expects=NEW)]))

    assert await card(store, "a") is None


# Files that are not ours.


def _another_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (text)")
        database.execute("INSERT INTO notes VALUES ('mine')")
    database.close()


def _another_format(path: Path) -> None:
    _another_database(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA application_id = 1196444487")
    database.close()


NOT_OURS: dict[str, Callable[[Path], object]] = {
    "a text": lambda path: path.write_text("Dear diary, today nothing happened.\n" * 50),
    "a short text": lambda path: path.write_text("x"),
    "random bytes": lambda path: path.write_bytes(bytes(range(256)) * 64),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "only a header": lambda path: path.write_bytes(b"SQLite format 3\x00"),
    "another database": _another_database,
    "a database of another program": _another_format,
    "a directory": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nowhere" / "store.db"),
}


def _seen(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        path.name: (
            (status := path.lstat()).st_mtime_ns,
            status.st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("what", NOT_OURS)
async def test_a_file_that_is_not_a_store_is_refused_and_not_changed(
    one_file: Place, what: str
) -> None:
    NOT_OURS[what](one_file.path)
    before = _seen(one_file.path.parent)

    for create in (True, False):
        with pytest.raises(NotAStore):
            await asyncio.wait_for(one_file.open(create=create), 5)

    assert _seen(one_file.path.parent) == before


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
async def test_a_truncated_store_is_refused_and_not_changed(one_file: Place, kept: float) -> None:
    store = await one_file.open()
    for i in range(50):
        await store.commit(commit(f"card-{i}", events=5))
    await store.close()
    whole = one_file.path.read_bytes()
    one_file.path.write_bytes(whole[: int(len(whole) * kept)])
    before = _seen(one_file.path.parent)

    with pytest.raises(NotAStore):
        await one_file.open()

    assert _seen(one_file.path.parent) == before


async def test_a_store_that_may_not_be_read_is_refused(one_file: Place) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    await (await one_file.open()).close()
    one_file.path.chmod(0)

    with pytest.raises(NotAStore):
        await one_file.open()


async def test_a_missing_store_is_made_only_if_create_is_set(one_file: Place) -> None:
    with pytest.raises(NotAStore):
        await one_file.open(create=False)
    assert list(one_file.path.parent.iterdir()) == []

    await one_file.open()

    assert one_file.path.is_file()
    await one_file.open(create=False)


async def test_a_store_in_a_missing_folder_is_refused(one_file: Place) -> None:
    missing = one_file.path.parent / "missing" / "store.db"

    with pytest.raises(NotAStore):
        await open_store(one_file.engine.url.format(path=missing))

    assert not missing.parent.exists()


@pytest.mark.parametrize(
    "url", ["", "sqlite:", "sqlite:///", "sqlite:x.db", "nosuch:///x", "/x.db"]
)
async def test_an_address_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(NotAStore):
        await open_store(url)
