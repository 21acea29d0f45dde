"""Writes what of the reference comes from the code: `python docs/reference/generate.py`.

The access patterns of all views, as they are declared, and every type of event.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec

from gatherlog.bootstrap import CATEGORIES, VIEWS

HERE = Path(__file__).parent


def access_patterns() -> str:
    """Every view with its version, its indexes, and what their keys are made of."""
    lines = [
        "# Access patterns",
        "",
        "<!-- Written by docs/reference/generate.py -->",
        "",
        "Every document is found by its id, and by the indexes that its view declares: the first",
        "part of a key is the partition that a query names, the others are its order.",
        "",
        "| view | version | index | key |",
        "|---|---|---|---|",
    ]
    declared = {name: patterns for module in _modules() for name, patterns in _declared(module)}
    for view in sorted(VIEWS, key=lambda view: view.name):
        rows = [(index, declared[view.name][index]) for index in view.patterns] or [("", "")]
        for index, key in rows:
            shown = f"`{key}`" if key else ""
            lines.append(f"| {view.name} | {view.version} | {index} | {shown} |")
    return "\n".join(lines) + "\n"


def event_types() -> str:
    """Every type of event with its schema version, fields and meaning."""
    lines = [
        "# Events",
        "",
        "<!-- Written by docs/reference/generate.py -->",
        "",
        "What can stand in the log, by the category of the stream. A type keeps its name for ever;",
        "when its form changes its schema version grows, and older ones can still be read.",
    ]
    for category in sorted(CATEGORIES, key=lambda category: category.name):
        lines += ["", f"## Streams `{category.name}-…`", "", "| type | schema | fields | says |"]
        lines.append("|---|---|---|---|")
        for cls in sorted(category.codec.classes(), key=lambda cls: cls.__event_type__):
            name, schema = cls.__event_type__
            fields = ", ".join(field.name for field in msgspec.structs.fields(cls))
            says = inspect.cleandoc(vars(cls).get("__doc__") or "").split("\n\n")[0]
            says = says.replace("\n", " ").replace("|", "\\|")
            lines.append(f"| `{name}` | {schema} | {fields} | {says} |")
    return "\n".join(lines) + "\n"


PAGES = {"access-patterns.md": access_patterns, "events.md": event_types}


def _modules() -> Iterator[ModuleType]:
    """The modules in which the views are declared."""
    names = {view.body.__module__ for view in VIEWS}
    return (sys.modules[name] for name in sorted(names))


def _declared(module: ModuleType) -> Iterator[tuple[str, dict[str, str]]]:
    """Names of views, and the source of their patterns."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "View":
            patterns = {
                keyword.arg: ast.unparse(
                    keyword.value.body if isinstance(keyword.value, ast.Lambda) else keyword.value
                )
                for keyword in node.keywords
                if keyword.arg and keyword.arg != "version"
            }
            yield ast.literal_eval(node.args[0]), patterns


if __name__ == "__main__":
    for page, write in PAGES.items():
        (HERE / page).write_text(write())
