"""The scalars of dates, times and addresses: text whose form is checked where it comes in."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from graphql import GraphQLError, GraphQLScalarType, StringValueNode, ValueNode, print_ast

__all__ = ["SCALARS", "bind_scalar"]

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_FINER: Final = re.compile(r"(\.\d{6})\d+")
"""Digits of a second beyond those that Python reads."""
_SHOWN: Final = 80
"""Characters of a value that a message quotes."""


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text) and date.fromisoformat(text))


def _is_time(text: str) -> bool:
    return bool(_TIME.fullmatch(text)) and time.fromisoformat(_FINER.sub(r"\1", text)) is not None


def _is_moment(text: str) -> bool:
    return bool(_MOMENT.fullmatch(text) and datetime.fromisoformat(_FINER.sub(r"\1", text.upper())))


_FORMS: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "AWSDate": ("a date like 2027-05-01", _is_date),
    "AWSTime": ("a time like 14:00:00", _is_time),
    "AWSDateTime": ("a moment with its offset, like 2027-05-01T14:00:00+02:00", _is_moment),
    "AWSEmail": ("an e-mail address", _EMAIL.fullmatch),
    "AWSURL": ("a web address like https://example.org", _URL.fullmatch),
}
"""What each scalar is, and its check, which is falsy or raises ValueError for anything else."""
SCALARS: Final = tuple(_FORMS)


def bind_scalar(scalar: GraphQLScalarType) -> None:
    """Have a scalar of the schema check what comes in."""
    form, check = _FORMS[scalar.name]

    def read(value: Any) -> str:
        if not (isinstance(value, str) and _fits(check, value)):
            shown = repr(value)[:_SHOWN] if isinstance(value, str) else type(value).__name__
            raise GraphQLError(f"{scalar.name} should be {form}, not {shown}.")
        return value

    def read_literal(node: ValueNode) -> str:
        if not isinstance(node, StringValueNode):
            raise GraphQLError(f"{scalar.name} should be {form}, not {print_ast(node)[:_SHOWN]}.")
        return read(node.value)

    scalar.coerce_input_value = read
    scalar.coerce_input_literal = read_literal


def _fits(check: Callable[[str], object], text: str) -> bool:
    try:
        return bool(check(text))
    except ValueError:
        return False
