"""Mail over encrypted connections, and only over those where they are wanted."""

import asyncio
import ssl
from typing import Any

import pytest

from choreography import Unavailable
from tests.integration.mail.conftest import Certificate
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import mail_of, new_effect, open_mailer


def send(script: Script, tls: str, **server: Any) -> None:
    async def sent() -> None:
        effect = new_effect()
        async with mail_system(script, **server) as port, open_mailer(port, tls=tls) as mailer:
            await mailer.send(mail_of(effect), effect)

    asyncio.run(sent())


@pytest.fixture
def context(certificate: Certificate, trusted: None) -> ssl.SSLContext:
    """A server's context with a certificate of its own, trusted by this process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.bundle, certificate.private)
    return context


def test_a_mail_arrives_over_an_upgraded_connection(context: ssl.SSLContext) -> None:
    script = Script()
    send(script, "starttls", tls_context=context)
    assert len(script.accepted) == 1


def test_a_mail_arrives_over_a_connection_encrypted_from_the_beginning(context: ssl.SSLContext) -> None:
    script = Script()
    send(script, "tls", context=context)
    assert len(script.accepted) == 1


def test_nothing_is_sent_in_the_clear_where_encryption_is_wanted() -> None:
    script = Script()
    with pytest.raises(Unavailable) as refused:
        send(script, "starttls")
    assert refused.value.untouched
    assert script.accepted == []


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    script = Script()
    for tls, server in (("starttls", {"tls_context": context}), ("tls", {"context": context})):
        with pytest.raises(Unavailable) as refused:
            send(script, tls, **server)
        assert refused.value.untouched
    assert script.accepted == []
