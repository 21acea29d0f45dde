"""Event patterns as they are typed: their flaws, and fields that no event has."""

import sys
from typing import TYPE_CHECKING, Any

from gatherlog.entrypoints.cli.failures import flaws_named
from gatherlog.entrypoints.cli.terminal import printable

if TYPE_CHECKING:
    from gatherlog.core.routing.patterns import Pattern

__all__ = ["compiled_pattern"]


def compiled_pattern(pattern: dict[str, Any] | str) -> "Pattern":
    """The pattern of the option `--pattern`; CommandRefused with its flaws.

    A field that no event has is most often mistyped, and is warned of on stderr.
    """
    from gatherlog.core.routing import compile_pattern
    from gatherlog.core.routing.event_document import FIELDS

    with flaws_named({"": "--pattern"}):
        compiled = compile_pattern(pattern)
    asked = {field.path[0] for branch in compiled.branches for field in branch.fields}
    for name in sorted(asked - FIELDS):
        print(
            f'gatherlog: --pattern: no event has the field "{printable(name)}"; its fields are '
            f"{', '.join(sorted(FIELDS))}",
            file=sys.stderr,
        )
    return compiled
