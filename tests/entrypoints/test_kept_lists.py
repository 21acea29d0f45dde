"""The commands about the cache: what is kept is shown, made wrong, and forgotten."""

import json

import pytest

from tests.caches.servers import RealServer
from tests.entrypoints.conftest import Terminal


@pytest.fixture
def cached(
    cache_server: RealServer, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """A terminal with a store in which Ada and Bob have talked, and a cache."""
    monkeypatch.setenv("GATHERLOG_CACHE", cache_server.url)
    terminal("messages", "seed", "--messages", "3")
    return terminal


def state(terminal: Terminal) -> tuple[int | None, bool, int]:
    found = json.loads(terminal("messages", "read-cache", "bob", "--json").out)
    listed = found["conversations"]
    return None if listed is None else len(listed), found["right"], found["unread"]


def listed(terminal: Terminal) -> str:
    return terminal("messages", "list-conversations", "bob", "--json").out


def test_a_list_is_kept_when_it_is_asked_for_and_goes_stale(cached: Terminal) -> None:
    assert state(cached) == (None, False, 2)
    first = listed(cached)
    assert state(cached) == (1, True, 2)
    assert listed(cached) == first

    cached("messages", "seed", "cyd", "bob", "--messages", "1")

    assert state(cached) == (1, False, 3)
    assert len(json.loads(listed(cached))) == 2
    assert cached("messages", "read-cache", "bob").out == (
        "kept: 2 conversations, right\nunread: 3\n"
    )


def test_a_list_that_was_made_wrong_is_never_shown(cached: Terminal) -> None:
    right = listed(cached)

    assert cached("messages", "increment-cache", "bob").status == 0

    assert state(cached) == (1, False, 2)
    assert "kept: 1 conversation, stale" in cached("messages", "read-cache", "bob").out
    assert listed(cached) == right
    assert state(cached) == (1, True, 2)


def test_a_list_is_forgotten_and_kept_again(cached: Terminal) -> None:
    right = listed(cached)

    assert cached("messages", "reset-cache", "bob").out == "Nothing is kept.\n"

    assert state(cached) == (None, False, 2)
    assert cached("messages", "read-cache", "bob").out == "kept: nothing\nunread: 2\n"
    assert listed(cached) == right


def test_a_cache_that_is_down_stops_its_commands_and_no_others(
    cached: Terminal, cache_server: RealServer
) -> None:
    right = listed(cached)
    cache_server.kill()

    assert listed(cached) == right
    for command in ("read-cache", "increment-cache", "reset-cache"):
        refused = cached("messages", command, "bob")
        assert (refused.status, refused.err) == (
            1,
            "gatherlog: the cache does not answer; see GATHERLOG_CACHE\n",
        )


def test_mistakes_are_named_in_one_line(cached: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nobody has this handle" in cached("messages", "read-cache", "nobody").err
    assert cached("messages", "increment-cache", "bob").err == (
        "gatherlog: the cache has no list of bob\n"
    )
    monkeypatch.setenv("GATHERLOG_CACHE", "memory")
    assert "no other process has what is kept" in cached("messages", "reset-cache", "bob").err
    monkeypatch.setenv("GATHERLOG_CACHE", "valkey://:secret@")
    wrong = cached("messages", "list-conversations", "bob")
    assert (wrong.status, "cache is not off" in wrong.err, "secret" in wrong.err) == (
        2,
        True,
        False,
    )
