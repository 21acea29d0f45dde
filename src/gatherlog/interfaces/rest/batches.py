"""Bodies with one thing or many: an object, an array, or lines with an object each (JSON lines).

Things stay texts, so that each can be read by itself: a bad one does not keep the others out.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import LimitExceeded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.eventstore.giving_way import Steps
from gatherlog.interfaces.problems import Malformed
from gatherlog.interfaces.rest.answers import array
from gatherlog.interfaces.rest.idempotency import Reply

__all__ = [
    "ARRAY",
    "JSON",
    "LINES",
    "MOST_BYTES",
    "Batch",
    "FaultAnswer",
    "media_of",
    "reading_batch",
    "results_reply",
]

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_THINGS: Final = 10_000
ARRAY: Final = {"type": "array", "description": f"Up to {MOST_THINGS:,} of them."}
"""JSON Schema of an array each of whose elements is answered for itself, whatever it is."""
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


class FaultAnswer(msgspec.Struct, frozen=True):
    """One thing wrong with one of the things that were sent."""

    code: str
    pointer: str
    """Where in the thing: a JSON pointer."""
    detail: str


async def results_reply(counts: Mapping[str, int], results: Iterable[object]) -> Reply:
    """An answer with numbers, and with what became of each thing as `results`."""
    made = await array(results)
    head = encode(counts)[:-1] + b',"results":'
    return Reply(200, head + made.body + b"}", made.headers)


def media_of(headers: Mapping[bytes, bytes]) -> str:
    """The media type of a body, without its parameters."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")


class Batch(msgspec.Struct, frozen=True):
    """The texts of a body, in order."""

    texts: list[bytes]
    is_one: bool
    """Whether it was a single object, and not an array or lines."""


def reading_batch(body: bytes, *, is_lines: bool, what: str) -> Steps[Batch]:
    """Take a body apart. `what` names many of its things, as in "records".

    Raises Malformed for a body that is neither object nor array, and LimitExceeded for more than
    MOST_THINGS.
    """
    if is_lines:
        texts: list[bytes] = []
        for line in _lines(body):
            if line:
                texts.append(line)
            if len(texts) > MOST_THINGS:
                raise LimitExceeded("a request", what, MOST_THINGS, body.count(b"\n") + 1)
            yield
        return Batch(texts, is_one=False)
    match body.lstrip()[:1]:
        case b"{":
            return Batch([body], is_one=True)
        case b"[":
            texts = _array(body)
        case _:
            raise Malformed("The body is neither a JSON object nor an array.")
    if len(texts) > MOST_THINGS:
        raise LimitExceeded("a request", what, MOST_THINGS, len(texts))
    return Batch(texts, is_one=False)


def _lines(body: bytes) -> Iterable[bytes]:
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        yield body[start:end].strip()
        start = end + 1


def _array(body: bytes) -> list[bytes]:
    try:
        if not body.isascii():
            body.decode()
        return [bytes(element) for element in _elements(body)]
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    except msgspec.DecodeError as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
