"""What each error is called over GraphQL, and what is shown of it."""

from contextlib import suppress
from typing import Any

import pytest
from graphql import GraphQLError

from gatherlog.apps.people.policy import Action
from gatherlog.apps.things import AlreadyBooked, ChildIsBooked, Full, OwnThing, WrongState
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import (
    Busy,
    Conflict,
    CursorInvalid,
    Denied,
    DiskFull,
    DocumentUndecodable,
    Flaw,
    Invalid,
    KeyReused,
    LimitExceeded,
    NotFound,
    StoreClosed,
    StoreFailed,
    Unauthenticated,
    ViewNotBuilt,
)
from gatherlog.interfaces.graphql.errors import MEANINGS, formatted
from gatherlog.interfaces.graphql.resolving import mutation, null_where_hidden, query
from gatherlog.interfaces.problems import NotReady, TooMany

OF_CLIENTS: list[tuple[Exception, str]] = [
    (Unauthenticated("who?"), "UNAUTHENTICATED"),
    (Denied("no"), "FORBIDDEN"),
    (OwnThing("yours"), "FORBIDDEN"),
    (NotFound("nothing"), "NOT_FOUND"),
    (CursorInvalid("cursor"), "BAD_USER_INPUT"),
    (KeyReused("key"), "BAD_USER_INPUT"),
    (LimitExceeded("a name", "bytes", 1, 2), "BAD_USER_INPUT"),
    (WrongState("state"), "CONFLICT"),
    (AlreadyBooked("booked"), "CONFLICT"),
    (ChildIsBooked("child"), "CONFLICT"),
    (Conflict("document", "thing/1", 1, 2), "CONFLICT"),
    (Repeated(b""), "CONFLICT"),
    (Full("full"), "FULL"),
    (NotReady("no search"), "UNAVAILABLE"),
]
OF_THIS_SIDE: list[tuple[Exception, str]] = [
    (Busy("partition 3"), "UNAVAILABLE"),
    (StoreClosed("secret"), "UNAVAILABLE"),
    (StoreFailed("/var/secret.db"), "UNAVAILABLE"),
    (DiskFull("/var/secret.db"), "UNAVAILABLE"),
    (ViewNotBuilt("secret", "by_key"), "UNAVAILABLE"),
    (DocumentUndecodable("secret", "secret"), "INTERNAL"),
    (RuntimeError("secret"), "INTERNAL"),
]


def answered(error: Exception) -> tuple[dict[str, object], str, list[BaseException]]:
    """The extensions, the message, and what is reported to the operator."""
    reported: list[BaseException] = []
    [shown] = formatted([GraphQLError("x", original_error=error)], "", reported.append)
    return shown["extensions"], shown["message"], reported


@pytest.mark.parametrize(("error", "code"), OF_CLIENTS, ids=lambda one: type(one).__name__)
def test_what_a_client_can_mend_is_told_as_it_is(error: Exception, code: str) -> None:
    assert answered(error) == ({"code": code}, str(error), [])


@pytest.mark.parametrize(("error", "code"), OF_THIS_SIDE, ids=lambda one: type(one).__name__)
def test_what_failed_on_this_side_shows_nothing_of_itself(error: Exception, code: str) -> None:
    extensions, message, _ = answered(error)

    assert extensions["code"] == code
    assert "secret" not in message
    assert "partition" not in message


def test_failures_are_reported_and_refusals_are_not() -> None:
    errors = [error for error, _ in [*OF_CLIENTS, *OF_THIS_SIDE]]

    reported = [type(error).__name__ for error in errors if answered(error)[2]]

    assert reported == ["StoreFailed", "ViewNotBuilt", "DocumentUndecodable", "RuntimeError"]


def test_flaws_are_named_one_by_one_and_waiting_is_told_in_seconds() -> None:
    flaw, wait = Invalid(Flaw("/input/name", "is blank")), TooMany("often", 12.3)

    assert answered(flaw)[0] == {
        "code": "BAD_USER_INPUT",
        "errors": [{"pointer": "/input/name", "detail": "is blank"}],
    }
    assert answered(wait)[0] == {"code": "RATE_LIMITED", "retryAfter": 12}


def test_every_code_stands_in_the_reference() -> None:
    codes = {code for _, code in [*OF_CLIENTS, *OF_THIS_SIDE]}

    assert codes - set(MEANINGS) == set()


class Asked:
    """Stands for the context of a request."""

    hides = False

    def __init__(self) -> None:
        self.context = self

    def permit(self, action: Action) -> None:
        """Everything is allowed."""


@pytest.mark.parametrize("made", [query, null_where_hidden, mutation])
async def test_what_is_missing_or_hidden_is_answered_at_a_tick_of_the_clock(made: Any) -> None:
    async def resolve(context: Any, args: Any) -> None:
        raise NotFound("there is no such thing")

    asked = Asked()
    with suppress(NotFound):
        await made(Action.READ_THING, resolve)(None, asked, input={})

    assert asked.hides
