"""The page about the command line is as new as the commands, and names them all."""

from pathlib import Path

from gatherlog.entrypoints.cli.app import app
from gatherlog.entrypoints.cli.reference import FILE, document

PAGE = (Path(__file__).parents[2] / FILE).read_text(encoding="utf-8")


def test_the_page_is_what_the_generator_gives() -> None:
    assert document() == PAGE, "run python -m gatherlog.entrypoints.cli.reference"


def test_every_command_and_every_option_stands_on_the_page() -> None:
    for chain in [[name] for name in app if not name.startswith("-")] + [
        ["key", "create"],
        ["key", "list"],
        ["key", "revoke"],
    ]:
        heading = f"gatherlog {' '.join(chain)}\n"
        assert f"# {heading}" in PAGE
        command, _, _ = app.parse_commands(chain)
        section = PAGE.split(f"# {heading}", 1)[1].split("\n## ", 1)[0]
        options = app[chain[0]] if len(chain) == 1 else app[chain[0]][chain[1]]
        if options.default_command is None:
            continue
        for argument in options.assemble_argument_collection():
            assert argument.parameter.help, (command, argument.name)
            assert f"`{argument.name}" in section, (command, argument.name)
