"""Lines of files and pipes, in constant memory."""

import io

import pytest

from gatherlog.entrypoints import record_lines
from gatherlog.entrypoints.record_lines import Line, parts_of


def lines(text: bytes) -> list[Line]:
    return [line for part in parts_of(io.BytesIO(text)) for line in part]


def test_blank_lines_count_and_are_left_out() -> None:
    assert lines(b"\xef\xbb\xbf{}\r\n\n  \n{1}\ncut") == [
        Line(1, b"{}", 7),
        Line(4, b"{1}", 15),
        Line(5, b"cut", 18),
    ]
    assert lines(b"") == lines(b"\n\n") == []


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_a_line_that_is_too_long_is_skipped_wherever_it_ends(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(record_lines, "LONGEST", 8)
    monkeypatch.setattr(record_lines, "CHUNK", chunk)

    for length in (9, 17, 18, 100):
        found = lines(b"a\n" + b"x" * length + b"\nb\n" + b"x" * length)

        assert [(line.number, line.text) for line in found] == [
            *((1, b"a"), (2, None), (3, b"b"), (4, None))
        ]
        assert found[-1].ends == 2 + length + 3 + length
