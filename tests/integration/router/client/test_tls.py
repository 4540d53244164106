"""HTTPS on the data plane, from two files that may change."""

from __future__ import annotations

import asyncio
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from router.dataplane.client.certificate import Certificate
from running_services.router_world import PATIENT, Caller, World, running_world
from shared.errors import InvalidInput


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "tls.crt", folder / "tls.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*encoding))
    return certificate_file, key_file


async def connect(port: int, certificate: Path, name: str) -> Caller:
    trusting = ssl.create_default_context(cafile=certificate)
    return Caller(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name))


async def test_the_data_plane_speaks_https_and_takes_a_changed_certificate(tmp_path: Path) -> None:
    files = write_certificate(tmp_path, "first.example")
    certificate = Certificate(*files)
    async with running_world(PATIENT, certificate) as world:
        await check(world, certificate, files)


async def check(world: World, certificate: Certificate, files: tuple[Path, Path]) -> None:
    await world.serve_wine()
    port = world.port
    caller = await connect(port, files[0], "first.example")
    for _ in range(2):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
    caller.post("/wine/predict", b"{}", "Connection: close")
    assert (await caller.rest()).startswith(b"HTTP/1.1 200 ")

    write_certificate(files[0].parent, "second.example")
    for file in files:
        os.utime(file, ns=(1, 1))
    certificate.reload_if_changed()
    caller = await connect(port, files[0], "second.example")
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 200
    await caller.close()


def test_a_broken_certificate_is_named_and_a_broken_change_is_not_taken(tmp_path: Path) -> None:
    files = write_certificate(tmp_path, "first.example")
    with pytest.raises(InvalidInput, match=r"tls\.crt"):
        Certificate(files[0], tmp_path / "missing.key")
    certificate = Certificate(*files)
    files[1].write_text("no key")
    certificate.reload_if_changed()
    write_certificate(tmp_path, "second.example")
    certificate.reload_if_changed()
    assert certificate._changed == certificate._stamp()
