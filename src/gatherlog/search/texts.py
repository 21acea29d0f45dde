"""Queries for the words of a text, and how well each document answers them.

A document's score is the sum, over the words that are asked for, of the best way in which the word
is found: the weight of the text, times 8 for the whole word, 4 for the beginning of a word, 2 for a
part within one, and 1 for a word that differs by one typing error. It does not depend on what else
the index holds, so that the place of a document never changes because of others.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tantivy import Occur, Query

from gatherlog.core.search.documents import WEIGHTS
from gatherlog.core.search.words import SHORTEST_PART, SHORTEST_TYPO, words_of
from gatherlog.search.rows import SCHEMA
from gatherlog.search.vocabulary import Vocabulary

__all__ = ["TextQuery", "all_of", "any_of", "any_term"]

_WHOLE: Final = 8
_BEGINNING: Final = 4
_WITHIN: Final = 2
_MISTYPED: Final = 1
_A_FEW: Final = 8
_MANY: Final = 200
"""Words with a part from which on they are not looked up in each text of few documents."""


class Level(NamedTuple):
    """A way to find a word, and the score that it gives."""

    score: int
    query: Query


class TextQuery:
    """The words that a query asks for.

    All words of three letters and more have to be found. Shorter ones only raise the score, unless
    there are no others; they are found as whole words only.
    """

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        words = [*dict.fromkeys(words_of(text))]
        long = [word for word in words if len(word) >= SHORTEST_PART]
        self._parts = {word: vocabulary.containing(word) for word in long}
        self._words = words
        self._required = long or words

    @property
    def is_blank(self) -> bool:
        """Whether it has no word, so that it finds everything."""
        return not self._words

    @property
    def filters(self) -> list[Query]:
        """What finds the documents, without a score; nothing if all are found."""
        return [self._anywhere(word) for word in self._required]

    @property
    def scored(self) -> Query:
        """Finds at least the documents that have one of the words, with their score."""
        queries = []
        for word in self._words:
            scored = [
                Query.const_score_query(level.query, float(level.score))
                for level in self._levels(word)
            ]
            queries.append((Occur.Should, Query.disjunction_max_query(scored)))
        return Query.boolean_query(queries)

    def by_score(self) -> list[tuple[int, Query]] | None:
        """For a single word, all scores with what finds them, the best first; None for more."""
        if len(self._words) != 1:
            return None
        found: dict[int, list[Query]] = {}
        for level in self._levels(self._words[0]):
            found.setdefault(level.score, []).append(level.query)
        return [(score, any_of(found[score])) for score in sorted(found, reverse=True)]

    @property
    def is_costly(self) -> bool:
        """Whether so many words have a part that scoring costs more than finding."""
        return any(len(words) > _MANY for words in self._parts.values())

    def _anywhere(self, word: str) -> Query:
        """Finds a word in any text, in any way."""
        if word not in self._parts:
            return any_term("all", [word])
        queries = [any_term("all", self._parts[word])]
        if len(word) >= SHORTEST_TYPO:
            queries.append(_mistyped("all", word))
        return any_of(queries)

    def _levels(self, word: str) -> Iterator[Level]:
        for weight in WEIGHTS:
            field = f"w{weight}"
            yield Level(weight * _WHOLE, any_term(field, [word]))
            if word in self._parts:
                yield Level(weight * _BEGINNING, _beginning(field, word))
                yield Level(weight * _WITHIN, any_term(field, self._parts[word]))
                if len(word) >= SHORTEST_TYPO:
                    yield Level(weight * _MISTYPED, _mistyped(field, word))


def all_of(queries: list[Query]) -> Query:
    """Finds what all of these queries find, without a score."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_term(field: str, values: Sequence[str] | Sequence[int]) -> Query:
    """Finds documents that have at least one of these values.

    A few are looked up while others are passed over; many are best collected at once.
    """
    if len(values) > _A_FEW:
        return Query.term_set_query(SCHEMA, field, values)
    return any_of([Query.term_query(SCHEMA, field, value, "basic") for value in values])


def any_of(queries: list[Query]) -> Query:
    """Finds what at least one of these queries finds."""
    if not queries:
        return Query.empty_query()
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _beginning(field: str, word: str) -> Query:
    return Query.fuzzy_term_query(SCHEMA, field, word, distance=0, prefix=True)


def _mistyped(field: str, word: str) -> Query:
    """Finds words with one letter more, less or another one, or with two neighbours swapped."""
    return Query.fuzzy_term_query(SCHEMA, field, word, distance=1, transposition_cost_one=True)
