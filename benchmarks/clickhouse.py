"""A ClickHouse server of our own on this machine: own configuration, own data, loopback only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

BINARY = shutil.which("clickhouse-server") or shutil.which(
    "clickhouse-server", path="/usr/sbin:/usr/local/sbin")

# A test run that is killed must not leave a server behind; the kernel sees to that.
_SETPRIV = shutil.which("setpriv")
DIE_WITH_US = [_SETPRIV, "--pdeathsig", "KILL"] if _SETPRIV else []

_CONFIG = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>{tcp}</tcp_port><http_port>{http}</http_port>
  <interserver_http_port>{inter}</interserver_http_port>
  <path>{data}/</path><tmp_path>{data}/tmp/</tmp_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>268435456</mark_cache_size>
</yandex>
"""
_USERS = """<?xml version="1.0"?>
<yandex>
  <profiles><default/><reader><readonly>2</readonly></reader>
    <partner><readonly>1</readonly></partner></profiles>
  <users>
    <default><password></password><networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota></default>
    <reader><password>see only</password><networks><ip>127.0.0.1</ip></networks>
      <profile>reader</profile><quota>default</quota></reader>
    <partner><password>see own</password><networks><ip>127.0.0.1</ip></networks>
      <profile>partner</profile><quota>default</quota>
      <allow_databases><database>partner</database></allow_databases></partner>
  </users>
  <quotas><default/></quotas>
</yandex>
"""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    with contextlib.ExitStack() as open_sockets:
        bound = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in bound:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in bound]


class Server:
    """A server that can be stopped and started again on the same data."""

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        assert BINARY is not None
        self.folder, self.data = folder, data or folder / "data"
        self.port, http, inter = free_ports(3)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.xml").write_text(_CONFIG.format(
            folder=folder, data=self.data, tcp=self.port, http=http, inter=inter))
        (folder / "users.xml").write_text(_USERS)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        assert BINARY is not None
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [*DIE_WITH_US, BINARY, f"--config-file={self.folder}/config.xml"],
                stdout=output, stderr=output, cwd=self.folder, start_new_session=True,
                env={**os.environ, "TZ": "UTC"})
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(
                    ("127.0.0.1", self.port), timeout=1):
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "output").read_text() + "".join(
                    path.read_text() for path in [self.folder / "errors"] if path.exists())
                raise RuntimeError(f"the server did not start: {log[-2000:]}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it and wait until it is gone."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def location(self, database: str, user: str = "") -> str:
        """A book's address on this server."""
        return f"clickhouse://{user}127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def running_server(folder: Path, data: Path | None = None) -> Iterator[Server]:
    """A server that runs as long as the block."""
    server = Server(folder, data)
    try:
        server.start()
        yield server
    finally:
        server.stop()
