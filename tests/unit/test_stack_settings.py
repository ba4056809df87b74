"""What the processes of a stack are told, and who may know it."""

import stat
from pathlib import Path

import pytest

from infra.endpoints import Endpoints, state_directory
from infra.errors import Unreachable
from infra.local.credentials import Credentials
from infra.local.environment import given_settings, is_replaced, settings_for, write_settings
from infra.local.ports import Ports
from infra.providers import Broker

BROKER = Broker("127.0.0.1:9092", "http://127.0.0.1:8081/apis/ccompat/v7")


def settings(place: Path, **given: str) -> dict[str, str]:
    return settings_for(place, BROKER, Ports(place), Credentials.of(place), given)


def test_by_default_services_are_told_about_the_sandbox(tmp_path: Path) -> None:
    told = settings(tmp_path)

    assert told["EMS_SMTP_HOST"] == "127.0.0.1"
    assert told["EMS_SMTP_TLS"] == "none"
    assert (told["EMS_IMAP_HOST"], told["EMS_IMAP_TLS"]) == ("127.0.0.1", "none")
    assert (told["EMS_IMAP_HOST"], told["EMS_IMAP_TLS"]) == ("127.0.0.1", "none")
    assert (told["EMS_IMAP_HOST"], told["EMS_IMAP_TLS"]) == ("127.0.0.1", "none")
    assert told["EMS_KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9092"
    assert told["EMS_STATE_DIR"] == str(tmp_path)
    assert told["EMS_WEBHOOK_SECRETS"].startswith("whsec_")


def test_a_mail_system_of_ones_own_replaces_the_sandboxs_and_is_not_spoken_to_in_the_clear(tmp_path: Path) -> None:
    told = settings(tmp_path, EMS_SMTP_HOST="mail.example.com", EMS_SMTP_PORT="587")

    assert (told["EMS_SMTP_HOST"], told["EMS_SMTP_PORT"]) == ("mail.example.com", "587")
    assert "EMS_SMTP_TLS" not in told
    assert not [name for name in told if name.startswith(("EMS_IMAP_", "EMS_MAIL_SETTLE"))]
    assert not [name for name in told if name.startswith(("EMS_IMAP_", "EMS_MAIL_SETTLE"))]
    assert not [name for name in told if name.startswith(("EMS_IMAP_", "EMS_MAIL_SETTLE"))]
    assert is_replaced("smtp", {"EMS_SMTP_HOST": "mail.example.com"})
    assert not is_replaced("scim", {"EMS_SMTP_HOST": "mail.example.com"})


def test_settings_read_back_from_this_stacks_own_file_do_not_count_as_given(tmp_path: Path) -> None:
    told = settings(tmp_path)
    write_settings(tmp_path, told, {})

    assert given_settings(told, tmp_path) == {}
    assert given_settings({**told, "EMS_SMTP_HOST": "mail.example.com"}, tmp_path) == {
        "EMS_SMTP_HOST": "mail.example.com"
    }


def test_settings_that_somebody_gave_still_count_as_given_the_second_time(tmp_path: Path) -> None:
    given = {"EMS_SMTP_HOST": "mail.example.com"}
    write_settings(tmp_path, settings(tmp_path, **given), given)

    assert given_settings({**given, "HOME": "/home/kim", "EMS_STATE_DIR": "elsewhere"}, tmp_path) == given


def test_a_value_with_quotes_is_read_back_as_it_was(tmp_path: Path) -> None:
    write_settings(tmp_path, {"EMS_MAIL_FROM": 'HR "People" \\ <hr@example.com>'}, {})

    assert given_settings({"EMS_MAIL_FROM": 'HR "People" \\ <hr@example.com>'}, tmp_path) == {}


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first, second = Credentials.of(tmp_path), Credentials.of(tmp_path)

    assert first == second
    assert first != Credentials.of(tmp_path / "another")
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert first.webhook_secret not in repr(first)


def test_where_nothing_runs_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"Nothing is running here\. Start it with: make up"):
        Endpoints.read(tmp_path)


def test_a_damaged_endpoints_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text("{}")

    with pytest.raises(Unreachable, match=r"cannot be read. Write it anew with: make up"):
        Endpoints.read(tmp_path)


def test_the_state_directory_is_given_or_named_by_the_environment_or_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path / "named"))
    assert state_directory() == tmp_path / "named"
    assert state_directory(tmp_path / "given") == tmp_path / "given"

    monkeypatch.delenv("EMS_STATE_DIR")
    assert state_directory() == Path.cwd() / ".ems"
