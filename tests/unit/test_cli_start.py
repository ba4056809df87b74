"""What a command of `ems` imports before it begins: nobody waits for what the command does not use."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import typer.main
from typer.testing import CliRunner

from infra.cli import app as command_line
from infra.cli import nouns, resign
from infra.cli.cases import RequestedBy
from infra.cli.front import page
from schemas import exits
from tests.readme import ROOT

KIT: Final = frozenset({"sqlalchemy", "confluent_kafka", "fastavro", "avro", "choreography"})
SERVICES: Final = frozenset(
    {"scim2_client", "scim2_models", "starlette", "uvicorn", "icalendar", "holidays", "consumers"}
)
ALL_HEAVY: Final = KIT | SERVICES | {"pydantic", "rich", "httpx2", "jinja2", "structlog", "producers", "schemas"}
PROGRAM: Final = """
import json, sys
from infra.cli import main
sys.argv = ["ems", *sys.argv[1:]]
code = main._run()
print("\\n" + json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def run(*arguments: str, state_dir: Path) -> tuple[int, set[str]]:
    """Run a command in a process of its own; return its exit code and the packages that it has imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={"EMS_STATE_DIR": str(state_dir), "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    code, imported = json.loads(done.stdout.splitlines()[-1])
    return code, set(imported)


@pytest.mark.parametrize(
    ("arguments", "code", "may"),
    [
        (["--help"], 0, set()),
        (["status"], 3, {"pydantic"}),
        (["down"], 0, {"pydantic"}),
        (["case", "1"], 3, {"pydantic"}),
        (["resign", "--employee", "E1"], 3, {"pydantic"}),
        (["move", "1", "--open"], 3, {"pydantic"}),
        (["up", "--help"], 0, {"pydantic", "rich"}),
        (["resign", "--help"], 0, {"pydantic", "rich"}),
        (["held", "--help"], 0, ALL_HEAVY - SERVICES - {"producers", "schemas"}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_command_imports_only_what_it_uses(arguments: list[str], code: int, may: set[str], tmp_path: Path) -> None:
    ended, imported = run(*arguments, state_dir=tmp_path / "none")

    assert (ended, imported & ALL_HEAVY - may) == (code, set())


@pytest.mark.parametrize("columns", [70, 80, 100, 163])
def test_the_first_page_is_the_one_that_typer_draws(columns: int) -> None:
    typers = CliRunner(env={"COLUMNS": str(columns)}).invoke(command_line.app, ["--help"], prog_name="ems").stdout

    assert "\n".join(page(columns)) == "\n".join(line.rstrip() for line in typers.splitlines())


def test_what_the_first_page_says_of_a_command_is_what_the_command_says() -> None:
    group: Any = typer.main.get_command(command_line.app)

    said = {name: " ".join(group.commands[name].help.partition("\n\n")[0].split()) for name in nouns.NOUNS}

    assert said == {name: noun.help for name, noun in nouns.NOUNS.items()}


def test_a_word_that_is_nearly_a_command_is_understood_as_a_slip() -> None:
    result = CliRunner().invoke(command_line.app, ["hel"])

    assert (result.exit_code, "Did you mean 'held'?" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("typed", "stated"),
    [
        (resign.Reason, exits.ReasonCategory),
        (resign.Risk, exits.Risk),
        (resign.Confidentiality, exits.Confidentiality),
        (resign.WorkerType, exits.WorkerType),
        (RequestedBy, exits.RequestedBy),
    ],
)
def test_the_words_that_can_be_typed_are_those_of_the_schemas(typed: Any, stated: Any) -> None:
    assert list(get_args(typed)) == [word.value for word in stated]
