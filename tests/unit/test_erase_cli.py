"""`ems erase` before it comes to a broker: whom it asks, which databases it means, and why it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from choreography import Database
from choreography.ledger.positions import ledger_id, write_begin_positions
from choreography.ledger.positions import metadata as position_tables
from choreography.ledger.table import State
from choreography.ledger.table import metadata as ledger_tables
from choreography.outbox.outbox import metadata as outbox_tables
from choreography.outbox.outbox import outbox
from choreography.wire.record import TopicPartition
from infra.cli.app import app
from infra.errors import InfraError, Refused, WrongUsage
from infra.operate.database import home_of
from infra.operate.erase import _look
from infra.operate.places import Place, places_of
from infra.operate.traces import Traces
from producers.ems.__main__ import NAME
from tests.shop.rows import WHEN, write_row

GROUP, GONE = "ems.hr", "E-4711"
AT = TopicPartition("ems.exits.v1", 3)


def ems(state_dir: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    names = ("EMS_DATABASE_URL", "EMS_KAFKA_BOOTSTRAP_SERVERS", "EMS_SCHEMA_REGISTRY_URL")
    environment: dict[str, str | None] = {"EMS_STATE_DIR": str(state_dir), **dict.fromkeys(names), **variables}
    result = CliRunner(env=environment).invoke(app, ["erase", *arguments])
    if isinstance(result.exception, InfraError):
        return result.exception.exit_code, f"{result.output}{result.exception}"
    return result.exit_code, result.output


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The database of a service, in the state directory."""
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path))
    database = Database(f"sqlite:///{tmp_path / f'{GROUP}.db'}")
    database.create(ledger_tables, position_tables, outbox_tables)
    database.run_sync(lambda tx: ledger_id(tx, GROUP))
    yield Place(GROUP, str(database.url), home_of(GROUP))
    database.close()


def test_where_nobody_can_be_asked_it_has_to_be_said(tmp_path: Path) -> None:
    where = ("--bootstrap-server", "127.0.0.1:1", "--registry", "http://127.0.0.1:1")
    code, said = ems(tmp_path, "--employee", GONE, *where)

    assert code == 2
    assert "--yes" in said


def test_where_nothing_runs_that_is_said(tmp_path: Path) -> None:
    code, said = ems(tmp_path, "--employee", GONE, "--dry-run")

    assert code == 3
    assert "Nothing is running here" in said


def test_one_address_is_not_taken_for_that_of_every_database(tmp_path: Path) -> None:
    one = f"sqlite:///{tmp_path / 'one.db'}"
    by_option = ems(tmp_path, "--employee", GONE, "--dry-run", "--database-url", one)
    by_setting = ems(tmp_path, "--employee", GONE, "--dry-run", EMS_DATABASE_URL=one)

    assert by_option == by_setting
    assert by_option[0] == 2
    assert "--group" in by_option[1]


def test_every_service_and_ems_are_meant_unless_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path))

    assert {one.name for one in places_of((), None)} == {NAME, "ems.access", "ems.hr", "ems.notification"}
    assert [one.file for one in places_of([NAME], None)] == [tmp_path / f"{NAME}.db"]
    with pytest.raises(WrongUsage, match=r"No service has the group ems\.none"):
        places_of(["ems.none"], None)


def test_what_is_held_has_to_be_decided_first(place: Place) -> None:
    database = Database(place.url)
    database.run_sync(lambda tx: write_row(tx, record_key=GONE, state=State.HELD))
    database.close()

    (reason,) = _look(place, GONE, Traces()).reasons
    assert f"ems held list --group {GROUP} --key {GONE}" in reason


def test_what_is_not_finished_or_not_published_is_waited_for(place: Place) -> None:
    row = {"topic": "t", "key": GONE.encode(), "value": b"v", "headers": "{}", "created_at": WHEN}
    database = Database(place.url)
    database.run_sync(lambda tx: write_begin_positions(tx, {AT: 5}))
    assert _look(place, GONE, Traces(last={AT: 4})).reasons == []
    (behind,) = _look(place, GONE, Traces(last={AT: 5})).reasons
    database.run_sync(lambda tx: tx.execute(insert(outbox).values(row)))
    database.close()

    assert f"has not finished all about this person ({AT.topic}:{AT.partition})" in behind
    (waiting,) = _look(place, GONE, Traces()).reasons
    assert "its outbox" in waiting


def test_a_database_of_something_else_is_not_taken_for_that_of_ems(place: Place) -> None:
    with pytest.raises(Refused, match="has no cases"):
        _look(Place(NAME, place.url, None), GONE, Traces())


def test_older_ledgers_that_a_rebuild_moved_aside_are_found(place: Place, tmp_path: Path) -> None:
    aside = tmp_path / f"{GROUP}.db.replaced-20260302T093000Z"
    aside.touch()

    assert place.aside == [aside]
    assert not Place("ems.access", f"sqlite:///{tmp_path / 'ems.access.db'}", None).is_here
