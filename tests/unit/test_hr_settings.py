"""What the HR service is told by its environment, and what it refuses to start with."""

from pathlib import Path

import pytest

from choreography import InvalidSettings, load
from consumers.hr.settings import Settings

GIVEN = {
    "KAFKA_BOOTSTRAP_SERVERS": "k:1",
    "SCHEMA_REGISTRY_URL": "http://r",
    "SMTP_HOST": "mx",
    "MAIL_FROM": "ems@example.com",
    "MAIL_DOMAIN": "example.com",
    "HR_MAILBOX": "hr@example.com",
    "SCIM_URL": "http://s",
    "SCIM_TOKEN": "t",
    "CALDAV_URL": "http://c",
    "TIME_ZONE": "Europe/Berlin",
}


def loaded(monkeypatch: pytest.MonkeyPatch, folder: Path, **differs: str | None) -> Settings:
    for name, value in {**GIVEN, **differs, "STATE_DIR": str(folder)}.items():
        if value is None:
            monkeypatch.delenv(f"EMS_{name}", raising=False)
        else:
            monkeypatch.setenv(f"EMS_{name}", value)
    return load(Settings)


def test_what_is_not_said_is_as_in_the_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = loaded(monkeypatch, tmp_path)

    assert (settings.caldav_calendar, settings.caldav_principal) == ("{employee_id}/calendar/", "")


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "localtime", "../etc/passwd", "europe"])
def test_without_a_time_zone_nobody_is_booked_in_the_wrong_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, zone: str | None
) -> None:
    with pytest.raises(InvalidSettings, match="EMS_TIME_ZONE"):
        loaded(monkeypatch, tmp_path, TIME_ZONE=zone)


@pytest.mark.parametrize("name", ["CALDAV_CALENDAR", "CALDAV_PRINCIPAL"])
@pytest.mark.parametrize(
    "path", ["calendar/", "{}/calendar/", "{0}/", "{name}/", "{mail", "}{", "{mail.x}/", "{mail[0]}/", "{mail!r}/"]
)
def test_a_path_that_names_nobody_or_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, path: str
) -> None:
    with pytest.raises(InvalidSettings, match=f"EMS_{name}"):
        loaded(monkeypatch, tmp_path, **{name: path})


@pytest.mark.parametrize("path", ["calendars/{user_name}/personal/", "/dav/{mail}/", "{employee_id}"])
def test_a_path_that_names_a_person_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str) -> None:
    settings = loaded(monkeypatch, tmp_path, CALDAV_CALENDAR=path, CALDAV_PRINCIPAL=path)

    assert (settings.caldav_calendar, settings.caldav_principal) == (path, path)
