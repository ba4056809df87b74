"""Mail through a real mail system, also one that refuses, falls silent or hangs up."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from choreography import ClaimLost, Retry, Unavailable
from consumers.notification.ports import Letter, RecipientRefused
from consumers.notification.smtp import SmtpMailer

LETTER = Letter(
    key=UUID("59c9c559-5a1d-5cc1-aaf8-004b9339ef44"),
    to_name="Ben Åström",
    to_address="ben@example.com",
    subject="A staff matter for your attention (case 0000beef)",
    text="Dear Ben Åström,\n\n.a line that begins with a dot\n",
    html="<p>Dear Ben Åström,</p>",
    date=datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
)
MESSAGE_ID = f"<{LETTER.key}@mail.example.com>"


@dataclass
class Mailbox:
    """What the mail system does with mail; the hooks have aiosmtpd's names and signatures."""

    to_recipient: str = "250 OK"
    to_text: str = "250 OK"
    after_the_dot: Callable[[SMTP], None] = lambda _: None
    silent: bool = False
    accepted: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if self.to_text.startswith("2"):
            self.accepted.append(envelope.content)
        self.after_the_dot(server)
        if self.silent:
            await asyncio.Event().wait()
        return self.to_text


def hang_up(server: SMTP) -> None:
    """Cut the connection as a crash does."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


def let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Accept one user."""
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ems", b"secret")
    return AuthResult(success=known, handled=known)


@asynccontextmanager
async def mail_system(mailbox: Mailbox, context: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """Serve on a free port, which is yielded; with `context` encrypted from the beginning."""
    serving = asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="mx.example.com", **options), "127.0.0.1", 0, ssl=context
    )
    async with await serving as server:
        yield server.sockets[0].getsockname()[1]


def send(mailbox: Mailbox, letter: Letter = LETTER, **options: Any) -> str:
    """Send one letter through a mail system with that mailbox."""
    server = {name: options.pop(name) for name in tuple(options) if name.startswith(("auth", "context", "tls_"))}

    async def sent() -> str:
        async with mail_system(mailbox, **server) as port:
            return await mailer(port, **options).send(letter, claim=nothing)

    return asyncio.run(sent())


def mailer(port: int, *, host: str = "127.0.0.1", **options: Any) -> SmtpMailer:
    return SmtpMailer(
        host, port, sender="ems@example.com", domain="mail.example.com", **{"tls": "none", "seconds": 5.0, **options}
    )


async def nothing() -> None:
    """Claim."""


def test_a_letter_arrives_as_text_and_html_with_an_id_made_from_its_key() -> None:
    mailbox = Mailbox()

    assert send(mailbox) == MESSAGE_ID

    [content] = mailbox.accepted
    mail = message_from_bytes(content, policy=policy.default)
    assert (mail["Message-ID"], mail["Subject"], mail["From"]) == (MESSAGE_ID, LETTER.subject, "ems@example.com")
    assert str(mail["To"]) == "Ben Åström <ben@example.com>"
    text, html = mail.iter_parts()
    assert text.get_content().splitlines() == LETTER.text.splitlines()
    assert html.get_content().strip() == LETTER.html


def test_the_same_letter_is_the_same_mail_byte_for_byte() -> None:
    mailbox = Mailbox()
    send(mailbox)
    send(mailbox)
    first, second = mailbox.accepted
    assert first == second


@pytest.mark.parametrize("code", [450, 451, 452])
def test_a_mailbox_that_is_busy_is_tried_again_later(code: int) -> None:
    with pytest.raises(Retry):
        send(Mailbox(to_recipient=f"{code} busy"))
    with pytest.raises(Retry):
        send(Mailbox(to_text=f"{code} busy"))


@pytest.mark.parametrize("code", [550, 551, 552, 553, 554])
def test_an_address_that_is_refused_for_good_is_said_to_be(code: int) -> None:
    with pytest.raises(RecipientRefused):
        send(Mailbox(to_recipient=f"{code} no ben@example.com here"))
    with pytest.raises(RecipientRefused) as refusal:
        send(Mailbox(to_text=f"{code} no ben@example.com here"))
    assert "ben@" not in str(refusal.value)


