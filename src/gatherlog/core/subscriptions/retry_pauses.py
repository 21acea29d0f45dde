"""How long a failed delivery pauses before its next attempt, and whether there is another one."""

import random

import msgspec

from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.core.subscriptions.delivery import DeliveryFailed, RetryPolicy

__all__ = ["NextAttempt", "next_attempt", "pause_after"]


class NextAttempt(msgspec.Struct, frozen=True):
    """What follows a failure: another attempt after a pause, or none."""

    pause: float
    """Seconds."""
    is_given_up: bool
    is_too_old: bool
    """Whether it is given up for its age alone."""


def next_attempt(
    failures: int, age: float, policy: RetryPolicy, error: DeliveryFailed
) -> NextAttempt:
    """What follows the latest of so many failures, `age` seconds after the first attempt."""
    pause = pause_after(failures, policy, error)
    is_last = error.final or (policy.attempts is not None and failures >= policy.attempts)
    is_old = policy.age is not None and age + pause > policy.age
    return NextAttempt(pause, is_last or is_old, is_old and not is_last)


def pause_after(failures: int, policy: RetryPolicy, error: DeliveryFailed) -> float:
    """Seconds until the next attempt, with full jitter; at least what the receiver asked for."""
    bound = pause_bound(failures, first=policy.first_pause, longest=policy.longest_pause)
    return max(random.uniform(0, bound), error.retry_after or 0.0)
