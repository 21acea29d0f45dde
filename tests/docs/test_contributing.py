"""CONTRIBUTING names files that exist and commands that make knows."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def test_every_file_that_it_names_exists() -> None:
    named = re.findall(r"`([a-z_]+/[\w./-]*)`", TEXT)

    missing = [
        name
        for name in named
        if not (ROOT / name).exists() and not (ROOT / "src/gatherlog" / name).exists()
    ]
    assert len(named) > 30
    assert missing == []


def test_every_package_of_the_core_is_in_its_picture_of_the_layers() -> None:
    packages = {init.parent.name for init in (ROOT / "src/gatherlog/core").glob("*/__init__.py")}
    picture = TEXT.split("```")[1]

    assert set(re.findall(r"^core/(\w+)", picture, re.MULTILINE)) == packages


def test_every_target_that_it_names_is_one_of_make() -> None:
    named = set(re.findall(r"`make ([a-z-]+)", TEXT))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named - targets == set()
