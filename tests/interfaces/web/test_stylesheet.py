"""Colours: all texts have the contrast of WCAG 2.2 AA to their background, light and dark."""

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).parents[3] / "src/gatherlog/interfaces/static/gatherlog.css"
TEXT, SHAPE = 4.5, 3.0
"""Least contrast of text, and of everything that shows a control or its state (1.4.3, 1.4.11)."""
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "soft", "accent") for ground in ("paper", "card")),
    *((ink, "tint", TEXT) for ink in ("ink", "soft", "accent")),
    *((ink, f"{ink}-tint", TEXT) for ink in ("good", "wait", "bad")),
    ("bad", "card", TEXT),
    ("on-accent", "accent", TEXT),
    ("edge", "card", SHAPE),
    ("edge", "paper", SHAPE),
    ("edge", "tint", SHAPE),
    ("good", "card", SHAPE),
    ("wait", "card", SHAPE),
]
STATES = ("coming", "waiting", "undecided")
HERO = ("hero-a", "hero-b", "hero-c")


def colours() -> dict[str, dict[str, str]]:
    """The custom properties of both schemes; dark overrides light."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)
    found = {"light": dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))}
    found["dark"] = {**found["light"], **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))}
    return found


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == 21


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_keep_their_contrast(scheme: str, ink: str, ground: str, least: float) -> None:
    palette = colours()[scheme]

    assert contrast(palette[ink], palette[ground]) >= least


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", HERO)
@pytest.mark.parametrize("ink", ["#ffffff", "#ffe3d3"])
def test_text_on_the_coloured_header_can_be_read(scheme: str, ground: str, ink: str) -> None:
    assert contrast(ink, colours()[scheme][ground]) >= TEXT


def test_reduced_motion_is_respected() -> None:
    style = STYLE.read_text()

    assert style.count("prefers-reduced-motion: reduce") == 1
    assert re.findall(r"(?:animation|transition)\s*:", style) == []


def test_who_waits_has_another_colour_than_who_is_not_sure() -> None:
    """In the bar and its key, in lists and on the invitation: and it is the same in all."""
    style = STYLE.read_text() + (STYLE.parent / "desk.css").read_text()
    of = {
        state: set(re.findall(rf"[ .(]{state}\b[^{{}}]*\{{([^}}]*)\}}", style)) for state in STATES
    }

    colours = {
        state: set(re.findall(r"var\(--(good|wait|accent)\)", " ".join(found)))
        for state, found in of.items()
    }
    assert colours == {"coming": {"good"}, "waiting": {"accent"}, "undecided": {"wait"}}
