"""A site as deploy/ sets it up: nginx or Caddy with TLS, and a server whose socket stays open."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import pytest
from cryptography.x509 import DNSName
from httpx2 import AsyncClient, AsyncHTTPTransport

from tests.caches.servers import LAUNCH
from tests.entrypoints.terminal import environment, gatherlog
from tests.stores import SOON
from tests.targets.certificates import Authority

__all__ = ["DEPLOY", "Caddy", "Nginx", "P", "Proxy", "Site", "site_behind"]

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = "party.example.org"
HANDED_OVER = """
import os, sys
os.dup2(int(sys.argv.pop(1)), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
from gatherlog.entrypoints.cli import main
main()
"""
"""Runs a command as systemd does when it hands a socket over."""
MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    include {folder}/gatherlog.conf;
}}
"""


P = TypeVar("P", bound="Proxy")


class Server:
    """`gatherlog serve` on a socket that stays open while the server is started again."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port: int = self.listener.getsockname()[1]
        self.log = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        number = self.listener.fileno()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", HANDED_OVER, str(number), "serve"],
                cwd=self._folder,
                env=environment(**self._variables),
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        """End it as systemd does; the status that it ends with."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        return process.wait(SOON)


class Proxy:
    """A real proxy with its configuration of deploy/, at free ports, with a certificate."""

    program: str
    file: str
    changes: tuple[tuple[str, str], ...]
    """What the configuration says, and what it says here."""
    before = ""
    """What stands before it."""

    def __init__(self, folder: Path, server_port: int) -> None:
        self.folder = folder
        self.plain_port, self.port = _free_ports()
        self.authority = Authority()
        self.authority.server(folder, DNSName("localhost"))
        self._process: subprocess.Popen[bytes] | None = None
        self._output = folder / "proxy.log"
        text = (DEPLOY / self.file).read_text()
        for old, new in (("127.0.0.1:8000", f"127.0.0.1:{server_port}"), *self.changes):
            assert old in text, old
            text = text.replace(old, self._here(new))
        (folder / Path(self.file).name).write_text(self._here(self.before) + text)

    def _here(self, text: str) -> str:
        for name, value in (
            ("{folder}", self.folder),
            ("{port}", self.port),
            ("{plain_port}", self.plain_port),
        ):
            text = text.replace(name, str(value))
        return text

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        launch = [sys.executable, "-c", LAUNCH, *self.command()]
        own = {**os.environ, "HOME": str(self.folder), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""}
        with self._output.open("ab") as output:
            self._process = process = subprocess.Popen(
                launch, env=own, stdout=output, stderr=output, start_new_session=True
            )
        end = time.monotonic() + SOON
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port), SOON).close()
                return
            time.sleep(0.01)
        raise AssertionError(self._output.read_text())

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(SOON)
            with contextlib.suppress(ProcessLookupError):  # a worker that a reload has just begun
                os.killpg(process.pid, signal.SIGKILL)


class Nginx(Proxy):
    program = "nginx"
    file = "nginx/gatherlog.conf"
    changes = (
        ("listen 80;", "listen 127.0.0.1:{plain_port};"),
        ("listen [::]:80;", ""),
        ("listen 443 ", "listen 127.0.0.1:{port} "),
        ("listen [::]:443 ssl http2;", ""),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", "{folder}/server.pem"),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", "{folder}/server.pem"),
        ("/var/log/nginx", "{folder}"),
        ("/var/www/html", "{folder}/challenges"),
        (NAME, "localhost"),
    )

    def command(self) -> list[str]:
        user = "user root;" if os.getuid() == 0 else ""
        main = self.folder / "nginx.conf"
        main.write_text(MAIN.format(folder=self.folder, user=user))
        return [_found(self.program) or "", "-c", str(main), "-e", f"{self.folder}/error.log"]

    def reload(self) -> None:
        """Have it read its configuration again, as after a new certificate."""
        subprocess.run([*self.command(), "-s", "reload"], check=True, timeout=SOON)


class Caddy(Proxy):
    program = "caddy"
    file = "caddy/Caddyfile"
    before = "{\n\tadmin off\n\tauto_https off\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n"
    changes = (
        (
            f"\n{NAME} {{",
            "\nhttps://localhost:{port} {\n\tbind 127.0.0.1\n"
            "\ttls {folder}/server.pem {folder}/server.pem",
        ),
    )

    def command(self) -> list[str]:
        config = str(self.folder / "Caddyfile")
        return [_found("caddy") or "", "run", "--adapter", "caddyfile", "--config", config]


class Site(Generic[P]):
    """Both of them, and clients of theirs."""

    def __init__(self, proxy: type[P], folder: Path) -> None:
        self._variables = {
            "GATHERLOG_STORE": f"sqlite:///{folder}/gatherlog.db",
            "GATHERLOG_TRUSTED_PROXIES": "127.0.0.1",
            "GATHERLOG_RATE_LIMITS": "wrong=3/hour",
        }
        self.folder = folder
        self.server = Server(folder, self._variables)
        self.proxy = proxy(folder, self.server.port)
        self.url = f"https://localhost:{self.proxy.port}"
        self._variables["GATHERLOG_PUBLIC_URL"] = self.url
        store = self._variables["GATHERLOG_STORE"]
        made = gatherlog("key", "create", "--role", "operator", "--store", store, cwd=folder)
        self.key = made.out.strip()

    def client(self, address: str = "127.0.0.1", key: str | None = None) -> AsyncClient:
        """A client at an address of this machine; with the operator's key unless told another."""
        transport = AsyncHTTPTransport(verify=self.proxy.authority.client(), local_address=address)
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"}
        return AsyncClient(base_url=self.url, transport=transport, headers=headers, timeout=20)

    async def restart_server(self) -> int:
        """End the server, start it again, and see it answer; the status that it ended with."""
        status = await asyncio.to_thread(self.server.stop)
        self.server.start()
        async with self.client() as api:
            assert (await api.get("/healthz")).status_code == 200
        return status


@contextlib.contextmanager
def site_behind(proxy: type[P], folder: Path) -> Iterator[Site[P]]:
    """A site that is started; the test is skipped without the proxy, unless it is demanded."""
    if _found(proxy.program) is None:
        if os.environ.get(f"GATHERLOG_REQUIRE_{proxy.program.upper()}"):
            pytest.fail(f"{proxy.program} is not installed")
        pytest.skip(f"{proxy.program} is not installed")
    site = Site(proxy, folder)
    try:
        site.server.start()
        site.proxy.start()
        yield site
    finally:
        site.proxy.stop()
        site.server.stop()
        site.server.listener.close()


def _found(program: str) -> str | None:
    return shutil.which(program) or shutil.which(f"/usr/sbin/{program}")


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return one.getsockname()[1], other.getsockname()[1]
