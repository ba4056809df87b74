"""The binding: how one process of a service is composed of the real parts and the simulated ones.

Everything that knows how the runtime is put together is in this file. What `choreography.serving` does for a real
process is done here for a simulated one; the consumer's thread runs the real `KafkaConsumer`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from choreography import Service
from choreography.assembly import Limits, assemble
from choreography.brake import Brake
from choreography.codec import Codec
from choreography.errors import Stopped
from choreography.health import Health
from choreography.journal import Journal
from choreography.kafka import KafkaConsumer
from choreography.ledger import Ledger
from choreography.offsets import Offsets
from choreography.outbox import Outbox
from choreography.positions import ledger_id
from choreography.record import TopicPartition
from choreography.relay import Relay
from choreography.retries import Backoff
from choreography.scout import KafkaScout
from choreography.subscription import Subscription
from tests.simulation.broker import SESSION_SECONDS, Broker, Group
from tests.simulation.client import LONGEST_POLL, SimConsumer, SimReader
from tests.simulation.database import Disk, PatientThreads, SimDatabase
from tests.simulation.faults import Faults
from tests.simulation.relay import RelayLock, SimProducer, run_relay
from tests.simulation.world import Process, Thread, World

HANDLER_SECONDS: Final = 10.0
DRAIN_SECONDS: Final = 5.0
TICK_SECONDS: Final = 20.0
SHORT_WAIT: Final = 0.5


@dataclass
class Place:
    """What all members of one group share; it outlives them."""

    world: World
    broker: Broker
    group: Group
    disk: Disk
    lock: RelayLock
    faults: Faults
    codec: Codec
    service: Service[Any]
    ports: Callable[[Process], Any]
    assigned: Callable[[str, Mapping[TopicPartition, int]], None]


class Uncounted:
    """Offsets, but for the count of cases."""

    def __init__(self, ask: Offsets) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ask, name)

    def cases(self, *_spans: object) -> int:
        return 0


class SimSubscription(Subscription):
    """A subscription whose thread is a simulated one.

    Attributes:
        thread: the consumer's.
        broker: tells where partitions end.
        told: called with each assignment once it is claimed, and where the partitions ended before that.
    """

    thread: Thread
    broker: Broker
    told: Callable[[str, Mapping[TopicPartition, int]], None]

    def begins(self, missing: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        """Begin without counting the cases ahead, which takes another client and is only told to people."""
        uncounted: Any = Uncounted(ask)
        return super().begins(missing, uncounted)

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """Claim partitions; what was there before that has to be looked at before anything is done."""
        ends = {at: self.broker.logs[at].end for at in starts}
        super().assigned(starts)
        self.told(self.thread.process.name, ends)

    def revoked(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Wait in simulated time until what runs in these partitions has ended."""
        task = self.thread.process.begin(self.on_revoke(tuple(partitions)))
        task.add_done_callback(lambda _: self.thread.wake())
        self.thread.wait_for(task.done)
        positions: Mapping[TopicPartition, int] = task.result()
        return positions


