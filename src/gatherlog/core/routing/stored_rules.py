"""Rules as the store has them: read from their documents, each with the place of its creation.

That costs as much as there are rules, however often they were changed.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from gatherlog.core.eventstore.errors import DocumentUndecodable, Refused
from gatherlog.core.eventstore.events import Recorded, event_type_of
from gatherlog.core.eventstore.store import Document, Store
from gatherlog.core.projections.paging import all_documents
from gatherlog.core.routing.rules import RULES, STREAM, Rule, RuleCreated

__all__ = [
    "Creation",
    "RuleUnreadable",
    "StoredRule",
    "creations_in",
    "read_rules",
    "readable",
    "rule_names",
]

_CHUNK: Final = 100
"""Rules that are read at a time, at most."""
_NEAR: Final = 8
"""Events of the stream of rules so close to each other are read together."""
_AT_ONCE: Final = 16
"""Ranges of that stream that are read concurrently."""
_PAGE: Final = 1000
_CREATED: Final = event_type_of(RuleCreated)


class RuleUnreadable(Refused):
    """What is stored of a rule is damaged, or was written by another release."""

    code = "rule_unreadable"


class Creation(NamedTuple):
    """The place of the event that created a rule."""

    version: int
    """In the stream of rules."""
    partition: int
    position: int


class StoredRule(msgspec.Struct, frozen=True):
    """A rule as it is stored, or why it cannot be read."""

    version: int
    """Of its document."""
    rule: Rule | None = None
    creation: Creation | None = None
    unreadable: str = ""


async def rule_names(store: Store) -> list[str]:
    """The names of all rules, in no particular order; see `Store.scan`."""
    return [document.id async for document in all_documents(store, RULES.name)]


def creations_in(events: Iterable[Recorded]) -> dict[str, Creation]:
    """The rules that these events of the stream of rules create; the last one of each name."""
    return {
        event.subject: Creation(event.version, event.partition, event.position)
        for event in events
        if event.type == _CREATED
    }


async def read_rules(
    store: Store, names: Sequence[str], known: Mapping[str, Creation]
) -> dict[str, StoredRule | None]:
    """The rules of these names as they are now; None where there is none.

    `known` are places of creation; those of other rules are looked up.
    """
    found: dict[str, StoredRule | None] = {}
    for start in range(0, len(names), _CHUNK):
        some = names[start : start + _CHUNK]
        documents = await store.get([RULES.ref(name) for name in some])
        for name, document in zip(some, documents, strict=True):
            found[name] = None if document is None else _stored(document)
    creations = {**await _looked_up(store, found, known), **known}
    return {
        name: one if one is None else msgspec.structs.replace(one, creation=creations.get(name))
        for name, one in found.items()
    }


def readable(document: Document | None) -> Rule | None:
    """The rule of a document; None where there is none. Raises RuleUnreadable."""
    try:
        return RULES.read(document)
    except DocumentUndecodable as error:
        raise RuleUnreadable(
            f"rule {error.id!r} cannot be read: if it is damaged, `gatherlog rebuild` repairs it;"
            " if another release wrote it, remove it"
        ) from error


def _stored(document: Document) -> StoredRule | None:
    try:
        rule = readable(document)
    except RuleUnreadable as unreadable:
        return StoredRule(document.version, unreadable=str(unreadable))
    return None if rule is None else StoredRule(document.version, rule)


async def _looked_up(
    store: Store, found: Mapping[str, StoredRule | None], known: Mapping[str, Creation]
) -> dict[str, Creation]:
    """Where those of the rules were created whose creation is not known."""
    versions = {
        name: one.rule.created or one.version
        for name, one in found.items()
        if one is not None and one.rule is not None and name not in known
    }
    creations: dict[str, Creation] = {}
    ranges = _ranges(sorted(set(versions.values())))
    for start in range(0, len(ranges), _AT_ONCE):
        some = ranges[start : start + _AT_ONCE]
        for events in await asyncio.gather(*(_events(store, *one) for one in some)):
            creations |= creations_in(
                one for one in events if versions.get(one.subject) == one.version
            )
    if missing := versions.keys() - creations.keys():
        creations |= await _searched(store, missing)
    return creations


def _ranges(versions: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last version of each range that is read at once, to have all of these.

    No range has more than _CHUNK versions, nor more than _NEAR for each one that is wanted.
    """
    ranges: list[tuple[int, int]] = []
    for version in versions:
        if ranges and version - ranges[-1][1] <= _NEAR and version - ranges[-1][0] < _CHUNK:
            ranges[-1] = (ranges[-1][0], version)
        else:
            ranges.append((version, version))
    return ranges


async def _events(store: Store, first: int, last: int) -> list[Recorded]:
    """The events of these versions of the stream of rules."""
    found: list[Recorded] = []
    size = min(_CHUNK, store.limits.page)
    while first <= last:
        page = await store.read_stream(STREAM, after=first - 1, before=last + 1, limit=size)
        if not page:
            break
        found += page
        first = page[-1].version + 1
    return found


async def _searched(store: Store, names: Iterable[str]) -> dict[str, Creation]:
    """Where rules were created, from the whole stream: they were changed by a release that did not
    note it."""
    wanted, after = set(names), 0
    creations: dict[str, Creation] = {}
    size = min(_PAGE, store.limits.page)
    while page := await store.read_stream(STREAM, after=after, limit=size):
        creations |= {name: at for name, at in creations_in(page).items() if name in wanted}
        after = page[-1].version
    return creations
