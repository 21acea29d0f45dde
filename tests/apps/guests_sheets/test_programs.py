"""The shapes of lists that ticketing, invitation and form programs export."""

from gatherlog.apps.guests.sheets import read_sheet
from tests.apps.guests_sheets.cells_becoming import line_by_line


def lines(text: str) -> list[str]:
    return line_by_line(read_sheet(text.encode()))


def test_attendees_of_eventbrite_are_not_their_buyer() -> None:
    header = "Order #,Order Date,Attendee first name,Attendee last name,Attendee email,"
    rest = "Buyer First Name,Buyer Last Name,Ticket type,Attendee Status,Quantity\n"

    assert lines(
        f"{header}{rest}1,x,Ada,Winter,a@example.org,Zed,Zorn,GA,Attending,1\n"
        "1,x,Ben,Winter,,Zed,Zorn,GA,Checked In,1\n"
        "2,x,Cas,Day,,Cas,Day,GA,Transferred,1\n"
    ) == [
        "2: Winter, Ada <a@example.org>",
        "3: Winter, Ben",
        "4: left out: is transferred",
    ]


def test_buyers_of_eventbrite_are_the_guests_where_nobody_else_is_named() -> None:
    header = "Order no.,Order date,Buyer First Name,Buyer Last Name,Buyer Email,Tickets,"

    assert lines(
        f"{header}Order Status\n1,x,Ada,Winter,a@example.org,3,Completed\n"
        "2,x,Ben,Roth,b@example.org,1,Partially Refunded\n"
    ) == [
        "2: Winter, Ada <a@example.org>, 3 places",
        "3: asked (status): Roth, Ben <b@example.org>",
    ]


def test_of_several_columns_for_status_each_counts() -> None:
    header = "Order #,First Name,Last Name,Order Status,Attendee Status\n"

    assert lines(f"{header}1,Ada,Winter,Completed,Not Attending\n2,Ben,Roth,Completed,Yes\n") == [
        "2: left out: is not attending",
        "3: Roth, Ben",
    ]


def test_guests_of_a_member_of_meetup_come_beside_the_member() -> None:
    header = "Name,User ID,Title,Event Host,RSVP,Guests,RSVPed on,Joined Group on\n"

    assert lines(f"{header}Ada Winter,1,Member,No,Yes,2,x,x\nBen Roth,2,Member,No,No,0,x,x\n") == [
        "2: Winter, Ada, 3 places",
        "3: left out: does not come: the status is 'No'",
    ]


def test_guests_of_luma_may_have_their_name_in_one_column() -> None:
    header = "api_id,name,first_name,last_name,email,created_at,approval_status,qr_code_url\n"

    assert lines(
        f"{header}g1,Ada Winter,Ada,Winter,a@example.org,x,approved,\n"
        "g2,Ben Roth,,,b@example.org,x,pending_approval,\ng3,Cas Day,Cas,Day,,x,declined,\n"
    ) == [
        "2: Winter, Ada <a@example.org>",
        "3: asked (status): Roth, Ben <b@example.org>",
        "4: left out: is declined",
    ]


def test_plus_ones_of_partiful_may_have_names() -> None:
    assert lines(
        "Name,Status,RSVP date,Plus Ones,Plus One Names\nAda Winter,Going,x,1,Ben Roth\n"
        "Cas Day,Maybe,x,0,\nDan Eck,Can't Go,x,,\nEve Fox,Going,x,2,\n"
    ) == [
        "2: Winter, Ada",
        "2: Roth, Ben",
        "3: asked (status): Day, Cas",
        '4: left out: does not come: the status is "Can\'t Go"',
        "5: Fox, Eve, 3 places",
    ]


def test_families_of_zola_have_partners_and_children_in_columns() -> None:
    header = "Title,First Name,Last Name,Suffix,Partner First Name,Partner Last Name,"
    rest = "Child 1 First Name,Child 1 Last Name,Plus One,Wedding RSVP\n"

    assert lines(
        f"{header}{rest}Mr.,Ada,Winter,Jr.,Ben,Roth,Mia,,,Attending\n"
        "Ms.,Cas,Day,,Dan,,,,,Attending\nMs.,Eve,Fox,,,,,,Yes,No Response\n"
    ) == [
        "2: Winter Jr., Ada",
        "2: Roth, Ben",
        "2: Winter, Mia, a child",
        "3: asked (name): Day, Cas",
        "3: asked (name): Day, Dan",
        "4: asked (status): Fox, Eve, 2 places",
    ]


def test_answers_to_a_form_are_read_by_its_questions() -> None:
    header = (
        "Timestamp,Email Address,What is your full name?,Will you attend?,"
        "How many people will you bring with you?,Do you have any dietary restrictions?\n"
    )

    assert lines(
        f'{header}x,a@example.org,Ada Winter,"Yes, I will be there",2,vegan\n'
        'x,b@example.org,Ben Roth,"No, sorry",0,\n'
    ) == [
        "2: Winter, Ada <a@example.org>, 3 places",
        "3: left out: does not come: the status is 'No, sorry'",
    ]


def test_a_form_that_does_not_say_whether_you_are_counted_is_asked_about() -> None:
    header = "Zeitstempel;Wie heißt du (Vor- und Nachname)?;Kommst du?;Wie viele Personen kommen?\n"

    assert lines(f"{header}x;Ada Winter;Ja;3\n") == ["2: asked (seats): Winter, Ada, 3 places"]


def test_a_second_pair_of_names_is_a_second_guest() -> None:
    header = "First Name,Last Name,First Name,Last Name,Email\n"

    assert lines(f"{header}Ada,Winter,Ben,Roth,a@example.org\nCas,Day,,,\n") == [
        "2: Winter, Ada <a@example.org>",
        "2: Roth, Ben",
        "3: Day, Cas",
    ]


def test_numbered_guests_of_a_line_are_a_household() -> None:
    sheet = read_sheet(
        b"Guest 1 First Name,Guest 1 Last Name,Guest 2 First Name,Guest 2 Last Name\n"
        b"Ada,Winter,Ben,Roth\n"
    )

    assert [(row.first_name, row.group_id) for row in sheet.rows] == [
        ("Ada", "Ada Winter"),
        ("Ben", "Ada Winter"),
    ]
