"""The intake by the topic: the same rules as over HTTP, and a fact where HTTP would answer that it was refused.

A refusal is written down together with its fact. So a record that comes again, because somebody set the group back, is
not suddenly accepted: between the two the world may have changed, and nobody asked anew.

Records of one key are taken in their order, those of different keys at the same time.

The value of a record is the JSON body of the HTTP route. What is asked for, about which case, and under which
idempotency key is said by the headers `ems-type`, `ems-case-id` and `webhook-id`, or, by clients that set no headers,
by an envelope around the body: `{"type": …, "case_id": …, "id": …, "body": {…}}`. Where nothing says what is asked for,
it is a resignation; where no key is given, the place of the record is its key, in a form that no sender may use.
"""

import asyncio
from collections.abc import Mapping, Sequence
from traceback import format_tb
from typing import Any, Final

import structlog
from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy import Connection

from choreography import Clock, Database, IntakeRefused, Outbox, Record, RefusalCause
from producers.ems import statements, store
from producers.ems.bodies import MAX_BODY
from producers.ems.case import CaseError
from producers.ems.http.problems import Problem, misfit
from producers.ems.http.refusals import problem_of
from producers.ems.intake import Intake
from producers.ems.json_text import NamedTwice, NoJson, parsed
from producers.ems.keys import own_key
from producers.ems.requests import KNOWN_FIELDS, Envelope, Request, read, take
from producers.ems.store import OtherRequest

log = structlog.stdlib.get_logger(__name__)

_HEADERS: Final = {"id": "webhook-id", "type": "ems-type", "case_id": "ems-case-id"}


class Unreadable(Exception):  # noqa: N818 - reads better without the suffix
    """The record is no JSON object. Send the body of the HTTP route, as one object in UTF-8."""


def name_of(record: Record) -> str:
    """Return what tells a record from every other one, also of a topic that was deleted and made anew."""
    return f"{record.topic}/{record.partition}/{record.offset}@{record.timestamp_ms}"


def request_of(record: Record) -> Request:
    """Return the request that a record is.

    Raises:
        Unreadable: it is no JSON object, or a large one.
        Problem: it is none of the requests.
    """
    said = _object(record.value)
    named = {name: text for name, header in _HEADERS.items() if (text := record.header(header)) is not None}
    by_place = own_key("record", name_of(record))
    envelope = {"id": by_place, **named, **(said if "body" in said else {"body": said})}
    try:
        return read(Envelope.model_validate_json(to_json(envelope, inf_nan_mode="constants"), context=by_place))
    except ValidationError as error:
        raise misfit(error) from None


def _object(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise Unreadable("The record has no value. Send the body of the HTTP route.")
    if len(value) > MAX_BODY:
        raise Unreadable(f"The record is larger than {MAX_BODY} bytes, which no request needs.")
    try:
        said = parsed(value)
    except NamedTwice as error:
        raise Unreadable(str(error)) from None
    except NoJson:
        raise Unreadable(Unreadable.__doc__) from None
    if not isinstance(said, dict):
        raise Unreadable(Unreadable.__doc__)
    return said


_CAUSES: Final[Mapping[type[Exception], RefusalCause]] = {
    Unreadable: RefusalCause.UNREADABLE,
    Problem: RefusalCause.MISFIT,
    OtherRequest: RefusalCause.OTHER_REQUEST,
    CaseError: RefusalCause.RULES,
    Exception: RefusalCause.FAILED,
}


class TopicIntake:
    """Takes requests from the topic.

    Args:
        intake: keeps the rules.
        database: where refusals are written down.
        outbox: where facts wait to be published.
        clock: tells the time and waits.
    """

    def __init__(self, intake: Intake, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._intake = intake
        self._database = database
        self._outbox = outbox
        self._clock = clock

    async def take(self, batch: Sequence[Record]) -> None:
        """Take a batch; return once each record is taken, or refused and that is written down."""
        lanes: dict[tuple[str, int, bytes | None], list[Record]] = {}
        for record in batch:
            lanes.setdefault((*record.at, record.key), []).append(record)
        async with asyncio.TaskGroup() as group:
            for lane in lanes.values():
                group.create_task(self._take_all(lane))

    async def _take_all(self, lane: Sequence[Record]) -> None:
        for record in lane:
            while (seconds := await self._try(record)) is not None:
                await self._clock.sleep(seconds)

    async def _try(self, record: Record) -> float | None:
        """Take or refuse a record; return after how many seconds to try again, where that is worth it."""
        try:
            await self._take_or_refuse(record)
        except Exception as error:
            seconds = _worth_waiting(error)
            if seconds is None:
                raise
            return seconds
        return None

    async def _take_or_refuse(self, record: Record) -> None:
        name = own_key("refused", name_of(record))
        if await self._database.run(lambda tx: store.earlier_answer(tx, name, "")) is not None:
            return
        try:
            await take(self._intake, request_of(record))
        except Exception as error:
            if _worth_waiting(error) is not None:
                raise
            cause = _cause(error)
            if cause is RefusalCause.FAILED:
                _log(record, error)
            fact = statements.record_refused(name, record, cause, _told(error), self._clock.now())
            await self._database.run(lambda tx: self._refuse(tx, name, fact))

    def _refuse(self, tx: Connection, name: str, fact: IntakeRefused) -> None:
        store.remember(tx, name, "", fact.cause, fact.recorded_at)
        self._outbox.add(tx, fact, topic=statements.STATED_ON)


def _log(record: Record, error: Exception) -> None:
    """Log where it failed, and not the message: that may repeat what the sender wrote."""
    stack = "".join(format_tb(error.__traceback__))
    log.error("record.failed", record=name_of(record), error=type(error).__name__, stack=stack)


def _worth_waiting(error: Exception) -> float | None:
    wait = problem_of(error).headers.get("retry-after")
    return None if wait is None else float(wait)


def _cause(error: Exception) -> RefusalCause:
    return next(_CAUSES[kind] for kind in type(error).__mro__ if kind in _CAUSES)


def _told(error: Exception) -> str:
    """Say what is wrong; this is kept for ever, so what the sender called a field is not repeated."""
    if isinstance(error, Unreadable):
        return str(error)
    problem = problem_of(error)
    return " ".join([problem.detail, *(f"{_name(at)}: {says}." for at, says in problem.errors())])


def _name(pointer: str) -> str:
    name = pointer.removeprefix("#/")
    return name if name in KNOWN_FIELDS else "a field that there is not"
