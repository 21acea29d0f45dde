"""Locks of commands: one for each id that is held, and not many more."""

from gatherlog.core.commands.turns import MOST_LOCKS, CommandLocks


async def test_an_id_has_one_lock_however_many_others_were_asked_for_meanwhile() -> None:
    locks = CommandLocks()
    async with locks.of("held"):
        held = locks.of("held")
        for number in range(5 * MOST_LOCKS):
            locks.of(f"id-{number}")

        assert locks.of("held") is held
        assert held.locked()


async def test_locks_that_nobody_holds_are_let_go() -> None:
    locks = CommandLocks()

    for number in range(5 * MOST_LOCKS):
        async with locks.of(f"id-{number}"):
            pass

    assert len(locks._locks) <= MOST_LOCKS
