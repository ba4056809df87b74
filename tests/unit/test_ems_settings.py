"""EMS starts only with settings that can work, and says all that is wrong at once, without a secret."""

from pathlib import Path

import pytest

from choreography import InvalidSettings, load
from producers.ems.settings import Settings
from producers.ems.vendors import VENDORS

SECRET, NEXT = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
SOUND = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081",
    "WEBHOOK_SECRETS": f"{SECRET}, {NEXT}",
    "TIME_ZONE": "Europe/Berlin",
}


def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **changed: str | None) -> Settings:
    for name, value in (SOUND | changed).items():
        monkeypatch.delenv(f"EMS_{name}", raising=False)
        if value is not None:
            monkeypatch.setenv(f"EMS_{name}", value)
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path))
    return load(Settings)


def test_the_secrets_are_read_one_by_one_and_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = loaded(monkeypatch, tmp_path)

    assert [secret.get_secret_value() for secret in settings.webhook_secrets] == [SECRET, NEXT]
    assert SECRET not in repr(settings)
    assert settings.intake_host == "127.0.0.1"


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "localtime", "../etc/passwd"])
def test_without_a_time_zone_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, zone: str | None
) -> None:
    with pytest.raises(InvalidSettings, match="EMS_TIME_ZONE"):
        loaded(monkeypatch, tmp_path, TIME_ZONE=zone)


@pytest.mark.parametrize("secrets", [None, "", " , ", "guess", "whsec_", "whsec_QUJD", "whsec_ä", f"{SECRET},guess"])
def test_without_sound_secrets_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secrets: str | None
) -> None:
    with pytest.raises(InvalidSettings, match="EMS_WEBHOOK_SECRETS") as refused:
        loaded(monkeypatch, tmp_path, WEBHOOK_SECRETS=secrets)

    assert SECRET not in str(refused.value)
    assert "guess" not in str(refused.value)


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refused:
        loaded(monkeypatch, tmp_path, TIME_ZONE=None, WEBHOOK_SECRETS=None, INTAKE_PORT="70000")

    assert len(refused.value.reasons) == 3


def test_a_vendor_is_heard_only_where_its_secrets_are_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = {f"VENDOR_{name.upper()}_SECRETS": f"{name}-old-0123456789, {name}-new-0123456789" for name in VENDORS}

    assert loaded(monkeypatch, tmp_path).vendor_secrets() == {}
    settings = loaded(monkeypatch, tmp_path, **keys)
    both = {name: [f"{name}-old-0123456789", f"{name}-new-0123456789"] for name in VENDORS}
    assert settings.vendor_secrets() == both
    assert "0123456789" not in repr(settings)


def test_a_vendors_secret_that_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="EMS_VENDOR_DEEL_SECRETS") as refused:
        loaded(monkeypatch, tmp_path, VENDOR_DEEL_SECRETS="guess")

    assert "guess" not in str(refused.value)


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "fast"])
def test_a_rate_that_lets_nobody_in_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rate: str) -> None:
    with pytest.raises(InvalidSettings, match="EMS_INTAKE_RATE"):
        loaded(monkeypatch, tmp_path, INTAKE_RATE=rate)
