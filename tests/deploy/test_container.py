"""The steps of the Containerfile make a server that answers, run here without a container."""

import json
import os
import re
import shlex
import signal
import site
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.deploy.proxied import DEPLOY
from tests.entrypoints.terminal import environment

CHECKOUT = DEPLOY.parent
INSTRUCTIONS = {
    *("FROM", "RUN", "COPY", "USER", "WORKDIR", "VOLUME", "ENV", "EXPOSE", "STOPSIGNAL"),
    *("ENTRYPOINT", "CMD"),
}


def steps() -> list[tuple[str, str]]:
    lines = (DEPLOY / "container" / "Containerfile").read_text().splitlines()
    pairs = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in pairs]


class Image:
    """A folder that takes the place of the root of an image."""

    def __init__(self, root: Path, context: Path) -> None:
        self.root = root
        self.context = context
        self.variables: dict[str, str] = {}
        self.command: list[str] = []
        self.folder = root
        self.stop_signal = signal.SIGKILL

    def placed(self, text: str) -> str:
        """Absolute paths of the image as paths below its root."""
        return re.sub(r"(?<![\w.*-])/(opt|tmp|var)/", rf"{self.root}/\1/", text)

    def take(self, name: str, rest: str) -> None:
        assert name in INSTRUCTIONS, name
        match name:
            case "RUN" if not rest.startswith("useradd "):
                self._run(rest)
            case "COPY":
                pattern, target = rest.split()
                (self.root / target.strip("/")).mkdir(parents=True, exist_ok=True)
                for file in self.context.glob(pattern):
                    (self.root / target.strip("/") / file.name).write_bytes(file.read_bytes())
            case "WORKDIR":
                self.folder = Path(self.placed(rest + "/"))
                self.folder.mkdir(parents=True, exist_ok=True)
            case "ENV":
                pairs = (part.partition("=") for part in shlex.split(rest))
                self.variables |= {name: self.placed(value) for name, _, value in pairs}
            case "STOPSIGNAL":
                self.stop_signal = signal.Signals[rest]
            case "ENTRYPOINT" | "CMD":
                self.command += [self.placed(part) for part in json.loads(rest)]

    def _run(self, line: str) -> None:
        """Run a line; pip finds what is needed in this environment, and asks no registry."""
        line = line.replace("pip install ", "pip install --no-deps --no-index ")
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = environment(PATH=tools, PYTHONWARNINGS="default")
        subprocess.run(["sh", "-euc", self.placed(line)], env=variables, check=True, timeout=120)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    (tmp_path / "root").mkdir()
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    build = [*wheel, "--wheel-dir", str(tmp_path / "context" / "dist"), str(CHECKOUT)]
    subprocess.run(build, check=True, timeout=120, env=environment(PYTHONWARNINGS="default"))
    made = Image(tmp_path / "root", tmp_path / "context")
    for name, rest in steps():
        made.take(name, rest)
    return made


@pytest.mark.heavy
def test_its_steps_make_a_server_that_answers_and_ends(image: Image) -> None:
    own, *arguments = image.command
    packages = os.pathsep.join(site.getsitepackages())
    variables = environment(**image.variables, PYTHONPATH=packages, GATHERLOG_PORT="0")
    with subprocess.Popen(
        [own, *arguments], cwd=image.folder, env=variables, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            url = next(line.split()[-1] for line in process.stdout if "http://" in line)
            with urllib.request.urlopen(f"{url.replace('0.0.0.0', '127.0.0.1')}/healthz") as answer:
                status = answer.status
            process.send_signal(image.stop_signal)
            ended = process.wait(30)
        finally:
            process.kill()

    assert (status, ended, image.stop_signal) == (200, 0, signal.SIGTERM)
    assert (image.root / "var" / "lib" / "gatherlog" / "gatherlog.db").is_file()
    python = [str(Path(own).parent / "python"), "-c", "import gatherlog; print(gatherlog.__file__)"]
    found = subprocess.run(python, capture_output=True, text=True, check=True, env=variables)
    assert found.stdout.startswith(str(image.root))
