"""`ems held` and `ems resume`, on the ledger of a real service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from choreography import Database, InvalidSettings
from choreography.consume import brake
from choreography.ledger import positions as position_tables
from choreography.ledger.held import reaction
from choreography.ledger.positions import ledger_id
from choreography.ledger.table import State, metadata
from choreography.records import HoldReason
from infra.cli.app import app
from infra.errors import InfraError
from tests.shop.rows import write_row

GROUP = "ems.access"


class Ems:
    """The command line, told by its environment where the state directory is."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.database = Database(f"sqlite:///{state_dir / f'{GROUP}.db'}")
        self.database.create(metadata, position_tables.metadata, brake.metadata)
        self.database.run_sync(lambda tx: ledger_id(tx, GROUP))

    def __call__(self, *arguments: str, answer: str | None = None) -> str:
        code, out = self.fails(*arguments, answer=answer)
        assert code == 0, out
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--output", "json"))

    def fails(self, *arguments: str, answer: str | None = None) -> tuple[int, str]:
        environment = {"EMS_STATE_DIR": str(self.state_dir), "EMS_DATABASE_URL": None}
        result = CliRunner(env=environment).invoke(app, arguments, input=answer)
        if isinstance(result.exception, InfraError):
            return result.exception.exit_code, f"{result.output}{result.exception}"
        if isinstance(result.exception, InvalidSettings):
            return 2, str(result.exception)
        return result.exit_code, result.output

    def write(self, **values: Any) -> UUID:
        return self.database.run_sync(lambda tx: write_row(tx, **values))

    def mark(self, effect: UUID) -> str | None:
        row = self.database.run_sync(lambda tx: reaction(tx, effect))
        assert row is not None
        return None if row["ordered"] is None else str(row["ordered"])


@pytest.fixture
def ems(tmp_path: Path) -> Iterator[Ems]:
    one = Ems(tmp_path)
    yield one
    one.database.close()


def test_the_list_says_what_a_person_needs_to_decide(ems: Ems) -> None:
    case = uuid4()
    effect = ems.write(correlation_id=str(case), record_key="E1014", topic="ems.exits.v1", partition=3, offset=17)
    ems.write(hold_reason=HoldReason.QUEUED, topic="ems.exits.v1", partition=3, offset=18, begun=False, attempts=0)

    said = ems("held", "list", "--group", GROUP, "--reason", "failed")

    assert f"{effect}  FAILED  since 2026-03-02 09:30:00 UTC, after 5 attempts, target perhaps touched" in said
    assert f"key E1014  case {case}  ems.exits.v1:3:17" in said
    assert "what follows for E1014 waits behind it: 1" in said
    assert "ValueError was raised" in said
    assert said.rstrip().endswith("1 shown; ems.access holds 1 FAILED, 1 QUEUED.")


def test_what_others_wrote_reaches_the_terminal_written_out_and_programs_exactly(ems: Ems) -> None:
    key, detail = "E1\x1b]0;owned\x07\u202e" + "x" * 5_000, "said \x1b[2J"
    effect = ems.write(record_key=key, hold_detail=detail)

    said = [
        ems("held", "list", "--group", GROUP),
        ems("held", "show", str(effect), "--group", GROUP),
        ems("held", "release", "--all", "--group", GROUP),
        ems("held", "release", str(effect), "--group", GROUP),
        ems("held", "release", str(effect), "--group", GROUP),
    ]

    assert [one for one in said if {"\x1b", "\u202e", "\x07"} & set(one)] == []
    assert all(r"E1\x1b]0;owned\x07\u202exxx" in one for one in said)
    assert max(len(line) for one in said for line in one.splitlines()) < 700
    assert "print.offset=true" in said[1], "a command is shown whole"
    assert ems.json("held", "list", "--group", GROUP)["held"][0]["record_key"] == key
    assert ems.json("held", "show", str(effect), "--group", GROUP)["hold_detail"] == detail


def test_programs_read_json(ems: Ems) -> None:
    effect = ems.write(not_before="2026-03-02T10:00:00+00:00", hold_reason=HoldReason.LATER)

    listed = ems.json("held", "list", "--group", GROUP)
    ordered = ems.json("held", "release", str(effect), "--group", GROUP)

    assert listed["by_reason"] == {"LATER": 1}
    assert listed["held"][0]["not_before"] == "2026-03-02T10:00:00+00:00"
    assert ordered == {
        "order": "release",
        "dry_run": False,
        "ordered": [str(effect)],
        "already": {},
        "queued": [],
    }


def test_nothing_held_is_said_so(ems: Ems) -> None:
    assert ems("held", "list", "--group", GROUP) == "ems.access holds nothing.\n"


def test_what_is_named_is_released_at_once_and_what_is_filtered_only_with_execute(ems: Ems) -> None:
    named, filtered = ems.write(), ems.write(record_key="c2")

    ems("held", "release", str(named), "--group", GROUP)
    dry = ems("held", "release", "--key", "c2", "--group", GROUP)
    before = ems.mark(filtered)
    ems("held", "release", "--key", "c2", "--group", GROUP, "--execute")

    assert ems.mark(named) == "release"
    assert f"would release  {filtered}" in dry
    assert "say it again with --execute" in dry
    assert (before, ems.mark(filtered)) == (None, "release")


