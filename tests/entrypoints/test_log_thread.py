"""The log in a thread: all lines in order, whole, and nobody waits for who reads them."""

import json
import threading

from gatherlog.entrypoints import log_thread
from gatherlog.entrypoints.log_thread import CHUNK_BYTES, LogThread


def test_all_lines_are_written_in_order_and_in_whole_pieces() -> None:
    written: list[bytes] = []
    lines = [b"%d %b\n" % (number, b"x" * (number % 90)) for number in range(2_000)]

    with LogThread(written.append) as log:
        for line in lines:
            log.put(line)

    assert b"".join(written) == b"".join(lines)
    assert [piece for piece in written if len(piece) > CHUNK_BYTES or piece[-1:] != b"\n"] == []


def test_a_log_that_nobody_reads_delays_nothing_and_says_how_many_lines_are_missing() -> None:
    is_read, written = threading.Event(), list[bytes]()

    def write(piece: bytes) -> None:
        is_read.wait()
        written.append(piece)

    total = log_thread.MOST_LINES + 3_000
    with LogThread(write) as log:
        for number in range(total):
            log.put(b"%d\n" % number)
        is_read.set()
        while len(written) < 2:
            is_read.wait(0.001)
        log.put(b"last\n")

    *lines, told, last = b"".join(written).splitlines()
    assert lines == [b"%d" % number for number in range(len(lines))]
    assert f"{total - len(lines):,} lines of the log were left out" in json.loads(told)["notice"]
    assert last == b"last"


def test_a_line_that_cannot_be_written_is_left_out() -> None:
    written: list[bytes] = []

    def write(piece: bytes) -> None:
        written.append(piece)
        raise OSError

    with LogThread(write) as log:
        log.put(b"one\n")

    assert written == [b"one\n"]
