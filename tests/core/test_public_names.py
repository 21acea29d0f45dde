"""The public names of the library, as a list: a name comes and goes here, and on purpose."""

import inspect
from types import ModuleType

import pytest

import gatherlog.core
import gatherlog.engines
from gatherlog.core import commands, eventstore, projections, queues, routing, subscriptions
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


def test_the_public_names_of_eventstore() -> None:
    assert eventstore.__all__ == [
        "ANY",
        "DELETE",
        "KEEP",
        "NEW",
        "VERSION_BYTES",
        "Append",
        "Busy",
        "Clock",
        "Codec",
        "Commit",
        "Committed",
        "Conflict",
        "CounterOutOfBounds",
        "CursorInvalid",
        "Denied",
        "DiskFull",
        "Document",
        "Event",
        "EventExpired",
        "EventUndecodable",
        "EventUnknown",
        "FeedPage",
        "Flaw",
        "GatherlogError",
        "HasCounters",
        "Heads",
        "Ids",
        "IndexKey",
        "Invalid",
        "KeepsFreedSpace",
        "KeepsIndexRows",
        "KeyReused",
        "LimitExceeded",
        "Limits",
        "NotAStore",
        "NotFound",
        "OwnedElsewhere",
        "Page",
        "Query",
        "Recalled",
        "Recorded",
        "Ref",
        "Refused",
        "Store",
        "StoreClosed",
        "StoreError",
        "StoreFailed",
        "StreamHead",
        "StreamPage",
        "Unauthenticated",
        "Upcaster",
        "ViewNotBuilt",
        "ViewOutdated",
        "Write",
        "actions_of",
        "count_actions",
        "event_type",
        "feed_events",
        "feed_page",
        "rfc3339",
        "system_clock",
        "to_micros",
    ]


def test_the_public_names_of_projections() -> None:
    assert projections.__all__ == [
        "BuildProgress",
        "Category",
        "Change",
        "Difference",
        "EventFold",
        "Fold",
        "Happened",
        "NoDocuments",
        "Progress",
        "View",
        "all_documents",
        "all_streams",
        "bodies",
        "build_views",
        "documents",
        "rebuild",
        "unbuilt_views",
        "verify",
    ]


def test_the_public_names_of_commands() -> None:
    assert commands.__all__ == [
        "Appended",
        "Appender",
        "Attempt",
        "CommandHandler",
        "Decided",
        "Handled",
        "Listing",
        "NewEvent",
        "Once",
        "Repeated",
        "Stored",
        "UnitOfWork",
        "actor_of",
        "event_meta",
    ]


@pytest.mark.parametrize(
    "package", [commands, eventstore, projections, queues, routing, subscriptions]
)
def test_every_class_that_a_package_exports_says_what_it_is(package: ModuleType) -> None:
    things = [getattr(package, name) for name in package.__all__]

    assert [one for one in things if inspect.isclass(one) and not inspect.getdoc(one)] == []


def test_what_the_core_exports_is_exported_by_one_of_its_packages_too() -> None:
    exported = {*commands.__all__, *eventstore.__all__, *projections.__all__}

    assert set(gatherlog.core.__all__) - exported == set()


def test_the_public_names_of_the_engines() -> None:
    assert gatherlog.engines.__all__ == [
        "accept_restored",
        "back_up",
        "let_use",
        "needed_rights",
        "open_store",
    ]


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
        "blank",
        "close",
        "commit",
        "declare",
        "forget",
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
        "EventExpired": "event_expired",
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
        "SearchNotReady": "search_not_ready",
        "ViewNotBuilt": "view_not_built",
        "ViewOutdated": "view_outdated",
    }
    assert all(issubclass(error, errors.GatherlogError) for error in tree)
