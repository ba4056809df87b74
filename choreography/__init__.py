"""The kit: events, topics, services that react, and a runtime in which an effect happens once.

It knows nothing of the domain that uses it. This module is its public face; nobody imports past it.
"""

from choreography.clock import Clock, SystemClock
from choreography.database import Database
from choreography.diagnosis import diagnose
from choreography.effect import Effect, Memory
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
from choreography.event import Event, correlation_id, record_key, sequence
from choreography.health import Health
from choreography.ids import effect_key, fact_id
from choreography.inbox import INTAKE, inbox_needs, open_inbox
from choreography.locks import Lock, Locks, open_locks
from choreography.logs import configure_logs
from choreography.outbox import Outbox
from choreography.process import run, run_process
from choreography.publisher import Publisher, open_publisher
from choreography.reaction import Reaction, on
from choreography.record import Record
from choreography.records import (
    REACTIONS,
    IntakeHeld,
    IntakeRefused,
    IntakeReleased,
    Position,
    RefusalCause,
    group_correlation,
)
from choreography.service import Service
from choreography.settings import ServiceSettings, load
from choreography.single_flight import SingleFlight
from choreography.topic import Topic
from choreography.transaction import after_commit

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
