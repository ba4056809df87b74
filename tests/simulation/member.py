"""The binding: how one process of a service is composed of the real parts and the simulated ones.

Everything that knows how the runtime is put together is in this file. What `choreography.process.serving` does for a
real process is done here for a simulated one; the consumer's thread runs the real `KafkaConsumer`.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from choreography import Service
from choreography.consume.brake import Brake
from choreography.errors import Stopped
from choreography.health import Health
from choreography.kafka.consumer import KafkaConsumer
from choreography.kafka.scout import KafkaScout
from choreography.ledger.journal import Journal
from choreography.ledger.positions import ledger_id
from choreography.ledger.rows import Ledger
from choreography.outbox.outbox import Outbox
from choreography.outbox.relay import Relay
from choreography.process.assembly import Limits, assemble
from choreography.retries import Backoff
from choreography.wire.codec import Codec
from choreography.wire.record import TopicPartition
from tests.simulation.broker import Broker
from tests.simulation.client import SimConsumer
from tests.simulation.database import Disk, PatientThreads, SimDatabase
from tests.simulation.faults import Faults
from tests.simulation.flag import Flag, WakingDeque
from tests.simulation.group import SESSION_SECONDS, Group
from tests.simulation.process import Process, Thread
from tests.simulation.reader import LONGEST_POLL, SimReader
from tests.simulation.relay import RelayLock, SimProducer, run_relay
from tests.simulation.subscription import SimSubscription
from tests.simulation.world import World

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
        outbox.wake = place.lock.wake
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
        subscription.thread, subscription.room = thread, Flag(thread)  # type: ignore[assignment]  # its event
        client: Any = SimConsumer(self.place.broker, self.place.group, thread)
        with suppress(Stopped):
            consumer._poll(client)
        consumer._carry_out(client)
        client.close()
        self.process.kill()
        thread.turn()


def _resolve(waiting: Any) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _never(error: BaseException) -> None:
    raise error
