"""The events of the desk: cases are opened, moved and closed; visits are booked, moved and cancelled."""

from functools import cache
from typing import Any, Final
from uuid import UUID

from choreography import Event, Topic, correlation_id, record_key, sequence

CASES: Final = Topic("desk.cases.v1", package="tests.simulation")
VISITS: Final = Topic("desk.visits.v1", package="tests.simulation")
_AVRO: Final[dict[object, Any]] = {str: "string", int: "int", bool: "boolean"}
_UUID: Final = {"type": "string", "logicalType": "uuid"}
_TIME: Final = {"type": "long", "logicalType": "timestamp-micros"}


class DeskEvent(Event):
    person_id: str = record_key()
    case_id: UUID = correlation_id()
    case_version: int = sequence()

    @classmethod
    def avsc(cls) -> dict[str, Any]:
        return _schema(cls)


@cache
def _schema(kind: type[Event]) -> dict[str, Any]:
    known = {"event_id": _UUID, "case_id": _UUID, "occurred_at": _TIME, "recorded_at": _TIME}
    fields = [
        {"name": name, "type": known.get(name) or _AVRO[field.annotation]} for name, field in kind.model_fields.items()
    ]
    return {"type": "record", "name": kind.__name__, "namespace": kind.topic.namespace, "fields": fields}


class CaseOpened(DeskEvent):
    topic = CASES


class CaseMoved(DeskEvent):
    topic = CASES


class CaseClosed(DeskEvent):
    topic = CASES


class VisitBooked(DeskEvent):
    topic = VISITS

    uid: str
    place: int


class VisitMoved(DeskEvent):
    topic = VISITS

    uid: str
    place: int


class VisitKept(DeskEvent):
    """A later event has written the entry already."""

    topic = VISITS

    uid: str


class VisitCancelled(DeskEvent):
    topic = VISITS

    uid: str


class LetterSent(DeskEvent):
    topic = VISITS

    message_id: str
    perhaps_repeated: bool


KINDS: Final[tuple[type[DeskEvent], ...]] = (
    *(CaseOpened, CaseMoved, CaseClosed),
    *(VisitBooked, VisitMoved, VisitKept, VisitCancelled, LetterSent),
)
