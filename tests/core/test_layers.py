"""What may be imported by whom, as a new interpreter sees it."""

import subprocess
import sys
from pathlib import Path

import gatherlog.core

LOADED = """
import sys, {module}
print(*sorted({{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names)))
"""


def loaded_by(module: str) -> list[str]:
    """Top-level packages outside the standard library that importing a module brings in.

    Isolated from `site`'s own imports, which come with the environment and not with the module.
    """
    paths = f"import sys; sys.path[:] = {sys.path!r}\n"
    command = [sys.executable, "-I", "-S", "-c", paths + LOADED.format(module=module)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def brought_in_by(*modules: str) -> set[str]:
    """The same, less what msgspec brings in itself, and the standard library's time zones, which
    read how Python was built."""
    return set(loaded_by(", ".join(modules))) - set(loaded_by("msgspec, zoneinfo"))


def test_the_core_imports_msgspec_and_the_standard_library_only() -> None:
    folder = Path(gatherlog.core.__file__).parent
    files = [path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py")]
    modules = [".".join(file.parts) for file in files if file.stem != "__init__"]
    assert len(modules) >= 40

    assert brought_in_by(*[f"gatherlog.core.{module}" for module in modules]) == {"gatherlog"}


def test_choosing_no_engine_imports_no_driver() -> None:
    assert brought_in_by("gatherlog.engines") == {"gatherlog"}


def test_the_memory_engine_needs_no_driver() -> None:
    assert brought_in_by("gatherlog.engines.memory") == {"gatherlog"}
