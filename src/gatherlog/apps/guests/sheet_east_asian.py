"""Names in the scripts of China, Japan and Korea: the last name stands first. Pure."""

import re

__all__ = ["east_asian_name", "is_strange_east_asian"]

_HONORIFIC = re.compile(r"\s*(?:様|さま|さん|サン|殿|氏|くん|ちゃん|女士|先生|님|씨)$")
_HAN = "[\u3400-\u9fff々]"
_NO_NAME = re.compile(
    rf"(?:家|一家|家族|ご?夫妻|御夫妻|夫婦|両親|親子)$|[他外]\s?[0-9０-９一二三四五]|{_HAN}[とと和・]{_HAN}"
)
"""Families, couples and further people, and words between two names."""
_KATAKANA = re.compile(r"[\u30a0-\u30ff\s]+")


def east_asian_name(full: str) -> tuple[str, str]:
    """First and last name of `山田 太郎様`; of one word, the first only."""
    plain = _HONORIFIC.sub("", full)
    last, *first = (plain if len(plain) > 1 else full).split()
    return (" ".join(first), last) if first else (last, "")


def is_strange_east_asian(first: str, last: str) -> bool:
    """Whether it is not surely one person, or not sure which name stands first, as in katakana,
    in which names from elsewhere are written."""
    full = f"{last}{first}"
    return _NO_NAME.search(full) is not None or bool(last and _KATAKANA.fullmatch(full))
