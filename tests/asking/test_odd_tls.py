"""What goes wrong before a word of HTTP is said: each fault of TLS has a sentence that says what it is and how to fix it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from prober.asking.egress import tls_fault

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.asking.conftest import ask, endpoint_for
from tests.asking.test_odd_http import WHOLE

CERTIFICATES: Mapping[str, tuple[str, int, int]] = {
    "good": ("127.0.0.1", -1, 1), "expired": ("127.0.0.1", -9, -1), "future": ("127.0.0.1", 3, 9),
    "for a name": ("models.example", -1, 1), "for another address": ("10.0.0.1", -1, 1), "for nobody": ("", -1, 1),
    "self-signed": ("127.0.0.1", -1, 1), "authority": ("", -1, 1),
}  # fmt: skip
"""Name of the file → (for whom, first and last day from now)."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, now = tmp_path_factory.mktemp("tls"), datetime.now(UTC)
    authority = ec.generate_private_key(ec.SECP256R1())
    for name, (whose, first, last) in CERTIFICATES.items():
        key = authority if name == "authority" else ec.generate_private_key(ec.SECP256R1())
        is_own = name in ("authority", "self-signed")
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name if is_own else "authority")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=first))
            .not_valid_after(now + timedelta(days=last))
        )
        if whose:
            names = x509.IPAddress(ip_address(whose)) if whose[0].isdigit() else x509.DNSName(whose)
            builder = builder.add_extension(x509.SubjectAlternativeName([names]), critical=False)
        if name == "authority":
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        certificate = builder.sign(key if is_own else authority, hashes.SHA256())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + pem)
    return folder


Prepare = Callable[[ssl.SSLContext, Path], None]
"""How a server differs from the usual."""


def wants_a_certificate(context: ssl.SSLContext, folder: Path) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(folder / "authority")


def wants_one_by_an_old_version(context: ssl.SSLContext, folder: Path) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    wants_a_certificate(context, folder)


def is_old(context: ssl.SSLContext, folder: Path) -> None:
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nobody should do this
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


def has_another_cipher(context: ssl.SSLContext, folder: Path) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")


def usual(context: ssl.SSLContext, folder: Path) -> None: ...


@contextlib.contextmanager
def serving(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with contextlib.suppress(OSError):  # the test is over, or the prober hung up
                line, _ = listening.accept()
                with line:
                    answer(line)

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]


def securely(folder: Path, certificate: str, prepare: Prepare) -> Callable[[socket.socket], object]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / certificate)
    prepare(context, folder)

    def answer(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True, do_handshake_on_connect=False) as secured:
            try:
                secured.do_handshake()
            except ssl.SSLError:
                while socket.socket.recv(secured, 65_536):  # a close with something unread would be a reset
                    pass
                return
            asked = b""
            while not asked.endswith(b"}"):
                asked += secured.recv(65_536)
            secured.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(WHOLE) + WHOLE)

    return answer


KNOWN = {"ca_file": "authority"}
FAULTS: dict[str, tuple[str, Prepare, dict[str, str], str]] = {
    "expired": ("expired", usual, KNOWN, "has expired; have it renewed, and check this machine's clock"),
    "not valid yet": ("future", usual, KNOWN, "is not valid yet; check this machine's clock"),
    "for a name": ("for a name", usual, KNOWN, "is for another name; write that name in base_url"),
    "for another address": ("for another address", usual, KNOWN, "is for another name; write that name in base_url"),
    "for nobody": ("for nobody", usual, KNOWN, "is for another name; write that name in base_url"),
    "self-signed": ("self-signed", usual, {}, "signed by an authority that is not trusted here; declare"),
    "self-signed, another is trusted": ("self-signed", usual, KNOWN, "declare that one's as ca_file"),
    "an authority nobody knows": ("good", usual, {}, "declare that one's as ca_file"),
    "no certificate of ours": ("good", wants_a_certificate, KNOWN, "declare client_cert and client_key"),
    "no certificate of ours, TLS 1.2": ("good", wants_one_by_an_old_version, KNOWN, "it may want a certificate (client_cert)"),
    "a certificate of ours that is unknown": (
        "good", wants_a_certificate, {**KNOWN, "client_cert": "self-signed"}, "does not accept the prober's certificate",
    ),
    "an old version": ("good", is_old, KNOWN, "speaks old versions of TLS only; switch on TLS 1.2 or 1.3 there"),
    "no cipher in common": ("good", has_another_cipher, KNOWN, "no cipher in common"),
}  # fmt: skip
RAW: dict[str, tuple[str, bytes, str, str]] = {
    "plain HTTP": ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "unreachable", "does not speak TLS; write http:// in base_url"),
    "SSH": ("https", b"SSH-2.0-OpenSSH_9.9\r\n", "unreachable", "does not speak TLS"),
    "an unknown name": ("https", b"\x15\x03\x03\x00\x02\x02\x70", "unreachable", "check the host in base_url"),
    "a refusal without a reason": ("https", b"\x15\x03\x03\x00\x02\x02\x28", "unreachable", "refused the TLS handshake"),
    "an alert of a kind that says nothing": ("https", b"\x15\x03\x03\x00\x02\x02\x50", "unreachable", "internal error"),
    "TLS on a plain port": ("http", b"\x15\x03\x01\x00\x02\x02\x28", "invalid_reply", "if the port speaks TLS, write https:// in base_url"),
    "nothing on a plain port": ("http", b"", "unreachable", "check the port, and whether it is for http or https"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_tls_says_what_it_is_and_how_to_fix_it(made: Path, name: str) -> None:
    certificate, prepare, files, words = FAULTS[name]
    with serving(securely(made, certificate, prepare)) as port:
        reply = ask(tls_endpoint(port, made, files))
    # A server of TLS 1.3 may hang up before it is heard what it has against us.
    assert (reply.error, words in reply.error_detail) == ("unreachable", True), reply.error_detail
    assert "_ssl.c" not in reply.error_detail


@pytest.mark.parametrize(
    "said",
    [
        "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1006)",
        "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)",
        "[SSL] legacy sigalg disallowed or unsupported (_ssl.c:992)",
    ],
)
def test_an_old_version_is_named_in_each_of_openssls_words(said: str) -> None:
    assert tls_fault(said).startswith("the server speaks old versions of TLS only")


@pytest.mark.parametrize("name", RAW)
def test_a_port_that_speaks_something_else_is_named(name: str) -> None:
    scheme, said, error, words = RAW[name]

    def answer(line: socket.socket) -> None:
        line.recv(65_536)
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        while line.recv(65_536):  # a close with something unread would be a reset
            pass

    with serving(answer) as port:
        reply = ask(endpoint_for("openai", f"{scheme}://127.0.0.1:{port}/v1", api_key_env=None))
    assert (reply.error, words in reply.error_detail) == (error, True), reply.error_detail


def test_a_certificate_that_is_right_is_taken(made: Path) -> None:
    files = {**KNOWN, "client_cert": "good"}
    with serving(securely(made, "good", wants_a_certificate)) as port:
        assert ask(tls_endpoint(port, made, files)).text == "Teal"


def tls_endpoint(port: int, folder: Path, files: Mapping[str, str]):
    paths = {name: str(folder / file) for name, file in files.items()}
    return endpoint_for("openai", f"https://127.0.0.1:{port}/v1", api_key_env=None, **paths)
