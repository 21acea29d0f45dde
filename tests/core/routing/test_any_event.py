"""Every event has every form, whatever its data, its meta and its times: no reader ends at one."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from gatherlog.core.commands.event_meta import causing_rules, shown_meta
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing import compile_pattern
from gatherlog.core.routing.bus_form import bus_event
from gatherlog.core.routing.cloud_events import binary_headers, cloud_event
from gatherlog.core.routing.event_data import json_line
from gatherlog.core.routing.event_document import document
from tests.core.routing.pattern_strategies import LEAVES, PATTERNS
from tests.core.routing.recorded_events import SITE, recorded

ODD = [
    b"",
    b" ",
    b"null",
    b"\xff\xfe",
    b"NaN",
    b"-0.0",
    b"1e999",
    b"1e99999999999999999999",
    b"9" * 5_000,
    b'{"n": %b}' % (b"9" * 4_000),
    b'"\\ud800"',
    b'{"\\udc00": 1}',
    b'{"text": "\xed\xa0\x80"}',
    b'{"a": 1,\r\n "a": 2}\n',
    b'"\\u0000\\u2028\\r\\n"',
    b"[" * 5_000,
    b"[" * 900 + b"]" * 900,
    b'{"rules": [], "actor": ' + b"[" * 5_000,
    b'{"rules": {"x": 1}, "actor": 1e999}',
    b'{"rules": ["\\ud800"]}',
]
"""Payloads that one decoder or another stumbles over."""

payloads = (
    st.sampled_from(ODD)
    | st.binary(max_size=40)
    | st.text(alphabet='{}[]":,.eE+-0123456789 \n\\ud8', max_size=30).map(str.encode)
)
times = st.integers(-(2**63), 2**63 - 1)
events = st.builds(
    lambda data, meta, time, late: recorded(data, meta=meta, time=time, recorded=late),
    *(payloads, payloads, times, times),
)


def forms(event: Recorded) -> list[Any]:
    """All forms in which an event leaves the log."""
    headers = binary_headers(event, source=SITE)
    return [document(event), bus_event(event), cloud_event(event, source=SITE), headers]


@given(events)
@example(recorded(b"[" * 5_000, meta=ODD[-3], time=2**63 - 1, recorded=-(2**63)))
def test_every_event_has_every_form_and_all_are_json(event: Recorded) -> None:
    for form in forms(event):
        assert json.loads(encode(form)).keys() == form.keys()


@given(events)
def test_the_rules_that_caused_an_event_are_found_or_none(event: Recorded) -> None:
    assert all(isinstance(name, str) for name in causing_rules(event))


@given(payloads)
def test_meta_is_shown_whatever_is_in_the_place_of_what_a_caller_gave(data: bytes) -> None:
    line = json_line(shown_meta(b'{"actor":"key:1","given":{"x":%b}}' % data))

    assert line is None or json.loads(line)["actor"] == "key:1"


@given(events, st.fixed_dictionaries({"data": LEAVES | PATTERNS}))
def test_every_pattern_has_an_answer_for_every_event(event: Recorded, pattern: Any) -> None:
    assert compile_pattern(pattern).matches(document(event)) in (True, False)


@given(payloads)
def test_data_in_one_line_is_the_same_json_or_none(data: bytes) -> None:
    line = json_line(data)

    if line is not None:
        assert b"\n" not in line
        assert b"\r" not in line
        assert json.loads(line) == json.loads(data)
    else:
        assert document(recorded(data))["data"].keys() == {"base64"}
