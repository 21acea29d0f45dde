"""Writes plans, one transaction each, and finds out what became of those without an answer."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import msgspec

from gatherlog.core.eventstore.engine import Collision, OutcomeUnknown
from gatherlog.core.eventstore.errors import Busy, StoreFailed
from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.engines.dynamodb.client import Client
from gatherlog.engines.dynamodb.failures import DynamoError, is_for_later, translate
from gatherlog.engines.dynamodb.http import Lost
from gatherlog.engines.dynamodb.items import Value
from gatherlog.engines.dynamodb.writing import Transaction

__all__ = ["Writer"]

TRIES: Final = 8
"""How often a transaction is tried at once, before others of this process have their turn."""
FIRST_BOUND: Final = 0.002
LONGEST_BOUND: Final = 0.05
"""Seconds that the bound of a pause between these tries begins with, and never passes."""
COLLISION_SECONDS: Final = 1.0
"""For so long after a collision, everything is read before it is planned on."""

TOKEN_SECONDS: Final = 9 * 60.0
"""For so long after a transaction was sent, the service surely knows its token."""

_CANCELED: Final = "TransactionCanceledException"
_UNMET: Final = "ConditionalCheckFailed"
_IN_THE_WAY: Final = (_UNMET, "TransactionConflict")
_encode: Final = msgspec.json.Encoder().encode


class _Sent(msgspec.Struct, frozen=True):
    """A transaction as it was sent, with a token by which the service knows it for 10 minutes."""

    transaction: Transaction
    body: bytes
    heads: tuple[int, ...]
    since: float
    """When it was made, by the clock of the machine, which goes on while a process is stopped."""


class Writer:
    """All writes of commits of this process, and the last positions as far as it knows them."""

    def __init__(self, client: Client, table: str, heads: Sequence[int]) -> None:
        self._client = client
        self._table = table
        self.heads = list(heads)
        self._careful_until = 0.0

    @property
    def is_careful(self) -> bool:
        """Whether there was a collision a moment ago, so that what is known may be old."""
        return asyncio.get_running_loop().time() < self._careful_until

    def note_heads(self, heads: Sequence[int]) -> None:
        """Take note of last positions that were read."""
        self.heads = list(map(max, heads, self.heads))

    async def write(self, transaction: Transaction) -> None:
        """Carry out a transaction; its results have their positions then.

        Raises Collision if what it rests on has changed, OutcomeUnknown if the answer is lost.
        """
        sent = self._prepared(transaction)
        for failures in range(1, TRIES + 1):
            try:
                await self._client.send("TransactWriteItems", sent.body)
            except Lost as lost:
                raise OutcomeUnknown(f"the answer to a write was lost: {lost}", sent) from lost
            except DynamoError as error:
                again = self._what_next(sent, error)
                if again is None or failures == TRIES:
                    raise self._collided(str(error)) from error
                sent = again
                await _pause(failures)
            else:
                self._has_happened(sent)
                return

    async def happened(self, unknown: OutcomeUnknown) -> bool:
        """Whether a write happened whose answer was lost: the same request is sent once more.

        The service carries it out now if it never has. Raises Busy if that cannot be told yet, and
        StoreFailed if a refusal may come of its having happened, because this took too long.
        """
        sent = unknown.write
        assert isinstance(sent, _Sent)
        try:
            await self._client.send("TransactWriteItems", sent.body)
        except Lost as lost:
            raise Busy(f"DynamoDB does not answer: {lost}") from lost
        except DynamoError as error:
            if self._is_for_later(error):
                raise Busy(str(error)) from error
            self._learn(sent, error)
            if error.code != _CANCELED:
                raise translate(error) from error
            if time.time() - sent.since > TOKEN_SECONDS:
                raise StoreFailed("DynamoDB knows a transaction for 10 minutes only") from error
            return False
        self._has_happened(sent)
        return True

    def _prepared(self, transaction: Transaction) -> _Sent:
        heads = tuple(self.heads)
        request = {
            "TransactItems": transaction.actions(self._table, heads),
            "ClientRequestToken": uuid4().hex,
        }
        return _Sent(transaction, _encode(request), heads, time.time())

    def _what_next(self, sent: _Sent, error: DynamoError) -> _Sent | None:
        """What is to be sent next: the same, or with newer positions; None: it has collided.

        Whoever is in the way of anything but positions is about to change what the plan rests on.
        """
        is_for_later = self._is_for_later(error)
        if error.code != _CANCELED:
            if is_for_later:
                return sent
            raise translate(error) from error
        if why := _why_never(error):
            raise StoreFailed(f"DynamoDB cannot carry out this: {why}") from error
        self._learn(sent, error)
        partitions = len(sent.transaction.counts)
        if any(reason.code in _IN_THE_WAY for reason in error.reasons[partitions:]):
            return None
        return sent if is_for_later else self._prepared(sent.transaction)

    def _is_for_later(self, error: DynamoError) -> bool:
        """Whether the same transaction may succeed a moment later."""
        codes = {reason.code for reason in error.reasons} - {"None"}
        if error.code == _CANCELED:
            return bool(codes) and all(is_for_later(DynamoError(code, "")) for code in codes)
        return is_for_later(error)

    def _learn(self, sent: _Sent, error: DynamoError) -> None:
        """Take note of the last positions that stand in a refusal."""
        for partition, reason in zip(sent.transaction.counts, error.reasons, strict=False):
            if reason.code == _UNMET and reason.item is not None:
                told = msgspec.convert(reason.item, dict[str, Value])
                self.heads[partition] = max(self.heads[partition], int(told["p"].N))

    def _collided(self, why: str) -> Collision:
        self._careful_until = asyncio.get_running_loop().time() + COLLISION_SECONDS
        return Collision(why, shared=True)

    def _has_happened(self, sent: _Sent) -> None:
        sent.transaction.tell_positions(sent.heads)
        for partition, count in sent.transaction.counts.items():
            self.heads[partition] = max(self.heads[partition], sent.heads[partition] + count)


def _why_never(error: DynamoError) -> str:
    """Why a transaction can never be carried out, whoever else is in the way; "" if it may be."""
    return ", ".join(
        f"{reason.code} {reason.message or ''}".rstrip()
        for reason in error.reasons
        if reason.code not in ("None", *_IN_THE_WAY)
        and not is_for_later(DynamoError(reason.code, ""))
    )


async def _pause(failures: int) -> None:
    bound = pause_bound(failures, first=FIRST_BOUND, longest=LONGEST_BOUND)
    await asyncio.sleep(random.uniform(0, bound))
