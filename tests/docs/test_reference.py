"""The generated pages of the reference are up to date and complete."""

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from gatherlog.entrypoints.cli.app import app
from gatherlog.settings import PREFIX, Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGES = runpy.run_path(str(REFERENCE / "generate.py"))["PAGES"]
COMMANDS = (REFERENCE / "command-line.md").read_text(encoding="utf-8")


def _commands(group: App, *chain: str) -> Iterator[tuple[str, App]]:
    """All commands of the group, and of its groups, by the words that are typed."""
    for name in (name for name in group if not name.startswith("-")):
        yield " ".join((*chain, name)), group[name]
        yield from _commands(group[name], *chain, name)


@pytest.mark.parametrize("page", list(PAGES))
def test_a_generated_page_is_up_to_date(page: str) -> None:
    assert (REFERENCE / page).read_text(encoding="utf-8") == PAGES[page](), "run: make reference"


ALL = dict(_commands(app))


@pytest.mark.parametrize("name", list(ALL))
def test_every_command_stands_on_its_page_with_every_option(name: str) -> None:
    command = ALL[name]

    assert f"# gatherlog {name}\n" in COMMANDS
    section = COMMANDS.split(f"# gatherlog {name}\n", 1)[1].split("\n## ", 1)[0]

    if command.default_command is not None:
        for argument in command.assemble_argument_collection():
            if argument.name == "*":  # several options together, each of which follows
                continue
            assert argument.parameter.help, argument.name
            assert f"`{argument.name}" in section, argument.name


def test_every_setting_of_the_environment_stands_there() -> None:
    names = {f"`{PREFIX}{field.upper()}`" for field in Settings.__struct_fields__}

    assert {name for name in names if name not in COMMANDS} == {f"`{PREFIX}DEMO`"}
