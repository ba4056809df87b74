"""What Access declares, and what it must be told."""

from pathlib import Path

import pytest

from choreography import InvalidSettings, load
from consumers.access.service import service
from consumers.access.settings import Settings
from schemas import exits


def test_access_reacts_to_everything_that_opens_decides_or_ends_a_case() -> None:
    assert {reaction.event for reaction in service.reactions} == {
        exits.EmployeeResigned,
        exits.EmployeeRetained,
        exits.ResignationWithdrawn,
        exits.ExitCaseVoided,
        exits.ExitConfirmed,
        exits.EmployeeDeparted,
    }


def test_a_resignation_that_is_old_news_blocks_nobody() -> None:
    block = next(reaction for reaction in service.reactions if reaction.event is exits.EmployeeResigned)

    assert set(block.unless) == {*exits.EXIT_CLOSED, exits.ExitConfirmed}


def test_what_is_given_back_is_always_given_back() -> None:
    restores = [reaction for reaction in service.reactions if reaction.event in exits.EXIT_UNDONE]

    assert [reaction.unless for reaction in restores] == [(), (), ()]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("EMS_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("EMS_SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081")
    monkeypatch.setenv("EMS_SCIM_URL", "http://127.0.0.1:8880")
    monkeypatch.setenv("EMS_SCIM_TOKEN", "a-secret-token")
    return monkeypatch


def test_names_are_joined_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EMS_CRITICAL_GROUPS", "prod-admins, payments approvers,")
    environment.setenv("EMS_PROTECTED_ACCOUNTS", "X9001")

    settings = load(Settings)

    assert settings.critical_groups == ("prod-admins", "payments approvers")
    assert settings.protected_accounts == ("X9001",)


def test_access_does_not_start_without_critical_groups_and_shows_no_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EMS_CRITICAL_GROUPS", " , ")

    with pytest.raises(InvalidSettings, match="EMS_CRITICAL_GROUPS") as refused:
        load(Settings)

    assert "a-secret-token" not in str(refused.value)
