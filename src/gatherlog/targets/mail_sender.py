"""Whom a site's letters come from: an address, and the name that is shown with it.

A mailbox of RFC 5322 is read by its grammar: words or a quoted name, comments, an address alone or
in angle brackets. The standard library's parser is not asked: it finds an address in almost any
text, and in the same text another one with another Python.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

import msgspec

from gatherlog.core.commands.mail_addresses import LOCAL_LENGTH, ascii_domain
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["MailSender"]

_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_TOKEN: Final = re.compile(
    r'(?P<space>[ \t]+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<literal>\[[^\[\]\\]*\])'
    r'|(?P<special>[<>@.,:;])|(?P<word>[^\s"()<>@.,:;\[\]\\]+)'
)
_COMMENT_PART: Final = re.compile(r"[^()\\]|\\.")
_ENCODED: Final = "=?"
"""How an encoded word of RFC 2047 begins, which may hide any character, a line end included."""
_NONE: Final = "is not like Our party <party@example.org>"
_BEYOND: Final = "has letters beyond ASCII before the @, which many mail servers do not take"
_LONG: Final = f"has more than {LOCAL_LENGTH} characters before the @"
_DOMAIN: Final = "has a domain that cannot be: {}"


class _Token(NamedTuple):
    kind: str
    text: str
    """Without quotation marks, brackets of comments, and escapes."""


class MailSender(msgspec.Struct, frozen=True):
    """A name, which may be empty and stays in one line, and an address in ASCII."""

    name: str
    address: str

    @classmethod
    def from_text(cls, text: str) -> "MailSender":
        """Reads any mailbox, such as `party@example.org`, `Our party <party@example.org>`,
        `"Us, all" <us@example.org>`, or `us@bücher.example (Us)`, of which the comment is the name.

        Raises Invalid, with a sentence about what is wrong, for anything else.
        """
        if _ENCODED in text or not text.strip().isprintable():
            raise _refused(_NONE)
        tokens = _trimmed(_tokens(text.strip()))
        opens = [n for n, token in enumerate(tokens) if token == _Token("special", "<")]
        if not opens:
            return _alone(tokens)
        before, inside = tokens[: opens[0]], tokens[opens[0] + 1 :]
        after = [n for n, token in enumerate(inside) if token == _Token("special", ">")][:1]
        if not after or any(t.kind not in ("space", "comment") for t in inside[after[0] + 1 :]):
            raise _refused(_NONE)
        return cls(_name(before), _address(inside[: after[0]]))


def _refused(reason: str) -> Invalid:
    return Invalid(Flaw("/mail_from", reason))


def _tokens(text: str) -> list[_Token]:
    tokens, place = list[_Token](), 0
    while place < len(text):
        if text[place] == "(":
            end = _end_of_comment(text, place)
            tokens.append(_Token("comment", _unescaped(text[place + 1 : end - 1])))
        elif (found := _TOKEN.match(text, place)) is not None:
            kind, end = found.lastgroup or "", found.end()
            written = found[kind]
            tokens.append(_Token(kind, _unescaped(written) if kind == "quoted" else written))
        else:
            raise _refused(_NONE)
        place = end
    return tokens


def _end_of_comment(text: str, place: int) -> int:
    """Behind the bracket that closes the comment; comments may hold others."""
    depth = 0
    while place < len(text):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
        place += 1 if text[place] in "()" else 0
        while place < len(text) and (part := _COMMENT_PART.match(text, place)) is not None:
            place = part.end()
        if place < len(text) and text[place] not in "()":
            break
    raise _refused(_NONE)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _trimmed(tokens: Sequence[_Token]) -> list[_Token]:
    rest = list(tokens)
    while rest and rest[0].kind == "space":
        rest.pop(0)
    while rest and rest[-1].kind == "space":
        rest.pop()
    return rest


def _alone(tokens: Sequence[_Token]) -> MailSender:
    """An address without angle brackets; comments beside it are its name."""
    name = " ".join(token.text for token in tokens if token.kind == "comment")
    return MailSender(" ".join(name.split()), _address(tokens))


def _name(tokens: Sequence[_Token]) -> str:
    """The words of a name, in which a dot may stand, with its comments in brackets."""
    shown = []
    for token in tokens:
        if token.kind == "literal" or (token.kind == "special" and token.text != "."):
            raise _refused(_NONE)
        shown.append(f"({token.text})" if token.kind == "comment" else token.text)
    return " ".join("".join(shown).split())


def _address(tokens: Sequence[_Token]) -> str:
    """The address that tokens are, between which spaces and comments may stand."""
    parts = _parts(tokens)
    signs = [n for n, part in enumerate(parts) if part == _Token("special", "@")]
    if len(signs) != 1:
        raise _refused(_NONE)
    return f"{_local(parts[: signs[0]])}@{_domain(parts[signs[0] + 1 :])}"


def _parts(tokens: Sequence[_Token]) -> list[_Token]:
    """The tokens without spaces and comments, which may only stand beside dots and the @."""
    parts: list[_Token] = []
    was_apart = False
    for token in tokens:
        if token.kind in ("space", "comment"):
            was_apart = True
            continue
        if was_apart and parts and "special" not in (token.kind, parts[-1].kind):
            raise _refused(_NONE)
        parts.append(token)
        was_apart = False
    return parts


def _local(parts: Sequence[_Token]) -> str:
    if len(parts) == 1 and parts[0].kind == "quoted":
        local = parts[0].text
        if not _is_dotted(local.split(".")):
            local = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
    else:
        local = _dotted(parts)
    if not local.isascii():
        raise _refused(_BEYOND)
    if len(local) > LOCAL_LENGTH:
        raise _refused(_LONG)
    return local


def _domain(parts: Sequence[_Token]) -> str:
    if len(parts) == 1 and parts[0].kind == "literal":
        return _literal(parts[0].text)
    domain = _dotted(parts)
    try:
        ascii_domain(domain)
    except ValueError as wrong:
        raise _refused(_DOMAIN.format(wrong)) from None
    return domain if domain.isascii() else ascii_domain(domain)


def _literal(text: str) -> str:
    """An address of the network in brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`."""
    inner = text[1:-1]
    try:
        if inner.lower().startswith("ipv6:"):
            return f"[IPv6:{IPv6Address(inner[5:])}]"
        return f"[{IPv4Address(inner)}]"
    except ValueError:
        raise _refused(_NONE) from None


def _dotted(parts: Sequence[_Token]) -> str:
    """Words with a dot between each two."""
    expected = ["word", "special"] * len(parts)
    if not parts or [part.kind for part in parts] != expected[: len(parts)]:
        raise _refused(_NONE)
    if parts[-1].kind != "word" or any(part.text != "." for part in parts[1::2]):
        raise _refused(_NONE)
    return "".join(part.text for part in parts)


def _is_dotted(atoms: Sequence[str]) -> bool:
    return all(map(_ATOM.fullmatch, atoms))
