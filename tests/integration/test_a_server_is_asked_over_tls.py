"""A book on a server over TLS: by a certificate of an own authority, and by no other.

The server stands behind a listener of our own, which speaks TLS and passes on what it hears.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.clickhouse import Server
from clearing.book import open_book
from network.errors import BookUnavailable, NotABook
from tests.book.checks import assert_holds
from tests.book.workload import add_run

DAY = datetime.timedelta(days=1)
HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
ELSEWHERE = x509.DNSName("books.example")


class Authority:
    """Signs certificates; its own stands in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(_certificate(self._name, self._name, self._key, self._key, [
            x509.BasicConstraints(ca=True, path_length=None)])))

    def certify(self, host: x509.GeneralName) -> Path:
        """A file with a key, and its certificate for a host."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        path = self._folder / f"{self.file.stem}-{host.value}.pem"
        path.write_bytes(_pem(_certificate(name, self._name, key, self._key, [
            x509.SubjectAlternativeName([host])])) + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        return path


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey,
                 signer: ec.EllipticCurvePrivateKey, extensions: list[x509.ExtensionType]
                 ) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - DAY).not_valid_after(now + DAY))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(signer, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class Listener(socketserver.ThreadingTCPServer):
    """Speaks TLS on a port of its own, and passes on to a server what it hears."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate: Path, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.port, self.heard = port, 0

    def location(self, database: str) -> str:
        return f"clickhouses://127.0.0.1:{self.server_address[1]}/{database}"


class Connection(socketserver.BaseRequestHandler):
    """One connection, both ways, until either side ends it."""

    def handle(self) -> None:
        assert isinstance(self.server, Listener)
        with (suppress(OSError), self.server.context.wrap_socket(
                self.request, server_side=True) as client,
              socket.create_connection(("127.0.0.1", self.server.port)) as server):
            back = threading.Thread(target=pass_on, args=(server, client), daemon=True)
            back.start()
            self.server.heard += pass_on(client, server)
            back.join()


def pass_on(source: socket.socket, target: socket.socket) -> int:
    """Send on what is received until there is no more: how many bytes."""
    passed = 0
    with suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
            passed += len(part)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
    return passed


@pytest.fixture
def own(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "own")


@contextmanager
def listening(certificate: Path, server: Server) -> Iterator[Listener]:
    """A listener that listens inside `with`."""
    with Listener(certificate, server.port) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield listener
        listener.shutdown()
        thread.join()


def test_a_book_is_written_and_read(own: Authority, clickhouse_server: Server,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECARD_CA_FILE", str(own.file))
    with listening(own.certify(HERE), clickhouse_server) as listener:
        with open_book(listener.location("over_tls")) as book:
            add_run(book)
        with open_book(listener.location("over_tls"), read_only=True) as book:
            assert_holds(book, 1)
    with open_book(clickhouse_server.location("over_tls"), read_only=True) as book:
        assert_holds(book, 1)


@pytest.mark.parametrize(("authority", "host", "said"), [
    (None,    HERE,      "certificate verify failed"),
    ("other", HERE,      "certificate verify failed"),
    ("own",   ELSEWHERE, "certificate is not valid for '127.0.0.1'"),
])
def test_whom_nobody_vouches_for_is_told_nothing(
        own: Authority, clickhouse_server: Server, tmp_path: Path, authority: str | None,
        host: x509.GeneralName, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"own": own.file, "other": Authority(tmp_path, "other").file}
    if authority is None:
        monkeypatch.delenv("ONECARD_CA_FILE", raising=False)
    else:
        monkeypatch.setenv("ONECARD_CA_FILE", str(files[authority]))
    with (listening(own.certify(host), clickhouse_server) as listener,
          pytest.raises(BookUnavailable, match="certificate is not believed") as refused):
        open_book(listener.location("nothing"))
    assert said in str(refused.value)
    assert "ONECARD_CA_FILE" in str(refused.value)
    assert listener.heard == 0


@pytest.mark.parametrize("content", [None, b"", b"no certificate\n"])
def test_a_file_of_authorities_has_some(tmp_path: Path, content: bytes | None,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("ONECARD_CA_FILE", str(path))
    with pytest.raises(NotABook, match="no certificate can be read") as refused:
        open_book("clickhouses://127.0.0.1:1/book")
    assert "None" not in str(refused.value)


def test_a_server_without_tls_is_told_from_one_with(
        clickhouse_server: Server, own: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECARD_CA_FILE", str(own.file))
    plain = clickhouse_server.location("book").replace("clickhouse://", "clickhouses://")
    with pytest.raises(BookUnavailable, match="often 9440"):
        open_book(plain)
