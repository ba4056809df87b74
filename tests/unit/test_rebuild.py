"""A ledger rebuilt from the log: what was lost is there again, row by row."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from choreography import Event, NothingToDo, Reject, Retry, Service, Unavailable, effect_key, fact_id
from choreography.database.database import Database
from choreography.ledger.positions import Place, identity, places
from choreography.ledger.positions import metadata as position_tables
from choreography.ledger.table import Order, ledger
from choreography.ledger.table import metadata as ledger_tables
from choreography.outbox.outbox import metadata as outbox_tables
from choreography.outbox.outbox import outbox
from choreography.outbox.relay import Outgoing
from choreography.rebuild.decoded_log import DecodedLog
from choreography.rebuild.fold import MARGIN
from choreography.rebuild.rebuilder import Rebuilder
from choreography.rebuild.row import NothingToRebuild, Past, Rebuilt
from choreography.records import (
    REACTIONS,
    HoldReason,
    KitRecord,
    LedgerBegan,
    Position,
    ReactionDecided,
    ReactionDropped,
    ReactionHeld,
    ReactionReleased,
    ReactionSkipped,
    SkipCause,
    group_correlation,
)
from choreography.testing.fake import FakeClock
from choreography.wire.codec import Codec
from choreography.wire.headers import cloud_event
from choreography.wire.record import Record, TopicPartition
from tests.shop.facts import ParcelPacked, ParcelUnpacked, Shelf, cancelled, placed
from tests.shop.memory_log import MemoryLog
from tests.shop.runtime import use
from tests.unit.test_backlog import AT, GROUP, Member, Shop, member_of, warehouse

LEDGER = UUID(int=7)
REACTIONS_AT = TopicPartition("shop.reactions.v1", 0)
FACTS_AT = TopicPartition("shop.warehouse.v1", 0)
# A decision that is not logged is lost with the ledger; whether an effect had begun is not stated.
SAME = (
    *("effect_key", "record_key", "correlation_id", "sequence", "event_id", "event_type", "topic", "partition"),
    *("offset", "state", "holds", "fact_type", "fact", "undone_by", "blocks_lane"),
    *("not_before", "ordered", "resolved_by", "resolved_by_type", "raw_key", "raw_value", "raw_headers"),
)
OF_A_HOLD = ("blocks_lane", "not_before", "ordered", "resolved_by", "resolved_by_type")


@dataclass
class Lost:
    """A group whose ledger is to be rebuilt: its log, and the ledger that it gets."""

    member: Member
    folder: Path
    log: MemoryLog = field(default_factory=MemoryLog)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    published: int = 0

    @property
    def codec(self) -> Codec:
        return self.member.runtime.codec

    async def receive(self, *events: Event) -> list[Record]:
        """Let the service handle events, and let what it states be published."""
        records = [self.member.runtime.record(event) for event in events]
        self.log.put(*records)
        await self.member.deliver(*records)
        return records

    def publish(self) -> None:
        stated = self.member.runtime.published()
        self.log.publish(*stated[self.published :])
        self.published = len(stated)

    def begin(self, ledger: UUID = LEDGER, at: int = 0, **stamp: Any) -> None:
        """State where the ledger began."""
        place = Position(topic=AT.topic, partition=0, offset=at)
        self.say(LedgerBegan(group=GROUP, ledger_id=ledger, positions=(place,)), **stamp)

    def say(self, line: KitRecord, *, key: str = GROUP, case: UUID | None = None, after: float = 0) -> None:
        """State a line, written down that many seconds after the clock's beginning."""
        at = FakeClock().now() + timedelta(seconds=after)
        said = line.stamped(event_id=uuid4(), key=key, correlation=case or group_correlation(GROUP), order=1, at=at)
        self.publish_as("/shop/warehouse", said, REACTIONS_AT.topic, None)

    def publish_as(self, source: str, event: Event, topic: str, causation: UUID | None) -> None:
        to = REACTIONS.of("shop") if topic == REACTIONS_AT.topic else event.topic
        headers = cloud_event(event, to, source=source, causation=causation)
        self.log.publish(Outgoing(0, topic, event.key.encode(), self.codec.encode(event, to), headers))

    async def rebuild(
        self,
        service: Service[Any] | None = None,
        *,
        repeats: bool = False,
        waiting: Sequence[Record] = (),
        named: UUID | None = LEDGER,
        margin: int = MARGIN,
    ) -> tuple[Rebuilt, list[Any], Database]:
        database = Database(f"sqlite:///{self.folder / f'{uuid4()}.db'}")
        database.create(ledger_tables, outbox_tables, position_tables)
        service = service or warehouse()
        log = DecodedLog(service, self.log, self.codec, waiting, lambda _what, _count, _total: None)
        rebuilder = Rebuilder(service, log, codec=self.codec, clock=self.clock, database=database)
        try:
            rebuilt = await rebuilder.rebuild(Past(self.committed, named), repeats=repeats, margin=margin)
            rows = database.run_sync(lambda tx: tx.execute(select(ledger).order_by(ledger.c.number)).all())
        finally:
            database.close()
        return rebuilt, list(rows), database


