"""Who sent it: only what one of the secrets has signed, within five minutes, is believed."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from producers.ems.signatures import Signatures, Unsigned

OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


def signed(body: str, secret: str, webhook_id: str = "msg_1") -> dict[str, str]:
    now = datetime.now(UTC)
    return dict(
        zip(NAMES, (webhook_id, str(int(now.timestamp())), Webhook(secret).sign(webhook_id, now, body)), strict=True)
    )


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_either_secret_signs_while_they_are_exchanged(secret: str) -> None:
    found = Signatures([OLD, NEW]).verify(signed("{}", secret), b"{}")

    assert found == ("msg_1", [OLD, NEW].index(secret))


def test_one_of_several_signatures_is_enough() -> None:
    headers = signed("{}", NEW)
    headers["webhook-signature"] = f"{signed('{}', OLD)['webhook-signature']} {headers['webhook-signature']}"

    assert Signatures([NEW]).verify(headers, b"{}") == ("msg_1", 0)


def test_a_secret_that_is_gone_signs_nothing() -> None:
    with pytest.raises(Unsigned):
        Signatures([NEW]).verify(signed("{}", OLD), b"{}")


def test_an_id_longer_than_any_sender_needs_is_not_taken() -> None:
    with pytest.raises(Unsigned):
        Signatures([NEW]).verify(signed("{}", NEW, "x" * 257), b"{}")


def test_the_bytes_are_verified_as_they_came() -> None:
    with pytest.raises(Unsigned):
        Signatures([NEW]).verify(signed("{}", NEW), b"{ }")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    headers=st.dictionaries(st.sampled_from(NAMES), st.text() | st.floats().map(str) | st.just("v1,AAAA v1a,x v1")),
    body=st.binary(),
)
def test_whatever_else_is_sent_is_refused_and_nothing_worse(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Unsigned):
        Signatures([OLD, NEW]).verify(headers, body)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signature=st.text())
def test_a_genuine_request_with_a_wrong_signature_is_refused_and_nothing_worse(signature: str) -> None:
    genuine = signed("{}", NEW)

    with suppress(Unsigned):
        Signatures([NEW]).verify(genuine | {"webhook-signature": f"v1,{signature}"}, b"{}")
        assert f"v1,{signature}" == genuine["webhook-signature"]
