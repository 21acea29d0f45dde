"""Where the header is, and lists that have none."""

import pytest

from gatherlog.apps.guests.sheet_formats import understanding
from gatherlog.apps.guests.sheet_sources import reading_source
from gatherlog.apps.guests.sheets import Sheet, read_sheet
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.giving_way import at_once
from tests.apps.guests_sheets.cells_becoming import line_by_line
from tests.apps.guests_sheets.sheets import read

ADA_AND_BEN = ["Winter, Ada", "Roth, Ben"]


def guests(sheet: Sheet) -> list[str]:
    return [f"{row.last_name}, {row.first_name}" for row in sheet.rows]


@pytest.mark.parametrize(
    "above",
    [
        "\n\n",
        "Guest list 2026\n",
        "\n\nGuest list 2026;;\n;;\n",
        "Hochzeit Anna & Tom;;;\nStand: 1.5.2026;;;\n;;;\n",
        '"sep=;"\n\nGuest list;;\n',
        "Liste des invités\n\n\n",
    ],
)
def test_titles_and_empty_lines_may_stand_above_the_header(above: str) -> None:
    sheet = read(f"{above}Name;Email;Seats\nAda Winter;a@example.org;2\n")

    assert (guests(sheet), sheet.rows[0].expected_guests) == (["Winter, Ada"], 2)
    assert {line.reason for line in sheet.left_out} <= {"is above the header"}
    assert sheet.rows[0].line == above.count("\n") + 2


def test_a_title_above_a_single_column_is_left_out() -> None:
    assert line_by_line(read("Guest list 2026\n\nName\nAda Winter\n")) == [
        "1: left out: is above the header",
        "4: Winter, Ada",
    ]


def test_the_header_once_more_is_left_out() -> None:
    sheet = read("Name;Email\nAda Winter;a@example.org\nName;Email\nBen Roth;b@example.org\n")

    assert guests(sheet) == ADA_AND_BEN
    assert [(line.line, line.reason) for line in sheet.left_out] == [(3, "is the header once more")]


@pytest.mark.parametrize(
    "text",
    [
        "Ada Winter\nBen Roth\n",
        "1. Ada Winter\n2. Ben Roth\n",
        "- Ada Winter\n- Ben Roth\n",
        "• Ada Winter\n\n• Ben Roth",
        "Ada Winter <ada@example.org>\nBen Roth <ben@example.org>;\n",
        "Ada Winter, ada@example.org\nBen Roth, ben@example.org\n",
        "Ada Winter\tada@example.org\nBen Roth\tben@example.org\n",
        "ada@example.org;Ada Winter\nben@example.org;Ben Roth\n",
        "Guests\nAda Winter\nBen Roth\n",
        "Ada Winter <ada@example.org>; Ben Roth <ben@example.org>\n",
        "Ada Winter <ada@example.org>, Ben Roth <ben@example.org>,\n",
    ],
)
def test_a_pasted_list_of_names_needs_no_header(text: str) -> None:
    sheet = read(text)

    assert (guests(sheet), sheet.bad) == (ADA_AND_BEN, ())
    assert [row.doubts for row in sheet.rows] == [(), ()]
    if "@" in text:
        assert [row.email for row in sheet.rows] == ["ada@example.org", "ben@example.org"]


def test_a_guest_in_a_pasted_list_is_not_taken_for_the_header() -> None:
    sheet = read("Ada Winter\nBen Roth\nGuest of Ada\n")

    assert guests(sheet)[:2] == ADA_AND_BEN
    assert [[doubt.kind for doubt in row.doubts] for row in sheet.rows] == [[], [], ["name"]]


def test_commas_in_a_pasted_list_are_a_question() -> None:
    assert line_by_line(read("Winter, Ada\nRoth, Ben\n")) == [
        "1: asked (name): Winter, Ada",
        "2: asked (name): Roth, Ben",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Ada,Lovelace\nAlan,Turing\n",
        "Ada;Lovelace;2\nAlan;Turing;1\n",
        "Dear all,\nplease come to our party on 3 May 2026!\nYours, Ada\n",
        "Foo;Bar\n1;2\n",
        "{'a': 1}\n",
        "null",
        "Ada\n",
    ],
)
def test_what_is_no_list_of_names_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="the sheet has no header"):
        read(text)


HEADERS = [
    "Nome,Cognome,Indirizzo email,Stato,Numero di persone,Allergie",
    "Voornaam,Achternaam,E-mailadres,Aanwezig,Aantal personen,Dieetwensen",
    "Nome,Sobrenome,Endereço de e-mail,Presença,Quantidade,Restrições alimentares",
    "Förnamn,Efternamn,E-postadress,Svar,Antal,Allergier",
    "Vorname,Nachname,E-Mail,Rückmeldung,Anzahl Karten,Allergien",
    "Prénom,Nom,Adresse e-mail,Statut,Quantité,Allergies",
    "Nombre,Apellidos,Correo electrónico,Estado,Cantidad,Alergias",
    "First name,Last name,E-mail,RSVP,Qty,Dietary restrictions",
]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_of_eight_languages_are_understood(header: str) -> None:
    sheet = read_sheet(f"{header}\nAda,Winter,a@example.org,ok,3,vegan\n".encode())

    assert [column.field for column in sheet.columns] == [
        "first_name",
        "last_name",
        "email",
        "status",
        "expected_guests",
        "diet",
    ]
    [only] = sheet.rows
    assert (only.email, only.expected_guests, only.doubts) == ("a@example.org", 3, ())


def test_a_state_of_a_country_is_no_status() -> None:
    sheet = read("Nombre;Apellidos;Ciudad;Estado\nAda;Sol;León;Guanajuato\n")

    assert (sheet.ignored, sheet.rows[0].doubts) == (("Estado",), ())


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("Prénom,Nom,Nombre\nAda,Roe,3\n", "2: Roe, Ada, 3 places"),
        ("Nom complet,Nombre\nAda Roe,3\n", "2: Roe, Ada, 3 places"),
        ("Nombre,Apellidos\nAda,Roe\n", "2: Roe, Ada"),
        ("Nombre,Correo electrónico\nAda Roe,\n", "2: Roe, Ada"),
    ],
)
def test_nombre_is_a_number_in_french_and_a_name_in_spanish(text: str, becomes: str) -> None:
    assert line_by_line(read(text)) == [becomes]


def test_a_record_of_very_many_columns_is_no_header() -> None:
    """Else what each of its columns may mean would hold up all others."""
    wide = ",".join(f"How many guests do you bring on day {n}?" for n in range(1001))

    sheet = read(f"Name,{wide}\nAda Winter,1\n")

    assert (sheet.delimiter, len(sheet.columns)) == ("nothing", 1)
    assert all(row.doubts for row in sheet.rows)


def test_how_to_read_a_file_is_found_in_steps() -> None:
    titles = "".join(f"Title {n}\n" for n in range(9))
    source = at_once(reading_source(f"{titles}Name\nAda Winter\n".encode()))

    assert sum(1 for _ in understanding(source, "auto")) > 9
