"""Parts of words are found in all words that were ever added, in whatever portions."""

from hypothesis import given
from hypothesis import strategies as st

from gatherlog.search import vocabulary
from gatherlog.search.vocabulary import Vocabulary

WORDS = st.lists(st.text("abc", min_size=1, max_size=6))


@given(WORDS, st.lists(WORDS), st.text("abc", min_size=1, max_size=3))
def test_all_words_with_a_part_are_found_once(
    first: list[str], later: list[list[str]], part: str
) -> None:
    words = Vocabulary(first)
    for portion in later:
        words.add(portion)

    every = {*first, *(word for portion in later for word in portion)}
    assert sorted(words.containing(part)) == sorted(word for word in every if part in word)


def test_many_new_words_are_joined_to_the_others() -> None:
    words = Vocabulary(["piano"])

    words.add(f"word{number}" for number in range(3 * vocabulary._RECENT))
    words.add(["pianist"])

    assert words.containing("pia") == ["piano", "pianist"]
    assert len(words.containing("word")) == 3 * vocabulary._RECENT
