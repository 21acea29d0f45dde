"""The command line, `gatherlog`: one module per topic; slow imports are inside the commands."""

import sys

from gatherlog.entrypoints.cli.app import run

__all__ = ["main"]


def main() -> None:
    """Run the command with the process's arguments, and exit with its status."""
    sys.exit(run(sys.argv[1:]))