@pytest.fixture
async def lost(tmp_path: Path) -> AsyncIterator[Lost]:
    async for member in member_of(warehouse(), tmp_path):
        one = Lost(member, tmp_path)
        one.begin()
        yield one


def same(row: Any) -> dict[str, Any]:
    """What counts of a row: of one that has ended, no mark and no hold."""
    ended = row.state in {"DONE", "SKIPPED"}
    return {name: getattr(row, name) for name in SAME if not (ended and name in OF_A_HOLD)}


def about(event: Event, offset: int) -> dict[str, Any]:
    return {
        "group": GROUP,
        "effect_key": effect_key(event.event_id, GROUP),
        "event_type": event.ce_type(),
        "caused_by": event.event_id,
        "position": Position(topic=AT.topic, partition=0, offset=offset),
    }


async def test_the_rebuilt_ledger_says_what_the_lost_one_said(lost: Lost) -> None:
    """Done, undone, nothing to do; held with what queues behind it, released and held again, dropped, later."""
    done, kept, never = placed("c1"), placed("c2"), placed("c3")
    failing, queued, dropped, later = placed("c4"), placed("c4"), placed("c5"), placed("c6")
    shop: Shop = lost.member.shop
    shop.scripts[failing.order_id] = [Reject("no"), Reject("still no")]
    shop.scripts[dropped.order_id] = [Reject("no")]
    shop.scripts[later.order_id] = [Retry("greylisted", after=timedelta(minutes=6))]
    shop.scripts[never.order_id] = [NothingToDo("sold out")]
    await lost.receive(done, kept, never, failing, queued, dropped, later)
    await lost.receive(cancelled(done))
    for order, event in ((Order.RELEASE, failing), (Order.DROP, dropped)):
        lost.member.mark(order, event)
    await lost.member.tick()
    lost.committed = lost.member.consumer.stored
    lost.publish()
    before = {row.effect_key: same(row) for row in lost.member.runtime.rows()}

    rebuilt, rows, _ = await lost.rebuild()

    assert {row.effect_key: same(row) for row in rows} == before
    assert sorted(row.state for row in rows) == ["DONE", "DONE", "DONE", "HELD", "HELD", "HELD", "SKIPPED", "SKIPPED"]
    assert (rebuilt.tally.facts, rebuilt.held, rebuilt.gone) == (3, [], [])


