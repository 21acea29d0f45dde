"""An emulator of DynamoDB for tests, in an environment of its own, started when it is needed.

A process that runs tests has at most one, on a port of the loopback interface. It ends with the
process, however that ends: a guardian stops it as soon as the pipe to it is closed.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from gatherlog.engines.dynamodb_address import read_dynamo_place

__all__ = [
    "REGION",
    "Emulator",
    "call",
    "change_record",
    "drop_table",
    "emulator",
    "found_emulator",
    "url_of",
]

ROOT: Final = Path(__file__).parents[1]
REGION: Final = "eu-central-1"
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What the emulator takes. Processes that the tests start have them from the environment."""


class Emulator:
    """A running emulator."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="gatherlog-dynamodb-"))
        self._guardian: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Emulator":
        os.environ.update(CREDENTIALS)
        program = found_emulator()
        assert program is not None
        command = [sys.executable, "-m", "tests.dynamo", str(program), str(self.folder)]
        self._guardian = subprocess.Popen(
            [*command, str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,  # so that it outlives a whole group that is killed
        )
        assert self._guardian.stdout is not None
        told = self._guardian.stdout.readline()
        assert told == b"ready\n", told
        return self

    def __exit__(self, *_: object) -> None:
        assert self._guardian is not None
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        self._guardian.stdin.close()
        self._guardian.wait()
        self._guardian.stdout.close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@lru_cache(maxsize=1)
def found_emulator() -> Path | None:
    """The program of the emulator, as `make` installs it; None if it is not there."""
    program = ROOT / ".venv-ministack" / "bin" / "ministack"
    return program if program.exists() else None


_running: list[Emulator] = []


def emulator() -> Emulator:
    """The emulator of this process, started when it is first asked for."""
    if not _running:
        _running.append(Emulator().__enter__())
    return _running[0]


def url_of(table: str, *, endpoint: str | None = None, partitions: int | None = None) -> str:
    """The address of a store in a table of the emulator, or of what stands before it."""
    end = f"&partitions={partitions}" if partitions else ""
    return f"dynamodb://{table}?region={REGION}&endpoint={endpoint or emulator().endpoint}{end}"


def call(operation: str, endpoint: str | None = None, **asked: Any) -> Any:
    """The answer of the emulator, which demands no signature."""
    request = urllib.request.Request(
        endpoint or emulator().endpoint,
        msgspec.json.encode(asked),
        {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/dynamodb/"
            "aws4_request, SignedHeaders=host, Signature=0",
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return msgspec.json.decode(answer.read())


def drop_table(url: str) -> None:
    """Remove the table of a store, if it is there."""
    table = read_dynamo_place(url).table
    if table in call("ListTables")["TableNames"]:
        call("UpdateTable", TableName=table, DeletionProtectionEnabled=False)
        call("DeleteTable", TableName=table)


def change_record(url: str, attribute: str, value: dict[str, str]) -> None:
    """Let a store say something else of itself."""
    call(
        "UpdateItem",
        TableName=read_dynamo_place(url).table,
        Key={"pk": {"S": "store"}, "sk": {"S": "!"}},
        UpdateExpression="SET #a = :v",
        ExpressionAttributeNames={"#a": attribute},
        ExpressionAttributeValues={":v": value},
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# The guardian, a process of its own: `python -m tests.dynamo`.


def _guard(program: str, folder: str, port: str) -> None:
    """Start an emulator, and stop it once standard input ends."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they are for the tests, whose end
        signal.signal(one, signal.SIG_IGN)  # closes the pipe
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": port,
        "SERVICES": "dynamodb",
        "LOG_LEVEL": "ERROR",
        "TMPDIR": folder,
        "PATH": os.environ["PATH"],
        **CREDENTIALS,
    }
    with open(Path(folder) / "log", "wb") as log:
        process = subprocess.Popen(
            [program],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=settings,
            start_new_session=True,
        )
    try:
        while not _answers(int(port)):
            if process.poll() is not None:
                sys.exit((Path(folder) / "log").read_text())
            signal.sigtimedwait([], 0.02)
        print("ready", flush=True)
        sys.stdin.read()
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _demo(*arguments: str) -> int:
    """The demo in a table of an emulator; both end with it, and so does everything in it."""
    with tempfile.TemporaryDirectory(prefix="gatherlog-demo-") as folder, Emulator() as one:
        url = url_of("demo", endpoint=one.endpoint)
        command = [str(Path(sys.executable).parent / "gatherlog"), "demo", "--store", url]
        process = subprocess.Popen([*command, *arguments], cwd=folder)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the demo ends by it
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()


if __name__ == "__main__":
    if sys.argv[1] == "demo":
        sys.exit(_demo(*sys.argv[2:]))
    _guard(*sys.argv[1:])
