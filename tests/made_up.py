"""Names that are made up for tests of long lists."""

from string import ascii_lowercase

__all__ = ["lettered"]


def lettered(number: int) -> str:
    """A name for a number below 456,976, such as `Aabc`: as no name has digits. Names are in the
    order of their numbers."""
    letters = [ascii_lowercase[number // 26**place % 26] for place in (3, 2, 1, 0)]
    return "".join(letters).capitalize()
