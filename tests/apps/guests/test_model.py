"""After every command, the guest list agrees with a simple model of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import DEFAULT, VIEWS
from gatherlog.engines import open_store
from gatherlog.testing import run_instantly
from tests.apps.guests.random_commands import PLACES, WHO, Command, CommandRunner

PEOPLE = st.integers(1, 4)
SAYS = st.one_of(
    st.fixed_dictionaries({"attending": st.just(True), "num_guests": PEOPLE}),
    st.fixed_dictionaries({"attending": st.sampled_from([False, None])}),
)
MODELLED = st.one_of(
    st.tuples(st.just("rsvp"), WHO, SAYS),
    st.tuples(
        st.just("together"),
        st.just(0),
        st.dictionaries(st.integers(0, 1), SAYS, min_size=1, max_size=2),
    ),
    st.tuples(st.just("settings"), st.just(0), st.fixed_dictionaries({"max_guests": PLACES})),
)


class Model:
    """The guests who come, and the units that wait; guests 0 and 1 are a household."""

    def __init__(self) -> None:
        self.capacity: int | None = None
        self.coming: dict[int, int] = {}
        self.queue: list[dict[int, int]] = []
        self.said: dict[int, str] = {}

    def left(self) -> int:
        return 10**6 if self.capacity is None else self.capacity - sum(self.coming.values())

    def carry_out(self, command: Command) -> str:
        what, who, given = command
        if what == "settings":
            self.capacity = given["max_guests"]
        else:
            answers = {who: given} if what == "rsvp" else given
            if not self.answer(dict(sorted(answers.items()))):
                return "gathering_full"
        self.move_up()
        return "done"

    def answer(self, answers: Mapping[int, Mapping[str, Any]]) -> bool:
        wanted = {who: said.get("num_guests", 0) for who, said in answers.items()}
        more = sum(wanted[who] - self.coming[who] for who in wanted if who in self.coming)
        if more > max(self.left(), 0):
            return False
        unit = {}
        for who, people in wanted.items():
            self.said[who] = "declined" if answers[who]["attending"] is False else "undecided"
            waits = [waiting for waiting in self.queue if who in waiting]
            if who in self.coming:
                self.coming[who] = people
            elif waits:
                waits[0][who] = people
            elif people:
                unit[who] = people
            for holding in (self.coming, *self.queue):
                if holding.get(who) == 0:
                    del holding[who]
        self.queue = [waiting for waiting in (*self.queue, unit) if waiting]
        return True

    def move_up(self) -> None:
        for unit in list(self.queue):
            if sum(unit.values()) <= self.left():
                self.queue.remove(unit)
                self.coming.update(unit)

    def status_of(self, who: int) -> tuple[str, int]:
        for status, holding in ("coming", self.coming), *(("waiting", unit) for unit in self.queue):
            if who in holding:
                return status, holding[who]
        return self.said.get(who, "pending"), 0


@pytest.mark.parametrize("url", ["memory:", "hostile:1"])
@given(commands=st.lists(MODELLED, max_size=25))
def test_the_service_agrees_with_the_model(url: str, commands: list[Command]) -> None:
    async def story() -> None:
        runner = CommandRunner(await open_store(url, views=VIEWS))
        await runner.begin()
        for first in "Dan", "Eve":
            await runner.add(first_name=first, last_name="X")
        model = Model()
        for command in commands:
            assert await runner.carry_out(command) == model.carry_out(command)
            for number, id in enumerate(runner.guests):
                guest = (await runner.service.guest(DEFAULT, id)).body
                people = 0 if guest.status in ("undecided", "pending") else guest.num_guests
                assert (guest.status, people) == model.status_of(number)

    run_instantly(story())
