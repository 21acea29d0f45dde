"""Reads diet cells in English, German, French and Spanish, as tags and text. Pure.

Cells are read word by word and on the safe side: a word for nuts gives its tag whatever stands
around it. A cell that is not understood completely gets the tag `other`, and its text is kept.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gatherlog.apps.guests.sheet_files import normalised

__all__ = ["Diet", "read_diet"]


class Diet(NamedTuple):
    """The diet of one guest."""

    tags: tuple[str, ...]
    text: str | None
    """The cells that say more than the tags, and the notes."""
    unread: str | None
    """The part of the text that is in cells which were not understood completely."""


def _words(bars: str) -> frozenset[str]:
    return frozenset(bars.split("|"))


def _any_of(stems: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{stems})\b")


_NUTS = _any_of(
    r"(?!genuss|kokosnuss|muskatnuss|erdnuss|erdnuess|walnuss|walnuess|haselnuss|haselnuess)"
    r"\w*(?:nuss|nuess)\w*|nuts?(?:free|allerg\w*)?|nueces|nuez|noix|frutos? secos?|"
    r"frutos? de cascara|fruits? a coques?|schalenfr(?:u|ue)cht\w*"
)
_SOME_NUTS = _any_of(
    r"(?:erd|wal|hasel)n(?:u|ue)ss\w*|(?:pea|wal|hazel|chest|ground|brazil)nuts?\w*|"
    r"\w*cashew\w*|\w*pistazie\w*|pistachios?|pistaches?|pistachos?|pe[ck]an\w*|macadamia\w*|"
    r"almonds?|\w*mandel\w*|amandes?|almendras?|noisettes?|avellanas?|anacardos?|cajou|"
    r"arachides?|cacah(?:u|ou)etes?|cacahuates?|mani"
)
"""Words that say more than the tag, so that the cell is kept as text too."""
_TAGS = (
    ("nut_allergy", _NUTS),
    ("nut_allergy", _SOME_NUTS),
    (
        "gluten_free",
        _any_of(r"\w*gluten\w*|c(?:o?e|œ)lia[cq]\w*|\w*zo?e?liakie\w*"),
    ),
    ("lactose_free", _any_of(r"\w*la[ck]tos[ea]\w*")),
    ("vegetarian", _any_of(r"veggies?|vegetari\w*")),
    ("vegan", _any_of(r"vegan\w*|vegetalien\w*")),
    ("halal", _any_of(r"halal")),
    ("kosher", _any_of(r"kosher|koscher\w*|casher|cacher|kas(?:c)?her")),
    ("other", _any_of(r"other|anderes?|sonstiges|autre|otr[oa]s?")),
)
_NOT = _words(
    "no|not|non|none|never|without|kein|keine|keinen|keinerlei|nein|nicht|nie|ohne|pas|sans|"
    "aucun|aucune|sin|ninguna|ninguno"
)
_NOT_SO = re.compile(
    rf"\b(?:{'|'.join(sorted(_NOT))}) (?:(?:an?|eine?|streng|strikt|strictly|really) )?"
    r"(?=veg|halal|kos|cas|cac|kas)\w+"
)
"""As in "not a vegan": it gives no tag, and the cell counts as not understood."""
_ALLERGY = re.compile("all?erg|intoler|unvertr")
_AROUND = _words(
    "free|frei|freie|freies|freier|freien|allergy|allergies|allergic|allergie|allergien|"
    "allergisch|allergiker|allergikerin|allergique|allergiques|alergia|alergias|alergico|"
    "alergica|intolerant|intolerante|intolerance|intoleranz|intolerancia|unvertraglichkeit|"
    "unvertraglichkeiten|unvertraeglichkeit|unvertraeglichkeiten|disease|restrictions|"
    "restriction|einschrankungen|einschraenkungen|restricciones|requirements|needs|dietary|"
    "special|known|diet|food|meal|essen|kost|diat|diaet|tree|to|the|of|any|all|gegen|auf|au|aux|"
    "a|al|la|las|le|les|los|l|d|de|des|du|strict|strictly|streng|strikt|only|nur|i|am|is|ich|bin|"
    "ist|please|bitte|danke|thanks|svp|merci|por|favor|gracias"
)
"""Words that do not change the meaning of the words beside them."""
_NOTHING = _words(
    "no|none|nothing|n a|na|k a|all|anything|everything|normal|standard|regular|omnivore|omnivor|"
    "eats everything|eats anything|eats all|no preference|no preferences|nothing special|"
    "none known|please|thanks|no thanks|nein|keine|keines|nichts|alles|nichts besonderes|"
    "isst alles|esse alles|ich esse alles|mag alles|allesesser|keine angabe|keine angaben|"
    "keine besonderheiten|keine praferenz|keine praeferenz|bitte|danke|nein danke|non|aucun|"
    "aucune|rien|tout|mange tout|mange de tout|je mange de tout|de tout|merci|ninguna|ninguno|"
    "nada|todo|come todo|come de todo|como de todo|de todo|gracias"
)
_ITEM = re.compile(r"[,;/+&\n.!()]|\s(?:and|und|et|y)\s")


def read_diet(cells: Sequence[str], notes: str) -> Diet:
    """The diet of a guest from the cells for diet. `notes` are kept as text without being read."""
    tags: list[str] = []
    texts: list[str] = []
    unread: list[str] = []
    for cell in cells:
        found, is_understood = _read(cell)
        tags += found
        if not is_understood:
            tags.append("other")
            unread.append(cell)
        if not is_understood or _SOME_NUTS.search(_normalised(cell)):
            texts.append(cell)
    return Diet(
        tuple(tags), "\n".join(filter(None, [*texts, notes])) or None, "\n".join(unread) or None
    )


def _read(cell: str) -> tuple[list[str], bool]:
    """The tags of one cell, and whether they say everything that it says."""
    if _normalised(cell) in _NOTHING:
        return [], True
    tags: list[str] = []
    is_understood = True
    for item in _ITEM.split(cell):
        found, whole = _read_item(_normalised(item))
        tags += found
        is_understood = is_understood and whole
    return tags, is_understood


def _read_item(item: str) -> tuple[list[str], bool]:
    if not item or item in _NOTHING:
        return [], True
    tags: list[str] = []
    rest, turned_round = _NOT_SO.subn(" ", item)
    for tag, stems in _TAGS:
        rest, times = stems.subn(" ", rest)
        tags += [tag] * bool(times)
    words = set(rest.split())
    only_around = words <= _AROUND | _NOT
    is_negated = not words.isdisjoint(_NOT)
    if not tags:  # "no known allergies" says nothing, "allergy" says that something is missing
        return [], only_around and is_negated and not turned_round
    spared = is_negated and _ALLERGY.search(item)  # "no nut allergy"
    return tags, only_around and not turned_round and not spared


def _normalised(text: str) -> str:
    """The text normalised word by word, since `normalised` cuts a long text."""
    return " ".join(filter(None, map(normalised, text.split())))
