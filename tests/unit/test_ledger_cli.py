"""`ems ledger`, on the ledger of a real service; what rebuilds one is tested with a broker."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from choreography import Database
from choreography.ledger import positions as position_tables
from choreography.ledger.positions import ledger_id, write_begin_positions, write_finished
from choreography.ledger.table import State, metadata
from choreography.outbox import outbox as outbox_tables
from choreography.settings import KafkaConnection
from choreography.wire.record import TopicPartition
from infra.cli.app import app
from infra.cli.ledger import looks_up_mail
from infra.errors import InfraError, Unreachable
from infra.groups import Group
from infra.operate.database import home_of
from tests.shop.rows import write_row

GROUP = "ems.access"
COMPLETE = {
    "EMS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "EMS_SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081",
    "EMS_SMTP_HOST": "smtp.example",
    "EMS_MAIL_FROM": "hr@example.com",
    "EMS_MAIL_DOMAIN": "example.com",
    "EMS_HR_MAILBOX": "hr@example.com",
    "EMS_SCIM_URL": "http://scim.example",
    "EMS_SCIM_TOKEN": "secret",
}
FIRST, SECOND = TopicPartition("ems.exits.v1", 0), TopicPartition("ems.exits.v1", 1)


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[UUID]:
    """The id of a ledger with a few rows, in the state directory."""
    database = Database(f"sqlite:///{tmp_path / f'{GROUP}.db'}")
    database.create(metadata, position_tables.metadata, outbox_tables.metadata)
    for state in (State.DONE, State.DONE, State.HELD):
        database.run_sync(lambda tx, state=state: write_row(tx, state=state))  # type: ignore[misc]
    database.run_sync(lambda tx: write_begin_positions(tx, {FIRST: 3, SECOND: 0}))
    database.run_sync(lambda tx: write_finished(tx, {FIRST: 17}))
    yield database.run_sync(lambda tx: ledger_id(tx, GROUP))
    database.close()


def ems(state_dir: Path, *arguments: str) -> tuple[int, str]:
    names = ("EMS_DATABASE_URL", "EMS_KAFKA_BOOTSTRAP_SERVERS", "EMS_SCHEMA_REGISTRY_URL")
    environment: dict[str, str | None] = {"EMS_STATE_DIR": str(state_dir), **dict.fromkeys(names)}
    result = CliRunner(env=environment).invoke(app, ["ledger", *arguments])
    if isinstance(result.exception, InfraError):
        return result.exception.exit_code, f"{result.output}{result.exception}"
    return result.exit_code, result.output


def test_a_ledger_says_whose_it_is_how_far_it_has_come_and_what_stands_in_it(tmp_path: Path, identity: UUID) -> None:
    code, said = ems(tmp_path, "show", "--group", GROUP)

    lines = [line.split() for line in said.splitlines()]
    assert code == 0
    assert lines[0][:4] == ["Ledger", str(identity), "of", f"{GROUP},"]
    assert ["DONE", "2"] in lines
    assert ["HELD", "1"] in lines
    assert ["FAILED", "1"] in lines
    assert ["ems.exits.v1:0", "3", "17"] in lines
    assert ["ems.exits.v1:1", "0", "–"] in lines


def test_programs_read_a_ledger_as_json(tmp_path: Path, identity: UUID) -> None:
    code, said = ems(tmp_path, "show", "--group", GROUP, "--output", "json")

    told = json.loads(said)
    assert (code, told["ledger_id"], told["states"]) == (0, str(identity), {"DONE": 2, "HELD": 1})
    assert told["positions"][0] == {"topic": "ems.exits.v1", "partition": 0, "begin": 3, "finished": 17}


def test_where_no_ledger_is_the_way_to_make_one_is_named(tmp_path: Path) -> None:
    code, said = ems(tmp_path, "show", "--group", GROUP)

    assert code == 3
    assert f"ems ledger rebuild --group {GROUP}" in said


def test_without_a_broker_nothing_is_rebuilt(tmp_path: Path) -> None:
    code, said = ems(tmp_path, "rebuild", "--group", GROUP)

    assert code == 3
    assert "Nothing is running here" in said


def test_a_broker_that_does_not_answer_is_named(free_port: int) -> None:
    where = f"127.0.0.1:{free_port}"
    group = Group(GROUP, KafkaConnection(where), seconds=0.5)

    for ask in (group.members, group.past):
        with pytest.raises(Unreachable, match=f"The broker at {where} does not tell about {GROUP}"):
            ask()


@pytest.mark.parametrize(
    ("settings", "looked_up"),
    [
        ({"EMS_MAIL_AMBIGUOUS": "lookup", "EMS_IMAP_HOST": "imap.example"}, True),
        ({"EMS_IMAP_HOST": "imap.example"}, True),
        ({"EMS_MAIL_AMBIGUOUS": "hold", "EMS_IMAP_HOST": "imap.example"}, False),
        ({}, False),
    ],
)
def test_a_mail_in_doubt_is_left_to_the_service_only_where_it_looks_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], *, looked_up: bool
) -> None:
    for name in [name for name in os.environ if name.startswith("EMS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path))
    lines = [f'{name}="{value}"' for name, value in (COMPLETE | settings).items()]
    (tmp_path / "env").write_text("\n".join(lines))

    assert looks_up_mail(home_of("ems.notification")) is looked_up


def test_where_the_settings_are_not_known_a_person_decides_about_a_mail_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("EMS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path))

    assert not looks_up_mail(home_of("ems.notification"))
    assert not looks_up_mail(home_of("ems.access"))
