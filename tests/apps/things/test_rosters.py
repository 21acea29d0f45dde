"""The sheet of a roster."""

import csv
import io

from gatherlog.apps.things import Booking, Occurrence, Roster, RosterRow, write_roster
from tests.apps.things.sample_things import PIA, SATURDAY, child, thing


def booking(id: str, people: int, *children: str) -> Booking:
    return Booking(
        id=id,
        thing_id="t1",
        key=SATURDAY,
        account_id=PIA,
        status="BOOKED",
        children=children,
        people=people,
        made_at=1,
        updated_at=1,
    )


def test_a_roster_has_a_line_for_each_child_and_no_formula() -> None:
    mia = child(allergies="=nuts()", emergency_contact="+49 170 1", pick_up="Gran\nor Paul")
    tom = child(id="c2", name="Tom", birth_date="2021-02-03")
    rows = [
        RosterRow(booking=booking("b1", 1, "c1", "c2"), children=[mia, tom]),
        RosterRow(booking=booking("b2", 2), children=[]),
    ]
    start, end = f"{SATURDAY}T10:00:00", f"{SATURDAY}T12:00:00"
    one = Occurrence(start, end, SATURDAY, "Europe/Berlin")

    roster = Roster(thing=thing(), occurrence=one, rows=rows)
    written = write_roster(roster, {PIA: "=Pia"})

    assert list(csv.reader(io.StringIO(written.decode("utf-8-sig"))))[1:] == [
        ["Mia", "2020-06-15", "'=nuts()", "'+49 170 1", "Gran\nor Paul", "1", "'=Pia", "b1"],
        ["Tom", "2021-02-03", "", "", "", "1", "'=Pia", "b1"],
        ["", "", "", "", "", "1", "'=Pia", "b1"],
        ["", "", "", "", "", "2", "'=Pia", "b2"],
    ]
