"""What services that send mail are told: the same settings, read by the same rule."""

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from choreography import InvalidSettings, load
from consumers.hr.settings import Settings as HrSettings
from consumers.notification.settings import Settings as NotificationSettings
from consumers.shared.mail import Ambiguous, MailSettings, is_address

COMPLETE = {
    "EMS_KAFKA_BOOTSTRAP_SERVERS": "k:1",
    "EMS_SCHEMA_REGISTRY_URL": "http://r",
    "EMS_SMTP_HOST": "mx",
    "EMS_MAIL_FROM": "ems@example.com",
    "EMS_MAIL_DOMAIN": "example.com",
    "EMS_HR_MAILBOX": "hr@example.com",
    "EMS_SCIM_URL": "http://s",
    "EMS_SCIM_TOKEN": "t",
    "EMS_CALDAV_URL": "http://c",
    "EMS_TIME_ZONE": "Europe/Berlin",
}
ADDRESSES = [
    "hr@example.com",
    "h.r+ems@example.test",
    "hr@corp.local",
    "hr@localhost",
    "o'hr@mail.example",
    "hr@10.0.0.1",
]
NO_ADDRESSES = [
    "", "hr", "hr@", "@example.com", "hr@ex ample.com", "hr@example.com ", "HR <hr@example.com>", "a@x.com,b@x.com",
    "hr@@example.com", "hr:x@example.com", '"hr"@example.com', "hr(x)@example.com", "hr@[10.0.0.1]", "h r@example.com",
    "hr@büro.example", "hör@example.com", "=?utf-8?q?hr?=@example.com", "h..r@example.com", ".hr@example.com",
    "hr.@example.com", "hr@example..com", "hr@example.com.", "hr@.example.com", "hr@-example.com",
    "hr\r\nBcc: x@example.com",
    "hr@example.com\nBcc:x@example.com", "hr;@example.com", "hr\\@example.com", "hr\x00@example.com",
    "hr@my_host.example",
]  # fmt: skip


@pytest.fixture(params=[HrSettings, NotificationSettings])
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[MailSettings]:
    """The settings of each service that sends mail, where everything that has to be said is said."""
    for name, value in {**COMPLETE, "EMS_STATE_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    kind: type[MailSettings] = request.param
    return kind


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ({}, Ambiguous.RESEND),
        ({"EMS_IMAP_HOST": "imap"}, Ambiguous.LOOKUP),
        ({"EMS_IMAP_HOST": "imap", "EMS_MAIL_AMBIGUOUS": "hold"}, Ambiguous.HOLD),
        ({"EMS_IMAP_HOST": "imap", "EMS_MAIL_AMBIGUOUS": "lookup"}, Ambiguous.LOOKUP),
    ],
)
def test_a_mail_in_doubt_is_looked_up_where_it_is_known_where_to_look(
    kind: type[MailSettings], given: dict[str, str], policy: Ambiguous, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert load(kind).ambiguous is policy


def test_a_look_up_without_a_place_is_refused_at_start(
    kind: type[MailSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMS_MAIL_AMBIGUOUS", "lookup")

    with pytest.raises(InvalidSettings, match=r"EMS_MAIL_AMBIGUOUS: .*set EMS_IMAP_HOST, or choose resend or hold"):
        load(kind)


@pytest.mark.parametrize("name", ["EMS_HR_MAILBOX", "EMS_MAIL_FROM"])
def test_an_address_that_every_mail_would_fail_on_is_refused_at_start_by_every_service(
    kind: type[MailSettings], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in NO_ADDRESSES:
        if "\x00" not in address:  # no environment can hold it
            monkeypatch.setenv(name, address)
            with pytest.raises(InvalidSettings, match=f"{name}: .*not one mail address"):
                load(kind)
    for address in ADDRESSES:
        monkeypatch.setenv(name, address)
        assert getattr(load(kind), name.removeprefix("EMS_").lower()) == address


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_accepted_stands_in_a_mail_as_it_is(address: str) -> None:
    mail = EmailMessage(SMTP)
    mail["To"] = address

    assert is_address(address)
    assert [one.addr_spec for one in mail["To"].addresses] == [address]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_not_one_plain_address_is_never_written_to(address: str) -> None:
    assert not is_address(address)
