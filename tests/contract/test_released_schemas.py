"""What was released once stays readable: FULL_TRANSITIVE, checked without a registry."""

import json
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fastavro import schemaless_reader, schemaless_writer

from choreography import Event
from infra.contract.examples import every_field
from infra.contract.released import FOLDER, Releases, stated_events
from infra.errors import Refused
from schemas.exits import EmployeeResigned, Risk

Change = Callable[[dict[str, Any]], object]


def test_every_schema_reads_and_is_read_by_every_version_that_was_released(pytestconfig: pytest.Config) -> None:
    findings = Releases(pytestconfig.rootpath / FOLDER).findings(stated_events())

    assert findings == (), "\n" + "\n".join(findings)


def _drop(name: str) -> Change:
    return lambda schema: schema["fields"].remove(_field(schema, name))


def _set(name: str, /, **values: object) -> Change:
    return lambda schema: _field(schema, name).update(values)


def _add(**field: object) -> Change:
    return lambda schema: schema["fields"].append(field)


def _field(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(field for field in schema["fields"] if field["name"] == name)
    return found


BREAKING: dict[str, Change] = {
    "a required field removed": _drop("submitted_on"),
    "a required field added": _add(name="badge", type="string"),
    "a type changed": _set("department", type=["null", "long"]),
    "a required field renamed": _set("submitted_on", name="handed_in_on"),
    "a required field made optional": _set("time_zone", type=["null", "string"], default=None),
    "a unit of time changed": _set("occurred_at", type={"type": "long", "logicalType": "timestamp-millis"}),
    "a meaning of a number dropped": _set("last_working_day", type=["null", "int"]),
    "the stand-in of an enum changed": lambda schema: _field(schema, "worker_type")["type"].update(default="EMPLOYEE"),
    "an enum without a stand-in": lambda schema: _field(schema, "risk")["type"].pop("default"),
    "an enum renamed": lambda schema: _field(schema, "risk")["type"].update(name="Danger"),
}
HARMLESS: dict[str, Change] = {
    "an optional field added": _add(name="badge", type=["null", "string"], default=None),
    "an optional field removed": _drop("cost_center"),
    "a word added to an enum": lambda schema: _field(schema, "risk")["type"]["symbols"].append("EXTREME"),
    "a default given to a required field": _set("time_zone", default="UTC"),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=list(BREAKING))
def test_a_change_that_would_break_a_reader_is_found_and_never_frozen(change: Change, tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.freeze(EmployeeResigned)

    changed = _changed(change)

    assert any("cannot read" in finding for finding in releases.findings([changed]))
    with pytest.raises(Refused, match="ems schemas freeze --amend"):
        releases.freeze(changed)
    assert len(releases.versions("ems.exits.EmployeeResigned")) == 1


@pytest.mark.parametrize("change", HARMLESS.values(), ids=list(HARMLESS))
def test_a_harmless_change_only_asks_to_be_frozen(change: Change, tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.freeze(EmployeeResigned)
    changed = _changed(change)

    before = releases.findings([changed])
    version = releases.freeze(changed)

    assert [finding.partition(".")[2].partition("Freeze")[2] for finding in before] == [
        " the next one: ems schemas freeze"
    ]
    assert version == 2
    assert releases.findings([changed]) == ()


def test_code_of_today_reads_a_word_that_was_invented_later_as_the_stand_in() -> None:
    later = deepcopy(EmployeeResigned.avsc())
    HARMLESS["a word added to an enum"](later)
    event = every_field(EmployeeResigned).model_dump() | {"risk": "EXTREME"}
    out = BytesIO()
    schemaless_writer(out, later, event)
    out.seek(0)

    seen = schemaless_reader(out, later, EmployeeResigned.avsc())

    assert EmployeeResigned.model_validate(seen).risk is Risk.NORMAL


def test_better_words_in_the_documentation_make_no_new_version(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.freeze(EmployeeResigned)
    changed = _changed(lambda schema: schema.update(doc="Said better."))

    assert releases.findings([changed]) == ()
    assert releases.freeze(changed) == 1
    assert [schema["doc"] for schema in releases.versions("ems.exits.EmployeeResigned")] == ["Said better."]


def test_a_version_that_nobody_has_used_yet_can_be_replaced(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.freeze(EmployeeResigned)
    changed = _changed(BREAKING["a type changed"])

    version = releases.freeze(changed, amend=True)

    assert version == 1
    assert releases.findings([changed]) == ()


def test_an_event_on_a_topic_that_was_never_released_may_still_change(tmp_path: Path) -> None:
    assert Releases(tmp_path).findings(stated_events()) == ()


def test_an_event_added_to_a_released_topic_must_be_frozen(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.freeze(EmployeeResigned)

    findings = releases.findings(stated_events())

    assert any("ems.exits.EmployeeDeparted is new on a released topic" in finding for finding in findings)


def test_a_released_event_cannot_disappear(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.freeze(EmployeeResigned)

    findings = releases.findings([kind for kind in stated_events() if kind is not EmployeeResigned])

    assert any("ems.exits.EmployeeResigned was released and is gone" in finding for finding in findings)


def _changed(change: Change) -> type[Event]:
    """Return a stand-in for the event whose schema was changed."""
    schema = deepcopy(EmployeeResigned.avsc())
    change(schema)
    assert json.dumps(schema) != json.dumps(EmployeeResigned.avsc())

    class Changed(Event):
        topic = EmployeeResigned.topic
        changed: ClassVar[dict[str, Any]] = schema

        @classmethod
        def avsc(cls) -> dict[str, Any]:
            return cls.changed

        @classmethod
        def full_name(cls) -> str:
            return EmployeeResigned.full_name()

    return Changed
