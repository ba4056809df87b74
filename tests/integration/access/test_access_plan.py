"""`ems access plan` on a real SCIM server: it says what a resignation would take, and takes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from consumers.shared.directory.person import ENTERPRISE
from schemas.exits import EmployeeRetained
from tests.integration.access.company import CORE, Directory, Team
from tests.integration.access.reacting import TOKEN

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)


@pytest.fixture
def policy(tmp_path: Path, team: Team) -> Path:
    file = tmp_path / "policy.yaml"
    critical = {team.names[0]: "can change production", team.names[1]: "can release payments", "missing": "was renamed"}
    file.write_text(json.dumps({"critical_groups": critical, "protected_accounts": ["X9001"]}))
    return file


def ems_access_plan(
    employee_id: str, policy: Path, url: str, *more: str, token: str = TOKEN
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infra.cli.main", "access", "plan", "--employee", employee_id, *more]
    told = {"EMS_ACCESS_POLICY": str(policy), "EMS_SCIM_URL": url, "EMS_SCIM_TOKEN": token}
    return subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, check=False, timeout=60)


def test_the_plan_says_what_would_be_taken_and_why_and_takes_nothing(
    directory: Directory, team: Team, policy: Path
) -> None:
    directory.remove(team.payments, team.colleague)
    versions = [directory.version(group) for group in (team.prod, team.payments, team.harmless)]

    planned = ems_access_plan(team.employee_id, policy, directory.url, "--output", "json")
    shown = ems_access_plan(team.employee_id, policy, directory.url)

    assert json.loads(planned.stdout) == {
        "groups": [
            {"name": team.names[0], "why": "can change production", "fate": "TAKEN", "cause": None},
            {"name": team.names[1], "why": "can release payments", "fate": "NOT_TAKEN", "cause": "LAST_MEMBER"},
            {"name": "missing", "why": "was renamed", "fate": "NOT_TAKEN", "cause": "GROUP_NOT_FOUND"},
        ]
    }
    assert [line.split()[0] for line in shown.stdout.splitlines()] == [*team.names, "missing"]
    assert "would be taken" in shown.stdout.splitlines()[0]
    assert [directory.version(group) for group in (team.prod, team.payments, team.harmless)] == versions


def test_the_plan_is_what_is_done(directory: Directory, team: Team, policy: Path) -> None:
    planned = json.loads(ems_access_plan(team.employee_id, policy, directory.url, "--output", "json").stdout)

    blocked = team.access.react(team.case.resigned())
    team.access.react(team.case.states(EmployeeRetained))
    again = json.loads(ems_access_plan(team.employee_id, policy, directory.url, "--output", "json").stdout)

    taken = {one["name"] for one in planned["groups"] if one["fate"] == "TAKEN"}
    assert taken == {directory.read("Groups", one)["displayName"] for one in blocked.entitlement_ids}
    assert again == planned


def test_the_plan_of_risk_high_names_the_account(directory: Directory, team: Team, policy: Path) -> None:
    said = json.loads(policy.read_text())
    policy.write_text(json.dumps({**said, "deactivate_high_risk": True}))

    calm, high = (
        json.loads(ems_access_plan(team.employee_id, policy, directory.url, "--risk", risk, "--output", "json").stdout)
        for risk in ("elevated", "high")
    )

    assert high["groups"][:-1] == calm["groups"]
    assert (high["groups"][-1]["name"], high["groups"][-1]["fate"]) == ("(the account)", "TAKEN")
    assert directory.read("Users", team.leaver)["active"]


def test_the_plan_is_for_whom_the_attribute_names_that_the_policy_says(
    directory: Directory, team: Team, policy: Path
) -> None:
    number = {ENTERPRISE: {"employeeNumber": f"N-{uuid4().hex}"}}
    directory.add(team.prod, directory.person("E-other", schemas=[f"{CORE}:User", ENTERPRISE], **number))
    policy.write_text(json.dumps({**json.loads(policy.read_text()), "employee_id_is": "employeeNumber"}))

    planned = ems_access_plan(number[ENTERPRISE]["employeeNumber"], policy, directory.url, "--output", "json")

    assert [one["fate"] for one in json.loads(planned.stdout)["groups"]] == ["TAKEN", "NOT_A_MEMBER", "NOT_TAKEN"]


@pytest.mark.parametrize(("employee_id", "cause"), [("E-nobody", "PERSON_NOT_FOUND"), ("X9001", "PROTECTED_ACCOUNT")])
def test_the_plan_says_who_would_not_be_touched_at_all(
    directory: Directory, policy: Path, employee_id: str, cause: str
) -> None:
    refused = ems_access_plan(employee_id, policy, directory.url)

    assert refused.returncode == 1
    assert cause in refused.stderr


def test_a_plan_that_cannot_be_made_is_refused_in_one_sentence(directory: Directory, team: Team, policy: Path) -> None:
    away = ems_access_plan(team.employee_id, policy, "http://127.0.0.1:9")
    wrong_token = ems_access_plan(team.employee_id, policy, directory.url, token="another")
    policy.write_text("critical_groups: [")
    no_policy = ems_access_plan(team.employee_id, policy, directory.url)

    assert [one.returncode for one in (away, wrong_token, no_policy)] == [3, 3, 2]
    assert all(len(one.stderr.splitlines()) == 1 for one in (away, wrong_token, no_policy))
