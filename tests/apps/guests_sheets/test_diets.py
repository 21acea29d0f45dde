"""Diets as people write them: no allergy is lost, and no tag is given without reason."""

import pytest

from gatherlog.apps.guests.sheets import DietCell
from tests.apps.guests_sheets.sheets import read, row

NUTS = [
    "nuts",
    "Nut-free",
    "nut allergy",
    "allergic to nuts",
    "tree nuts",
    "nussfrei",
    "Nussallergie",
    "Nuß-Allergie",
    "keine Nüsse",
    "keine Nuesse bitte",
    "ohne Nüsse",
    "Nüsse!",
    "NÜSSEN",
    "sans noix",
    "allergie aux noix",
    "fruits à coque",
    "nueces",
    "sin frutos secos",
    "alergia a los frutos secos",
]
SOME_NUTS = [
    "Erdnussallergie",
    "erdnüsse",
    "Erdnuesse",
    "erdnussfrei",
    "peanut allergy",
    "peanuts",
    "Haselnüsse",
    "Walnuss",
    "almonds",
    "Mandeln",
    "Mandelallergie",
    "cashews",
    "Cashewkerne",
    "Pistazien",
    "arachide",
    "cacahuète",
    "cacahouètes",
    "cacahuetes",
    "amandes",
    "noisettes",
    "almendras",
]


@pytest.mark.parametrize("cell", NUTS)
def test_a_word_for_nuts_gives_the_tag(cell: str) -> None:
    assert diet(cell) == (("nut_allergy",), None, ())


@pytest.mark.parametrize("cell", SOME_NUTS)
def test_a_word_for_some_nuts_gives_the_tag_and_its_text_is_kept(cell: str) -> None:
    assert diet(cell) == (("nut_allergy",), cell, ())


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("Vegan", ("vegan",)),
        ("vegane Kost", ("vegan",)),
        ("Vegetarierin", ("vegetarian",)),
        ("glutenfrei + vegetarisch", ("vegetarian", "gluten_free")),
        ("Glutenunverträglichkeit", ("gluten_free",)),
        ("coeliac disease", ("gluten_free",)),
        ("Zöliakie", ("gluten_free",)),
        ("cœliaque", ("gluten_free",)),
        ("laktosefrei", ("lactose_free",)),
        ("intolerant au lactose", ("lactose_free",)),
        ("Frutos secos y halal", ("halal", "nut_allergy")),
        ("vegan, keine Nüsse bitte", ("vegan", "nut_allergy")),
        ("vegan, nussfrei", ("vegan", "nut_allergy")),
        ("vegan ohne Nüsse", ("vegan", "nut_allergy")),
        ("vegetarisch (keine Nüsse)", ("vegetarian", "nut_allergy")),
        ("Allergies: gluten, nuts", ("gluten_free", "nut_allergy")),
        ("koscher, danke", ("kosher",)),
    ],
)
def test_a_cell_that_its_tags_say_completely_has_no_text(cell: str, tags: tuple[str, ...]) -> None:
    assert diet(cell) == (tags, None, ())


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("no mushrooms", ()),
        ("vegan; no mushrooms", ("vegan",)),
        ("Pilzallergie", ()),
        ("allergy", ()),
        ("not vegan", ()),
        ("nicht streng vegetarisch", ()),
        ("no nut allergy", ("nut_allergy",)),
        ("severe nut allergy", ("nut_allergy",)),
        ("Kokosnuss", ()),
        ("noix de coco", ("nut_allergy",)),
        ("isst mit Genuss", ()),
        ("yes", ()),
        (f"{'very ' * 80}nuts", ("nut_allergy",)),
    ],
)
def test_a_cell_that_is_not_understood_completely_is_tagged_and_kept_and_named(
    cell: str, tags: tuple[str, ...]
) -> None:
    assert diet(cell) == ((*tags, "other"), cell, (DietCell(2, cell),))


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "-",
        "none",
        "None.",
        "n/a",
        "keine",
        "nein, danke",
        "isst alles",
        "eats everything",
        "mange de tout",
        "come de todo",
        "keine Allergien",
        "no known allergies",
        "Allergien: keine",
        "sin alergias",
        "normal",
    ],
)
def test_a_cell_that_says_nothing_gives_neither_tag_nor_text(cell: str) -> None:
    assert diet(cell) == ((), None, ())


def diet(cell: str) -> tuple[tuple[str, ...], str | None, tuple[DietCell, ...]]:
    """The tags, the text, and what was not understood, of a guest with this cell."""
    text = f'Name,Diet\nAda Lovelace,"{cell}"\n'
    only = row(text)
    return only.dietary_tags, only.dietary, read(text).unread_diets
