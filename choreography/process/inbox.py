"""Requests of foreign systems, as JSON on a topic: read by one group, each answered before its offset is stored.

Such a record is no event: it has no schema, and may say anything. Whoever takes it decides, and says so. It may come
again, after a crash or when a person sets the group back, so taking it twice has to be harmless.

One batch is taken after the other, on the event loop; the consumer's thread waits meanwhile. So there is nothing in
flight when partitions come and go, and what waits is on the topic.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import asynccontextmanager
from typing import Final

import structlog

from choreography.declare.topic import Topic
from choreography.errors import InvalidSettings
from choreography.health import Health
from choreography.kafka.arrival import arrival_in
from choreography.kafka.config import consumer_config
from choreography.kafka.consumer import KafkaConsumer
from choreography.kafka.listener import Fetching
from choreography.kafka.offsets import Offsets
from choreography.kafka.watchdog import Watchdog
from choreography.process.needs import Needs
from choreography.settings import ServiceSettings
from choreography.wire.record import Record, TopicPartition

log = structlog.stdlib.get_logger(__name__)

_DAY_MS: Final = 86_400_000
INTAKE: Final = Topic("system.intake.v1", package=__name__, retention_ms=30 * _DAY_MS)
PART: Final = "inbox"
LEAVE_SECONDS: Final = 10.0
Take = Callable[[Sequence[Record]], Awaitable[None]]


def inbox_needs(group: str, topic: Topic, settings: ServiceSettings, name: str) -> Needs:
    """Return what reading an inbox needs; `name` is that of the database in which its requests are remembered."""
    return Needs(reads=(topic.name,), group=group, database_url=settings.database_for(name))


@asynccontextmanager
async def open_inbox(
    settings: ServiceSettings, *, group: str, topic: Topic, take: Take, health: Health
) -> AsyncIterator["asyncio.Future[None]"]:
    """Read a topic while the block runs; yield what raises when the process cannot go on.

    A group that is new begins at the first record that there is. Where a person must mend something before the topic
    can be read, that is said in health and in the log, and whatever else the process does goes on.

    Args:
        settings: where the cluster is.
        group: the consumer group.
        topic: what is read.
        take: takes a batch, and returns once all of it is durable; what it raises ends the reading.
        health: is told that the group has been joined.
    """
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    inbox = Inbox(take, health)
    config = consumer_config(settings.connection(), group, group, settings.session_timeout_ms, settings.group_protocol)

    def failed(error: BaseException) -> None:
        if isinstance(error, InvalidSettings):
            _refuse(group, topic, error, health)
        else:
            inbox.loop.call_soon_threadsafe(_tell, ended, error)

    consumer = KafkaConsumer(
        config,
        [topic.name],
        inbox,
        failed,
        watchdog=Watchdog(settings.watchdog_seconds, health),
        arrival=arrival_in(group, settings),
    )
    inbox.consumer = consumer
    health.set(PART, False, "Joining the consumer group.")
    consumer.start()
    try:
        yield ended
    finally:
        health.set(PART, False, "Shutting down; nothing new is read.")
        consumer.stop()
        inbox.stop()
        await asyncio.to_thread(consumer.join, settings.drain_seconds + LEAVE_SECONDS)
        ended.cancel()


class Inbox:
    """What a consumer tells of a topic of requests; everything but `stop` is called on the consumer's thread.

    Args:
        take: takes a batch.
        health: is told that the group has been joined.
    """

    def __init__(self, take: Take, health: Health) -> None:
        self.loop = asyncio.get_running_loop()
        self.consumer: Fetching | None = None
        self._take = take
        self._health = health
        self._lock = threading.Lock()
        self._stopped = False
        self._taking: Future[None] | None = None

    def stop(self) -> None:
        """Give up what is being taken; it is read again."""
        with self._lock:
            self._stopped = True
            if self._taking is not None:
                self._taking.cancel()

    def begins(self, given: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        """Go on at the committed offsets, else at the first record."""
        committed = ask.committed()
        return {at: committed[at].offset if at in committed else ask.watermarks(at)[0] for at in given}

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """Take note that the group has been joined."""
        self._health.set(PART, True)
        log.info("inbox.assigned", partitions=len(starts))

    def revoked(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Say that all that was read is stored already."""
        del partitions
        return {}

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget nothing: nothing is in flight."""

    def records(self, batch: Sequence[Record]) -> None:
        """Have a batch taken, and store the positions after it."""
        with self._lock:
            if self._stopped:
                return
            self._taking = asyncio.run_coroutine_threadsafe(_taken(self._take, batch), self.loop)
        try:
            self._taking.result()
        except CancelledError:
            return
        if self.consumer is not None:
            self.consumer.store({record.at: record.offset + 1 for record in batch})

    def polled(self) -> None:
        """Take note that the thread is alive."""
        self._health.beat(PART)


def _refuse(group: str, topic: Topic, error: InvalidSettings, health: Health) -> None:
    """Say that this topic is not read, by name, and what to do."""
    command = f"kafka-consumer-groups.sh --group {group} --topic {topic.name} --reset-offsets --to-earliest --execute"
    log.error("inbox.refused", group=group, topic=topic.name, reasons=error.reasons)
    health.set(
        PART,
        False,
        f"{group} reads nothing from {topic.name}; everything else goes on. {' '.join(error.reasons)} Where offsets "
        f"are to be chosen, {command} has what is there read, and what was taken before is not taken again. Then "
        "start this process anew.",
    )


async def _taken(take: Take, batch: Sequence[Record]) -> None:
    await take(batch)


def _tell(ended: "asyncio.Future[None]", error: BaseException) -> None:
    if not ended.done():
        ended.set_exception(error)
