"""Headers in further languages, and headers that say no more than "name"."""

import pytest

from gatherlog.apps.guests.sheet_files import normalised
from gatherlog.apps.guests.sheet_more_words import MORE_HEADERS
from tests.apps.guests_sheets.cells_becoming import line_by_line
from tests.apps.guests_sheets.sheets import read

ADA = "2: Winter, Ada <a@example.org>, 2 places"


@pytest.mark.parametrize(
    "header",
    [
        "Ad;Soyad;E-posta;Kişi sayısı",
        "Imię;Nazwisko;Adres e-mail;Liczba osób",
        "名;姓;メールアドレス;人数",
        "Fornavn;Etternavn;E-post;Antall",
        "Etunimi;Sukunimi;Sähköposti;Henkilömäärä",
        "Jméno;Příjmení;E-mail;Počet osob",
        "이름;성;이메일;인원",
    ],
)
def test_columns_are_understood_in_further_languages(header: str) -> None:
    assert line_by_line(read(f"{header}\nAda;Winter;a@example.org;2\n")) == [ADA]


@pytest.mark.parametrize("header", ["İsim", "Ad Soyad", "Imię i nazwisko", "お名前", "氏名"])
def test_a_header_alone_is_no_guest(header: str) -> None:
    assert line_by_line(read(f"{header}\nAda Winter\nBen Roth\n")) == [
        "2: Winter, Ada",
        "3: Roth, Ben",
    ]


def test_every_further_header_stands_as_it_is_compared() -> None:
    words = [word for known in MORE_HEADERS.values() for word in known]

    assert [word for word in words if normalised(word) != word] == []


@pytest.mark.parametrize("header", ["Nom et prénom", "Cognome e nome", "ФИО", "Név"])
def test_the_order_that_a_header_gives_is_taken_and_asked_about(header: str) -> None:
    sheet = read(f"{header};Email\nWinter Ada;a@example.org\n")

    assert line_by_line(sheet) == ["2: asked (name): Winter, Ada <a@example.org>"]


@pytest.mark.parametrize(
    ("header", "cells", "line"),
    [
        ("Name,Nombre", "Ruiz,Ana", "2: asked (name): Ruiz, Ana"),
        ("Nombre,Name", "Ana,Ruiz", "2: asked (name): Ruiz, Ana"),
        ("Name,Nom", "Ana,Ruiz", "2: asked (name): Ruiz, Ana"),
        ("Name,Nombre", "Ruiz,", "2: Ruiz"),
        ("Name,First name", "Ana Ruiz,Ana", "2: Ruiz, Ana"),
        ("Name,Last name", "Ana Ruiz,Ruiz", "2: Ruiz, Ana"),
        ("Name,Vorname", "Ruiz,Ana", "2: Ruiz, Ana"),
    ],
)
def test_a_mere_name_beside_another_loses_nobodys_name(header: str, cells: str, line: str) -> None:
    assert [text.replace(": , ", ": ") for text in line_by_line(read(f"{header}\n{cells}\n"))] == [
        line
    ]


@pytest.mark.parametrize(
    ("header", "cells", "line"),
    [
        ("Adults,Kids", "2,1", "2: Winter, Ada, 3 places, 1 for children"),
        ("Adults,of which children", "2,", "2: Winter, Ada, 2 places"),
        ("Seats,Adults", "4,2", "2: bad line: places is 4, but with the adults it would be 2"),
        ("Party,Status", "3,Yes", "2: Winter, Ada, 3 places"),
        ("Seats,Diet", "２,", "2: Winter, Ada, 2 places"),
    ],
)
def test_numbers_of_people_are_counted_once(header: str, cells: str, line: str) -> None:
    assert line_by_line(read(f"Name,{header}\nAda Winter,{cells}\n")) == [line]


def test_a_party_with_a_name_is_a_household() -> None:
    sheet = read("Name,Party\nAda Winter,The Winters\nBen Roth,Roth Family\n")

    assert [row.group_id for row in sheet.rows] == ["The Winters", "Roth Family"]


