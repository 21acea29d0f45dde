"""The public names of the library, as a list: a name comes and goes here, and on purpose."""

import inspect

import gatherlog.core
import gatherlog.engines
from gatherlog.core.eventstore import errors


def test_the_public_names_of_the_core() -> None:
    assert gatherlog.core.__all__ == [
        "ANY",
        "DELETE",
        "KEEP",
        "NEW",
        "Append",
        "Change",
        "Codec",
        "CommandHandler",
        "Commit",
        "Committed",
        "Decided",
        "Document",
        "Event",
        "Fold",
        "Handled",
        "Happened",
        "Heads",
        "Limits",
        "Once",
        "Page",
        "Query",
        "Recalled",
        "Recorded",
        "Ref",
        "Store",
        "StreamHead",
        "UnitOfWork",
        "View",
        "Write",
        "event_type",
    ]
    assert all(hasattr(gatherlog.core, name) for name in gatherlog.core.__all__)


def test_the_public_names_of_the_engines() -> None:
    assert gatherlog.engines.__all__ == ["back_up", "open_store"]


def test_every_public_name_of_the_core_says_what_it_is() -> None:
    silent = [
        name
        for name in gatherlog.core.__all__
        if inspect.isclass(thing := getattr(gatherlog.core, name)) and not inspect.getdoc(thing)
    ]
    assert silent == []


def test_the_methods_of_a_store() -> None:
    methods = [name for name in vars(gatherlog.core.Store) if not name.startswith("_")]
    assert sorted(methods) == [
        "close",
        "commit",
        "declare",
        "get",
        "heads",
        "query",
        "read_feed",
        "read_stream",
        "recall",
        "scan",
        "streams",
        "wait",
    ]


def test_every_error_has_a_stable_code_of_its_own() -> None:
    tree = [getattr(errors, name) for name in errors.__all__ if name != "Flaw"]

    assert {error.__name__: error.code for error in tree} == {
        "Busy": "busy",
        "Conflict": "conflict",
        "CounterOutOfBounds": "counter_out_of_bounds",
        "CursorInvalid": "cursor_invalid",
        "Denied": "denied",
        "DiskFull": "disk_full",
        "DocumentUndecodable": "document_undecodable",
        "EventUndecodable": "event_undecodable",
        "EventUnknown": "event_unknown",
        "GatherlogError": "error",
        "HasCounters": "has_counters",
        "Invalid": "invalid",
        "KeyReused": "key_reused",
        "LimitExceeded": "limit_exceeded",
        "NotAStore": "not_a_store",
        "NotFound": "not_found",
        "OwnedElsewhere": "owned_elsewhere",
        "Refused": "refused",
        "StoreClosed": "store_closed",
        "StoreError": "store_error",
        "StoreFailed": "store_failed",
        "Unauthenticated": "unauthenticated",
        "ViewNotBuilt": "view_not_built",
        "ViewOutdated": "view_outdated",
    }
    assert all(issubclass(error, errors.GatherlogError) for error in tree)
