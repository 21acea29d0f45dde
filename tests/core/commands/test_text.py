"""How names and addresses are compared, and sorted in the list."""

import pytest

from gatherlog.core.commands.text import folded, folded_email, name_forms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "MULLER"),
        ("Mu\u0308ller", "m\u00fcller"),
        ("Łukasz", "lukasz"),
        ("Søren", "SOREN"),
        ("Straße", "STRASSE"),
        ("ﬁne", "FINE"),
        ("İnan", "inan"),
        ("Ἀθηνᾶ", "ΑΘΗΝΑ"),
    ],
)
def test_names_are_the_same_without_case_and_accents(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_different_names_are_not_equal() -> None:
    assert len({folded(name) for name in ["Ann", "Anna", "Hanna", "李", "孙", "Анна"]}) == 6


def test_addresses_are_the_same_without_case_only() -> None:
    assert folded_email("Ada@Example.ORG") == folded_email("ada@example.org")
    assert folded_email("Zoe\u0308@example.org") == folded_email("ZO\u00cb@example.org")
    assert folded_email("zoë@example.org") != folded_email("zoe@example.org")


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("Conan O\u2019Brien", ("conan obrien",)),
        ("CONAN O'BRIEN", ("conan obrien",)),
        ("Jean\u2011Luc  St. John", ("jean luc st john",)),
        ("Zoe\u0308", ("zoe",)),
        ("Hans M\u00fcller", ("hans muller", "hans mueller")),
        ("S\u00f8ren \u00c5", ("soren a", "soeren aa")),
        ("Michael", ("michael",)),
        ("\u674e\u96f7", ("\u674e\u96f7",)),
        ("-", ("-",)),
        ("", ("",)),
    ],
)
def test_the_forms_of_a_name(name: str, forms: tuple[str, ...]) -> None:
    assert name_forms(name) == forms
