"""One history, alive: a broker, a service's processes, its targets, and whoever submits events."""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from choreography import Event
from choreography.consume import brake as brake_tables
from choreography.ledger import positions as position_tables
from choreography.ledger import table as ledger_tables
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.deadletter import dead_letters_of
from choreography.outbox.outbox import Outbox
from choreography.records import REACTIONS
from choreography.retries import Backoff
from choreography.wire.headers import cloud_event
from choreography.wire.record import TopicPartition
from tests.checker import history as told
from tests.simulation.broker import Broker
from tests.simulation.codec import codec_for
from tests.simulation.database import Disk
from tests.simulation.faults import Faults
from tests.simulation.group import Group
from tests.simulation.member import Member, Place
from tests.simulation.plan import Plan, Submission
from tests.simulation.process import Process
from tests.simulation.relay import RelayLock, run_source
from tests.simulation.settings import event_of, setting_of, system_of
from tests.simulation.world import World

GARBAGE: Final = b"\x00\x00\x00\x00\x01\xff"


@cache
def _disk(name: str) -> Disk:
    tables = (outbox_tables.metadata,) if name == "source" else _TABLES
    return Disk(*tables)


_TABLES: Final = (*(ledger_tables.metadata, position_tables.metadata, brake_tables.metadata, outbox_tables.metadata),)


_STEPS: Final[tuple[Literal["submitted", "accepted"], ...]] = ("submitted", "accepted")


class Scene:
    """What there is in one history.

    Args:
        plan: what is going to happen.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = world = World(plan.seed)
        Backoff().chance.seed(plan.seed)  # those who are given no chance of their own share this one
        self.faults = Faults(killed=self.start_again)
        self.broker = Broker(world, plan.partitions, plan.gaps)
        self.broker.create(REACTIONS.of(system_of(plan)).name, 1)
        self.setting = setting = setting_of(plan, world, self.faults, self.broker)
        self.service = setting.service
        self.codec = codec_for(self.service.system, setting.kinds)
        self._create_topics()
        self.group = Group(world, self.broker, [topic.name for topic in self.service.topics])
        self.group.told = self._committed
        self.disk = _disk("service")
        self.disk.begin(world)
        self.members: list[Member] = []
        self.submissions: list[told.Submission] = []
        self.commits: list[told.Commit] = []
        self.actions: list[told.Action] = []
        self.assignments: list[told.Assignment] = []
        self.disks = {self.service.group: self.disk}
        self.left_to_submit = len(plan.submissions)
        self.sources: list[Process] = []
        self._place = Place(
            world=world,
            broker=self.broker,
            group=self.group,
            disk=self.disk,
            lock=RelayLock(plan.keeps_relay_lock),
            faults=self.faults,
            codec=self.codec,
            service=self.service,
            ports=setting.ports,
            assigned=self._assigned,
        )
        if plan.outbox:
            self._open_sources()
        self._schedule()

    def start_member(self) -> None:
        """Start one more process of the service."""
        self.members.append(Member(self._place, f"member-{len(self.members)}"))

    def start_again(self, dead: Process, seconds: float) -> None:
        """Have a new process take the place of a dead one after a while."""
        self.world.after(seconds, self.start_source if dead in self.sources else self.start_member)

    def living(self) -> list[Process]:
        """Return the processes that may be hit by a fault."""
        return [one for one in self.world.processes if one.alive and not one.is_spared]

    def act(self, kind: str, what: str = "", **about: object) -> None:
        """Write down what the operator or a fault did."""
        self.world.say(f"{kind}: {what} {about or ''}")
        self.actions.append(told.Action(self.world.steps, kind, self.service.group, what=what, **about))  # type: ignore[arg-type]

    def _create_topics(self) -> None:
        for kind in self.setting.kinds:
            self.broker.create(kind.topic.name)
        self.broker.create(dead_letters_of(self.service.group).name, 1)

    def _open_sources(self) -> None:
        self._source_disk = _disk("source")
        self._source_disk.begin(self.world)
        self.disks["source"] = self._source_disk
        self._source_lock = RelayLock(self.plan.keeps_relay_lock)
        for _ in range(2):
            self.start_source()

    def start_source(self) -> None:
        """Start one more relay of the source."""
        process = Process(self.world, f"source-{len(self.sources)}")
        self.sources.append(process)
        run_source(process, self._source_disk, self.broker, self.faults, self._source_lock)

    def _schedule(self) -> None:
        at, backlog = 0.0, self.plan.backlog
        for number, one in enumerate(self.plan.submissions):
            if number >= backlog:
                at += one.after
            self._submit_after(at if number >= backlog else 0.0, one, number)
        for _ in range(self.plan.members):
            self.world.after(0.001 if backlog else 0.0, self.start_member)

    def _submit_after(self, seconds: float, one: Submission, number: int) -> None:
        event_id = UUID(int=(self.plan.seed << 16) + number, version=4)
        self.world.after(seconds, lambda: self._submit(event_of(self.plan, one, event_id, self.world.now), one))

    def _submit(self, event: Event, one: Submission) -> None:
        self.left_to_submit -= 1
        self.world.say(f"{one.kind} {event.order} of {event.key} is submitted{', poisoned' if one.is_poison else ''}")
        own, at = str(event.event_id), self.world.steps
        if not one.is_poison:
            for step in _STEPS:
                line = told.Submission(own, step, at, event.key, one.kind, own, str(event.correlation), event.order)
                self.submissions.append(line)
        headers = cloud_event(event, event.topic, source="/simulated", causation=None)
        value = GARBAGE if one.is_poison else self.codec.encode(event, event.topic)
        for _ in range(2 if one.twice else 1):
            if self.plan.outbox:
                self._write(event, value, headers)
            else:
                self.broker.append(event.topic.name, event.key.encode(), value, headers)

    def _write(self, event: Event, value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
        process = next((one for one in self.sources if one.alive), self.sources[-1])
        outbox = Outbox(self.codec, "/simulated", process.clock, self._wake_sources)

        def work(tx: Connection) -> None:
            outbox.add_raw(tx, event.topic.name, event.key.encode(), value, headers)

        self._source_disk.transact(work)

    def _wake_sources(self) -> None:
        for process in self.sources:
            for thread in process.threads:
                thread.wake()

    def _committed(self, who: str, offsets: Mapping[TopicPartition, int]) -> None:
        for at, offset in offsets.items():
            self.world.say(f"{who} commits {at.topic}:{at.partition} {offset}")
            self.commits.append(told.Commit(self.service.group, at.topic, at.partition, offset, self.world.steps))

    def _assigned(self, who: str, ends: Mapping[TopicPartition, int]) -> None:
        for at, end in ends.items():
            self.world.say(f"{who} has claimed {at.topic}:{at.partition}, which ended at {end}")
            group, step = self.service.group, self.world.steps
            self.assignments.append(told.Assignment(group, who, at.topic, at.partition, step, end))
