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


def test_access_does_not_start_without_a_policy_and_shows_no_secret(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSettings, match="EMS_ACCESS_POLICY") as refused:
        load(Settings)

    assert "a-secret-token" not in str(refused.value)


def test_access_reads_its_policy(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("critical_groups: {prod-admins: can change production}\nprotected_accounts: [X9001]\n")
    environment.setenv("EMS_ACCESS_POLICY", str(policy))

    settings = load(Settings)

    assert settings.access_policy.critical_groups == {"prod-admins": "can change production"}
    assert settings.access_policy.protected_accounts == {"X9001"}


def test_access_does_not_start_with_a_policy_that_could_be_misread(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("critical_groups: {}\n")
    environment.setenv("EMS_ACCESS_POLICY", str(policy))

    with pytest.raises(InvalidSettings, match=r"EMS_ACCESS_POLICY.*policy\.yaml.*critical_groups"):
        load(Settings)
