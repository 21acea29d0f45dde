"""Households are guessed where no column names them, and never across different addresses."""

import pytest

from tests.apps.guests_sheets.sheets import read

Together = list[str | None]


def households(text: str) -> Together:
    return [row.group_id for row in read(text).rows]


def test_one_postal_address_is_one_household_whatever_the_names() -> None:
    sheet = read("Name,Address\nAda King,1 Main Road\nBen Byron, 1  MAIN road\nCas Day,2 Main Road")

    assert [row.group_id for row in sheet.rows] == ["1 Main Road", "1 Main Road", None]
    assert [row.household_guessed for row in sheet.rows] == [True, True, False]
    assert (sheet.households, sheet.guessed) == (1, 1)


def test_an_address_in_parts_needs_a_street() -> None:
    header = "First,Last,Street,Address line 2,Zip,City\n"

    assert households(
        f"{header}Ada,King,Lane 1,,10115,Berlin\nBen,Byron,Lane 1,,10115,Berlin\n"
    ) == [
        "Lane 1, Berlin",
        "Lane 1, Berlin",
    ]
    assert households(f"{header}Ada,King,,,10115,Berlin\nBen,King,,,10115,Berlin\n") == [None, None]
    assert households(f"{header}A,King,Lane 1,Flat 1,,B\nB,King,Lane 1,Flat 2,,B\n") == [None, None]


@pytest.mark.parametrize("town", ["Berlin", "10115 Berlin", "8001 Zürich", "a@example.org", "3"])
def test_the_name_of_a_town_is_no_address(town: str) -> None:
    assert households(f"Name,Adresse\nAda King,{town}\nBen King,{town}\n") == [None, None]


def test_without_an_address_last_name_and_mail_or_phone_make_a_household() -> None:
    sheet = "Name,Email,Phone\nAda King,k@x.org,\nBen King,K@x.org,\nCas Day,k@x.org,\n"
    assert households(sheet) == ["King, k@x.org", "King, k@x.org", None]

    sheet = "Name,Email,Phone\nAda King,,+49 30 123456\nBen King,,0049 (30) 123456\nCas King,,\n"
    assert households(sheet) == ["King, +49 30 123456", "King, +49 30 123456", None]


def test_an_extension_is_no_telephone_of_a_family() -> None:
    assert households("Name,Phone\nAda King,12\nBen King,12\n") == [None, None]


def test_a_guest_without_an_address_joins_guests_with_the_same_mail() -> None:
    sheet = "Name,Address,Email\nAda King,1 Main Road,k@x.org\nBen King,,k@x.org\n"

    assert households(sheet) == ["1 Main Road", "1 Main Road"]


def test_different_addresses_are_never_joined_not_even_through_a_third() -> None:
    sheet = (
        "Name,Address,Email,Phone\n"
        "Ada King,1 Main Road,k@x.org,\n"
        "Ben King,,k@x.org,555 1234\n"
        "Cas King,2 Main Road,,555 1234\n"
        "Dan King,2 Main Road,k@x.org,\n"
    )
    assert households(sheet) == [None, "2 Main Road", "2 Main Road", "2 Main Road"]


def test_a_block_of_flats_is_no_household_but_a_family_in_it_is() -> None:
    lines = [f"Guest{n} Name{n},1 Tower" for n in range(20)]
    lines += ["Ada King,1 Tower", "Ben King,1 Tower"]

    assert households("\n".join(["Name,Address", *lines])) == [None] * 20 + ["1 Tower", "1 Tower"]


def test_nothing_is_guessed_where_a_column_names_households() -> None:
    sheet = read("Name,Address,Family\nAda King,1 Main Road,\nBen King,1 Main Road,\nC Day,,D\n")

    assert [row.group_id for row in sheet.rows] == [None, None, "D"]
    assert (sheet.guessed, sheet.ignored) == (0, ("Address",))


def test_a_couple_on_one_line_is_a_household_of_its_own_beside_named_ones() -> None:
    sheet = read("Name,Family\nAda & Ben King,\nCas & Dan Day,Day\n")

    assert [row.group_id for row in sheet.rows] == ["Ada & Ben King"] * 2 + ["Day"] * 2
    assert (sheet.households, sheet.guessed) == (2, 0)


def test_households_of_one_street_name_in_two_towns_have_two_names() -> None:
    header = "Name,Street,Zip,City\n"
    lines = (
        "Ada King,Lane 1,1,Ulm\nBen King,Lane 1,1,Ulm\nCas Day,Lane 1,2,Ulm\nDan Day,Lane 1,2,Ulm"
    )

    assert households(header + lines) == ["Lane 1, Ulm"] * 2 + ["Lane 1, Ulm (2)"] * 2


def test_the_name_of_a_guessed_household_is_a_visible_line_that_fits() -> None:
    long = "1 " + "Long" * 40 + " Road"
    sheet = read(
        f'Name,Address\nAda King,"{long}\u202e\n\x07Ulm"\nBen King,"{long}\u202e\n\x07Ulm"\n'
    )

    assert [row.group_id for row in sheet.rows] == [long[:64]] * 2


def test_a_name_that_is_cut_does_not_end_with_a_comma() -> None:
    street = "An der alten Ziegelei hinter dem langen Bahndamm im Wald Nr. 123"
    sheet = read(f'Name,Address\nAda King,"{street}, Ulm"\nBen King,"{street}, Ulm"\n')

    assert [row.group_id for row in sheet.rows] == [street] * 2
    assert len(street) == 64


def test_one_more_member_does_not_rename_a_household() -> None:
    sheet = "Name,Address\nAda King,1 Main Road\nBen King,1 Main Road\n"

    assert set(households(sheet + "Cas Day,1 Main Road\nDan Day,1 Main Road\n")) == set(
        households(sheet)
    )
