"""Files that were read wrong, one for each kind of report, made up for these tests; and what
becomes of their lines, on an empty list."""

import re
from pathlib import Path

REPORTED = Path(__file__).parent / "reported"
BECOMES = {
    "apostrophe-1": [
        "2: O’Brien, Conan",
    ],
    "apostrophe-2": [
        "2: O'Brien, Conan",
    ],
    "couples-and-parties": [
        "2: asked (household): Smith, Mr. & Mrs., 2 places",
        "3: McDonald, Patrick",
        "3: McDonald, Rose",
        "4: asked (household): Müller, Herr und Frau, 2 places",
        "5: asked (household): Müller, Familie",
        "6: asked (household): Smith, Family",
        "7: asked (household): Smith, Family, 4 places",
        "8: Smith, John, 2 places",
        "9: bad line: John Smith stands on line 8 already",
        "10: asked (repeat): Smith, John",
        "10: Roe, Jane",
        "11: asked (name, repeat): Smith, John",
        "11: asked (name, repeat): Roe, Jane",
        "12: asked (repeat): Smith, John, 3 places",
        "13: Müller jun., Max",
    ],
    "double-encoded": [
        "2: asked (encoding): Müller, Jürgen <j@example.org>",
        "3: asked (encoding): Großmann, Zoë <z@example.org>",
    ],
    "email-shapes": [
        "2: Nord, Nea <NEA.NORD@EXAMPLE.ORG>",
        "3: Orm, Olle <olle@example.org>",
        "4: Ud, Uma <uma@example.org>",
        "5: asked (email): Ix, Ida <ida@example.org>",
        "6: Ko, Kim <kim@example.org>",
        "7: Za, Zed <zed@example.org>",
        "8: Ya, Yan <yan@example.org>",
    ],
    "eventbrite-orders-report": [
        "2: Guest, Ana <ana@example.org>, 2 places",
        "3: left out: is refunded",
        "4: left out: is cancelled",
    ],
    "excel-mac-macroman": [
        "2: Müller, Jürgen <j@example.org>",
        "3: Großmann, Zoë <z@example.org>",
    ],
    "excel-polish-cp1250": [
        "2: Żółć, Łukasz <l@example.org>",
        "3: Dvořák, Jiří <j@example.org>",
    ],
    "google-middle-name-twins": [
        "2: Koch, Anna Maria <koch@example.org>",
        "3: Koch, Anna Luise <koch@example.org>",
    ],
    "google-new-header": [
        "2: von Gunten, Adrian <adrian@example.org>",
        "3: Kron, Karin Maria <karin@example.org>",
        "4: left out: has no person's name",
        "5: , Solo",
        "6: , Nurhaliza <n@example.org>",
        "7: left out: has no person's name",
        "8: left out: has no person's name",
        "9: Mail, Multi <m1@example.org>",
        "11: asked (name): Boosters, 91springboard <b@example.org>",
        "12: Winter PhD, Ada <aw@example.org>",
    ],
    "household-renamed-1": [
        "2: Winter, Ada",
    ],
    "household-renamed-2": [
        "2: Winter, Ada",
    ],
    "meetup-rsvps": [
        "2: Sten, Sara, 2 places",
        "3: Udd, Uno",
        "4: left out: does not come: the status is 'No'",
        "5: asked (status): Wal, Wim, 3 places",
    ],
    "mixed-utf8-latin1": [
        "2: Müller, Jürgen <j@example.org>",
        "3: bad line: has bytes that are not UTF-8: correct the line, or choose the encoding",
    ],
    "outlook-de-exchange-address": [
        "2: Müller, Jürgen",
        "3: Groß, Eva <eva@example.org>",
    ],
    "outlook-it": [
        "2: Rossi, Ada <ada@example.org>",
    ],
    "same-name-list-1": [
        "2: Smith, John <a@example.org>",
    ],
    "same-name-list-2": [
        "2: Smith, John <b@example.org>",
    ],
    "shared-address-list-1": [
        "2: Winter, Ada <family@example.org>",
    ],
    "shared-address-list-2": [
        "2: Winter, Ben <family@example.org>",
    ],
    "title-line": [
        "3: left out: is above the header",
        "6: Winter, Ada <a@example.org>, 2 places",
    ],
    "utf8-truncated": [
        "2: bad line: has bytes that are not UTF-8: correct the line, or choose the encoding",
    ],
}


def asked(name: str) -> list[tuple[str, str]]:
    """The line of each guest in a file who is asked about, with the kinds of doubts."""
    found = [re.match(r"(\d+): asked \((.*?)\)", line) for line in BECOMES[name]]
    return [(match[1], match[2]) for match in found if match]


def bad(name: str) -> list[tuple[int, str]]:
    """The bad lines of a file, with the reasons."""
    found = [re.match(r"(\d+): bad line: (.*)", line) for line in BECOMES[name]]
    return [(int(match[1]), match[2]) for match in found if match]
