"""The question on the terminal before something is written."""

import sys

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused

__all__ = ["refusal_of"]


def refusal_of(question: str, what: str, *, may_ask: bool = True) -> CommandRefused | None:
    """Ask on the terminal. None if the answer is yes, else the refusal, as in "nothing `what`"."""
    if not (may_ask and sys.stdin.isatty()):
        return CommandRefused(f"nothing {what}: nobody is here to ask; confirm with --yes")
    print(f"{question} [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return None
    return CommandRefused(f"nothing {what}", FAILED)