def test_a_household_has_the_places_that_a_column_gives_it() -> None:
    sheet = read("Name,Seats\nFamilia Ruiz,5\n")

    assert [doubt.reason for doubt in sheet.rows[0].doubts] == [
        "'Familia Ruiz' is a household, and would become one guest with 5 places"
    ]


@pytest.mark.parametrize(("partner", "email"), [("", None), ("ben@example.org", "ben@example.org")])
def test_who_stands_in_columns_of_their_own_has_no_address_of_others(
    partner: str, email: str | None
) -> None:
    header = "First Name,Last Name,Email,Partner First Name,Partner Last Name,Partner Email,"
    sheet = read(f"{header}Child 1 Name\nAda,Winter,a@example.org,Ben,Roth,{partner},Mia\n")

    assert [row.email for row in sheet.rows] == ["a@example.org", email, None]
    assert len({row.group_id for row in sheet.rows}) == 1


@pytest.mark.parametrize(
    ("status", "is_asked"), [("Evet", False), ("Tak", False), ("ご出席", False), ("belki", True)]
)
def test_answers_in_further_languages_are_understood(status: str, is_asked: bool) -> None:
    [row] = read(f"Name,Status\nAda Winter,{status}\n").rows

    assert bool(row.doubts) is is_asked


@pytest.mark.parametrize("status", ["Hayır", "Nie przyjdzie", "欠席", "Nie"])
def test_who_does_not_come_is_left_out_in_further_languages(status: str) -> None:
    assert read(f"Name,Status\nAda Winter,{status}\n").rows == ()


@pytest.mark.parametrize("question", ["Wie heißt du?", "¿Cómo te llamas?", "Tu t’appelles ?"])
def test_a_form_that_asks_for_the_name_has_names(question: str) -> None:
    assert line_by_line(read(f"{question};Email\nAda Winter;a@example.org\n")) == [
        "2: Winter, Ada <a@example.org>"
    ]


@pytest.mark.parametrize(
    ("first", "last"), [("Uncle", "Bob"), ("Ayşe", "Kaya ve Ali"), ("Eve", "Roy & Sun")]
)
def test_two_cells_that_are_hardly_a_name_are_asked_about(first: str, last: str) -> None:
    [row] = read(f"First name,Last name\n{first},{last}\n").rows

    assert [doubt.kind for doubt in row.doubts] == ["name"]
    assert (row.first_name, row.last_name) == (first, last)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Ada", "van der Berg"),
        ("Ada", "Ortega y Gasset"),
        ("Ada", "O’Brien"),
        ("Oma Ruth", "Winter"),
    ],
)
def test_two_cells_with_a_name_are_not_asked_about(first: str, last: str) -> None:
    [row] = read(f"First name,Last name\n{first},{last}\n").rows

    assert (row.first_name, row.last_name, row.doubts) == (first, last, ())


@pytest.mark.parametrize(
    ("sign", "line"),
    [
        ("🤷", "2: asked (status): Winter, Ada"),
        ("😢", "2: asked (status): Winter, Ada"),
        ("✔️", "2: Winter, Ada"),
        ("-", "2: Winter, Ada"),
        ("🚫", "2: left out: does not come: the status is '🚫'"),
    ],
)
def test_only_signs_that_say_yes_count_as_one(sign: str, line: str) -> None:
    assert line_by_line(read(f"Name,Status\nAda Winter,{sign}\n")) == [line]


@pytest.mark.parametrize(
    ("partner", "lines"),
    [
        ("Ben Roth", ["2: Roth, Ben", "2: Winter, Ada"]),
        ("Ben", ["2: asked (name): Winter, Ada", "2: asked (name): Winter, Ben"]),
        ("yes", ["2: Winter, Ada, 2 places"]),
        ("", ["2: Winter, Ada"]),
    ],
)
def test_a_column_for_the_partner_names_another_guest(partner: str, lines: list[str]) -> None:
    assert sorted(line_by_line(read(f"Name,Partner\nAda Winter,{partner}\n"))) == lines
