"""What every event of every topic keeps to; the packages are walked, so a new one is checked from its first day."""

import json
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import fastavro
import pytest
from pydantic import ValidationError

import choreography.records
import schemas
from choreography import Event
from choreography.declare.catalog import topics
from choreography.declare.event import roles
from choreography.records import RECORDS, KitRecord
from infra.contract.released import stated_events
from schemas import ExitEvent
from schemas.exits import EXIT_CLOSED, EmployeeResigned, WorkerType
from tests.contract.shapes import fields_of, named_types, shape_of_model, shape_of_record

EVENTS: Final = stated_events()
FACTS: Final = tuple(kind for kind in EVENTS if issubclass(kind, ExitEvent))
every_event = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.full_name())
every_fact = pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.full_name())

COMMON: Final = ["event_id", "case_id", "case_version", "employee_id", "occurred_at", "recorded_at"]
FIRST_OF_THE_KIT: Final = ["event_id", "correlation_id", "sequence", "record_key", "occurred_at", "recorded_at"]
PERSONAL: Final = {"name", "mail", "email", "address", "phone", "comment", "note", "notes", "rehire", "birthday"}


def test_every_topic_of_the_architecture_is_declared() -> None:
    names = {topic.name for topic in topics("schemas")}

    assert names >= {"ems.exits.v1", "ems.notification.v1", "ems.hr.v1", "ems.access.v1"}


def test_every_schema_has_its_model_and_every_model_its_schema() -> None:
    folders = (Path(schemas.__path__[0]), Path(choreography.records.__path__[0]))

    files = {file.resolve() for folder in folders for file in folder.rglob("*.avsc")}

    beside = {kind: Path(_file_of(kind.topic.package)).parent / f"{kind.__name__}.avsc" for kind in EVENTS}
    assert files == {file.resolve() for file in beside.values()}


@every_event
def test_model_and_schema_say_the_same_about_every_field(kind: type[Event]) -> None:
    assert shape_of_model(kind) == shape_of_record(kind.avsc())


@every_event
def test_everything_in_a_schema_is_explained(kind: type[Event]) -> None:
    explained = [*named_types(kind.avsc()), *fields_of(kind.avsc())]

    assert [one["name"] for one in explained if len(one.get("doc", "").split()) < 3] == []


@every_event
def test_a_schema_is_named_after_its_topic_or_the_kit(kind: type[Event]) -> None:
    schema = kind.avsc()

    namespace = "choreography" if issubclass(kind, KitRecord) else kind.topic.namespace
    assert (schema["type"], schema["namespace"], schema["name"]) == ("record", namespace, kind.__name__)
    assert kind.ce_type() == f"{namespace}.{kind.__name__}.v1"


@every_event
def test_the_common_fields_come_first_in_every_schema(kind: type[Event]) -> None:
    names = [field["name"] for field in kind.avsc()["fields"]]

    expected = FIRST_OF_THE_KIT if issubclass(kind, KitRecord) else COMMON
    assert names[: len(expected)] == expected
    assert set(roles(kind).values()) <= set(expected)


@every_event
def test_what_may_be_missing_has_a_default_so_that_it_may_change_later(kind: type[Event]) -> None:
    optional = [field for field in fields_of(kind.avsc()) if isinstance(field["type"], list)]
    lists = [field for field in fields_of(kind.avsc()) if _type_of(field) == "array"]

    assert [field["name"] for field in optional if "default" not in field or field["default"] is not None] == []
    assert [field["name"] for field in lists if field.get("default") != []] == []


@every_event
def test_a_new_word_in_an_enum_will_not_break_an_old_reader(kind: type[Event]) -> None:
    enums = [named for named in named_types(kind.avsc()) if named["type"] == "enum"]
    fields = [field for field in fields_of(kind.avsc()) if _type_of(field) == "enum"]

    assert [enum["name"] for enum in enums if enum.get("default") not in enum["symbols"]] == []
    assert [field["name"] for field in fields if field.get("default") != field["type"]["default"]] == []


@every_event
def test_the_standard_libraries_for_avro_accept_every_schema(kind: type[Event]) -> None:
    fastavro.parse_schema(kind.avsc())


@every_fact
def test_no_event_names_a_person_or_says_why_in_free_text(kind: type[Event]) -> None:
    fields = list(fields_of(kind.avsc()))

    assert [field["name"] for field in fields if PERSONAL & set(field["name"].split("_"))] == []
    assert [field["name"] for field in fields if "reason" in field["name"] and _type_of(field) != "enum"] == []


@every_fact
def test_a_public_face_shows_every_event_of_its_topic(kind: type[Event]) -> None:
    face = __import__(kind.topic.package, fromlist=["*"])

    assert kind.__name__ in face.__all__
    assert "TOPIC" in face.__all__


def test_the_face_of_the_domain_shows_one_name_only() -> None:
    assert schemas.__all__ == ["ExitEvent"]


def test_the_kit_knows_all_records_of_its_own() -> None:
    files = {file.stem for file in Path(choreography.records.__path__[0]).glob("*.avsc")}

    assert {kind.__name__ for kind in RECORDS} == files


def test_a_resignation_demands_no_more_than_was_agreed() -> None:
    fields = EmployeeResigned.avsc()["fields"]

    assert [field["name"] for field in fields if "default" not in field] == [*COMMON, "submitted_on", "time_zone"]


@pytest.mark.parametrize("kind", [kind for kind in FACTS if kind.topic.name == "ems.exits.v1"])
def test_a_case_can_be_stated_by_systems_that_know_little(kind: type[Event]) -> None:
    demanded = [field["name"] for field in kind.avsc()["fields"] if "default" not in field]

    assert set(demanded) - set(COMMON) <= {"submitted_on", "time_zone"}


def test_what_closes_a_case_does_not_include_the_confirmation_after_which_it_goes_on() -> None:
    names = {kind.__name__ for kind in EXIT_CLOSED}

    assert names == {"ResignationWithdrawn", "EmployeeRetained", "ExitCaseVoided", "EmployeeDeparted"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"employee_id": ""},
        {"case_version": 0},
        {"case_version": 2**31},
        {"notice_period_days": -1},
        {"submitted_on": "soon"},
        {"time_zone": ""},
        {"risk": "EXTREME"},
        {"occurred_at": "2026-03-02T09:00:00"},
        {"first_name": "Ada"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_resignation_that_cannot_be_true_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EmployeeResigned.model_validate({**_resignation(), **wrong})


def test_an_event_never_changes_afterwards() -> None:
    event = EmployeeResigned.model_validate(_resignation())

    with pytest.raises(ValidationError, match="frozen"):
        event.submitted_on = date(2026, 3, 3)  # type: ignore[misc]  # that is the point
    assert event.worker_type is WorkerType.UNKNOWN


def _resignation() -> dict[str, Any]:
    return {
        "event_id": uuid4(),
        "case_id": uuid4(),
        "case_version": 1,
        "employee_id": "E-1001",
        "occurred_at": "2026-03-02T09:00:00Z",
        "recorded_at": "2026-03-02T09:00:00Z",
        "submitted_on": "2026-03-02",
        "time_zone": "Europe/Berlin",
    }


def _file_of(package: str) -> str:
    file = __import__(package, fromlist=["*"]).__file__
    assert isinstance(file, str)
    return file


def _type_of(field: dict[str, Any]) -> str:
    kind = field["type"]
    return str(kind["type"]) if isinstance(kind, dict) else json.dumps(kind)
