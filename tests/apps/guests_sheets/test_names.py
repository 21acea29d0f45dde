"""The people named by one cell, or by the cells for first and last name."""

import pytest

from tests.apps.guests_sheets.sheets import names, read, reasons

ADA, BEN, CAS = ("Ada", "Lovelace"), ("Ben", "Lovelace"), ("Cas", "Lovelace")


@pytest.mark.parametrize(
    ("full", "people"),
    [
        ("Ada Lovelace", [ADA]),
        ("Ada  King\tLovelace", [("Ada King", "Lovelace")]),
        ("Lovelace, Ada King", [("Ada King", "Lovelace")]),
        ("Ludwig van Beethoven", [("Ludwig", "van Beethoven")]),
        ("Anna van der Berg", [("Anna", "van der Berg")]),
        ("Juan de la Cruz", [("Juan", "de la Cruz")]),
        ("Ursula von der Leyen", [("Ursula", "von der Leyen")]),
        ("Maria von und zu Hohenstein", [("Maria", "von und zu Hohenstein")]),
        ("José Ortega y Gasset", [("José", "Ortega y Gasset")]),
        ("van der Berg, Anna", [("Anna", "van der Berg")]),
        ("Martin Luther King Jr.", [("Martin Luther", "King Jr.")]),
        ("Sammy Davis, Jr.", [("Sammy", "Davis Jr.")]),
        ("Davis, Sammy, Jr.", [("Sammy", "Davis Jr.")]),
        ("Davis Jr., Sammy", [("Sammy", "Davis Jr.")]),
        ("Grace Hopper, PhD", [("Grace", "Hopper PhD")]),
        ("Van Morrison", [("Van", "Morrison")]),
        ("Conan O'Brien", [("Conan", "O'Brien")]),
        ("Anne-Marie Le Goff", [("Anne-Marie", "Le Goff")]),
        ("Ada & Ben Lovelace", [ADA, BEN]),
        ("Ada&Ben Lovelace", [ADA, BEN]),
        ("Ada + Ben Lovelace", [ADA, BEN]),
        ("Ada und Ben Lovelace", [ADA, BEN]),
        ("Ada et Ben Lovelace", [ADA, BEN]),
        ("Ada y Ben Lovelace", [ADA, BEN]),
        ("Ada AND Ben van der Berg", [("Ada", "van der Berg"), ("Ben", "van der Berg")]),
        ("Ada & Ben & Cas Lovelace", [ADA, BEN, CAS]),
        ("Ada Lovelace & Charles Babbage", [ADA, ("Charles", "Babbage")]),
        ("Lovelace, Ada & Ben", [ADA, BEN]),
    ],
)
def test_a_cell_of_full_names_is_read(full: str, people: list[tuple[str, str]]) -> None:
    sheet = read(f'Name;Table\n"{full}";1\n')

    assert (names(sheet), sheet.bad) == (people, ())


@pytest.mark.parametrize(
    ("first", "last", "people"),
    [
        ("Ada & Ben", "Lovelace", [ADA, BEN]),
        ("Ada & Charles", "Lovelace & Babbage", [ADA, ("Charles", "Babbage")]),
        ("Ada", "Ortega y Gasset", [("Ada", "Ortega y Gasset")]),
        ("Ada", "Lovelace & Sons", [("Ada", "Lovelace & Sons")]),
    ],
)
def test_the_cells_for_first_and_last_name_may_name_several_people(
    first: str, last: str, people: list[tuple[str, str]]
) -> None:
    assert names(read(f"First,Last\n{first},{last}\n")) == people


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Ada & Ada Lovelace", "has the same name twice"),
        ("Ada & " * 10 + "Ben Lovelace", "names 11 people: give each a line of their own"),
        ("Lovelace, Ada, Cas", "'Lovelace, Ada, Cas' has too many commas to tell first and last "),
        ("ada@example.org", "'ada@example.org' is an address and no name"),
    ],
)
def test_a_cell_that_does_not_tell_first_and_last_names_is_a_bad_line(
    name: str, reason: str
) -> None:
    [(line, found)] = reasons(read(f'Name;Table\n"{name}";1\n'))

    assert (line, found[: len(reason)]) == (2, reason)


def test_last_names_that_do_not_fit_the_first_names_are_a_bad_line() -> None:
    assert reasons(read("First,Last\nAda & Ben,Lovelace & King & Byron\n")) == [
        (2, "'Ada & Ben' and 'Lovelace & King & Byron' do not tell who has which name")
    ]


@pytest.mark.parametrize(
    ("name", "seats", "each"),
    [
        ("Ada Lovelace", "3", [3]),
        ("Ada Lovelace + 1", "", [2]),
        ("Ada Lovelace & guest", "", [2]),
        ("Ada Lovelace & Partner", "4", [4]),
        ("Ada & Ben Lovelace", "", [None, None]),
        ("Ada & Ben Lovelace", "2", [1, 1]),
        ("Ada & Ben Lovelace", "5", [4, 1]),
    ],
)
def test_seats_are_shared_by_those_whom_a_line_names(
    name: str, seats: str, each: list[int | None]
) -> None:
    assert [row.expected_guests for row in read(f"Name,Seats\n{name},{seats}\n").rows] == each


def test_fewer_seats_than_people_are_a_bad_line() -> None:
    assert reasons(read("Name,Seats\nAda & Ben Lovelace,1\n")) == [(2, "places is 1 for 2 people")]


def test_everything_on_a_couples_line_is_about_each_of_them() -> None:
    sheet = read("Name,Email,Diet\nAda & Ben Lovelace,l@example.org,vegan\n")

    assert [(row.line, row.email, row.dietary_tags, row.group_id) for row in sheet.rows] == [
        (2, "l@example.org", ("vegan",), "Ada & Ben Lovelace"),
        (2, "l@example.org", ("vegan",), "Ada & Ben Lovelace"),
    ]
    assert (sheet.households, sheet.guessed) == (1, 0)
