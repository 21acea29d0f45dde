"""Rules of retention: what is refused, what is recorded, and what a trial tells."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import Change, Codec, Event, Happened, Recorded, Ref, Store, View, event_type
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.projections.folds import Category, NoDocuments
from gatherlog.core.retention import BodiesNeeded, Expiring, Matching
from gatherlog.core.retention.rules import CODEC, DAY, STREAM, RetentionRemoved, RetentionSet
from gatherlog.core.subscriptions.projection import Projection
from tests.core.retention.conftest import START, Site
from tests.stores import events_of, scanned

GOLDEN = Path(__file__).parents[2] / "golden"
EXAMPLES: dict[str, msgspec.Struct] = {
    "retention.rule_removed": RetentionRemoved(by="key:k1"),
    "retention.rule_set": RetentionSet(
        log="intake", type="DOOR_OPENED", subject=None, days=90, by="cli"
    ),
}


@event_type("tests.opened")
class Opened(msgspec.Struct, frozen=True):
    pass


@event_type("tests.closed")
class Closed(msgspec.Struct, frozen=True):
    pass


class Door(msgspec.Struct, frozen=True):
    pass


DOORS = View("door", Door)


class Doors:
    """A fold of the events of doors, as a category's and as a projection's."""

    views: tuple[View[Any], ...] = (DOORS,)

    def keys(self, event: Happened | Recorded) -> Iterable[Ref]:
        return []

    def evolve(self, documents: Mapping[Ref, Any], event: Happened | Recorded) -> Iterable[Change]:
        return []


NEEDY = Category("door", Codec([Opened, Closed]), Doors())
PARTLY = Category("door", Codec([Opened, Closed]), Doors(), may_expire=frozenset({"tests.opened"}))
FREE = Category(
    "door",
    Codec([Opened, Closed]),
    NoDocuments(),
    may_expire=frozenset({"tests.opened", "tests.closed"}),
)


@pytest.mark.parametrize("type", sorted(EXAMPLES))
def test_what_is_stored_decodes_for_ever(type: str) -> None:
    stored = (GOLDEN / f"{type}.1.json").read_bytes().removesuffix(b"\n")

    assert CODEC.encode(EXAMPLES[type]) == (type, 1, stored)
    assert CODEC.decode(Event("e", type, 1, 1, stored)) == EXAMPLES[type]


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("retention.*.json"))

    assert files == [f"{type}.1.json" for type in sorted(EXAMPLES)]


@pytest.mark.parametrize(
    ("name", "field", "value", "pointer"),
    [
        ("", "days", 1, "/name"),
        ("Upper", "days", 1, "/name"),
        ("a" * 64, "days", 1, "/name"),
        ("short", "log", "", "/log"),
        ("short", "log", "no-hyphen", "/log"),
        ("short", "log", "subscription", "/log"),
        ("short", "log", "retention", "/log"),
        ("short", "log", "owned", "/log"),
        ("short", "type", "", "/type"),
        ("short", "type", "x" * 401, "/type"),
        ("short", "subject", "y" * 401, "/subject"),
        ("short", "days", 0, "/days"),
        ("short", "days", 36_501, "/days"),
    ],
)
async def test_a_flaw_is_named_and_nothing_is_recorded(
    site: Site, name: str, field: str, value: Any, pointer: str
) -> None:
    expiring = msgspec.structs.replace(Expiring(log="note", days=1), **{field: value})

    for asked in (site.rules.set(name, expiring, by="cli"), site.rules.try_out(name, expiring)):
        with pytest.raises(Invalid) as refused:
            await asked
        assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]
    assert await events_of(site.store, STREAM) == []


@pytest.mark.parametrize(
    ("category", "type", "is_refused"),
    [
        (NEEDY, None, True),
        (NEEDY, "tests.opened", True),
        (PARTLY, None, True),
        (PARTLY, "tests.opened", False),
        (PARTLY, "tests.closed", True),
        (PARTLY, "tests.unknown", True),
        (FREE, None, False),
    ],
)
async def test_events_that_a_view_needs_do_not_expire(
    store: Store, category: Category, type: str | None, is_refused: bool
) -> None:
    site = Site(store, categories=(category,))
    expiring = Expiring(log="door", type=type, days=1)

    if not is_refused:
        assert (await site.rules.set("short", expiring, by="cli")).expiring == expiring
        return
    with pytest.raises(BodiesNeeded, match="'door'"):
        await site.rules.set("short", expiring, by="cli")
    assert await events_of(site.store, STREAM) == []


@pytest.mark.parametrize(
    ("needs", "log", "is_refused"),
    [
        (None, "note", True),
        (("door",), "door", True),
        (("door",), "note", False),
        ((), "note", False),
    ],
)
async def test_a_projection_that_does_not_say_what_it_needs_is_named(
    store: Store, needs: tuple[str, ...] | None, log: str, is_refused: bool
) -> None:
    site = Site(store, projections=(Projection("doors", Doors(), needs=needs),))
    setting = site.rules.set("short", Expiring(log=log, days=1), by="cli")

    if not is_refused:
        assert (await setting).name == "short"
        return
    with pytest.raises(BodiesNeeded, match="the view 'door'"):
        await setting


async def test_setting_a_rule_as_it_is_records_nothing(site: Site) -> None:
    first = await site.rules.set("short", Expiring(log="note", days=1), by="cli")
    site.now = 1

    assert await site.rules.set("short", Expiring(log="note", days=1), by="cli") == first
    changed = await site.rules.set("short", Expiring(log="note", days=2), by="cli")

    assert (changed.created_at, changed.updated_at) == (START, START + DAY)
    assert len(await events_of(site.store, STREAM)) == 2


async def test_a_rule_that_is_not_there_is_not_found(site: Site) -> None:
    for asked in (site.rules.rule("none"), site.rules.remove("none", by="cli")):
        with pytest.raises(NotFound, match="no rule of retention 'none'"):
            await asked


async def test_a_trial_tells_what_would_expire_and_writes_nothing(site: Site) -> None:
    await site.say("note-1", 3, 1, 2, 9)
    await site.say("memo-1", 1)
    site.now = 10
    before = await scanned(site.store, "retention_progress")

    tried = await site.rules.try_out("short", Expiring(log="note", days=5))

    assert tried == Matching(3, START + DAY, START + 3 * DAY)
    assert await site.rules.try_out("short", Expiring(log="none", days=5)) == Matching(
        0, None, None
    )
    assert (await site.blank("note-1"), before) == ([False] * 4, [])
    assert await events_of(site.store, STREAM) == []
