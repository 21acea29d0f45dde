"""Files that were read wrong, on the command line: it asks about the same lines as the page."""

import json

from tests.apps.guests_sheets.reported_files import BECOMES, REPORTED, asked, bad
from tests.entrypoints.conftest import Terminal


def test_a_file_is_asked_about_as_it_was_read(party: Terminal) -> None:
    for name in BECOMES:
        output = json.loads(party("import", str(REPORTED / f"{name}.csv"), "--json").out)

        kinds = [
            (one["row"].split(".")[0], ", ".join({doubt["kind"]: 0 for doubt in one["doubts"]}))
            for one in output["questions"]
        ]
        reasons = [(line["line"], line["reason"]) for line in output["bad"]]
        assert (name, kinds, reasons) == (name, asked(name), bad(name))
