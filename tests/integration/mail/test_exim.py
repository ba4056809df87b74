"""A mail from the service's handler to a mailbox, through Exim: encrypted, with a login, on a real queue."""

import asyncio
from dataclasses import replace

import pytest

from choreography import Retry, Unavailable
from schemas.notification import ManagerNotified
from tests.integration.mail.exim import BUSY, GONE, PASSWORD, USERNAME, Exim
from tests.integration.mail.writing import open_mailer
from tests.integration.telling import BEN, CASE, company, told


def tell(
    exim: Exim, *, manager: str = "ben@example.com", password: str = PASSWORD, tls: str = "starttls"
) -> ManagerNotified:
    """Have the manager told through Exim."""

    async def once() -> ManagerNotified:
        async with open_mailer(exim.port, tls="starttls", username=USERNAME, password=password) as mailer:
            return await told(mailer, directory=company(ben=replace(BEN, mail=manager)))

    return asyncio.run(once())


def test_a_mail_is_delivered_over_an_upgraded_connection_with_a_login(exim: Exim, trusted: None) -> None:
    fact = tell(exim)

    mail = exim.delivered(fact.message_id, "ben@example.com")
    assert (mail["From"], mail["Auto-Submitted"]) == ("ems@example.com", "auto-generated")
    assert mail["References"] == f"<{CASE}@mail.example.com>"
    assert mail.defects == []
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "Ben Åström" in body.get_content()
    assert "P=esmtpsa" in exim.log


def test_who_is_refused_there_is_passed_over(exim: Exim, trusted: None) -> None:
    fact = tell(exim, manager=GONE)

    assert (fact.recipient_id, fact.refused_ids) == ("cleo", ("ben",))
    assert exim.delivered(fact.message_id, "cleo@example.com")


def test_who_is_put_off_there_is_waited_for(exim: Exim, trusted: None) -> None:
    with pytest.raises(Retry):
        tell(exim, manager=BUSY)


def test_a_wrong_password_is_no_refusal_of_anybody(exim: Exim, trusted: None) -> None:
    with pytest.raises(Unavailable) as refused:
        tell(exim, password="wrong")
    assert refused.value.untouched
