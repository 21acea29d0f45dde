"""What cannot be used is set aside and told once, and nothing else waits for it."""

import msgspec
import pytest

from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.checkpoints import BACKLOGS
from gatherlog.core.subscriptions.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    DeliveryRedriven,
    SubscriptionReset,
)
from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.core.subscriptions.subscription import Destination
from tests.core.subscriptions.followers import (
    FOREVER,
    IDS,
    NOON,
    Changing,
    Following,
    Receiver,
    bodies,
    eventually,
    fails,
    new_store,
    run_scenario,
    say,
    working,
)

ONCE = RetryPolicy(attempts=1, age=None)
SHORT = CODEC.encode(SubscriptionReset(by="me", positions=()))[2]
COMMANDS = {
    "of another release": Event(IDS(), "subscription.rewound", NOON, NOON, b"{}"),
    "of another schema": Event(IDS(), "subscription.paused", NOON, NOON, b"{}", 9),
    "no JSON": Event(IDS(), "subscription.delivery_redriven", NOON, NOON, b"{", 1, "letter"),
    "for fewer partitions": Event(IDS(), "subscription.reset", NOON, NOON, SHORT),
}


async def command(store: Store, event: Event) -> int:
    """Give a command as no release does; the version of its event."""
    stream = "subscription-following"
    return (await store.commit(Commit(appends=[Append(stream, [event])]))).streams[stream]


async def dead_letter(store: Store) -> str:
    return next(iter(await bodies(store, DEAD_LETTERS)), "")


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("bad", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_that_cannot_be_carried_out_is_set_aside_and_the_next_ones_follow(
    bad: Event, partitions: int
) -> None:
    async def scenario() -> None:
        store, receiver = new_store(partitions), Receiver({"bad": [fails()]})
        following = Following(Destination(name="place", target=receiver, retry=ONCE))
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        async with working(store, following) as running:
            await say(store, "card-1", "bad", "next")
            id = await eventually(lambda: dead_letter(store))
            version = await command(store, bad)
            await admin.redrive(id, by="me")
            await receiver.has(2)
            assert sorted(receiver.words) == ["bad", "next"]
            await running.stop()
        noted = running.worker.notices["following"].set_aside
        assert [*noted] == [f"command {version}"]
        [told] = [one for one in running.told if "set aside" in one]
        assert told.startswith(f"command {version} is set aside, and the next ones go on: ")

    run_scenario(scenario())


def test_a_redrive_of_a_damaged_dead_letter_is_set_aside_and_the_next_commands_follow() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"a": [fails()], "b": [fails()]})
        following = Following(Destination(name="place", target=receiver, retry=ONCE))
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        async with working(store, following) as running:
            await say(store, "card-1", "a", "b")
            [damaged, other] = await eventually(lambda: two_dead_letters(store))
            await damage(store, damaged)
            type, schema, data = CODEC.encode(DeliveryRedriven(by="me"))
            version = await command(store, Event(IDS(), type, NOON, NOON, data, schema, damaged))
            await admin.redrive(other, by="me")
            await receiver.has(1)
        noted = running.worker.notices["following"].set_aside
        assert noted[f"command {version}"] == f"document dead_letter/{damaged} cannot be read"

    run_scenario(scenario())


async def two_dead_letters(store: Store) -> list[str]:
    found = list(await bodies(store, DEAD_LETTERS))
    return found if len(found) == 2 else []


async def damage(store: Store, dead_letter: str) -> None:
    """Store a body that no release can read."""
    write = DEAD_LETTERS.write(dead_letter, "subscription-following")
    write = msgspec.structs.replace(write, body=b"{")
    appends = [Append("subscription-following", [COMMANDS["of another release"]])]
    await store.commit(Commit(appends=appends, writes=[write]))


async def has_all(receiver: Receiver, words: set[str]) -> bool:
    return words <= set(receiver.words)


@pytest.mark.parametrize("while_it_runs", [True, False])
def test_what_waits_for_a_destination_that_is_set_aside_is_kept_for_it(while_it_runs: bool) -> None:
    async def scenario() -> None:
        store, receiver, other = (
            new_store(),
            Receiver({"bad": [fails(retry_after=5.0)] * 2}),
            Receiver(),
        )
        places = {"place": receiver, "other": other}
        following = Changing(
            *(Destination(name=n, target=one, retry=FOREVER) for n, one in places.items())
        )
        async with working(store, following) as running:
            await say(store, "card-1", "bad", "2")
            await eventually(lambda: bodies(store, BACKLOGS))
            await other.has(2)
            if not while_it_runs:
                await running.stop()
            following.change({"place": "it cannot be read"})
            if while_it_runs:
                await say(store, "card-3", "missed")
                await other.has(3)
        async with working(store, following) as running:
            await say(store, "card-1", "3")
            await other.has(3 + while_it_runs)
            assert receiver.words == []
            assert running.told == [
                "place is set aside, and all others go on: it cannot be read. Mend or remove it."
            ]
            await eventually(lambda: bodies(store, BACKLOGS))
            following.change({})
            await say(store, "card-2", "4")
            await eventually(lambda: has_all(receiver, {"bad", "2", "3", "4"}))
            assert running.told[1:] == ["place is not set aside any more."]
        # what came meanwhile it gets only if it had to catch up, from before that
        assert [word for word in receiver.words if word in "bad 2 3"] == ["bad", "2", "3"]

    run_scenario(scenario())
