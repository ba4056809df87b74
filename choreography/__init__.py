"""The kit: events, topics, services that react, and a runtime in which an effect happens once.

It knows nothing of the domain that uses it. This module is its public face; nobody imports past it. What is not asked
for is not loaded: whoever only reads declarations needs neither a database nor Kafka.

The way of one event, from `poll` to the fact that answers it:

    kafka.consumer       _records        on the thread that owns the client
    consume.subscription records         handed to the event loop, which it waits for when that is full
    consume.admission    take            what is finished already, by the ledger, ends here
    consume.lanes        on_records      one lane per key, one record at a time
    consume.worker       handle          decoded, or held as poison; queued where its lane is blocked
    consume.attempts     run             undone meanwhile? too old? is the target up?
    ledger.journal       open            INTENT, many at once in one transaction
    declare.effect       once            your handler, with ids and decisions that a repeat finds again
    ledger.journal       done            DONE and the fact in the outbox, one transaction
    consume.lanes        on_done         the next of its lane
    outbox.relay         _publish        meanwhile the fact leaves, in commit order of its key
    kafka.consumer       _store          and the position moves behind what is finished

The packages from the ground up, each with a guide in its docstring: `declare`, `records`, `database`, `wire`, `kafka`,
`outbox`, `ledger`, `consume`, `rebuild`, `process`, `testing`. Each imports only what stands before it, and all of them
what stands here at the root: `errors`, `clock`, `retries`, `health`, `logs`, `settings`, `failpoint`, `single_flight`,
`version`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_FACE: Final = """
clock Clock SystemClock
database.database Database
database.diagnosis diagnose
database.locks Lock Locks open_locks
database.transaction after_commit
declare.effect Effect Memory
declare.event Event correlation_id record_key sequence
declare.ids effect_key fact_id
declare.reaction Reaction on
declare.service Service
declare.topic Topic
errors ChoreographyError ClaimLost Hold InvalidDeclaration InvalidFact InvalidSettings NothingToDo Outcome Poison
errors RegistryUnavailable Reject Retry Unavailable
health Health
logs configure_logs
outbox.outbox Outbox
process.inbox INTAKE inbox_needs open_inbox
process.process run run_process
process.publisher Publisher open_publisher
records REACTIONS IntakeHeld IntakeRefused IntakeReleased Position RefusalCause group_correlation
settings ServiceSettings load
single_flight SingleFlight
wire.record Record
"""  # each line: a module of the kit, and what of it is public
_LINES: Final = [line.split() for line in _FACE.strip().splitlines()]
_HOME: Final = {name: f"choreography.{module}" for module, *names in _LINES for name in names}

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


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the face has
    """Load what is asked for from its home."""
    if name not in _HOME:
        raise AttributeError(f"The kit has no {name!r}: its public face is `choreography.__all__`.")
    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found
