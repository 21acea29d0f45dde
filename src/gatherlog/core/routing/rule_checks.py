"""Checks of a rule that is to be created or changed: everything that is refused, with its place."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

from gatherlog.core.commands.appending import stream_flaws, type_flaws
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.routing.patterns import compile_pattern
from gatherlog.core.routing.rules import (
    MAX_DESCRIPTION,
    MAX_TARGETS,
    NAME_PATTERN,
    RESERVED,
    AppendSpec,
    RuleTarget,
    TargetSpec,
)
from gatherlog.core.routing.transformers import compile_transform
from gatherlog.core.subscriptions import delivery
from gatherlog.core.subscriptions.delivery import RetryPolicy

__all__ = ["RuleChecker", "RuleDraft", "TargetCheck"]

_NAME: Final = re.compile(NAME_PATTERN)

TargetCheck = Callable[[TargetSpec], Sequence[Flaw]]
"""Finds flaws of a target that only its driver knows about, such as a malformed URL."""


class RuleDraft(Protocol):
    """What is checked of a new or changed rule."""

    @property
    def pattern(self) -> dict[str, Any]: ...
    @property
    def targets(self) -> tuple[RuleTarget, ...]: ...
    @property
    def description(self) -> str: ...


class RuleChecker:
    """Checks rules. No rule may append to streams of the `owned` categories."""

    def __init__(self, check_target: TargetCheck, owned: Collection[str]) -> None:
        self._check_target = check_target
        self._owned = owned

    def check(
        self, draft: RuleDraft, *, name: str | None = None, known: Sequence[RuleTarget] = ()
    ) -> None:
        """Raise Invalid with every flaw of the draft, and of the name if the rule is new.

        Whether events may be delivered to the places of targets that the rule has already, which
        are `known`, is not checked again.
        """
        flaws = []
        if name is not None and (not _NAME.fullmatch(name) or name in RESERVED):
            detail = "use up to 63 of a-z, 0-9, _, . and -, beginning with a letter or digit"
            flaws.append(Flaw("/name", detail))
        if len(draft.description) > MAX_DESCRIPTION:
            flaws.append(Flaw("/description", f"at most {MAX_DESCRIPTION} characters"))
        flaws += _flaws_of("/pattern", lambda: compile_pattern(draft.pattern))
        if not 1 <= len(draft.targets) <= MAX_TARGETS:
            flaws.append(Flaw("/targets", f"from 1 to {MAX_TARGETS} targets"))
        if len({target.id for target in draft.targets}) < len(draft.targets):
            flaws.append(Flaw("/targets", "each target needs an id of its own"))
        for number, target in enumerate(draft.targets):
            flaws += _prefixed(f"/targets/{number}", self._target_flaws(target, known))
        if flaws:
            raise Invalid(*flaws)

    def _target_flaws(self, target: RuleTarget, known: Sequence[RuleTarget]) -> list[Flaw]:
        flaws = []
        if not _NAME.fullmatch(target.id):
            flaws.append(Flaw("/id", "use up to 63 of a-z, 0-9, _, . and -"))
        given = target.input
        if given is not None:
            flaws += _flaws_of("/input", lambda: compile_transform(given.paths, given.template))
        flaws += _prefixed("/retry", _retry_flaws(target.retry))
        if target.to not in [old.to for old in known]:
            flaws += _prefixed("/to", self._place_flaws(target.to))
        return flaws

    def _place_flaws(self, to: TargetSpec) -> list[Flaw]:
        """Why nothing may be delivered there."""
        flaws = self._append_flaws(to) if isinstance(to, AppendSpec) else []
        return [*flaws, *self._check_target(to)]

    def _append_flaws(self, to: AppendSpec) -> list[Flaw]:
        flaws = stream_flaws(to.stream, self._owned)
        return flaws if to.type is None else flaws + type_flaws("/type", to.type)


def _retry_flaws(retry: RetryPolicy) -> list[Flaw]:
    flaws = []
    if retry.attempts is None and retry.age is None:
        flaws.append(Flaw("", "a rule gives up some time: give attempts, age, or both"))
    if retry.attempts is not None and not 1 <= retry.attempts <= delivery.MOST_ATTEMPTS:
        flaws.append(Flaw("/attempts", f"from 1 to {delivery.MOST_ATTEMPTS:,}"))
    least, first = delivery.LEAST_PAUSE, delivery.LONGEST_FIRST_PAUSE
    bounds: Mapping[str, tuple[float | None, float, float]] = {
        "age": (retry.age, delivery.LEAST_AGE, delivery.LONGEST_AGE),
        "first_pause": (retry.first_pause, least, first),
        "longest_pause": (retry.longest_pause, least, delivery.LONGEST_PAUSE),
    }
    for field, (value, least, most) in bounds.items():
        if value is not None and not least <= value <= most:
            flaws.append(Flaw(f"/{field}", f"from {least:g} to {most:,.0f} seconds"))
    return flaws


def _flaws_of(place: str, compile: Callable[[], object]) -> list[Flaw]:
    """The flaws that `compile` raises, with pointers that begin with `place`."""
    try:
        compile()
    except Invalid as invalid:
        return _prefixed(place, invalid.flaws)
    return []


def _prefixed(place: str, flaws: Sequence[Flaw]) -> list[Flaw]:
    return [Flaw(place + flaw.pointer, flaw.detail) for flaw in flaws]
