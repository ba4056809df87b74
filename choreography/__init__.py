"""The kit: events, topics, services that react, and a runtime in which an effect happens once.

It knows nothing of the domain that uses it. This module is its public face; nobody imports past it.
"""

from choreography.clock import Clock, SystemClock
from choreography.database.database import Database
from choreography.database.diagnosis import diagnose
from choreography.database.locks import Lock, Locks, open_locks
from choreography.database.transaction import after_commit
from choreography.declare.effect import Effect, Memory
from choreography.declare.event import Event, correlation_id, record_key, sequence
from choreography.declare.ids import effect_key, fact_id
from choreography.declare.reaction import Reaction, on
from choreography.declare.service import Service
from choreography.declare.topic import Topic
from choreography.errors import (
    ChoreographyError,
    ClaimLost,
    Hold,
    InvalidDeclaration,
    InvalidFact,
    InvalidSettings,
    NothingToDo,
    Outcome,
    Poison,
    RegistryUnavailable,
    Reject,
    Retry,
    Unavailable,
)
from choreography.health import Health
from choreography.logs import configure_logs
from choreography.outbox.outbox import Outbox
from choreography.process.inbox import INTAKE, inbox_needs, open_inbox
from choreography.process.process import run, run_process
from choreography.process.publisher import Publisher, open_publisher
from choreography.records import (
    REACTIONS,
    IntakeHeld,
    IntakeRefused,
    IntakeReleased,
    Position,
    RefusalCause,
    group_correlation,
)
from choreography.settings import ServiceSettings, load
from choreography.single_flight import SingleFlight
from choreography.wire.record import Record

__all__ = [
    "INTAKE",
    "REACTIONS",
    "ChoreographyError",
    "ClaimLost",
    "Clock",
    "Database",
    "Effect",
    "Event",
    "Health",
    "Hold",
    "IntakeHeld",
    "IntakeRefused",
    "IntakeReleased",
    "InvalidDeclaration",
    "InvalidFact",
    "InvalidSettings",
    "Lock",
    "Locks",
    "Memory",
    "NothingToDo",
    "Outbox",
    "Outcome",
    "Poison",
    "Position",
    "Publisher",
    "Reaction",
    "Record",
    "RefusalCause",
    "RegistryUnavailable",
    "Reject",
    "Retry",
    "Service",
    "ServiceSettings",
    "SingleFlight",
    "SystemClock",
    "Topic",
    "Unavailable",
    "after_commit",
    "configure_logs",
    "correlation_id",
    "diagnose",
    "effect_key",
    "fact_id",
    "group_correlation",
    "inbox_needs",
    "load",
    "on",
    "open_inbox",
    "open_locks",
    "open_publisher",
    "record_key",
    "run",
    "run_process",
    "sequence",
]