def test_to_drop_is_confirmed_by_yes_where_nobody_can_be_asked(ems: Ems) -> None:
    effect = ems.write()

    code, said = ems.fails("held", "drop", str(effect), "--group", GROUP)
    before = ems.mark(effect)
    ems("held", "drop", str(effect), "--group", GROUP, "--yes")

    assert (code, before) == (2, None)
    assert "add --yes" in said
    assert ems.mark(effect) == "drop"


def test_a_dry_run_of_dropping_asks_nobody(ems: Ems) -> None:
    effect = ems.write()

    said = ems("held", "drop", "--all", "--group", GROUP)

    assert f"would drop  {effect}" in said
    assert ems.mark(effect) is None


def test_whoever_comes_too_late_is_told_and_nothing_is_ordered(ems: Ems) -> None:
    gone, still, other = ems.write(state=State.DONE), ems.write(), ems.write(ordered="resolve")

    code, said = ems.fails("held", "release", str(gone), str(still), str(other), "--group", GROUP)

    assert code == 1
    assert f"{gone} is DONE, not held (any more)" in said
    assert f"{other} is ordered already: resolve" in said
    assert said.rstrip().endswith("Nothing was ordered.")
    assert ems.mark(still) is None


def test_without_saying_which_nothing_is_ordered(ems: Ems) -> None:
    ems.write()

    assert ems.fails("held", "release", "--group", GROUP)[0] == 2


def test_one_reaction_is_shown_with_its_record_and_the_commands_that_read_it(ems: Ems) -> None:
    effect = ems.write(topic="ems.exits.v1", partition=3, offset=17, decided_kind="Taken", decided='{"groups": 2}')

    said = ems("held", "show", str(effect), "--group", GROUP)

    assert "record                  ems.exits.v1:3:17" in said
    assert "ce_id                 an-id" in said
    assert "decided Taken" in said
    assert "not shown: " in said
    assert "--topic ems.exits.v1 --partition 3 --offset 17 --max-messages 1" in said
    assert "ems.access.dlq.v1" in said
    assert "Robin" not in said
    assert "body" not in said


def test_programs_read_one_reaction_as_json(ems: Ems) -> None:
    effect = ems.write(state=State.DONE, fact_type="Blocked", fact='{"system": "scim"}', hold_reason=None)

    told = ems.json("held", "show", str(effect), "--group", GROUP)

    assert told["stated_Blocked"] == {"system": "scim"}
    assert told["state"] == "DONE"


def test_an_unknown_effect_is_refused(ems: Ems) -> None:
    assert ems.fails("held", "show", str(uuid4()), "--group", GROUP)[0] == 1


def test_an_unknown_group_is_a_wrong_usage_and_the_groups_are_named(ems: Ems) -> None:
    code, said = ems.fails("held", "list", "--group", "ems.nobody")

    assert code == 2
    assert "ems.access, ems.hr, ems.notification" in said


def test_where_no_ledger_is_nothing_is_created_and_the_way_back_is_named(ems: Ems, tmp_path: Path) -> None:
    code, said = ems.fails("held", "list", "--group", "ems.hr")

    assert code == 3
    assert "ems ledger rebuild --group ems.hr" in said
    assert not (tmp_path / "ems.hr.db").exists()


def test_the_ledger_of_another_group_is_refused(ems: Ems, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / f'{GROUP}.db'}"

    code, said = ems.fails("held", "list", "--group", "ems.hr", "--database-url", address)

    assert code == 1
    assert "is the ledger of ems.access, not of ems.hr" in said


def test_a_database_that_is_no_ledger_is_refused(ems: Ems, tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path / 'empty.db'}").close()
    (tmp_path / "empty.db").touch()

    code, said = ems.fails("held", "list", "--group", GROUP, "--database-url", f"sqlite:///{tmp_path / 'empty.db'}")

    assert code == 1
    assert "is not a ledger of this version" in said


def test_a_database_that_does_not_answer_is_unreachable(ems: Ems, free_port: int) -> None:
    address = f"postgresql://nobody:secret@127.0.0.1:{free_port}/none"

    code, said = ems.fails("held", "list", "--group", GROUP, "--database-url", address)

    assert code == 3
    assert "secret" not in said


def test_the_brake_is_taken_off_and_it_is_said_why_it_was_on(ems: Ems) -> None:
    why = brake.Braked("0.4.0", "ValueError at handler.py:7 block", "2026-03-02T09:30:00+00:00")
    ems.database.run_sync(lambda tx: brake.set_on(tx, why))

    said = ems("resume", "--group", GROUP)

    assert ems.database.run_sync(brake.find) is None
    assert "ems.access goes on" in said
    assert "ValueError at handler.py:7 block" in said


def test_without_a_brake_there_is_nothing_to_resume(ems: Ems) -> None:
    assert ems("resume", "--group", GROUP) == "ems.access was not braked.\n"
    assert ems.json("resume", "--group", GROUP) == {"group": GROUP, "was_braked": None}
