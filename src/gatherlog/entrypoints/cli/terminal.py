"""Text that others wrote, made fit for a terminal."""

__all__ = ["printable"]


def printable(text: str) -> str:
    """The text with control characters spelt out: what people wrote may not speak to a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
