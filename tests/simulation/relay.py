"""Relays: the real `Relay.step` on a simulated thread, a producer that may lose what the broker says, and one lock."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from choreography.outbox.relay import Outgoing, Relay
from tests.simulation.broker import Broker
from tests.simulation.database import Disk, SimDatabase
from tests.simulation.faults import Faults
from tests.simulation.process import Process, Thread

IDLE_SECONDS = 30.0


@dataclass
class RelayLock:
    """Who may be the active relay of a database: a lock that its holder's death releases.

    Attributes:
        outlives_pause: a mere pause does not release it (a lock file); otherwise it may be lost in a long one.
        holder: the thread of the active relay.
    """

    outlives_pause: bool
    holder: Thread | None = None

    def take(self, thread: Thread) -> bool:
        """Take it, if it is free; return whether this thread has it."""
        process = self.holder.process if self.holder is not None else None
        paused = process is not None and process.paused_until > process.world.now + 5
        if process is None or not process.alive or (paused and not self.outlives_pause):
            self.holder = thread
        return self.holder is thread

    def wake(self) -> None:
        """Have the active relay look: it does so each second, which here would be most of all that happens."""
        if self.holder is not None:
            self.holder.wake()


class SimProducer:
    """Publishes in order; from a fault on nothing of this turn is known to have arrived."""

    def __init__(self, broker: Broker, faults: Faults, thread: Thread) -> None:
        self.is_stuck = False
        self._broker = broker
        self._faults = faults
        self._thread = thread

    def publish(self, records: Sequence[Outgoing]) -> set[int]:
        """Publish; return the rows of which the broker's acknowledgement came."""
        acknowledged: set[int] = set()
        fault = None
        for record in records:
            if self._thread.process.world.chance.random() < 0.3:
                self._thread.turn()
            fault = fault or self._faults.take("producer")
            if self._broker.is_away or fault == "refused":
                break
            self._broker.append(record.topic, record.key, record.value, record.headers)
            if fault != "lost":
                acknowledged.add(record.row)
        self._thread.turn()
        self.is_stuck = len(acknowledged) < len(records)
        return acknowledged


def run_relay(relay: Relay, producer: SimProducer, lock: RelayLock, thread: Thread) -> None:
    """Publish what waits, whenever this process is the one that may."""
    while True:
        while not lock.take(thread):
            thread.wait(1.0)
        try:
            moved = relay.step()
        except OperationalError:
            thread.wait(1.0)
            continue
        if not moved:
            thread.wait(1.0 if producer.is_stuck else IDLE_SECONDS)


def run_source(process: Process, disk: Disk, broker: Broker, faults: Faults, lock: RelayLock) -> None:
    """Start a process that does nothing but relay what the producer of events has written down."""

    def run(thread: Thread) -> None:
        producer = SimProducer(broker, faults, thread)
        run_relay(Relay(SimDatabase(process, disk), producer, process.clock), producer, lock, thread)

    process.thread("relay", run)
