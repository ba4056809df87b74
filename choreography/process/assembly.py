"""What stands between a record and its effect, put together: for a running service, its tests and its simulation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic

from choreography.consume.attempts import Attempts
from choreography.consume.backlog import Backlog
from choreography.consume.brake import Brake
from choreography.consume.failures import Failures
from choreography.consume.reader import Reader
from choreography.consume.targets import Targets
from choreography.consume.worker import Worker
from choreography.declare.reaction import P
from choreography.declare.service import Service
from choreography.health import Health
from choreography.ledger.effect_memory import Recall
from choreography.ledger.journal import Journal
from choreography.ledger.undoing import LookAhead
from choreography.retries import Backoff
from choreography.wire.codec import Codec


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much, and for how long.

    Attributes:
        handler_seconds: how long one attempt may take.
        max_in_flight: how many attempts may run at once.
        max_per_target: how many of them on one target.
        max_effect_age: how old an event may be whose effect cannot be repeated.
    """

    handler_seconds: float = 60.0
    max_in_flight: int = 100
    max_per_target: int = 50
    max_effect_age: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Assembly(Generic[P]):
    """A worker, and the brake that stops it."""

    worker: Worker[P]
    brake: Brake


def assemble(
    service: Service[P],
    ports: P,
    *,
    codec: Codec,
    journal: Journal,
    published: Callable[[int], Awaitable[None]],
    health: Health,
    limits: Limits,
    backoff: Backoff,
) -> Assembly[P]:
    """Put a worker together.

    Args:
        service: the declaration.
        ports: what its handlers need.
        codec: reads the records.
        journal: writes what became of them.
        published: waits until a row of the outbox is acknowledged by the broker.
        health: names what is down.
        limits: how much, and for how long.
        backoff: how long to wait between attempts.
    """
    brake = Brake(journal, health)
    targets = Targets(
        service,
        ports,
        most_in_all=limits.max_in_flight,
        most_per_target=limits.max_per_target,
        clock=journal.clock,
        backoff=backoff,
        health=health,
    )
    attempts = Attempts(
        ports,
        journal=journal,
        look_ahead=LookAhead(codec, service.kinds),
        recall=Recall(journal, service.publishes, published),
        targets=targets,
        brake=brake,
        failures=Failures(journal, targets=targets, brake=brake, backoff=backoff),
        undoes=service.undoes,
        handler_seconds=limits.handler_seconds,
        max_effect_age=limits.max_effect_age,
    )
    worker = Worker(
        service.group,
        reactions={reaction.event: reaction for reaction in service.reactions},
        undoes=service.undoes,
        reader=Reader(codec, service.kinds, backoff),
        attempts=attempts,
        journal=journal,
        backlog=Backlog(journal),
        brake=brake,
    )
    return Assembly(worker, brake)
