"""The target that is a stream of the same log: for each delivered event, one is appended."""

from collections.abc import Sequence

import msgspec

from gatherlog.core.commands.event_meta import causing_rules
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store
from gatherlog.core.subscriptions.delivery import Delivery

__all__ = ["AppendTarget"]


class AppendTarget:
    """Appends to `stream`, with the given type or that of the delivered event.

    A delivery that is repeated within 24 hours appends nothing: the commit's idempotency key is
    the delivery's id. The appended event has the time and subject of the delivered one. Its meta
    names the rules that led to it (`rules`) and the delivered event (`cause`: stream and version).
    """

    batch = 1

    def __init__(
        self, store: Store, rule: str, stream: str, type: str | None, *, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._rule = rule
        self._stream = stream
        self._type = type
        self._clock = clock
        self._ids = ids

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await self._store.commit(
                Commit(
                    appends=[Append(self._stream, [self._event(delivery)], ANY)],
                    key=f"delivery:{delivery.id}",
                )
            )

    async def close(self) -> None:
        """Does nothing: there is nothing to close."""

    def _event(self, delivery: Delivery) -> Event:
        event = delivery.event
        data = event.data if delivery.input is None else encode(delivery.input)
        if event.is_blank and delivery.input is None:
            data = b"null"  # it has expired; data that is empty would not be JSON
        meta = {
            "rules": [*causing_rules(event), self._rule],
            "cause": f"{event.stream}@{event.version}",
        }
        return Event(
            id=self._ids(),
            type=self._type or event.type,
            time=event.time,
            recorded=self._clock(),
            data=data,
            schema=event.schema if delivery.input is None else 1,
            subject=event.subject,
            meta=msgspec.json.encode(meta),
        )
