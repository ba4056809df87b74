"""A history as a folder, and the command that checks it."""

import ast
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.checker.__main__ import main
from tests.checker.expectations import Begin
from tests.checker.folder import FILES, read, write
from tests.checker.history import Action, Effect, History, Waiting
from tests.checker.shop import FACTS, MAIL, ORDERS, Shop

ROOT = Path(__file__).parents[2]
PRODUCT = {"choreography", "schemas", "consumers", "producers", "infra", "benchmarks"}
LIBRARIES = {"sqlalchemy", "sqlite3", "psycopg", "confluent_kafka", "fastavro", "pydantic"}
SECONDS = 30


def test_the_checker_shares_nothing_with_the_product() -> None:
    imported = {
        name.partition(".")[0]
        for file in Path(__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in _imports(node)
    }

    assert imported & (PRODUCT | LIBRARIES) == set()


def test_the_checker_loads_nothing_of_the_product() -> None:
    script = "import sys; import tests.checker.__main__; print([m for m in sys.modules if m.split('.')[0] in "
    script += f"{sorted(PRODUCT | LIBRARIES)}])"

    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_a_folder_gives_back_what_was_written(tmp_path: Path) -> None:
    shop = Shop().order("o1", cancelled=True)
    history = replace(
        shop.history(),
        outbox=(Waiting(MAIL, 1, FACTS, None),),
        actions=(Action(None, "fault", what="kill -9"),),
    )
    expected = replace(shop.expected, begins=(Begin(MAIL, ORDERS, 0, 1),), slack=0.5)

    write(tmp_path, history, expected)
    again, expected_again = read(tmp_path)
    write(tmp_path / "again", again, expected_again)

    assert expected_again == expected
    for name in FILES:
        assert (tmp_path / "again" / f"{name}.jsonl").read_bytes() == (tmp_path / f"{name}.jsonl").read_bytes()
        assert len(getattr(again, name)) == len(getattr(history, name)) > 0


def test_a_missing_file_is_an_empty_source(tmp_path: Path) -> None:
    write(tmp_path, History(), Shop().expected)
    for name in FILES:
        (tmp_path / f"{name}.jsonl").unlink()

    assert read(tmp_path)[0] == History()


def test_the_command_says_that_nothing_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop().order("o1")
    write(tmp_path, shop.history(), shop.expected)

    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("0 anomalies in 2 submissions, 4 records, 3 effects, 6 ledger")


def test_the_command_shows_each_anomaly_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop((MAIL,)).order("o1")
    write(tmp_path, shop.history(replace(shop.the(Effect), effect_key="no such")), shop.expected)

    assert main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("effect-without-intent: sent of ")
    assert lines[1].startswith('    effects.jsonl:2 {"target": "mail", ')
    assert lines[2].startswith("1 anomalies in ")

    assert main([str(tmp_path), "--output", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["anomalies"]
    assert found["anomaly"] == "effect-without-intent"
    assert found["witness"][0]["at"] == "effects.jsonl:2"
    assert found["witness"][0]["line"]["effect_key"] == "no such"


@pytest.mark.parametrize("line", ["no json", '{"target": "mail"}', '{"unknown": 1}', "[]"])
def test_a_line_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    write(tmp_path, History(), Shop().expected)
    (tmp_path / "effects.jsonl").write_text(f"{line}\n")

    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("effects.jsonl, line 1 is no Effect: ")


def test_a_folder_without_expectations_is_no_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("expectations.json says no expectations: ")


def test_a_hundred_thousand_records_are_checked_in_seconds() -> None:
    shop = Shop((MAIL,))
    for number in range(40_000):
        shop.order(f"{chr(number + 0x10000)}{number}", cancelled=number % 4 == 0)
    history = shop.history()
    started = time.process_time()  # others may work beside

    assert shop.checked(history) == []
    assert len(history.records) == 100_000
    assert time.process_time() - started < SECONDS
