"""Input transformers: what a template gives, what is refused, and how values are escaped."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.transformers import compile_transform
from tests.core.routing.recorded_events import recorded

DOCUMENT: dict[str, Any] = {
    "detail-type": "stream changes",
    "detail": {
        "payload": {
            "name": 'Ada "the first" \\ <b>\n',
            "age": 41,
            "price": 12.34,
            "tags": ["a", {"b": None}],
            "odd name": "x",
            "nothing": None,
            "yes": True,
        }
    },
}
PATHS = {
    "name": "$.detail.payload.name",
    "age": "$.detail.payload.age",
    "price": "$.detail.payload.price",
    "tags": "$.detail.payload.tags",
    "missing": "$.detail.payload.phone",
    "nothing": "$.detail.payload.nothing",
    "yes": "$.detail.payload.yes",
}


def applied(template: str, paths: dict[str, str] | None = None, rule: str = "") -> Any:
    return compile_transform(PATHS if paths is None else paths, template, rule=rule).apply(DOCUMENT)


def flaws(paths: dict[str, str], template: str) -> list[Flaw]:
    with pytest.raises(Invalid) as refused:
        compile_transform(paths, template)
    return list(refused.value.flaws)


def test_a_placeholder_outside_a_string_gives_the_value_itself() -> None:
    assert applied('{"a": <name>, "b": [<age>, <price>, <tags>, <yes>]}') == {
        "a": 'Ada "the first" \\ <b>\n',
        "b": [41, 12.34, ["a", {"b": None}], True],
    }


def test_a_placeholder_within_a_string_gives_its_text() -> None:
    assert applied('{"a": "<name>!", "b": "<age>, <price>, <yes>", "c": "<tags>"}') == {
        "a": 'Ada "the first" \\ <b>\n!',
        "b": "41, 12.34, true",
        "c": '["a",{"b":null}]',
    }


def test_a_string_alone_is_a_template_for_text() -> None:
    assert applied('"<age> \\"years\\""') == '41 "years"'


def test_plain_text_takes_values_as_they_are() -> None:
    assert applied("<name> is <age>, tags <tags>") == (
        'Ada "the first" \\ <b>\n is 41, tags ["a",{"b":null}]'
    )


def test_a_missing_value_is_null_and_empty_within_text() -> None:
    assert applied('{"a": <missing>, "b": "[<missing>]", "c": <nothing>, "d": "[<nothing>]"}') == {
        "a": None,
        "b": "[]",
        "c": None,
        "d": "[]",
    }
    assert applied("[<missing>]") == [None]
    assert applied("call <missing>") == "call "


def test_a_template_of_one_placeholder_is_text_and_never_null() -> None:
    assert applied("<missing>") == ""
    assert applied("<tags>") == '["a",{"b":null}]'


def test_the_whole_document_and_the_rules_name_are_predefined() -> None:
    template = '{"event": <gatherlog.event>, "rule": "<gatherlog.rule>", "again": <gatherlog.rule>}'

    assert applied(template, {}, rule='a "b"') == {
        "event": DOCUMENT,
        "rule": 'a "b"',
        "again": 'a "b"',
    }


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (r"a \<b> \\ \n", r"a <b> \ \n"),
        (r"\\<age>", "\\41"),
        ("ends with \\", "ends with \\"),
        (r'"\<b> \\<age> \u003c \" \n"', '<b> \\41 < " \n'),
    ],
)
def test_a_backslash_before_a_bracket_gives_the_bracket_itself(template: str, text: str) -> None:
    assert applied(template) == text


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.detail-type", "stream changes"),
        ('$["detail-type"]', "stream changes"),
        ('$.detail["payload"]["odd name"]', "x"),
        ('$["detail"].payload.tags[1].b', None),
        ("$.detail.payload.tags[0]", "a"),
        ("$.detail.payload.tags[2]", None),
        ("$.detail.payload.tags.b", None),
        ("$.detail.payload.name[0]", None),
        ("$.detail[0]", None),
        ('$["\\u0064etail"].payload.age', 41),
    ],
)
def test_the_value_at_a_path(path: str, value: object) -> None:
    assert applied('{"found": <x>}', {"x": path}) == {"found": value}


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("$.", 2),
        ("$detail", 2),
        ("$..a", 2),
        ("$.a.*", 4),
        ("$.a[*]", 4),
        ("$.a[-1]", 4),
        ("$.a['b']", 4),
        ("$.a b", 4),
        ('$["a', 2),
        ("$.a[0", 4),
    ],
)
def test_a_malformed_path_is_refused_where_it_breaks(path: str, at: int) -> None:
    detail = f'expected .name, ["name"] or [0] at character {at}'

    assert flaws({"a/b~": path}, "x") == [
        Flaw("/paths/a~1b~0", "a name has letters, digits, `_`, `-` and `.` only")
    ]
    assert flaws({"x": path}, "<x>") == [Flaw("/paths/x", detail)]


@pytest.mark.parametrize("path", ["", "a", ".a", " $", "$" + ".a" * 5000])
def test_a_path_that_does_not_begin_as_one_is_refused(path: str) -> None:
    assert flaws({"x": path}, "<x>") == [
        Flaw("/paths/x", "a path begins with `$`, like $.detail.payload.id")
    ]


def test_a_quoted_name_is_a_json_string() -> None:
    assert flaws({"x": r'$["\q"]'}, "<x>") == [Flaw("/paths/x", r'"\q" is not a JSON string')]


def test_names_that_begin_with_gatherlog_are_reserved() -> None:
    assert flaws({"gatherlog.event": "$.id"}, "x") == [
        Flaw("/paths/gatherlog.event", "names with `gatherlog.` in front are predefined")
    ]


def test_a_placeholder_without_a_path_is_refused_by_its_place() -> None:
    known = "(there are <gatherlog.event>, <gatherlog.rule>, <name>); for the character write \\<"

    assert flaws({"name": "$.a"}, "Hi <nmae>, 5 < 6, <>, <gatherlog.rul>") == [
        Flaw("/template", f"<nmae> at character 4 is no known placeholder {known}"),
        Flaw("/template", f"the `<` at character 14 begins no known placeholder {known}"),
        Flaw("/template", f"the `<` at character 19 begins no known placeholder {known}"),
        Flaw("/template", f"<gatherlog.rul> at character 23 is no known placeholder {known}"),
    ]


def test_all_flaws_are_reported_together() -> None:
    pointers = [flaw.pointer for flaw in flaws({"x": "a", "y": "$."}, "<x><y><z>")]

    assert pointers == ["/paths/x", "/paths/y", "/template"]


@pytest.mark.parametrize(
    "template",
    [
        "{",
        '{"a": <age>',
        '{"a": <age><age>}',
        '{"a": -<age>}',
        '{"a": 1<age>}',
        "{<age>: 1}",
        '{"a": <age>} and more',
        '{"a": \\<age>}',
        r'{"a": "\u00<age>"}',
        r'{"a": "\u<age>"}',
        r'{"a": "\ud83d<age>\ude00"}',
        '"a" <age>',
        '["<age>]',
        "[" * 200 + "]" * 200,
        "[" * 4000 + "]" * 4000,
        "[1e9999999999999999999]",
    ],
)
def test_a_template_that_is_not_json_once_it_is_filled_is_refused(template: str) -> None:
    [flaw] = flaws({"age": "$.a"}, template)

    assert flaw.pointer == "/template"
    assert flaw.detail.startswith(("not JSON once its placeholders are filled: ", "nested too"))


def test_the_size_of_a_template_and_the_number_of_paths_are_limited() -> None:
    assert applied("x" * 8192) == "x" * 8192
    assert flaws({}, "x" * 8193) == [Flaw("/template", "longer than 8,192 characters")]
    assert flaws({f"p{n}": "$" for n in range(101)}, "x") == [Flaw("/paths", "more than 100 paths")]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_no_value_changes_the_structure_of_the_result(value: Any) -> None:
    """Whatever the event holds, the result has the template's form and its own other fields."""
    transform = compile_transform(
        {"x": "$.x"}, '{"a": <x>, "b": "[<x>]", "of <x>": 1, "c": [<x>, "<x><x>"]}'
    )
    text = value if isinstance(value, str) else "" if value is None else encode(value).decode()

    assert transform.apply({"x": value}) == {
        "a": value,
        "b": f"[{text}]",
        f"of {text}": 1,
        "c": [value, text + text],
    }


@given(st.text(), st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3))
def test_any_template_is_either_refused_or_works_on_any_event(
    template: str, paths: dict[str, str]
) -> None:
    try:
        transform = compile_transform(paths, template)
    except Invalid:
        return
    assert transform.apply(document(recorded())) is not None


def test_a_transformers_result_is_json_with_every_number_as_it_was() -> None:
    event = recorded(b'{"price":12.34,"exact":0.1000000000000000000001,"big":%s}' % (b"9" * 40))
    transform = compile_transform({"p": "$.data"}, '{"price": <p>, "text": "<p>"}')

    made = encode(transform.apply(document(event)))

    assert bytes(msgspec.json.decode(made, type=dict[str, msgspec.Raw])["price"]) == event.data
