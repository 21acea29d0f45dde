"""Events of one stream and subject come in their order, whatever fails, is slow or stops."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.core import Append, Commit
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.subscription import Destination
from tests.core.subscriptions.followers import (
    FOREVER,
    IDS,
    Distant,
    Following,
    Receiver,
    eventually,
    fails,
    happened,
    new_store,
    run_scenario,
    working,
)
from tests.stores import scanned

ERRORS: dict[str, BaseException] = {"fails": fails(), "raises": ValueError("no")}
KEYS = st.tuples(st.sampled_from(["card-1", "card-2"]), st.sampled_from(["", "ada", "ben"]))
STEPS = st.lists(
    st.one_of(
        st.lists(KEYS, min_size=1, max_size=12),
        st.floats(0.0, 30.0),
        st.sampled_from(["pause", "resume", "stop"]),
    ),
    min_size=1,
    max_size=8,
)
PLACES = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 4)), min_size=1, max_size=3)


class Steps:
    """What happens, step by step, and the receivers of the events."""

    def __init__(self, data: st.DataObject, *, cues: Sequence[object]) -> None:
        self._data = data
        self._cues = cues
        self.store: Any = Distant(new_store(), data.draw(st.integers(0, 99)))
        self.said: dict[tuple[str, str], list[str]] = {}
        self.count = 0
        self.receivers = [Receiver(batch=batch) for _, batch in data.draw(PLACES)]
        self.following = Following(
            *(
                Destination(
                    name=f"place-{n}",
                    target=receiver,
                    retry=FOREVER,
                    timeout=10.0,
                    at_once=data.draw(st.integers(1, 8)),
                )
                for n, receiver in enumerate(self.receivers)
            )
        )

    async def say(self, keys: Sequence[tuple[str, str]]) -> None:
        for stream, subject in keys:
            word = f"w{self.count}"
            self.count += 1
            self.said.setdefault((stream, subject), []).append(word)
            for receiver in self.receivers:
                cues = self._data.draw(st.lists(st.sampled_from(self._cues), max_size=2))
                receiver.cues[word] = [ERRORS.get(str(cue)) or float(str(cue)) for cue in cues]
            commit = Commit(appends=[Append(stream, [happened(word, subject)])])
            await self.store.commit(commit)

    async def command(self, name: str) -> None:
        admin = SubscriptionAdmin(self.store, clock=system_clock, ids=IDS)
        await {"pause": admin.pause, "resume": admin.resume}[name]("following", by="me")

    async def run(self, *, kills: bool) -> None:
        steps = [*self._data.draw(STEPS), "resume"]
        while steps:
            async with working(self.store, self.following) as running:
                await eventually(lambda: scanned(self.store, "checkpoint"))
                while steps and (step := steps.pop(0)) != "stop":
                    match step:
                        case list():
                            await self.say(step)
                        case float():
                            await asyncio.sleep(step)
                        case str():
                            await self.command(step)
                if not steps:
                    async with asyncio.timeout(100_000):
                        for receiver in self.receivers:
                            await eventually(lambda r=receiver: self.has_all(r))  # type: ignore[misc]
                if kills:
                    await running.kill()

    async def has_all(self, receiver: Receiver) -> bool:
        return len(set(receiver.words)) == self.count

    def sequences(self, receiver: Receiver) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for delivery in receiver.taken:
            key = (delivery.event.stream, delivery.event.subject)
            found.setdefault(key, []).append(delivery.event.data.decode())
        return found


@given(st.data())
@settings(max_examples=60)
def test_without_a_crash_each_event_is_delivered_once_and_in_order(data: st.DataObject) -> None:
    async def scenario() -> None:
        steps = Steps(data, cues=("fails", "raises", 0.3, 2.0, 40.0))
        await steps.run(kills=False)
        for receiver in steps.receivers:
            assert steps.sequences(receiver) == steps.said

    run_scenario(scenario())


@given(st.data())
@settings(max_examples=60)
def test_with_killed_workers_each_event_is_delivered_and_first_seen_in_order(
    data: st.DataObject,
) -> None:
    async def scenario() -> None:
        steps = Steps(data, cues=("fails", "raises", 0.3, 2.0, 40.0))
        await steps.run(kills=True)
        for receiver in steps.receivers:
            firsts = {key: list(dict.fromkeys(w)) for key, w in steps.sequences(receiver).items()}
            assert firsts == steps.said

    run_scenario(scenario())


@given(st.data())
@settings(max_examples=30)
def test_a_delivery_has_one_id_and_counts_its_attempts(data: st.DataObject) -> None:
    async def scenario() -> None:
        steps = Steps(data, cues=("fails", 0.3))
        await steps.run(kills=False)
        for receiver in steps.receivers:
            deliveries = [delivery for call in receiver.calls for delivery in call]
            ids = {(d.event.stream, d.event.version, d.id) for d in deliveries}
            assert len(ids) == len({id for _, _, id in ids}) == steps.count

    run_scenario(scenario())
