"""Which columns are understood, in four languages and any order."""

import pytest

from gatherlog.apps.guests.sheets import SheetColumn, SheetRow
from tests.apps.guests_sheets.sheets import read, row

HEADERS = [
    "First name,Last name,Email,Household,Child,Seats,Diet",
    "first_name,last_name,email,group_id,child,expected_guests,dietary",
    "Vorname,Nachname,E-Mail-Adresse,Familie,Kind,Plätze,Unverträglichkeiten",
    "VORNAME,NAME,Mail,Haushalt,Kind?,Anzahl Personen,Ernährung",
    "Prénom,Nom,Courriel,Famille,Enfant,Nombre de personnes,Régime alimentaire",
    "Nombre,Apellidos,Correo electrónico,Familia,Niño/a,Número de personas,Alergias",
]


@pytest.mark.parametrize("header", HEADERS)
def test_the_usual_headers_of_four_languages_are_understood(header: str) -> None:
    assert row(f"{header}\nZoé,Díaz,zoe@example.org,D1,x,3,vegan\n") == SheetRow(
        line=2,
        first_name="Zoé",
        last_name="Díaz",
        email="zoe@example.org",
        group_id="D1",
        child=True,
        expected_guests=3,
        dietary_tags=("vegan",),
    )


def test_columns_may_be_in_any_order_and_unknown_ones_are_named() -> None:
    sheet = read("Table,Diet,Surname,Shoe size,First\n4,,Lovelace,37,Ada\n")

    assert sheet.columns == (
        SheetColumn("Diet", "diet"),
        SheetColumn("Surname", "last_name"),
        SheetColumn("First", "first_name"),
    )
    assert sheet.ignored == ("Table", "Shoe size")


def test_an_unknown_column_without_content_is_not_named() -> None:
    assert read("Name,Table,Shoe size\nAda Lovelace,,37\n").ignored == ("Shoe size",)


def test_a_second_column_of_the_same_meaning_is_ignored_and_named() -> None:
    sheet = read("Name,Email,E-Mail\nAda Lovelace,a@example.org,b@example.org\n")

    assert ([row.email for row in sheet.rows], sheet.ignored) == (["a@example.org"], ("E-Mail",))


@pytest.mark.parametrize("second", ["Email 2", "E-Mail 2", "Other email", "Adresse e-mail 2"])
def test_the_first_column_that_holds_an_address_counts(second: str) -> None:
    sheet = read(f"Name,Email,{second}\nAda King,/o=Ex/cn=ada,a@x.org\nBen Roth,b@x.org,c@x.org\n")

    assert [row.email for row in sheet.rows] == ["a@x.org", "b@x.org"]


@pytest.mark.parametrize(("header", "order"), [("Name,Vorname", -1), ("Name,Surname", 1)])
def test_a_column_called_name_beside_a_first_or_last_name_is_the_other_one(
    header: str, order: int
) -> None:
    only = row(f"{header}\nOne,Two\n")

    assert [only.first_name, only.last_name] == ["One", "Two"][::order]


@pytest.mark.parametrize(
    ("cell", "child"),
    [
        ("yes", True),
        ("Kind", True),
        ("1", True),
        ("no", False),
        ("Adulte", False),
        ("0", False),
        ("", None),
        ("8", True),
        ("8 Jahre", True),
        ("age 8", True),
        ("8 years old", True),
        ("2 ans", True),
        ("6 Monate", True),
        ("17", True),
        ("18", False),
        ("34 Jahre", False),
    ],
)
def test_child_is_yes_or_no_or_an_age_or_not_said(cell: str, child: bool | None) -> None:
    assert row(f"Name,Child\nAda Lovelace,{cell}\n").child is child


def test_all_columns_about_food_are_read() -> None:
    only = row("Name,Meal,Allergies\nAda Lovelace,vegan,nuts\n")

    assert (only.dietary_tags, only.dietary) == (("vegan", "nut_allergy"), None)
