"""`ems schemas` as someone types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli.schemas import app
from infra.contract.released import stated_events

ROOT = Path(__file__).parents[2]


def test_check_says_that_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    result = CliRunner().invoke(app, ["check"])

    assert result.exit_code == 0, result.output
    assert "schemas read and are read by all their versions" in result.output


def test_check_ends_with_1_and_names_what_was_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "ems.exits.EmployeeFired").mkdir()

    result = CliRunner().invoke(app, ["check", "--folder", str(tmp_path), "--output", "json"])

    assert result.exit_code == 1
    assert [finding.partition(" ")[0] for finding in json.loads(result.output)["findings"]] == [
        "ems.exits.EmployeeFired"
    ]


def test_freeze_writes_versions_and_vectors_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    command = ["freeze", "--folder", str(tmp_path / "released"), "--vectors", str(tmp_path / "golden")]

    first = CliRunner().invoke(app, [*command, "--output", "json"])
    second = CliRunner().invoke(app, command)

    assert json.loads(first.output)["frozen"]["ems.exits.EmployeeResigned"] == 1
    assert len(list((tmp_path / "golden").iterdir())) == len(stated_events())
    assert "Nothing to freeze" in second.output


def test_lost_vectors_are_written_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    command = ["freeze", "--folder", str(tmp_path / "released"), "--vectors", str(tmp_path / "golden")]
    CliRunner().invoke(app, command)
    lost = tmp_path / "golden" / "ems.exits.EmployeeResigned.1.json"
    before = lost.read_bytes()
    lost.unlink()

    CliRunner().invoke(app, command)

    assert lost.read_bytes() == before


def test_elsewhere_than_in_a_checkout_nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, ["freeze"])

    assert result.exit_code == 2
    assert "Change there first" in result.output
    assert list(tmp_path.iterdir()) == []