async def test_the_ledger_takes_over_the_identity_the_begin_positions_and_the_committed_offsets(lost: Lost) -> None:
    await lost.receive(placed(), placed())
    lost.publish()
    lost.committed = {AT: 3}

    rebuilt, _, database = await lost.rebuild()

    again = Database(str(database.url))
    assert again.run_sync(places) == {AT: Place(0, 3)}
    assert again.run_sync(lambda tx: tx.execute(select(identity)).all()) == [(str(LEDGER), GROUP)]
    assert again.run_sync(lambda tx: tx.execute(select(outbox)).all()) == []
    assert rebuilt.ledger_id == LEDGER
    again.close()


async def test_what_was_withdrawn_while_its_block_was_held_is_restored_as_undone(lost: Lost) -> None:
    held = placed()
    lost.member.shop.scripts[held.order_id] = [ValueError()] * 6
    await lost.receive(held)
    await lost.receive(cancelled(held))
    lost.committed = lost.member.consumer.stored
    lost.publish()
    before = {row.effect_key: same(row) for row in lost.member.runtime.rows()}

    _, rows, _ = await lost.rebuild()

    assert {row.effect_key: same(row) for row in rows} == before
    assert [row.state for row in sorted(rows, key=lambda row: row.offset)] == ["SKIPPED", "DONE"]


async def test_a_resolution_on_its_way_is_marked_again(lost: Lost) -> None:
    held = placed()
    undoing = cancelled(held)
    for event, reason, offset in ((held, HoldReason.FAILED, 1), (undoing, HoldReason.QUEUED, 2)):
        line = ReactionHeld(**about(event, offset), reason=reason, blocks_lane=True, detail="no")
        lost.say(line, key="c1", case=event.correlation)
    lost.log.put(lost.member.runtime.record(held), lost.member.runtime.record(undoing))
    lost.committed = {AT: 3}

    _, rows, _ = await lost.rebuild()

    first, second = rows
    assert (first.state, first.ordered, first.resolved_by) == ("HELD", "resolve", str(undoing.event_id))
    assert first.resolved_by_type == undoing.ce_type()
    assert (second.state, second.hold_reason, second.ordered) == ("HELD", "QUEUED", None)


async def test_what_was_decided_and_not_stated_is_done_again_with_the_same_decision(lost: Lost) -> None:
    event = placed()
    (record,) = (lost.member.runtime.record(event),)
    lost.log.put(record)
    decision = Shelf(place="lamp").model_dump_json()
    lost.say(ReactionDecided(**about(event, 1), kind="Shelf", decision=decision), key="c1", case=event.correlation)

    _, (row,), _ = await lost.rebuild()

    assert (row.state, row.begun, row.decided_kind, row.decided) == ("INTENT", True, "Shelf", decision)
    assert (row.raw_key, row.raw_value) == (record.key, record.value)


async def test_what_was_dropped_half_way_keeps_its_decision_for_whoever_undoes_it(lost: Lost) -> None:
    event = placed()
    lost.log.put(lost.member.runtime.record(event))
    about_it = about(event, 1)
    lost.say(ReactionDecided(**about_it, kind="Shelf", decision="{}"), case=event.correlation)
    lost.say(ReactionDropped(**about_it), case=event.correlation, after=5)

    _, (row,), _ = await lost.rebuild()

    assert (row.state, row.decided, row.undone_by, row.raw_value) == ("SKIPPED", "{}", None, None)


async def test_the_newest_word_counts_even_if_an_older_one_is_repeated_after_it(lost: Lost) -> None:
    event = placed()
    lost.log.put(lost.member.runtime.record(event))
    held = ReactionHeld(**about(event, 1), reason=HoldReason.FAILED, blocks_lane=True)
    lost.say(held, case=event.correlation, after=1)
    lost.say(ReactionReleased(**about(event, 1)), case=event.correlation, after=2)
    lost.say(held, case=event.correlation, after=1)

    _, (row,), _ = await lost.rebuild()

    assert (row.state, row.released, row.begun) == ("INTENT", True, True)


