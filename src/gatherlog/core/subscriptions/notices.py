"""What the operator of a subscription has to know of: what was set aside, and who fails."""

from collections.abc import Callable, Mapping

from gatherlog.core.subscriptions.dead_letters import DeliveryGivenUp

__all__ = ["Notices", "Tell"]

Tell = Callable[[str, str], None]
"""Called with the name of a subscription and a sentence for the log. The sentence names rules,
commands and destinations; it holds no data of events, and no message of a receiver."""


class Notices:
    """The notices of one subscription in one worker, each of which is told once."""

    def __init__(self, subscription: str, tell: Tell) -> None:
        self._subscription = subscription
        self._tell = tell
        self._rules: dict[str, str] = {}
        self._commands: dict[str, str] = {}
        self._failing: dict[str, frozenset[int]] = {}
        """The partitions in which all deliveries to a destination fail."""

    @property
    def set_aside(self) -> dict[str, str]:
        """What was set aside, such as `rule sales` or `command 17`, and why."""
        return {**self._rules, **self._commands}

    def set_aside_now(self, found: Mapping[str, str]) -> None:
        """What the subscription has set aside now; what is not among it is in force again."""
        for what, why in found.items():
            if self._rules.get(what) != why:
                self.tell(f"{what} is set aside, and all others go on: {why}. Mend or remove it.")
        for what in self._rules.keys() - found.keys():
            self.tell(f"{what} is not set aside any more.")
        self._rules = dict(found)

    def command_set_aside(self, version: int, why: str) -> None:
        """An administrative command was not carried out; it is the event of this version."""
        what = f"command {version}"
        if what not in self._commands:
            self._commands[what] = why
            self.tell(f"{what} is set aside, and the next ones go on: {why}. Give it again.")

    def fails(self, destination: str, partition: int, kind: str | None) -> None:
        """All deliveries to a destination fail in a partition, in the way of `kind`; None: no more.

        It is told when that begins in any partition, and when it has ended in all.
        """
        before = self._failing.pop(destination, frozenset())
        now = before - {partition} if kind is None else before | {partition}
        if now:
            self._failing[destination] = now
        if now and not before:
            self.tell(
                f"all deliveries to {destination} fail ({kind}): one attempt at a time probes it,"
                f" and its events wait. See: gatherlog subscriptions show {self._subscription}"
            )
        if before and not now:
            self.tell(f"{destination} takes deliveries again.")

    def given_up(self, dead_letter: str, given_up: DeliveryGivenUp) -> None:
        """A delivery was given up, and is a dead letter of this id."""
        tries = f"{given_up.attempts} attempt{'' if given_up.attempts == 1 else 's'}"
        self.tell(
            f"a delivery of {given_up.event_type} to {given_up.destination} was given up after"
            f" {tries} ({given_up.kind}). See: gatherlog dead-letters show {dead_letter}"
        )

    def forget(self, destination: str) -> None:
        """There is no such destination any more."""
        self._failing.pop(destination, None)

    def tell(self, sentence: str) -> None:
        """Write a sentence into the log."""
        self._tell(self._subscription, sentence)
