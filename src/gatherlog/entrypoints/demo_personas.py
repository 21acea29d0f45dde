"""The people whose role one can play in the demo, and what it prints about them."""

from pathlib import Path
from typing import Literal

import msgspec

__all__ = ["Persona", "introduction"]


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """A person to try the demo as, with an API key or with the token of a guest's link.

    A key is for the APIs. The operator signs in to the pages with the key, too, and all others who
    have one sign in with their addresses.
    """

    who: str
    address: str | None
    role: str
    secret: str
    kind: Literal["key", "link"]
    gathering_id: str | None = None


def introduction(url: str, personas: list[Persona], directory: Path) -> str:
    """All personas with their keys and links, and lines to paste into a shell."""
    lines = ["", f"The Gatherlog demo runs at {url}  (its data: {directory}/)"]
    lines += [f"Things to do are found at {url}/things; signing in adds the other sections.", ""]
    for persona in personas:
        address = f" <{persona.address}>" if persona.address else ""
        lines.append(f"  {persona.who}{address}, {persona.role}")
        if persona.kind == "link":
            lines.append(f"      {url}/r/{persona.secret}")
        else:
            lines += _access_lines(url, persona)
    operator = next(persona for persona in personas if persona.role == "operator")
    lines += ["", "For the examples of the README:", f"export URL={url} KEY={operator.secret}"]
    return "\n".join([*lines, "", "Ctrl-C ends it."])


def _access_lines(url: str, persona: Persona) -> list[str]:
    """The lines that say how a persona with a key uses the APIs, and the pages."""
    if persona.role == "operator":
        return [f"      key {persona.secret}", f"      sign in at {url}/signin with the key"]
    gathering = "" if persona.gathering_id is None else f"  gathering {persona.gathering_id}"
    return [
        f"      key {persona.secret}{gathering}",
        f"      sign in at {url}/signin, the code comes to {url}/mailbox",
    ]
