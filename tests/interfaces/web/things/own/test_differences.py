"""What changed in a new version, word by word."""

from time import process_time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.interfaces.web.things.differences import Piece, differences, lines, pieces
from tests.apps.things.sample_things import content

TEXTS = st.text(alphabet="ab \n.<", max_size=60)


def of(found: list[Piece], *sorts: str) -> str:
    return "".join(piece.text for piece in found if piece.sort in sorts)


@given(TEXTS, TEXTS)
def test_both_versions_are_whole(before: str, after: str) -> None:
    found = pieces(before, after)

    assert of(found, "same", "gone") == before
    assert of(found, "same", "new") == after


def test_only_the_words_that_changed_are_marked() -> None:
    found = pieces("We paint frogs.\nBring an apron.", "We paint toads.\nBring an apron.")

    assert found == [
        Piece("same", "We paint"),
        Piece("gone", " frogs."),
        Piece("new", " toads."),
        Piece("same", "\n"),
        Piece("same", "Bring an apron."),
    ]


def test_the_same_text_has_no_difference() -> None:
    assert pieces("Frogs", "Frogs") == [Piece("same", "Frogs")]


@pytest.mark.parametrize("words", ["a b " * 2_400, "a\n" * 4_900, "a" * 10_000, " \n" * 5_000])
def test_texts_of_any_shape_are_compared_in_little_time(words: str) -> None:
    other = "b" + words[::-1]
    began = process_time()

    found = pieces(words, other)

    assert process_time() - began < 1
    assert (of(found, "same", "gone"), of(found, "same", "new")) == (words, other)


def test_a_new_version_shows_which_fields_it_changes() -> None:
    changed = content(name="Toads", capacity=3, adult_mandatory=True)

    found = differences(content(), changed)

    assert [line.field for line in found if line.is_changed] == [
        "name",
        "adultMandatory",
        "capacity",
    ]
    assert [line.field for line in found] == [line.field for line in lines(changed)]


def test_what_was_taken_out_altogether_is_shown() -> None:
    before = content()
    after = msgspec.structs.replace(before, contact=type(before.contact)())

    [line] = [line for line in differences(before, after) if line.is_changed]

    assert (line.name, line.pieces) == ("Contact", [Piece("gone", "olga@example.org")])
