"""The command line, `gatherlog`: one module per theme; slow imports wait inside the commands."""

import sys

from gatherlog.entrypoints.cli.app import run

__all__ = ["main"]


def main() -> None:
    """Run the command that the process was started with, and end with its status."""
    sys.exit(run(sys.argv[1:]))