@pytest.mark.parametrize("reason", [HoldReason.QUEUED, HoldReason.LATER])
async def test_what_went_on_by_itself_was_released_by_nobody(lost: Lost, reason: HoldReason) -> None:
    event = placed()
    lost.log.put(lost.member.runtime.record(event))
    lost.say(ReactionHeld(**about(event, 1), reason=reason, blocks_lane=True), case=event.correlation, after=1)
    lost.say(ReactionReleased(**about(event, 1)), case=event.correlation, after=2)

    _, (row,), _ = await lost.rebuild()

    assert (row.state, row.released) == ("INTENT", False)


async def test_what_other_groups_say_is_none_of_ours(lost: Lost) -> None:
    event = placed()
    lost.log.put(lost.member.runtime.record(event))
    said = {**about(event, 1), "group": "shop.shipping"}
    lost.say(ReactionSkipped(**said, cause=SkipCause.NOTHING_TO_DO), case=event.correlation)
    foreign = ParcelPacked(parcel="x").stamped(
        event_id=uuid4(), key="c1", correlation=event.correlation, order=1, at=lost.clock.now()
    )
    lost.publish_as("/shop/warehouse", foreign, FACTS_AT.topic, event.event_id)
    lost.publish_as("/shop/warehouse", foreign, FACTS_AT.topic, None)

    rebuilt, (row,), _ = await lost.rebuild()

    assert row.state == "INTENT"
    assert (rebuilt.tally.facts, rebuilt.tally.foreign) == (0, 2)


async def test_a_fact_that_was_published_twice_is_one_row(lost: Lost) -> None:
    await lost.receive(placed())
    lost.publish()
    (fact,) = lost.log.partitions[FACTS_AT]
    lost.log.put(lost.log.move(fact, 1))

    rebuilt, rows, _ = await lost.rebuild()

    assert [row.state for row in rows] == ["DONE"]
    assert rebuilt.tally.repeated == 1


async def test_an_event_that_was_published_twice_stands_where_it_stood_first(lost: Lost) -> None:
    (record,) = await lost.receive(placed())
    lost.log.put(lost.log.move(record, 9))
    lost.publish()

    _, (row,), _ = await lost.rebuild()

    assert (row.offset, row.state) == (1, "DONE")


async def test_a_fact_whose_event_is_gone_still_says_that_it_was_done(lost: Lost) -> None:
    event, other = placed(), placed()
    await lost.receive(event, other)
    lost.publish()
    lost.log.forget(AT, 2)

    rebuilt, rows, _ = await lost.rebuild()

    row = next(row for row in rows if row.event_id == str(event.event_id))
    assert (row.state, row.partition, row.offset, row.correlation_id) == ("DONE", -1, -1, str(event.order_id))
    assert row.fact_type == "ParcelPacked"
    assert rebuilt.tally.eventless == 1


async def test_what_is_held_and_gone_is_closed_and_named(lost: Lost) -> None:
    bad = placed()
    lost.member.shop.scripts[bad.order_id] = [Reject("no")]
    await lost.receive(bad, placed("c2"))
    lost.publish()
    lost.log.forget(AT, 2)

    rebuilt, rows, _ = await lost.rebuild()

    row = next(row for row in rows if row.event_id == str(bad.event_id))
    assert (row.state, row.raw_value) == ("SKIPPED", None)
    assert [one.effect_key for one in rebuilt.gone] == [UUID(row.effect_key)]


@pytest.mark.parametrize(("repeats", "state"), [(False, "HELD"), (True, "INTENT")])
async def test_an_effect_that_cannot_be_repeated_and_may_have_happened_is_for_a_person_unless_it_can_be_looked_up(
    lost: Lost, *, repeats: bool, state: str
) -> None:
    event = placed()
    lost.log.put(lost.member.runtime.record(event))
    lost.committed = {AT: 2}

    rebuilt, (row,), database = await lost.rebuild(warehouse(repeatable=False), repeats=repeats)

    assert (row.state, row.begun, row.raw_value is not None) == (state, True, True)
    assert len(rebuilt.held) == (state == "HELD")
    again = Database(str(database.url))
    stated = again.run_sync(lambda tx: tx.execute(select(outbox)).all())
    again.close()
    assert len(stated) == (state == "HELD")
    assert not row.blocks_lane


