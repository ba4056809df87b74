"""The access policy: a file that people write, so whatever could be misread is refused."""

from pathlib import Path

import pytest

from consumers.access.policy import read_policy

GOOD = "critical_groups:\n  prod-admins: can change production\n"


def test_a_policy_says_what_is_critical_and_why(tmp_path: Path) -> None:
    policy = read_policy(written(tmp_path, GOOD + "protected_accounts: [X9001]\nemployee_id_is: employeeNumber\n"))

    assert policy.critical_groups == {"prod-admins": "can change production"}
    assert policy.protected_accounts == {"X9001"}
    assert policy.employee_id_is == "employeeNumber"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file"),
        ("- prod-admins", "the file"),
        ("critical_groups: {}", "critical_groups"),
        ("critical_groups: [prod-admins]", "critical_groups"),
        ("critical_groups: {prod-admins: }", "critical_groups.prod-admins"),
        ("critical_groups: {prod-admins: ' '}", "critical_groups.prod-admins"),
        ("critical_groups: {no: can change production}", "string"),
        (GOOD + "protected_accounts: [9001]", "protected_accounts"),
        (GOOD + "protected_acounts: [X9001]", "protected_acounts"),
        (GOOD + "mass_brake: {within_minutes: 60}", "mass_brake.*people, percent, or both"),
        (GOOD + "mass_brake: {people: 0}", "mass_brake.people"),
        (GOOD + "mass_brake: {percent: 101}", "mass_brake.percent"),
        (GOOD + "employee_id_is: mail", "employee_id_is"),
        (GOOD + "  prod-admins: something else\n", "line 3.*twice"),
        (GOOD + "critical_groups: {other: reason}\n", "line 3.*twice"),
        ("critical_groups: [", "line 1"),
        ("critical_groups: !!python/object:os.system {}", "line 1"),
    ],
)
def test_a_policy_that_could_be_misread_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"policy.yaml.*{reason}"):
        read_policy(written(tmp_path, text))


def test_a_policy_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_policy(tmp_path / "missing.yaml")
    (tmp_path / "policy.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="UTF-8"):
        read_policy(tmp_path / "policy.yaml")


def written(folder: Path, text: str) -> Path:
    file = folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return file
