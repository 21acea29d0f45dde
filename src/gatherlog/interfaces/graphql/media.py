"""Media types of answers, and which of them a request accepts."""

from typing import Final

__all__ = ["JSON", "RESPONSE", "STREAM", "chosen"]

RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
STREAM: Final = "text/event-stream"
_ANY: Final = {"*/*": JSON, "application/*": JSON}


def chosen(accept: bytes, *, streams: bool) -> str:
    """The media type that a header Accept prefers: JSON if it names none of ours.

    Of several that are as welcome, the one that is named first. STREAM is chosen only if `streams`.
    """
    best, quality = JSON, 0.0
    for part in accept.decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        media = _ANY.get(name, name)
        if media in (RESPONSE, JSON) or (streams and media == STREAM):
            welcome = _quality(parameters)
            if welcome > quality:
                best, quality = media, welcome
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, float(value))
            except ValueError:
                return 0.0
    return 1.0