@pytest.mark.parametrize("code", [421, 503, 530])
def test_a_mail_system_that_serves_nobody_now_is_unavailable_and_has_sent_nothing(code: int) -> None:
    with pytest.raises(Unavailable) as down:
        send(Mailbox(to_recipient=f"{code} not now"))
    assert down.value.untouched


@pytest.mark.parametrize(
    "address",
    ["", "ben", "ben@", "ben@example.com\r\nRCPT TO:<all@example.com>", "<ben@example.com>", "bén@example.com"],
)
def test_an_address_that_is_none_is_refused_before_anybody_is_asked(address: str) -> None:
    mailbox = Mailbox()
    with pytest.raises(RecipientRefused):
        send(mailbox, Letter(**{**vars(LETTER), "to_address": address}))
    assert mailbox.accepted == []


def test_a_connection_lost_after_the_final_dot_leaves_open_whether_the_mail_was_sent() -> None:
    mailbox = Mailbox(after_the_dot=hang_up)
    with pytest.raises(Unavailable) as lost:
        send(mailbox)
    assert not lost.value.untouched
    assert len(mailbox.accepted) == 1


def test_silence_after_the_final_dot_leaves_open_whether_the_mail_was_sent() -> None:
    with pytest.raises(Unavailable) as silence:
        send(Mailbox(silent=True), seconds=0.3)
    assert not silence.value.untouched


def test_a_mail_system_that_is_down_has_sent_nothing() -> None:
    async def to_nobody(question: Callable[[SmtpMailer], Any]) -> None:
        async with mail_system(Mailbox()) as port:
            pass
        await question(mailer(port))

    for question in (lambda one: one.send(LETTER, claim=nothing), lambda one: one.probe()):
        with pytest.raises(Unavailable) as down:
            asyncio.run(to_nobody(question))
        assert down.value.untouched


def test_nothing_is_sent_once_another_member_owns_the_partition() -> None:
    mailbox = Mailbox()

    async def lost() -> None:
        raise ClaimLost

    async def sent() -> None:
        async with mail_system(mailbox) as port:
            await mailer(port).send(LETTER, claim=lost)

    with pytest.raises(ClaimLost):
        asyncio.run(sent())
    assert mailbox.accepted == []


def test_many_letters_at_once_all_arrive_over_few_connections() -> None:
    mailbox = Mailbox()

    async def sent() -> None:
        async with mail_system(mailbox) as port:
            one = mailer(port, at_once=3)
            await asyncio.gather(*(one.send(LETTER, claim=nothing) for _ in range(20)))

    asyncio.run(sent())
    assert len(mailbox.accepted) == 20


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_the_service_logs_in_where_it_has_a_name_and_is_unavailable_where_it_is_not_let_in() -> None:
    needed: dict[str, Any] = {"authenticator": let_in, "auth_required": True, "auth_require_tls": False}
    mailbox = Mailbox()

    send(mailbox, **needed, username="ems", password="secret")
    strangers: list[dict[str, Any]] = [{"username": "ems", "password": "wrong"}, {}]
    for stranger in strangers:
        with pytest.raises(Unavailable) as refused:
            send(mailbox, **needed, **stranger)
        assert refused.value.untouched

    assert len(mailbox.accepted) == 1


def test_nothing_is_sent_in_the_clear_where_encryption_is_wanted() -> None:
    mailbox = Mailbox()
    with pytest.raises(Unavailable) as refused:
        send(mailbox, tls="starttls")
    assert refused.value.untouched
    assert mailbox.accepted == []


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


def test_a_letter_arrives_over_an_upgraded_connection(certificate: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    send(mailbox, tls="starttls", tls_context=certificate)
    assert len(mailbox.accepted) == 1


def test_a_letter_arrives_over_a_connection_encrypted_from_the_beginning(certificate: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    send(mailbox, tls="tls", context=certificate)
    assert len(mailbox.accepted) == 1


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    mailbox = Mailbox()
    servers: list[dict[str, Any]] = [
        {"tls": "starttls", "tls_context": certificate},
        {"tls": "tls", "context": certificate},
    ]
    for server in servers:
        with pytest.raises(Unavailable) as refused:
            send(mailbox, **server)
        assert refused.value.untouched
    assert mailbox.accepted == []
