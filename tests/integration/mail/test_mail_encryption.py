"""Mail over encrypted connections, and only over those where they are wanted."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from choreography import Unavailable
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import mail_of, new_effect, open_mailer


def send(script: Script, tls: str, **server: Any) -> None:
    async def sent() -> None:
        effect = new_effect()
        async with mail_system(script, **server) as port, open_mailer(port, tls=tls) as mailer:
            await mailer.send(mail_of(effect), effect)

    asyncio.run(sent())


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context with a certificate of its own, trusted by this process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1)
        )
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    bundle, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    bundle.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, private)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    return context


def test_a_mail_arrives_over_an_upgraded_connection(certificate: ssl.SSLContext) -> None:
    script = Script()
    send(script, "starttls", tls_context=certificate)
    assert len(script.accepted) == 1


def test_a_mail_arrives_over_a_connection_encrypted_from_the_beginning(certificate: ssl.SSLContext) -> None:
    script = Script()
    send(script, "tls", context=certificate)
    assert len(script.accepted) == 1


def test_nothing_is_sent_in_the_clear_where_encryption_is_wanted() -> None:
    script = Script()
    with pytest.raises(Unavailable) as refused:
        send(script, "starttls")
    assert refused.value.untouched
    assert script.accepted == []


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    script = Script()
    for tls, server in (("starttls", {"tls_context": certificate}), ("tls", {"context": certificate})):
        with pytest.raises(Unavailable) as refused:
            send(script, tls, **server)
        assert refused.value.untouched
    assert script.accepted == []
