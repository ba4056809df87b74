"""Erasing a person whose cases are over: from the databases that are here; what else there is, is told.

First everything is looked at, and nothing is touched while something is open, held, not finished or not published. The
topics are read before the databases, and asked again afterwards whether something has come since.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from choreography import Database, ServiceSettings
from choreography.database.secure_delete import scrub
from choreography.ledger import erasure
from choreography.rebuild.decoded_log import Progress
from infra.errors import Refused, Unreachable
from infra.operate.database import opened
from infra.operate.places import Place
from infra.operate.traces import TraceReader, Traces
from infra.retention import Retention, retention_of
from producers.ems import erasure as cases
from producers.ems import store
from producers.ems.case import Case, Status

_TO_BE_OVER: Final = (
    "It has to be over first: withdraw, decide or void it; once an exit is confirmed, wait until the last working day "
    "is over."
)


@dataclass(frozen=True)
class Found:
    """What one database knows of the person.

    Attributes:
        counts: how many `cases` and `requests` (EMS), `rows` of a ledger and `mentions` in those of others, and
            `copies` of what was published.
        matters: the cases that its ledger knows.
        reasons: why the person must not be erased yet.
    """

    place: Place
    counts: Mapping[str, int] = field(default_factory=dict)
    matters: frozenset[UUID] = frozenset()
    reasons: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """What there was of a person."""

    traces: Traces
    found: Sequence[Found]
    retention: Mapping[str, Retention]

    @property
    def missing(self) -> list[str]:
        """The databases that are not here."""
        return [one.place.name for one in self.found if not one.place.is_here]


def erase(
    employee_id: str, places: Sequence[Place], settings: ServiceSettings, *, execute: bool, progress: Progress
) -> Outcome:
    """Erase a person, or say what there is.

    Args:
        employee_id: by which EMS knows the person.
        places: the databases.
        settings: where the broker and the registry are.
        execute: do it; otherwise nothing is written.
        progress: told how far it is.

    Raises:
        Refused: something about the person is not over; with what to do about it.
        Unreachable: a database does not answer.
        NoAnswer: the broker does not answer.
    """
    reader = TraceReader(settings, progress)
    traces = reader.read(employee_id)
    found = [_look(place, employee_id, traces) if place.is_here else Found(place) for place in places]
    reasons = [reason for one in found for reason in one.reasons]
    if not any(one.place.home is None and one.place.is_here for one in found):
        reasons += [f"Case {case} is open. {_TO_BE_OVER}" for case in traces.open]
    if execute and not reasons and reader.is_news(employee_id, traces):
        reasons.append("Something has just been stated about this person. See what it is, and try again.")
    if reasons:
        raise Refused("\n".join([*reasons, "Nothing was erased."]))
    if execute:
        for one in found:
            if one.place.is_here:
                _erase(one, employee_id)
    return Outcome(traces, found, retention_of(settings.connection(), traces.records))


def _look(place: Place, employee_id: str, traces: Traces) -> Found:
    if place.home is None:
        with _ems(place) as database:
            return database.run_sync(lambda tx: _look_at_cases(tx, place, employee_id, traces))
    with opened(place.home) as ledgers:
        return ledgers.run(lambda tx: _look_at_ledger(tx, place, employee_id, traces))


def _look_at_cases(tx: Connection, place: Place, employee_id: str, traces: Traces) -> Found:
    if not inspect(tx).has_table(store.cases.name):
        raise Refused(f"{place.name} has no cases in its database. Name the right one with --database-url.")
    known, waiting = cases.find(tx, employee_id), erasure.waiting(tx, employee_id)
    reasons = [f"Case {case.case_id} is open{_until(case)}. {_TO_BE_OVER}" for case in known.open]
    if known.held:
        reasons.append(
            f"{known.held} resignations of this person are held. Release or refuse them first: ems intake held"
        )
    still = set(traces.open) - {case.case_id for case in known.open}
    if waiting or still:
        reasons.append(f"{place.name} has not published all about this person. Start EMS, or wait a moment.")
    counts = {"cases": known.cases, "requests": known.requests, "copies": erasure.published(tx, employee_id)}
    return Found(place, counts, reasons=reasons)


def _until(case: Case) -> str:
    if case.status is not Status.CONFIRMED:
        return ""
    return f", confirmed, with {case.last_working_day or 'no day yet'} as the last working day"


def _look_at_ledger(tx: Connection, place: Place, employee_id: str, traces: Traces) -> Found:
    found, name = erasure.find(tx, employee_id, traces.last), place.name
    reasons = []
    if found.open:
        reasons.append(
            f"{name} has {found.open} reactions about this person that wait or are under way. Release or drop what is "
            f"held: ems held list --group {name} --key {employee_id}"
        )
    if found.waiting or found.behind:
        where = ", ".join(f"{at.topic}:{at.partition}" for at in found.behind) or "its outbox"
        reasons.append(f"{name} has not finished all about this person ({where}). Start it, or wait a moment.")
    counts = {"rows": found.rows, "copies": found.copies, "mentions": found.mentions}
    return Found(place, counts, found.matters, reasons)


def _erase(found: Found, employee_id: str) -> None:
    if found.place.home is None:
        with _ems(found.place) as database:
            database.run_sync(lambda tx: _erase_cases(tx, employee_id))
    else:
        with opened(found.place.home) as ledgers:
            ledgers.run(lambda tx: erasure.erase(tx, employee_id, found.matters))
    scrub(found.place.url)


def _erase_cases(tx: Connection, employee_id: str) -> None:
    cases.erase(tx, employee_id)
    erasure.forget_published(tx, employee_id)


@contextmanager
def _ems(place: Place) -> Iterator[Database]:
    database = Database(place.url)
    try:
        yield database
    except DBAPIError as error:
        raise Unreachable(f"The database of {place.name} does not answer ({error.orig}). Try again.") from error
    finally:
        database.close()
