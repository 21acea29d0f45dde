"""import and export as a host uses them: preview, question, bad lines, round trip."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import COMMAND, PATIENCE, Result, environment, gatherlog
from tests.made_up import lettered

SHEET = """\
First name;Last name;Email;Family;Seats;Table
Ada;Lovelace;ada@example.org;Lovelace;1;4
Byron;Lovelace;;Lovelace;1;4
Alan;Turing;alan@example.org;;2;
"""
PREVIEW = """\
Format     sheet, UTF-8, semicolon between cells
Columns    First name, Last name, Email, Family = household, Seats = places
Ignored    Table
Guests     3, 2 of them in 1 household
Places     4, 0 of them for children
Import     3 new, 0 changed, 0 unchanged
Bad lines  0
"""
BAD = SHEET + ";;king@example.org;;;\nGrace;Hopper;nowhere;;;\n"


@pytest.fixture
def sheet(here: Path) -> str:
    (here / "list.csv").write_text(SHEET)
    return "list.csv"


def guests(terminal: Terminal) -> list[str]:
    """The exported lines, without the header."""
    return terminal("export").out.splitlines()[1:]


def test_an_import_is_previewed_and_needs_a_yes(party: Terminal, sheet: str) -> None:
    assert party("import", sheet) == (
        2,
        PREVIEW,
        "gatherlog: nothing was written: nobody is here to ask; confirm with --yes\n",
    )
    assert guests(party) == []


def test_with_yes_an_import_is_written_and_a_second_one_finds_all_there(
    party: Terminal, sheet: str
) -> None:
    assert party("import", sheet, "--yes") == (0, f"{PREVIEW}Done.\n", "")

    again = party("import", sheet, "--yes")
    assert "Import     0 new, 0 changed, 3 unchanged" in again.out.splitlines()
    assert again.out.splitlines()[-1] == "Nothing to write: all is there already."
    assert len(guests(party)) == 3


def test_a_changed_sheet_changes_the_guests_it_knows(party: Terminal, sheet: str) -> None:
    party("import", sheet, "--yes")

    changed = SHEET.replace("Byron;Lovelace;;Lovelace;1", "Byron;Lovelace;;Lovelace;2").encode()
    output = json.loads(party("import", "-", "--yes", "--json", stdin=changed).out)

    assert (output["new"], output["changed"], output["unchanged"]) == (0, 1, 2)


@pytest.mark.parametrize("options", [[], ["--yes"]])
def test_bad_lines_are_named_and_nothing_is_written(party: Terminal, options: list[str]) -> None:
    status, out, err = party("import", "-", *options, stdin=BAD.encode())

    assert status == 2
    assert out.splitlines()[-3:] == [
        "Bad lines  2",
        "           line 5: the name is missing",
        "           line 6: the email 'nowhere' is not an email address; "
        "one looks like ada@example.org",
    ]
    assert err == (
        "gatherlog: nothing was written: 2 bad lines; correct the sheet, or take the rest with "
        "--keep-good\n"
    )
    assert guests(party) == []


def test_the_good_lines_are_kept_where_that_is_asked_for(party: Terminal) -> None:
    assert party("import", "-", "--yes", "--keep-good", stdin=BAD.encode()).status == 0
    assert len(guests(party)) == 3


def test_a_program_gets_the_preview_as_json(party: Terminal, sheet: str) -> None:
    status, out, _ = party("import", "-", "--json", stdin=BAD.encode())

    output = json.loads(out)
    assert (status, output["written"], output["new"], output["households"]) == (2, False, 3, 1)
    assert output["ignored"] == ["Table"]
    assert [bad["line"] for bad in output["bad"]] == [5, 6]


def test_a_sheet_without_a_header_is_refused_with_the_columns_it_needs(party: Terminal) -> None:
    status, out, err = party("import", "-", "--yes", stdin=b"Ada,Lovelace\nAlan,Turing\n")

    assert (status, out) == (2, "")
    assert "its first line must name the columns" in err
    assert "first name, last name, email, household, child, seats, diet" in err


def test_the_example_sheet_is_imported_whole(party: Terminal) -> None:
    example = Path(__file__).parents[2] / "examples" / "guests.csv"

    output = json.loads(party("import", str(example), "--yes", "--json").out)

    assert (output["new"], output["households"], output["bad"]) == (7, 2, [])
    assert output["ignored"] == ["Tisch"]


def test_an_export_comes_back_through_import_as_nothing_new(party: Terminal) -> None:
    from gatherlog.apps.guests.sheet_headers import EXPORT

    hostile = '=HYPERLINK("x"),+1\n@home,-2,h@example.org,"a,b",,3,"no eggs,\nplease"\n'
    party("import", "-", "--yes", stdin=f"{','.join(EXPORT)}\n{hostile}".encode())

    assert party("export", "out.csv") == (0, "2 guests are in out.csv.\n", "")
    output = json.loads(party("import", "out.csv", "--yes", "--json").out)
    assert (output["new"], output["changed"], output["unchanged"]) == (0, 0, 2)


def test_an_export_is_noted_in_the_trail(party: Terminal) -> None:
    party("export", "out.csv")

    assert "trail.accessed" in party("read", "access-default").out


def test_an_export_is_private_and_overwrites_nothing(party: Terminal, here: Path) -> None:
    party("export", "out.csv")

    assert (here / "out.csv").stat().st_mode & 0o777 == 0o600
    assert party("export", "out.csv").status == 1


def test_control_characters_of_a_sheet_do_not_reach_the_terminal(party: Terminal) -> None:
    out = party("import", "-", stdin=b"Name,\x1b[31mred\nAda Lovelace,x\n").out

    assert "Ignored    \\x1b[31mred" in out.splitlines()


def answered(answer: str, here: Path) -> Result:
    """Import the sheet at a terminal, where the answer is typed."""
    leader, follower = pty.openpty()
    os.write(leader, answer.encode())
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


def test_a_y_at_the_question_writes(party: Terminal, sheet: str, here: Path) -> None:
    assert answered("y\n", here) == (0, f"{PREVIEW}Write this? [y/N] Done.\n", "")
    assert len(guests(party)) == 3


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"])
def test_any_other_answer_writes_nothing(
    party: Terminal, sheet: str, here: Path, answer: str
) -> None:
    assert answered(answer, here) == (
        1,
        f"{PREVIEW}Write this? [y/N] ",
        "gatherlog: nothing was written\n",
    )
    assert guests(party) == []


SAMPLES = Path(__file__).parents[1] / "apps" / "guests_sheets" / "samples"


def test_guesses_and_lines_left_out_are_shown(party: Terminal) -> None:
    assert party("import", str(SAMPLES / "google.csv"), "--yes").out.splitlines()[3:] == [
        "Guests     6, 4 of them in 2 households, 1 guessed from address, or last name and e-mail "
        "or phone",
        "Places     6, 0 of them for children",
        "Import     6 new, 0 changed, 0 unchanged",
        "Left out   1",
        "           line 16: has no person's name",
        "Bad lines  0",
        "Done.",
    ]


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir()))
def test_every_sample_imported_twice_and_exported_changes_nothing(
    party: Terminal, name: str
) -> None:
    options = ("--yes", "--json", "--keep-good")
    first = json.loads(party("import", str(SAMPLES / name), *options).out)
    again = json.loads(party("import", str(SAMPLES / name), *options).out)
    party("export", "out.csv")
    exported = json.loads(party("import", "out.csv", "--yes", "--json").out)

    for output in (again, exported):
        assert (output["new"], output["changed"], output["unchanged"]) == (0, 0, first["new"])
    assert (exported["guessed"], exported["households"]) == (0, first["households"])


def test_diets_that_were_not_understood_whole_are_shown(party: Terminal) -> None:
    sheet = b"Name,Diet,Children\nAda Lovelace,vegan,2\nAlan Turing,no mushrooms,\n"

    shown = party("import", "-", "--yes", stdin=sheet)
    output = json.loads(party("import", "-", "--json", stdin=sheet).out)

    assert shown.out.splitlines()[3:] == [
        "Guests     2, none of them in a household",
        "Places     4, 2 of them for children",
        "Import     2 new, 0 changed, 0 unchanged",
        "Diets      1 not understood whole: kept as text, with the tag other",
        "           line 3: no mushrooms",
        "Bad lines  0",
        "Done.",
    ]
    assert output["unread_diets"] == [{"line": 3, "text": "no mushrooms"}]
    assert [line.split(",")[5:8] + line.split(",")[10:11] for line in guests(party)] == [
        ["3", "vegan", "", "2"],
        ["1", "other", "no mushrooms", "0"],
    ]


def test_the_help_of_export_names_every_column() -> None:
    from gatherlog.apps.guests.sheet_headers import EXPORT
    from gatherlog.entrypoints.cli.sheets import export

    named = " ".join((export.__doc__ or "").split())
    assert [column for column in EXPORT[4:] if column.lower() not in named] == []


def test_the_json_names_what_was_guessed_and_left_out(party: Terminal) -> None:
    output = json.loads(party("import", str(SAMPLES / "outlook.csv"), "--json").out)

    assert (output["format"], output["households"], output["guessed"]) == ("outlook", 2, 2)
    assert output["left_out"] == [{"line": 7, "reason": "has no person's name"}]


def test_a_format_that_is_named_is_used(party: Terminal) -> None:
    file = str(SAMPLES / "eventbrite.csv")

    output = json.loads(party("import", file, "--format", "sheet", "--keep-good", "--json").out)
    assert (output["format"], output["households"]) == ("sheet", 0)
    refused = party("import", str(SAMPLES / "by-hand.csv"), "--format", "outlook", "--yes")
    assert (refused.status, refused.out) == (2, "")
    assert "read as outlook, the sheet has no column" in refused.err


def test_encodings_that_are_likely_are_shown_and_one_is_chosen(party: Terminal) -> None:
    hebrew = "Name\nמשה כהן\n".encode("cp1255")

    shown = party("import", "-", stdin=hebrew).out.splitlines()
    chosen = party("import", "-", "--encoding", "windows-1255", "--yes", stdin=hebrew)
    unknown = party("import", "-", "--encoding", "ebcdic", stdin=hebrew)

    assert "Encoding   not sure; choose one with --encoding:" in shown
    assert "           windows-1255: משה כהן" in shown
    assert (chosen.status, chosen.out.splitlines()[-1]) == (0, "Done.")
    assert (unknown.status, "should be one of auto, utf-8" in unknown.err) == (2, True)


def test_every_format_may_be_named() -> None:
    from gatherlog.apps.guests.sheets import FORMATS
    from gatherlog.entrypoints.cli.sheets import import_

    assert get_args(get_args(get_type_hints(import_, include_extras=True)["format"])[0]) == FORMATS


def test_a_list_of_2000_lines_is_imported_whole(party: Terminal, here: Path) -> None:
    lines = [
        f"{lettered(n)},{lettered(n // 4)},g{n}@example.org,House {n // 4}" for n in range(2000)
    ]
    (here / "long.csv").write_text("\n".join(["First,Last,Email,Household", *lines]))

    output = json.loads(gatherlog("import", "long.csv", "--yes", "--json", cwd=here).out)

    assert (output["new"], output["households"], output["written"]) == (2000, 500, True)
    assert len(guests(party)) == 2000


def test_a_sheet_of_headings_alone_names_no_guests(party: Terminal, here: Path) -> None:
    (here / "list.csv").write_text("Name,Seats\n")

    told = party("import", "list.csv", "--yes").out.splitlines()[-1]
    assert told == "Nothing to write: the sheet names no guests."
