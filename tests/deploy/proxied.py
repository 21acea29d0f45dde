"""A site as deploy/ sets it up: nginx with TLS, and a server whose socket stays open."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509 import DNSName
from httpx2 import AsyncClient, AsyncHTTPTransport

from tests.caches.servers import LAUNCH
from tests.entrypoints.terminal import environment, gatherlog
from tests.stores import SOON
from tests.targets.certificates import Authority

__all__ = ["DEPLOY", "Site", "site_behind_nginx"]

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
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    include {folder}/gatherlog.conf;
}}
"""


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


class Nginx:
    """A real nginx with the configuration of deploy/nginx, at free ports, with a certificate."""

    def __init__(self, program: str, folder: Path, server_port: int) -> None:
        self._command = [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self.plain_port, self.port = _free_ports()
        self.authority = Authority()
        self.authority.server(folder, DNSName("localhost"))
        user = "user root;" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        (folder / "gatherlog.conf").write_text(self._configuration(server_port))

    def _configuration(self, server_port: int) -> str:
        text = (DEPLOY / "nginx" / "gatherlog.conf").read_text()
        changes = {
            "127.0.0.1:8000": f"127.0.0.1:{server_port}",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen [::]:80;": "",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "listen [::]:443 ssl http2;": "",
            f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(self._folder / "server.pem"),
            f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(self._folder / "server.pem"),
            "/var/log/nginx": str(self._folder),
            "/var/www/html": str(self._folder / "challenges"),
            NAME: "localhost",
        }
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        launch = [sys.executable, "-c", LAUNCH, *self._command]
        self._process = process = subprocess.Popen(launch)
        end = time.monotonic() + SOON
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port), SOON).close()
                return
            time.sleep(0.01)
        raise AssertionError((self._folder / "error.log").read_text())

    def reload(self) -> None:
        """Have it read its configuration again, as after a new certificate."""
        subprocess.run([*self._command, "-s", "reload"], check=True, timeout=SOON)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(SOON)


class Site:
    """Both of them, and clients of theirs."""

    def __init__(self, program: str, folder: Path, rate_limits: str) -> None:
        self._variables = {
            "GATHERLOG_STORE": f"sqlite:///{folder}/gatherlog.db",
            "GATHERLOG_TRUSTED_PROXIES": "127.0.0.1",
            "GATHERLOG_RATE_LIMITS": rate_limits,
        }
        self.folder = folder
        self.server = Server(folder, self._variables)
        self.nginx = Nginx(program, folder, self.server.port)
        self.url = f"https://localhost:{self.nginx.port}"
        self._variables["GATHERLOG_PUBLIC_URL"] = self.url
        store = self._variables["GATHERLOG_STORE"]
        made = gatherlog("key", "create", "--role", "operator", "--store", store, cwd=folder)
        self.key = made.out.strip()

    def client(self, address: str = "127.0.0.1", key: str | None = None) -> AsyncClient:
        """A client at an address of this machine; with the operator's key unless told another."""
        transport = AsyncHTTPTransport(verify=self.nginx.authority.client(), local_address=address)
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
def site_behind_nginx(folder: Path, rate_limits: str = "") -> Iterator[Site]:
    """A site that is started; the test is skipped without nginx, unless nginx is demanded."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        if os.environ.get("GATHERLOG_REQUIRE_NGINX"):
            pytest.fail("nginx is not installed")
        pytest.skip("nginx is not installed")
    site = Site(program, folder, rate_limits)
    try:
        site.server.start()
        site.nginx.start()
        yield site
    finally:
        site.nginx.stop()
        site.server.stop()
        site.server.listener.close()


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return one.getsockname()[1], other.getsockname()[1]
