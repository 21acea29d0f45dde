"""The log in a thread: all lines in order, whole, and nobody waits for who reads them."""

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


def test_a_log_that_nobody_reads_delays_nothing_and_loses_the_newest_lines() -> None:
    is_read, written = threading.Event(), list[bytes]()

    def write(piece: bytes) -> None:
        is_read.wait()
        written.append(piece)

    with LogThread(write) as log:
        for number in range(log_thread.MOST_LINES + 3_000):
            log.put(b"%d\n" % number)
        lost = log.lost
        is_read.set()

    lines = b"".join(written).splitlines()
    assert lost > 0
    assert lines == [b"%d" % number for number in range(log_thread.MOST_LINES + 3_000 - lost)]


def test_a_line_that_cannot_be_written_is_left_out() -> None:
    written: list[bytes] = []

    def write(piece: bytes) -> None:
        written.append(piece)
        raise OSError

    with LogThread(write) as log:
        log.put(b"one\n")

    assert written == [b"one\n"]