class Member:
    """One process of the service."""

    def __init__(self, place: Place, name: str) -> None:
        self.place = place
        self.process = Process(place.world, name)
        self._stopping: Flag | None = None
        self._wakers: list[Callable[[], object]] = []
        self._soon = False
        self.process.begin(self._main())

    def stop(self) -> None:
        """Have it leave as SIGTERM does; then it is gone."""
        if self._stopping is not None:
            self._stopping.set()

    def look_soon(self) -> None:
        """Have it tick within a second: a person has ordered something."""
        self._soon = True
        for call in self._wakers:
            call()

    async def _main(self) -> None:
        place, process = self.place, self.process
        backoff = Backoff(chance=Random(place.world.chance.random()))
        health = Health(place.world.time)
        outbox = Outbox(place.codec, f"/{place.service.system}/{place.service.name}", process.clock)
        relay = self._relay(outbox)
        journal = Journal(
            place.service.group,
            database=PatientThreads(process, place.disk),
            ledger=Ledger(process.clock),
            outbox=outbox,
            health=health,
            clock=process.clock,
            backoff=backoff,
        )
        assembly = assemble(
            place.service,
            place.ports(process),
            codec=place.codec,
            journal=journal,
            published=relay.published,
            health=health,
            limits=Limits(handler_seconds=HANDLER_SECONDS, max_in_flight=5, max_per_target=3),
            backoff=backoff,
        )
        own = await journal.persist(lambda tx: ledger_id(tx, place.service.group))
        await assembly.brake.look()
        subscription = SimSubscription(
            assembly.worker,
            journal,
            health,
            starts=place.service.starts,
            drain_seconds=DRAIN_SECONDS,
            fence_seconds=SESSION_SECONDS + 1,
        )
        consumer = KafkaConsumer({}, [one.name for one in place.service.topics], subscription, _never, ledger=own)
        subscription.consumer = consumer
        subscription.broker, subscription.told = place.broker, place.assigned
        self._start_scout(subscription)
        process.thread("consumer", lambda thread: self._consume(thread, subscription, consumer))
        await self._tick(subscription, assembly.brake)

    async def _tick(self, subscription: SimSubscription, brake: Brake) -> None:
        """Do what `Subscription.keep_ticking` does, less often where nobody has ordered anything."""
        number = 0
        while True:
            waiting = self.process.loop.create_future()
            self._wakers = [partial(_resolve, waiting)]
            if not self._soon:
                self.process.loop.call_later(TICK_SECONDS, self._wakers[0])
                await waiting
            self._soon = False
            await self.process.clock.sleep(self.place.world.chance.random())
            number += 1
            await brake.look()
            await subscription.tick(number)

    def _relay(self, outbox: Outbox) -> Relay:
        place, process = self.place, self.process
        made: list[tuple[Relay, SimProducer]] = []
        thread = process.thread("relay", lambda thread: run_relay(*made[0], place.lock, thread))
        producer = SimProducer(place.broker, place.faults, thread)
        relay = Relay(SimDatabase(process, place.disk), producer, process.clock, Health(place.world.time))
        made.append((relay, producer))
        outbox.wake = thread.wake
        return relay

    def _start_scout(self, subscription: SimSubscription) -> None:
        place = self.place
        wanted = {kind.ce_type() for reaction in place.service.reactions for kind in reaction.unless}
        scout = KafkaScout({}, wanted, subscription.ahead, self.process.loop.call_soon_threadsafe, _never)
        subscription.scout = scout

        def run(thread: Thread) -> None:
            client: Any = SimReader(place.broker, thread)
            client.tells_ends = True
            scout._stopping = Flag(thread, idle=True)  # type: ignore[assignment]
            scout._orders = WakingDeque(thread, scout._orders)
            while True:
                client.longest = SHORT_WAIT if scout._ends else LONGEST_POLL
                scout._turn(client)

        self.process.thread("scout", run)

    def _consume(self, thread: Thread, subscription: SimSubscription, consumer: KafkaConsumer) -> None:
        """Do what `KafkaConsumer.run` does."""
        self._stopping = flag = Flag(thread)
        consumer._stopping = flag  # type: ignore[assignment]
        consumer._orders = WakingDeque(thread, consumer._orders)
        subscription.thread = thread
        client: Any = SimConsumer(self.place.broker, self.place.group, thread)
        with suppress(Stopped):
            consumer._poll(client)
        consumer._carry_out(client)
        client.close()
        self.process.kill()
        thread.turn()


class Flag:
    """A `threading.Event` for a simulated thread.

    Args:
        thread: who waits for it.
        idle: whoever waits for it does so for want of anything else to do, and can as well wait for longer.
    """

    def __init__(self, thread: Thread, *, idle: bool = False) -> None:
        self._thread = thread
        self._idle = idle
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        self._thread.wake()

    def wait(self, seconds: float) -> bool:
        if not self._set:
            self._thread.wait(LONGEST_POLL if self._idle else seconds)
        return self._set


class WakingDeque(deque[Any]):
    """Orders for a simulated thread, which stops waiting for them."""

    def __init__(self, thread: Thread, orders: Iterable[Any]) -> None:
        super().__init__(orders)
        self._thread = thread

    def append(self, order: Any) -> None:
        super().append(order)
        self._thread.wake()


def _resolve(waiting: Any) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _never(error: BaseException) -> None:
    raise error