async def test_a_released_effect_that_cannot_be_repeated_is_for_a_person_again(lost: Lost) -> None:
    event = placed()
    lost.log.put(lost.member.runtime.record(event))
    lost.say(ReactionHeld(**about(event, 1), reason=HoldReason.AGE), case=event.correlation, after=1)
    lost.say(ReactionReleased(**about(event, 1)), case=event.correlation, after=2)

    _, (row,), _ = await lost.rebuild(warehouse(repeatable=False))

    assert (row.state, row.hold_reason, row.holds, row.released) == ("HELD", "RESTRICTED", 2, False)


async def test_what_was_passed_in_silence_is_done_again_and_what_lies_far_ahead_is_left_to_be_delivered(
    lost: Lost,
) -> None:
    events = [placed(f"c{number}") for number in range(8)]
    lost.log.put(*(lost.member.runtime.record(event) for event in events))
    lost.committed = {AT: 3}

    _, rows, _ = await lost.rebuild(margin=2)

    assert [(row.offset, row.state, row.begun) for row in rows] == [(n, "INTENT", True) for n in (1, 2, 3, 4)]


async def test_everything_up_to_the_last_event_that_was_answered_counts_as_passed(lost: Lost) -> None:
    silent, answered = placed("c1"), placed("c2")
    lost.log.put(lost.member.runtime.record(silent))
    await lost.receive(answered)
    lost.publish()
    lost.committed = {AT: 0}

    _, rows, _ = await lost.rebuild()

    assert {row.event_id: row.state for row in rows} == {
        str(silent.event_id): "INTENT",
        str(answered.event_id): "DONE",
    }


async def test_what_stands_before_the_beginning_is_not_for_the_group(lost: Lost) -> None:
    before, after = placed("c1"), placed("c2")
    lost.log.put(lost.member.runtime.record(before), lost.member.runtime.record(after))
    lost.begin(LEDGER, at=2)
    lost.log.partitions[REACTIONS_AT] = lost.log.partitions[REACTIONS_AT][-1:]
    lost.committed = {AT: 3}

    _, rows, _ = await lost.rebuild()

    assert [row.event_id for row in rows] == [str(after.event_id)]


async def test_what_cannot_be_read_and_was_not_said_is_found_again_at_its_place(lost: Lost) -> None:
    poison = Record(AT.topic, 0, 1, b"c1", b"\x01rubbish", (("ce_id", b"x"),), 5)
    lost.log.put(poison)
    lost.committed = {AT: 2}

    _, (row,), _ = await lost.rebuild()
    assert (row.state, row.begun, row.event_type, row.raw_value) == ("INTENT", False, "", poison.value)


async def test_poison_that_was_held_is_held_again(lost: Lost) -> None:
    poison = Record(AT.topic, 0, 1, b"c1", b"\x01rubbish", (("ce_id", b"x"),), 5)
    lost.log.put(poison)
    await lost.member.deliver(poison)
    lost.publish()
    lost.committed = {AT: 2}
    before = [same(row) for row in lost.member.runtime.rows()]

    _, rows, _ = await lost.rebuild()

    assert [same(row) for row in rows] == before


