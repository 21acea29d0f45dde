"""What `gatherlog import` asks about single lines, by options and on a terminal."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import COMMAND, PATIENCE, Result, environment

LIST = "Name,Email,Household\nAda Winter,family@example.org,W\n"
SHEET = (
    "Name,Email,Household\n"
    "Ben Winter,family@example.org,\n"
    "Ada Winter,new@example.org,\n"
    "Cas Roth,,R\n"
)


@pytest.fixture
def ada(party: Terminal, here: Path) -> str:
    """The id of Ada, who is on the list."""
    (here / "list.csv").write_text(SHEET)
    party("import", "-", "--yes", stdin=LIST.encode())
    [question, _] = preview(party)["questions"]
    return str(question["people"][0]["id"])


def preview(party: Terminal, *options: str) -> Any:
    return json.loads(party("import", "list.csv", "--json", *options).out)


def names(party: Terminal) -> list[list[str]]:
    return [line.split(",")[:4] for line in party("export").out.splitlines()[1:]]


def test_what_is_not_sure_is_shown_and_the_rest_is_imported(party: Terminal, ada: str) -> None:
    status, out, err = party("import", "list.csv", "--yes")

    assert (status, err) == (0, "")
    assert out.splitlines()[5:] == [
        "Import     1 new, 0 changed, 0 unchanged, 2 asked",
        "Asked      2: not imported until you choose",
        "           line 2: Ben Winter, family@example.org: Ada Winter has this address on the "
        f"list, under another name. (--same 2={ada} or --new 2 or --leave 2)",
        "           line 3: Ada Winter, new@example.org: Ada Winter is on the list with another "
        f"address: family@example.org. (--same 3={ada} or --new 3 or --leave 3)",
        "Bad lines  0",
        "Done.",
        "2 guests not imported: choose with --take, --new, --same or --leave, and import the file "
        "again.",
    ]
    assert names(party) == [["Cas", "Roth", "", "R"], ["Ada", "Winter", "family@example.org", "W"]]


def test_questions_are_answered_by_options(party: Terminal, ada: str) -> None:
    options = ("--new", "2", "--same", f"3={ada}", "--leave", "4")

    assert party("import", "list.csv", "--yes", *options).out.splitlines()[5:] == [
        "Import     1 new, 1 changed, 0 unchanged, 1 left out",
        "Changes    1 to guests on the list",
        "           line 3: Ada Winter, family@example.org, household W (has not answered yet): "
        "address family@example.org becomes new@example.org",
        "Bad lines  0",
        "Done.",
    ]
    assert names(party) == [
        ["Ada", "Winter", "new@example.org", "W"],
        ["Ben", "Winter", "family@example.org", ""],
    ]


def test_a_choice_that_does_not_fit_is_named_and_the_rest_is_written(
    party: Terminal, ada: str
) -> None:
    status, out, _ = party("import", "list.csv", "--yes", "--new", "2@abcd", "--leave", "3")

    assert (status, out.splitlines()[-2:]) == (
        1,
        [
            "Done.",
            "The choice for line 2 was not carried out: what was asked about this line has changed "
            "meanwhile: look at it again.",
        ],
    )
    assert [name for _, name, *_ in names(party)] == ["Roth", "Winter"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--take", "x"), "'x' is not a line"),
        (("--same", "2"), "'2' is not a line and a guest's id, as in 5=<id>"),
        (("--new", "77"), "names no guest for whom there is a choice"),
    ],
)
def test_choices_that_cannot_be_read_write_nothing(
    party: Terminal, ada: str, options: tuple[str, ...], error: str
) -> None:
    status, _, err = party("import", "list.csv", "--yes", *options)

    assert (status, error in err, len(names(party))) == (2, True, 1)


def test_nothing_to_write_says_why(party: Terminal, ada: str) -> None:
    party("import", "list.csv", "--yes")
    again = party("import", "list.csv", "--yes").out.splitlines()
    bad = party("import", "-", "--yes", "--keep-good", stdin=b"Name,Seats\nAda Winter,x\n")

    assert "Nothing to write: 0 new, 0 changed, 1 unchanged, 2 asked." in again
    assert bad.out.splitlines()[-1] == "Nothing to write: every line is bad."


def typed(answers: str, here: Path) -> Result:
    """Import the sheet at a terminal, where the answers are typed."""
    leader, follower = pty.openpty()
    os.write(leader, answers.encode())
    with subprocess.Popen(
        [*COMMAND, "import", "list.csv"],
        cwd=here,
        env=environment(),
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, err = process.communicate(timeout=PATIENCE)
    os.close(leader)
    os.close(follower)
    return Result(process.returncode, out, err)


def test_every_question_is_asked_on_a_terminal(party: Terminal, ada: str, here: Path) -> None:
    status, out, err = typed("9\nx\n2\n1\ny\n", here)

    assert (status, err) == (0, "")
    assert out[out.index("\nQuestion 1") :] == (
        "\nQuestion 1 of 2, line 2\n"
        "  Ben Winter, family@example.org\n"
        "  Ada Winter has this address on the list, under another name.\n"
        "  1  the same person as Ada Winter, family@example.org, household W (has not answered yet)"
        "\n"
        "  2  somebody new\n"
        "  3  leave out\n" + "Choose 1 to 3, or nothing to decide later: " * 3 + "\n"
        "Question 2 of 2, line 3\n"
        "  Ada Winter, new@example.org\n"
        "  Ada Winter is on the list with another address: family@example.org.\n"
        "  1  the same person as Ada Winter, family@example.org, household W (has not answered yet)"
        "\n"
        "  2  somebody new\n"
        "  3  leave out\n"
        "Choose 1 to 3, or nothing to decide later: \n"
        "Import     2 new, 1 changed, 0 unchanged\n"
        "Write this? [y/N] Done.\n"
    )
    assert ["Ada", "Winter", "new@example.org", "W"] in names(party)


@pytest.mark.parametrize("answers", ["\n\ny\n", "3\n\ny\n", "\n3\ny\n"])
def test_what_is_left_open_on_a_terminal_is_not_imported(
    party: Terminal, ada: str, here: Path, answers: str
) -> None:
    assert typed(answers, here).status == 0
    assert len(names(party)) == 2


def test_the_end_of_input_ends_the_questions_and_writes_nothing(
    party: Terminal, ada: str, here: Path
) -> None:
    status, _, err = typed("\x04\x04", here)

    assert (status, err) == (1, "gatherlog: nothing was written\n")
    assert len(names(party)) == 1
