"""Which of the stored rules cannot be used, and why, whichever process reads them."""

from collections.abc import Mapping

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.store import Document, Store
from gatherlog.core.projections.paging import documents
from gatherlog.core.routing.patterns import InvalidPattern, compile_pattern
from gatherlog.core.routing.rules import RULES, Rule
from gatherlog.core.routing.stored_rules import RuleUnreadable, readable
from gatherlog.core.routing.transformers import compile_transform

__all__ = ["UnusableRules"]


class UnusableRules:
    """Looks at the rules of one store; a rule that has not changed is not looked at again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, tuple[int, str]] = {}
        """By rule: the version of its document, and why it cannot be used; empty if it can."""

    async def find(self) -> Mapping[str, str]:
        """The rules that cannot be used, by name, each with the reason. Queries may lag."""
        seen: dict[str, tuple[int, str]] = {}
        pace = Pace()
        async for found in documents(self._store, RULES.query("by_all", "all", limit=1000)):
            before = self._seen.get(found.id)
            is_known = before is not None and before[0] == found.version
            seen[found.id] = before if before and is_known else (found.version, _why(found))
            if pace.is_over():
                await pace.give_way()
        self._seen = seen
        return {name: why for name, (_, why) in seen.items() if why}


def _why(found: Document) -> str:
    """Why the rule of a document cannot be used; empty if it can."""
    try:
        if (rule := readable(found)) is not None:
            _compile(rule)
    except (RuleUnreadable, InvalidPattern, Invalid) as error:
        return str(error)
    return ""


def _compile(rule: Rule) -> None:
    """Compile what a rule has to be compiled for; raises what is wrong with it."""
    compile_pattern(rule.pattern)
    for given in (target.input for target in rule.targets):
        if given is not None:
            compile_transform(given.paths, given.template, rule=rule.name)
