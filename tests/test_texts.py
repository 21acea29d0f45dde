"""The texts that people read: all of them are in the catalogue, which translators are given."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from jinja2 import Environment, nodes

from gatherlog.core.texts import ENGLISH
from gatherlog.interfaces.web.translating import Translating
from tests.catalogue import PACKAGE, PSEUDO, collected, kept, outside, untranslated

TEMPLATES: Final = PACKAGE / "interfaces/templates"
LEFT: Final = frozenset(("reference.html",))
"""Templates that are not in the catalogue. The reference of the API stays in English."""
FOR_PROGRAMS: Final = frozenset(
    f"interfaces/web/{name}.py" for name in ("reference", "schemas", "things/structured_data")
) | {"apps/guests/letter_quotas.py"}
"""What they make is read by programs, or by those who use the API; it stays in English."""
NOT_SHOWN: Final = frozenset(
    (
        *("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"),
        *("Zulu", "Universal", "number of people", "number of children", "RSVP is closed"),
        *("the date is over or off", "the date was cancelled or moved, or has just ended"),
        *("Fields", "Filters", "Reason", "Window", r"\s*(?:-|\N{EN DASH}|\bto\b)\s*"),
    )
)
"""Names within the program."""
OF_RULES: Final = frozenset(("should be a date like", " after from", " after the first"))
"""Parts of what the rules of apps say, which is not in the catalogue."""
MARKS: Final = ("_", "N_", "ngettext", "pgettext")
WORDS: Final = re.compile(r"[A-Za-z’]{2,} [A-Za-z’]{2,}|^[A-Z][a-z]+$")
"""What is taken for English: two words, or one with a capital."""
NO_TEXT: Final = re.compile(
    r'(class|name|id|aria-[\w-]+|data-[\w-]+)="[^"]*"|\b(low|wrong|Gatherlog)\b'
)
"""What the blocks and macros of a template add to a tag, and the name."""


def test_the_catalogue_has_the_texts_of_pages_and_letters_and_no_others() -> None:
    """If it has not, run `make texts`."""
    assert kept() == collected()


def environment(language: object = PSEUDO) -> Environment:
    made = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    Translating.into(made, PSEUDO if language is PSEUDO else ENGLISH)
    made.filters["number"] = str
    return made


def left_in(template: str) -> list[str]:
    """Texts of a template outside of its marks, in branches that are never taken, too."""
    tree = environment().parse((TEMPLATES / template).read_text())
    parts = [node.data for node in tree.find_all(nodes.TemplateData)]
    plain = untranslated("".join(parts))
    plurals = {
        id(node)
        for call in tree.find_all(nodes.Call)
        if getattr(call.node, "name", "") == "_plural"
        for node in call.find_all(nodes.Const)
    }
    consts = [node.value for node in tree.find_all(nodes.Const) if id(node) not in plurals]
    texts = [text for text in consts if isinstance(text, str)]
    said = [part for text in texts for part in outside(text) if WORDS.search(part)]
    letters = [text for text in plain if re.search("[A-Za-z]{2}", NO_TEXT.sub("", text))]
    return letters + said


@pytest.mark.parametrize(
    "template", sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
)
def test_a_template_has_no_text_outside_of_the_catalogue(template: str) -> None:
    assert bool(left_in(template)) == (template in LEFT), left_in(template)


def said_in(path: Path) -> Iterator[str]:
    """Texts in a module that are no docstrings, and in no call that marks them."""
    tree = ast.parse(path.read_text())
    marked = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKS:
            marked |= {id(one) for one in ast.walk(node)}
        if isinstance(node, ast.Dict):  # names, and what rules of the apps say
            marked |= {id(one) for key in node.keys if key for one in ast.walk(key)}
        if isinstance(node, ast.Expr | ast.Raise):  # docstrings, and what only the API shows
            marked |= {id(one) for one in ast.walk(node)}
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            marked |= {id(one) for one in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_english = WORDS.search(node.value) and node.value not in NOT_SHOWN | OF_RULES
            if is_english and id(node) not in marked:
                yield node.value


def modules() -> list[str]:
    pages = [*(PACKAGE / "interfaces/web").rglob("*.py")]
    letters = [*(PACKAGE / "apps").rglob("*letter*.py"), PACKAGE / "apps/people/mail.py"]
    found = {str(path.relative_to(PACKAGE)) for path in [*pages, *letters]}
    return sorted(found - FOR_PROGRAMS)


@pytest.mark.parametrize("module", modules())
def test_a_module_of_pages_or_letters_has_no_text_outside_of_the_catalogue(module: str) -> None:
    assert list(said_in(PACKAGE / module)) == []


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ('<p>{{ _("Sign in") }}</p>', "<p>Sign in</p>"),
        ("{% trans name=a.b %}<b>Hi</b> {{ name }}, 5%{% endtrans %}", "<b>Hi</b> {{ a.b }}, 5%"),
        (
            "{% trans n=all %}{{ n }} guest{% pluralize %}{{ n }} guests{% endtrans %}",
            None,
        ),
    ],
)
def test_a_mark_costs_nothing_when_a_page_is_made(marked: str, plain: str | None) -> None:
    """The code of a template in English is the code that it would have without marks."""
    made = environment(ENGLISH)
    if plain is None:
        assert made.from_string(marked).render(all=1) == "1 guest"
        assert made.from_string(marked).render(all=2) == "2 guests"
    else:
        assert outputs(made, marked) == outputs(made, plain)


def outputs(made: Environment, source: str) -> list[str]:
    """The lines of the compiled template that print something."""
    code = made.compile(source, raw=True)
    return [line.strip() for line in code.splitlines() if "yield" in line or "Markup" in line]
