"""Each row of the table in `choreography.consume.start`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from choreography import InvalidSettings, Service, on
from choreography.consume.start import Beginning, begin, decide
from choreography.kafka.offsets import Committed
from choreography.ledger.positions import (
    Place,
    adopt_ledger_id,
    ledger_id,
    places,
    reset_finished,
    write_begin_positions,
    write_finished,
)
from choreography.records import LedgerBegan
from choreography.wire.record import TopicPartition
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack
from tests.shop.runtime import Runtime, running

GROUP = "shop.warehouse"
OWN, FOREIGN = uuid4(), uuid4()
A0, A1, A2 = (TopicPartition("shop.orders.v1", number) for number in range(3))
B0 = TopicPartition("shop.returns.v1", 0)
ALL = (A0, A1, A2, B0)


def decided(
    *given: TopicPartition,
    committed: Mapping[TopicPartition, Committed] | None = None,
    known: Mapping[TopicPartition, Place] | None = None,
) -> Beginning:
    return decide(GROUP, OWN, given=given, partitions=ALL, committed=committed or {}, known=known or {})


def refused(committed: Mapping[TopicPartition, Committed], known: Mapping[TopicPartition, Place]) -> str:
    with pytest.raises(InvalidSettings) as refusal:
        decided(A0, committed=committed, known=known)
    (reason,) = refusal.value.reasons
    return reason


@pytest.mark.parametrize("finished", [7, 9])
def test_with_the_own_ledger_reading_goes_on_at_the_committed_offset(finished: int) -> None:
    found = decided(A0, committed={A0: Committed(7, OWN)}, known={A0: Place(0, finished), B0: Place(0, None)})

    assert found == Beginning(onward={A0: 7}, reset={}, added=(), fresh=())


def test_what_has_begun_and_not_moved_is_not_behind() -> None:
    found = decided(A0, committed={A0: Committed(3, OWN)}, known={A0: Place(3, None), B0: Place(0, None)})

    assert found.onward == {A0: 3}


@pytest.mark.parametrize("offset", [0, 500])
def test_a_reset_by_the_console_tool_is_obeyed_in_either_direction(offset: int) -> None:
    found = decided(A0, committed={A0: Committed(offset, None)}, known={A0: Place(3, 100), B0: Place(0, None)})

    assert found == Beginning(onward={A0: offset}, reset={A0: offset}, added=(), fresh=())


@pytest.mark.parametrize(("place", "start"), [(Place(3, 100), 100), (Place(3, None), 3)])
def test_without_committed_offsets_the_ledger_says_where_to_go_on(place: Place, start: int) -> None:
    found = decided(A0, known={A0: place, B0: Place(0, None)})

    assert found == Beginning(onward={A0: start}, reset={}, added=(), fresh=())


def test_a_new_group_with_a_new_ledger_begins_in_every_partition_of_its_topics() -> None:
    assert decided(A0) == Beginning(onward={}, reset={}, added=(), fresh=ALL)


def test_a_topic_that_a_service_subscribes_to_later_begins_on_its_own() -> None:
    found = decided(A0, B0, committed={A0: Committed(7, OWN)}, known={A0: Place(0, 7)})

    assert found == Beginning(onward={A0: 7}, reset={}, added=(), fresh=(B0,))


def test_a_partition_that_a_topic_got_later_begins_at_its_first_record() -> None:
    found = decided(A0, A2, known={A0: Place(5, 7), A1: Place(5, None), B0: Place(0, None)})

    assert found == Beginning(onward={A0: 7}, reset={}, added=(A2,), fresh=())


def test_a_partition_that_a_topic_got_later_can_be_reset_before_it_was_ever_read() -> None:
    found = decided(A2, committed={A2: Committed(4, None)}, known={A0: Place(5, 7), B0: Place(0, None)})

    assert found == Beginning(onward={A2: 4}, reset={A2: 4}, added=(A2,), fresh=())


@pytest.mark.parametrize("known", [{}, {A0: Place(0, 9), B0: Place(0, None)}])
def test_another_ledger_is_refused(known: Mapping[TopicPartition, Place]) -> None:
    reason = refused({A0: Committed(7, FOREIGN)}, known)

    assert str(FOREIGN) in reason
    assert "replaced" in reason


@pytest.mark.parametrize("ledger", [OWN, None])
def test_a_ledger_that_was_lost_is_refused_even_where_only_another_member_has_read(ledger: UUID | None) -> None:
    assert "lost" in refused({A1: Committed(7, ledger)}, {})


@pytest.mark.parametrize("known", [{A0: Place(0, 6)}, {A0: Place(0, None)}, {A1: Place(0, None)}])
def test_an_older_copy_of_the_ledger_is_refused(known: Mapping[TopicPartition, Place]) -> None:
    assert "older copy" in refused({A0: Committed(7, OWN)}, {**known, B0: Place(0, None)})


def test_a_refusal_names_the_group_what_happened_and_the_command_that_helps() -> None:
    reason = refused({A0: Committed(7, FOREIGN)}, {})

    assert reason.startswith("shop.warehouse: ")
    assert "shop.orders.v1" in reason
    assert reason.endswith(": shop ledger rebuild --group shop.warehouse")


def test_every_reason_is_said_at_once() -> None:
    committed = {A0: Committed(7, FOREIGN), A1: Committed(7, OWN), B0: Committed(1, None)}

    with pytest.raises(InvalidSettings) as refusal:
        decided(A0, committed=committed, known={A1: Place(0, 6)})

    assert len(refusal.value.reasons) == 3


class Asked:
    """What the broker knows, as a test says; every partition holds the offsets 3 to 10."""

    def __init__(
        self, *partitions: TopicPartition, committed: Mapping[TopicPartition, Committed] | None = None
    ) -> None:
        self._partitions = partitions
        self._committed = committed or {}

    def partitions(self) -> Sequence[TopicPartition]:
        return self._partitions

    def committed(self) -> Mapping[TopicPartition, Committed]:
        return self._committed

    def watermarks(self, at: TopicPartition) -> tuple[int, int]:
        return (3, 10)

    def cases(self, spans: Mapping[TopicPartition, tuple[int, int]]) -> int | None:
        return None

    def since(self, partitions: Sequence[TopicPartition], timestamp_ms: int) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, 5)


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")
    service = Service[Ports](group=GROUP, starts="earliest", reactions=[reaction])
    async with running(service, Ports(Store()), tmp_path) as one:
        yield one


def known(runtime: Runtime) -> dict[TopicPartition, Place]:
    return runtime.database.run_sync(places)


async def stated(runtime: Runtime) -> list[dict[TopicPartition, int]]:
    found = await runtime.stated(LedgerBegan)
    return [
        {TopicPartition(place.topic, place.partition): place.offset for place in one.positions}
        for one in found
        if isinstance(one, LedgerBegan)
    ]


async def test_the_first_member_writes_down_where_the_others_begin_too(runtime: Runtime) -> None:
    starts = await asyncio.to_thread(lambda: begin(runtime.journal, "now", [A0], Asked(A0, A1)))

    assert starts == {A0: 10}
    assert known(runtime) == {A0: Place(10, None), A1: Place(10, None)}
    assert await stated(runtime) == [{A0: 10, A1: 10}]


async def test_the_second_member_begins_where_the_first_one_said_though_more_has_come_meanwhile(
    runtime: Runtime,
) -> None:
    await asyncio.to_thread(lambda: begin(runtime.journal, "now", [A0], Asked(A0, A1)))

    starts = await asyncio.to_thread(lambda: begin(runtime.journal, "earliest", [A1], Asked(A0, A1)))

    assert starts == {A1: 10}
    assert len(await stated(runtime)) == 1


async def test_a_partition_added_later_is_read_from_its_first_record_though_the_group_starts_now(
    runtime: Runtime,
) -> None:
    await asyncio.to_thread(lambda: begin(runtime.journal, "now", [A0], Asked(A0)))

    starts = await asyncio.to_thread(lambda: begin(runtime.journal, "now", [A0, A1], Asked(A0, A1)))

    assert starts == {A0: 10, A1: 3}
    assert await stated(runtime) == [{A0: 10}, {A1: 3}]


async def test_after_a_reset_the_ledger_goes_on_from_where_the_person_said(runtime: Runtime) -> None:
    await asyncio.to_thread(lambda: begin(runtime.journal, "earliest", [A0], Asked(A0)))
    await runtime.database.run(lambda tx: write_finished(tx, {A0: 10}))

    asked = Asked(A0, committed={A0: Committed(4, None)})
    starts = await asyncio.to_thread(lambda: begin(runtime.journal, "earliest", [A0], asked))

    assert starts == {A0: 4}
    assert known(runtime) == {A0: Place(3, 4)}


async def test_a_refused_ledger_is_left_as_it_was(runtime: Runtime) -> None:
    asked = Asked(A0, A1, committed={A1: Committed(4, FOREIGN)})

    with pytest.raises(InvalidSettings):
        await asyncio.to_thread(lambda: begin(runtime.journal, "earliest", [A0], asked))

    assert known(runtime) == {}
    assert await stated(runtime) == []


async def test_the_finished_prefix_only_grows_so_that_a_member_that_woke_up_cannot_move_it_back(
    runtime: Runtime,
) -> None:
    await runtime.database.run(lambda tx: write_begin_positions(tx, {A0: 3, A1: 3}))

    for reached in ({A0: 5}, {A0: 4}, {}):
        await runtime.database.run(lambda tx, reached=reached: write_finished(tx, reached))  # type: ignore[misc]
    await runtime.database.run(lambda tx: reset_finished(tx, {A1: 1}))

    assert known(runtime) == {A0: Place(3, 5), A1: Place(3, 1)}


async def test_a_ledger_that_was_rebuilt_takes_the_identity_that_stands_in_the_offsets(runtime: Runtime) -> None:
    await runtime.database.run(lambda tx: ledger_id(tx, GROUP))

    await runtime.database.run(lambda tx: adopt_ledger_id(tx, GROUP, FOREIGN))

    assert await runtime.database.run(lambda tx: ledger_id(tx, GROUP)) == FOREIGN
