"""The actor in an event's meta."""

from typing import Any

import pytest

from gatherlog.core import Recorded
from gatherlog.core.commands.event_meta import (
    actor_of,
    event_meta,
    meta_with_given,
    shown_meta,
)


def recorded(meta: bytes) -> Recorded:
    return Recorded(0, 1, "notes-1", 1, "e1", "tests.written", 1, 1, b"{}", 1, "", meta)


def test_the_meta_of_an_event_names_the_actor_beside_more() -> None:
    assert event_meta("cli") == b'{"actor":"cli"}'
    assert event_meta("key:1", {"import": "f00d"}) == b'{"import":"f00d","actor":"key:1"}'


def test_an_actor_that_is_given_in_more_is_replaced() -> None:
    assert actor_of(recorded(event_meta("key:1", {"actor": "key:2"}))) == "key:1"


def test_what_a_caller_gives_is_shown_and_never_taken_for_the_actor() -> None:
    meta = meta_with_given("key:1", {"actor": "key:2", "rules": ["a"], "given": {"x": 1}})

    assert actor_of(recorded(meta)) == "key:1"
    assert shown_meta(meta) == b'{"actor":"key:2","rules":["a"],"given":{"x":1}}'
    assert shown_meta(meta_with_given("key:1", {"x": 1})) == b'{"actor":"key:1","x":1}'
    assert meta_with_given("key:1", {}) == b'{"actor":"key:1"}'


@pytest.mark.parametrize(
    "meta",
    [
        b"",
        b'{"actor":"cli"}',
        b'{"rules":["a"],"cause":"notes-1@1"}',
        b'{"given":{"x":1}}',
        b'{"actor":"cli","given":7}',
        b'{"given":',
        b'"given":' + b"[" * 100_000,
    ],
)
def test_meta_of_any_other_form_is_shown_as_it_is(meta: bytes) -> None:
    assert shown_meta(meta) == meta


@pytest.mark.parametrize(
    ("meta", "actor"),
    [
        (b'{"actor":"cli"}', "cli"),
        (b'{"actor":7}', 7),
        (b'{"cause":"notes-1@1"}', None),
        (b"", None),
        (b"[]", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_actor_is_read_from_any_meta(meta: bytes, actor: Any) -> None:
    assert actor_of(recorded(meta)) == actor
