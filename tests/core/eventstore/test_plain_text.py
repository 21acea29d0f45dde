"""Plain text: which characters it has, and what stands in place of the others."""

import unicodedata
from sys import maxunicode

from gatherlog.core.eventstore.plain_text import is_plain, made_plain


def test_control_characters_noncharacters_and_surrogates_are_not_plain() -> None:
    others = {point for point in range(maxunicode + 1) if not is_plain(chr(point))}

    assert others == {
        point
        for point in range(maxunicode + 1)
        if unicodedata.category(chr(point)) in ("Cc", "Cs")
        or 0xFDD0 <= point <= 0xFDEF
        or point & 0xFFFE == 0xFFFE
    }


def test_a_text_is_made_plain_character_by_character() -> None:
    assert made_plain("\x00a\n\nZoë\ufffe\ud800💥\U0001ffff") == "�a��Zoë��💥�"
    assert is_plain(made_plain("\x00a\n\nZoë\ufffe\ud800💥\U0001ffff"))
    assert is_plain("")
    assert made_plain("Zoë 💥") == "Zoë 💥"
    assert not is_plain("a\n")