async def test_an_undone_event_in_silence_is_closed_by_what_undid_it(lost: Lost) -> None:
    """Its own line was in the lost outbox; the withdrawal's fact was not."""
    event = placed()
    undoing = cancelled(event)
    first = lost.member.runtime.record(event)
    lost.log.put(first, lost.member.runtime.record(undoing))
    unpacked = ParcelUnpacked(parcel="lamp").stamped(
        event_id=fact_of(undoing, ParcelUnpacked),
        key="c1",
        correlation=event.order_id,
        order=2,
        at=lost.clock.now(),
    )
    lost.publish_as("/shop/warehouse", unpacked, FACTS_AT.topic, undoing.event_id)
    lost.committed = {AT: 3}

    _, rows, _ = await lost.rebuild()

    states = {row.event_id: (row.state, row.undone_by) for row in rows}
    assert states[str(event.event_id)] == ("SKIPPED", str(undoing.event_id))
    assert states[str(undoing.event_id)] == ("DONE", None)


async def test_where_nobody_stated_a_beginning_a_service_of_the_whole_past_begins_at_the_first_record(
    lost: Lost,
) -> None:
    lost.log.partitions.pop(REACTIONS_AT)
    lost.log.put(lost.member.runtime.record(placed()))
    lost.committed = {AT: 2}

    rebuilt, (row,), database = await lost.rebuild(named=None)

    again = Database(str(database.url))
    (said,) = again.run_sync(lambda tx: tx.execute(select(outbox.c.topic)).all())
    again.close()
    assert (row.state, rebuilt.unstated, rebuilt.begins) == ("INTENT", [AT], {AT: 1})
    assert said.topic == REACTIONS_AT.topic


async def test_the_newest_ledger_counts_where_the_offsets_name_none(lost: Lost) -> None:
    newer = uuid4()
    lost.begin(newer, at=4, after=60)

    rebuilt, _, _ = await lost.rebuild(named=None)

    assert (rebuilt.ledger_id, rebuilt.begins) == (newer, {AT: 4})


async def test_a_group_without_a_past_has_nothing_to_rebuild(lost: Lost) -> None:
    lost.log.partitions.clear()

    with pytest.raises(NothingToRebuild):
        await lost.rebuild(named=None)


async def test_what_still_waits_in_an_outbox_counts_as_stated(lost: Lost) -> None:
    await lost.receive(placed())
    lost.committed = {AT: 2}
    waiting = [
        Record(one.topic, -1, -1, one.key, one.value, tuple(one.headers)) for one in lost.member.runtime.published()
    ]

    _, (row,), _ = await lost.rebuild(waiting=waiting)

    assert row.state == "DONE"


async def test_a_reaction_that_the_service_gave_up_is_closed(lost: Lost) -> None:
    event = placed()
    lost.log.put(lost.member.runtime.record(event))
    lost.say(ReactionDecided(**about(event, 1), kind="Shelf", decision="{}"), case=event.correlation)
    fewer = Service(group=GROUP, starts="earliest", reactions=warehouse().reactions[1:])

    _, (row,), _ = await lost.rebuild(fewer)

    assert row.state == "SKIPPED"


async def test_who_runs_on_with_the_rebuilt_ledger_repeats_nothing_and_leaves_nothing_out(
    lost: Lost, tmp_path: Path
) -> None:
    done, bad, unsaid = placed("c1"), placed("c2"), placed("c3")
    lost.member.shop.scripts[bad.order_id] = [Unavailable(), *[ValueError()] * 5]
    records = await lost.receive(done, bad)
    lost.publish()
    records += await lost.receive(unsaid)
    lost.committed = lost.member.consumer.stored
    _, _, database = await lost.rebuild()
    shop = lost.member.shop

    new_home = tmp_path / "new"
    new_home.mkdir()
    use(new_home, str(database.url))
    async for member in member_of(warehouse(), new_home):
        member.shop.scripts[bad.order_id] = []
        await member.deliver(*records)
        member.mark(Order.RELEASE, bad)
        await member.tick()
        log = shop.log + member.shop.log

    assert log == [("packed", one.order_id) for one in (done, unsaid, unsaid, bad)]
    assert [effect.repeated for effect in member.shop.effects] == [True, True]


def fact_of(event: Event, kind: type[Event]) -> UUID:
    return fact_id(effect_key(event.event_id, GROUP), kind)
