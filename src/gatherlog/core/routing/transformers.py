"""Input transformers: they make the input of a target from an event, by paths and a template.

    paths = {"name": "$.detail.payload.first_name"}
    template = '{"text": "<name> is coming", "event": <gatherlog.event>}'

A template that begins with `{`, `[` or `"` is JSON, any other is plain text. `\\<` is a `<`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.exact_json import decode, encode, is_deep

__all__ = ["MAX_LENGTH", "MAX_PATHS", "Transform", "compile_transform"]

MAX_PATHS: Final = 100
MAX_LENGTH: Final = 8192
"""Characters of a template, or of a path. EventBridge has the same two limits."""
PREDEFINED: Final = ("gatherlog.event", "gatherlog.rule")
"""Placeholders that need no path: the whole document of the event, and the rule's name."""

_NAME: Final = re.compile(r"[\w.-]+")
_STEP: Final = re.compile(r'\.([\w-]+)|\[([0-9]{1,9})\]|\[("(?:[^"\\]|\\.)*")\]')
_TOKEN: Final = re.compile(r'\\.|<([\w.-]+)>|[^\\<"]+|.', re.DOTALL)

Path = tuple[str | int, ...]
Writer = Callable[[Any], str]
Part = str | tuple[Writer, Path]
"""A piece of a template: text, or the value at a path with the function that writes it."""


class Transform:
    """A compiled transformer; made by `compile_transform`."""

    def __init__(self, parts: list[Part], *, is_json: bool) -> None:
        self._parts = parts
        self._is_json = is_json

    def apply(self, document: Mapping[str, Any]) -> Any:
        """The template, filled with values of the `document` of an event; never None.

        A JSON template gives a JSON value, a plain text one a `str`. A value that the event does
        not have is null, and empty within text. Values are escaped: none can end the string that it
        stands in, or add a field.
        """
        filled = "".join(
            part if isinstance(part, str) else part[0](_value_at(document, part[1]))
            for part in self._parts
        )
        return decode(filled) if self._is_json else filled


def compile_transform(paths: Mapping[str, str], template: str, *, rule: str = "") -> Transform:
    """Compile the transformer of the rule named `rule`.

    A path is `$`, followed by any number of `.name`, `["name"]` or `[0]`. A placeholder is
    `<name>`, where the name is one of `paths` or PREDEFINED. Raises Invalid with flaws at
    `/template` and `/paths/<name>`: for a placeholder without a path, for a malformed path, and for
    a template that begins like JSON but is not JSON once its placeholders are filled.
    """
    flaws: list[Flaw] = []
    found = _compiled_paths(paths, flaws)
    if len(template) > MAX_LENGTH:
        raise Invalid(*flaws, Flaw("/template", f"longer than {MAX_LENGTH:,} characters"))
    is_json = template.lstrip()[:1] in ("{", "[", '"')
    parts = list(_parts(template, found, rule, flaws, is_json=is_json))
    if is_json and not flaws:
        _check_json(parts, flaws)
    if flaws:
        raise Invalid(*flaws)
    return Transform(parts, is_json=is_json)


def _compiled_paths(paths: Mapping[str, str], flaws: list[Flaw]) -> dict[str, Path]:
    """The paths by name. A malformed path is kept, so that its placeholders are not flaws too."""
    found: dict[str, Path] = {"gatherlog.event": ()}
    if len(paths) > MAX_PATHS:
        flaws.append(Flaw("/paths", f"more than {MAX_PATHS} paths"))
    for name, path in paths.items():
        pointer = f"/paths/{name.replace('~', '~0').replace('/', '~1')}"
        found[name] = ()
        if not _NAME.fullmatch(name):
            flaws.append(Flaw(pointer, "a name has letters, digits, `_`, `-` and `.` only"))
        elif name.startswith("gatherlog."):
            flaws.append(Flaw(pointer, "names with `gatherlog.` in front are predefined"))
        else:
            found[name] = _compiled_path(path, pointer, flaws)
    return found


def _compiled_path(path: str, pointer: str, flaws: list[Flaw]) -> Path:
    if not path.startswith("$") or len(path) > MAX_LENGTH:
        flaws.append(Flaw(pointer, "a path begins with `$`, like $.detail.payload.id"))
        return ()
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        if (step := _STEP.match(path, at)) is None:
            flaws.append(Flaw(pointer, f'expected .name, ["name"] or [0] at character {at + 1}'))
            break
        name, index, quoted = step.groups()
        steps.append(int(index) if index else name or _unquoted(quoted, pointer, flaws))
        at = step.end()
    return tuple(steps)


def _unquoted(quoted: str, pointer: str, flaws: list[Flaw]) -> str:
    try:
        return str(decode(quoted))
    except ValueError:
        flaws.append(Flaw(pointer, f"{quoted} is not a JSON string"))
        return ""


def _parts(
    template: str, paths: dict[str, Path], rule: str, flaws: list[Flaw], *, is_json: bool
) -> Iterator[Part]:
    """The template in pieces; see `Part`."""
    in_string = False
    for token in _TOKEN.finditer(template):
        text, name = token[0], token[1]
        write = _as_text if not is_json else _in_string if in_string else _as_json
        if name == "gatherlog.rule":
            yield write(rule)
        elif name in paths:
            yield write, paths[name]
        elif name or text == "<":
            flaws.append(Flaw("/template", _unknown_placeholder(name, token.start() + 1, paths)))
        elif text == r"\<" or (text == r"\\" and not is_json):
            yield text[1]
        else:
            in_string ^= text == '"'
            yield text


def _unknown_placeholder(name: str | None, at: int, paths: dict[str, Path]) -> str:
    what = f"<{name}> at character {at} is" if name else f"the `<` at character {at} begins"
    known = ", ".join(f"<{one}>" for one in sorted({*paths, *PREDEFINED}))
    return f"{what} no known placeholder (there are {known}); for the character write \\<"


def _check_json(parts: list[Part], flaws: list[Flaw]) -> None:
    """Fill in sample values: null where any value may stand, an x within a string."""
    filled = "".join(
        part if isinstance(part, str) else "x" if part[0] is _in_string else "null"
        for part in parts
    )
    try:
        if is_deep(decode(filled)):
            flaws.append(Flaw("/template", "nested too deeply"))
    except ValueError as error:
        problem = f"not JSON once its placeholders are filled: {error}"
        flaws.append(Flaw("/template", problem))


def _value_at(document: Any, path: Path) -> Any:
    """The value at the path; None if there is none."""
    for step in path:
        if isinstance(step, str):
            document = document.get(step) if type(document) is dict else None
        elif type(document) is list and step < len(document):
            document = document[step]
        else:
            return None
    return document


def _as_json(value: Any) -> str:
    return encode(value).decode()


def _as_text(value: Any) -> str:
    """A string as it is, an empty text for null, and JSON for any other value."""
    return value if isinstance(value, str) else "" if value is None else encode(value).decode()


def _in_string(value: Any) -> str:
    """As `_as_text`, escaped for the inside of a JSON string."""
    return encode(_as_text(value)).decode()[1:-1]
