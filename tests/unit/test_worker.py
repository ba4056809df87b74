import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from choreography import (
    ClaimLost,
    Effect,
    Event,
    Hold,
    NothingToDo,
    Reject,
    Retry,
    Service,
    Unavailable,
    fact_id,
    on,
)
from choreography.declare.ids import effect_key
from choreography.errors import RegistryUnavailable
from choreography.ledger.entry import entry_of
from choreography.process.assembly import Limits
from choreography.records import HoldReason, ReactionDecided, ReactionHeld, ReactionSkipped, SkipCause
from choreography.wire.schema_client import FakeRegistry
from tests.shop.facts import (
    OrderCancelled,
    OrderPlaced,
    ParcelPacked,
    ParcelUnpacked,
    Ports,
    Shelf,
    Store,
    cancelled,
    pack,
    placed,
    unpack,
)
from tests.shop.runtime import Runtime, running, use

GROUP = "shop.warehouse"
Handler = Callable[[OrderPlaced, Ports, Effect], Awaitable[ParcelPacked]]


def warehouse(handler: Handler = pack) -> Service[Ports]:
    return Service(
        group=GROUP,
        starts="earliest",
        reactions=[
            on(OrderPlaced, handler, publishes=(ParcelPacked,), target="store", unless=(OrderCancelled,)),
            on(OrderCancelled, unpack, publishes=(ParcelUnpacked,), target="store"),
        ],
    )


@pytest.fixture(autouse=True)
def _both_databases(tmp_path: Path, database_url: str) -> None:
    use(tmp_path, database_url)


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    async with running(warehouse(), Ports(Store()), tmp_path) as one:
        yield one


def raising(*errors: Exception) -> Callable[[int], Awaitable[None]]:
    """Raise these errors at the first attempts, then nothing."""

    async def maybe(attempt: int) -> None:
        if attempt <= len(errors):
            raise errors[attempt - 1]

    return maybe


async def test_an_effect_and_its_fact_happen_once(runtime: Runtime) -> None:
    event = placed()

    await runtime.deliver(runtime.record(event))

    key = effect_key(event.event_id, GROUP)
    assert runtime.ports.store.packed == [key]
    (fact,) = await runtime.stated(ParcelPacked)
    assert fact.event_id == fact_id(key, ParcelPacked)
    assert (fact.key, fact.correlation, fact.order) == (event.customer_id, event.order_id, event.order_version)
    (row,) = runtime.rows()
    assert (row.state, row.raw_value) == ("DONE", None)


async def test_a_second_delivery_has_no_second_effect(runtime: Runtime) -> None:
    event = placed()
    await runtime.deliver(runtime.record(event))

    await runtime.deliver(runtime.record(event))

    assert runtime.ports.store.attempts == 1
    assert len(await runtime.stated(ParcelPacked)) == 1


async def test_the_fact_names_the_event_that_it_answers(runtime: Runtime) -> None:
    event = placed()
    await runtime.deliver(runtime.record(event))

    (record,) = runtime.published()

    assert dict(record.headers)["ce_causationid"] == str(event.event_id).encode()
    assert record.key == event.customer_id.encode()


async def test_an_event_that_was_undone_before_it_had_an_effect_is_skipped(runtime: Runtime) -> None:
    order = placed()
    later = cancelled(order)
    first, second = runtime.record(order), runtime.record(later)

    await runtime.deliver(first, behind=[second])
    await runtime.deliver(second)

    assert runtime.ports.store.attempts == 0
    undone, idle = await runtime.stated(ReactionSkipped)
    assert isinstance(undone, ReactionSkipped)
    assert isinstance(idle, ReactionSkipped)
    assert (undone.cause, undone.undone_by) == (SkipCause.UNDONE, later.event_id)
    assert (idle.cause, idle.reason) == (SkipCause.NOTHING_TO_DO, "nothing was packed")


async def test_only_a_later_event_of_the_same_case_undoes(runtime: Runtime) -> None:
    order, other = placed(version=5), placed()
    earlier, foreign = cancelled(order, version=4), cancelled(other, version=9)
    behind = [runtime.record(earlier), runtime.record(foreign)]

    await runtime.deliver(runtime.record(order), behind=behind)

    assert len(runtime.ports.store.packed) == 1


async def test_a_header_that_lies_undoes_nothing(runtime: Runtime) -> None:
    order = placed()
    honest = runtime.record(placed(order=order.order_id, version=2))
    lying = replace(honest, headers=tuple(runtime.record(cancelled(order)).headers))

    await runtime.deliver(runtime.record(order), behind=[lying])

    assert len(runtime.ports.store.packed) == 1


async def test_an_effect_that_began_is_finished_and_then_undone(runtime: Runtime) -> None:
    order = placed()
    first, second = runtime.record(order), runtime.record(cancelled(order))

    async def dies(attempt: int) -> None:
        raise asyncio.CancelledError

    runtime.ports.store.after = dies
    with pytest.raises(asyncio.CancelledError):
        await runtime.deliver(first)
    runtime.ports.store.after = None
    await runtime.deliver(first, behind=[second])
    await runtime.deliver(second)

    assert len(runtime.ports.store.packed) == 1
    assert len(runtime.ports.store.unpacked) == 1
    assert [row.state for row in runtime.rows()] == ["DONE", "DONE"]


async def test_a_target_that_is_down_is_waited_for_and_writes_no_dead_letter(runtime: Runtime) -> None:
    runtime.ports.store.before = raising(*[Unavailable("store", untouched=True)] * 30)

    await runtime.deliver(runtime.record(placed()))

    assert runtime.ports.store.attempts == 31
    assert [record.topic for record in runtime.published()] == ["shop.warehouse.v1"]


async def test_a_handler_that_takes_too_long_counts_as_a_target_that_is_down(tmp_path: Path) -> None:
    async def hangs_once(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        ports.store.attempts += 1
        if ports.store.attempts == 1:
            await asyncio.Event().wait()
        return await pack(event, ports, effect)

    limits = Limits(handler_seconds=0.01)
    async with running(warehouse(hangs_once), Ports(Store()), tmp_path, limits=limits) as one:
        await one.deliver(one.record(placed()))

        assert len(await one.stated(ParcelPacked)) == 1


@pytest.mark.parametrize(
    "asked",
    [Retry("greylisted", after=timedelta(minutes=5)), Unavailable("store", after=timedelta(minutes=5))],
    ids=["retry", "unavailable"],
)
async def test_the_next_attempt_comes_as_late_as_it_was_asked_to(runtime: Runtime, asked: Exception) -> None:
    runtime.ports.store.before = raising(asked)
    began = runtime.clock.now()

    await runtime.deliver(runtime.record(placed()))

    assert runtime.clock.now() - began >= timedelta(minutes=5)
    assert len(await runtime.stated(ParcelPacked)) == 1


async def test_an_effect_is_told_whether_an_earlier_attempt_may_have_touched_the_target(tmp_path: Path) -> None:
    repeated: list[bool] = []

    async def notes(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        repeated.append(effect.repeated)
        return await pack(event, ports, effect)

    async with running(warehouse(notes), Ports(Store()), tmp_path) as one:
        one.ports.store.before = raising(Retry("busy"), Unavailable("store", untouched=True), Unavailable("store"))
        await one.deliver(one.record(placed()))

    assert repeated == [False, False, False, True]


async def test_after_a_crash_within_the_effect_the_repeat_knows_it(tmp_path: Path) -> None:
    event, repeated = placed(), []

    async def crashes(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        raise asyncio.CancelledError

    async def notes(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        repeated.append(effect.repeated)
        return await pack(event, ports, effect)

    async with running(warehouse(crashes), Ports(Store()), tmp_path) as one:
        with pytest.raises(asyncio.CancelledError):
            await one.deliver(one.record(event))
    async with running(warehouse(notes), Ports(Store()), tmp_path) as one:
        await one.deliver(one.record(event))

    assert repeated == [True]


@pytest.mark.parametrize("error", [RuntimeError("secret"), KeyError("x"), ValueError()])
async def test_an_unknown_error_is_tried_a_few_times_and_then_held_with_a_dead_letter(
    runtime: Runtime, error: Exception
) -> None:
    runtime.ports.store.before = raising(*[error] * 99)
    record = runtime.record(placed())

    await runtime.deliver(record)

    assert runtime.ports.store.attempts == 5
    (row,) = runtime.rows()
    assert (row.state, row.raw_value, row.begun) == ("HELD", record.value, True)
    copy = next(one for one in runtime.published() if one.topic == "shop.warehouse.dlq.v1")
    headers = dict(copy.headers)
    assert (copy.key, copy.value) == (record.key, record.value)
    assert tuple(copy.headers[: len(record.headers)]) == record.headers
    assert headers["dlq_original_offset"] == str(record.offset).encode()
    assert headers["dlq_exception_type"] == type(error).__name__.encode()
    assert b"secret" not in (headers["dlq_exception_message"] or b"")
    assert headers["dlq_attempts"] == b"5"
    (held,) = await runtime.stated(ReactionHeld)
    assert isinstance(held, ReactionHeld)
    assert held.reason is HoldReason.FAILED


async def test_an_event_that_is_rejected_is_held_at_once(runtime: Runtime) -> None:
    runtime.ports.store.before = raising(Reject("no such article"))

    await runtime.deliver(runtime.record(placed()))

    assert runtime.ports.store.attempts == 1
    assert runtime.rows()[0].hold_detail == "no such article"
    assert {one.topic for one in runtime.published()} == {"shop.warehouse.dlq.v1", "shop.reactions.v1"}


async def test_what_a_person_must_decide_is_held_without_a_dead_letter(runtime: Runtime) -> None:
    runtime.ports.store.before = raising(Hold("restricted"))
    record = runtime.record(placed())

    await runtime.deliver(record)
    await runtime.deliver(record)

    assert runtime.ports.store.attempts == 1
    assert [one.topic for one in runtime.published()] == ["shop.reactions.v1"]


async def test_a_held_event_that_is_undone_never_runs_again(runtime: Runtime) -> None:
    order = placed()
    runtime.ports.store.before = raising(Hold("restricted"))
    first = runtime.record(order)
    await runtime.deliver(first)

    await runtime.deliver(runtime.record(cancelled(order)))

    row = runtime.rows()[0]
    assert (row.state, row.raw_value) == ("SKIPPED", None)


async def test_nothing_to_do_is_stated_with_its_reason(runtime: Runtime) -> None:
    runtime.ports.store.before = raising(NothingToDo("already there"))

    await runtime.deliver(runtime.record(placed()))

    (skipped,) = await runtime.stated(ReactionSkipped)
    assert isinstance(skipped, ReactionSkipped)
    assert skipped.reason == "already there"


async def test_a_fact_that_the_reaction_does_not_publish_is_refused(tmp_path: Path) -> None:
    async def wrong(event: OrderPlaced, ports: Ports, effect: Effect) -> Any:
        return ParcelUnpacked(parcel="x")

    async with running(warehouse(wrong), Ports(Store()), tmp_path) as one:
        await one.deliver(one.record(placed()))

        assert one.rows()[0].state == "HELD"
        assert "publishes ParcelPacked" in one.rows()[0].hold_detail
        assert one.rows()[0].attempts == 1  # the effect has happened; a repeat would only do it again


async def test_a_fact_whose_handler_set_a_field_of_the_runtime_is_refused(tmp_path: Path) -> None:
    async def forges(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        return ParcelPacked(parcel="x", customer_id="somebody else")

    async with running(warehouse(forges), Ports(Store()), tmp_path) as one:
        await one.deliver(one.record(placed()))

        assert one.rows()[0].state == "HELD"
        assert "customer_id" in one.rows()[0].hold_detail


async def test_a_decision_is_made_once_and_read_back(tmp_path: Path) -> None:
    event, computed = placed(), []

    async def choose() -> Shelf:
        computed.append(1)
        return Shelf(place=f"shelf {len(computed)}")

    async def decides(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        shelf = await effect.once(Shelf, choose)
        await ports.store.pack(effect.key)
        return ParcelPacked(parcel=shelf.place)

    store = Store(after=raising(Unavailable("store")))
    async with running(warehouse(decides), Ports(store), tmp_path) as one:
        await one.deliver(one.record(event))

        (fact,) = await one.stated(ParcelPacked)
        assert isinstance(fact, ParcelPacked)
        assert fact.parcel == "shelf 1"
        assert len(computed) == 1


async def test_a_decision_of_this_very_attempt_is_read_back_too(tmp_path: Path) -> None:
    numbers = iter(range(10))

    async def choose() -> Shelf:
        return Shelf(place=f"shelf {next(numbers)}")

    async def decides_twice(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        first, second = await effect.once(Shelf, choose), await effect.once(Shelf, choose)
        return ParcelPacked(parcel=f"{first.place}, {second.place}")

    async with running(warehouse(decides_twice), Ports(Store()), tmp_path) as one:
        await one.deliver(one.record(placed()))

        (fact,) = await one.stated(ParcelPacked)
        assert isinstance(fact, ParcelPacked)
        assert fact.parcel == "shelf 0, shelf 0"


async def test_a_logged_decision_is_on_the_log_before_it_is_carried_out(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    async def choose() -> Shelf:
        return Shelf(place="shelf 7")

    async def decides(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await effect.once(Shelf, choose, logged=True)
        seen.append([record.topic for record in one.producer.log])
        return await pack(event, ports, effect)

    async with running(warehouse(decides), Ports(Store()), tmp_path) as one:
        one.relay.start()
        try:
            await one.deliver(one.record(placed()))
        finally:
            await asyncio.to_thread(one.relay.stop, 5)

        assert seen == [["shop.reactions.v1"]]
        (decision,) = await one.stated(ReactionDecided)
        assert isinstance(decision, ReactionDecided)
        assert decision.decision == '{"place":"shelf 7"}'


async def test_a_logged_decision_whose_attempt_died_is_on_the_log_before_the_next_one_goes_on(tmp_path: Path) -> None:
    event, seen = placed(), []

    async def choose() -> Shelf:
        return Shelf(place="shelf 7")

    async def dies(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await effect.once(Shelf, choose)
        raise asyncio.CancelledError

    async def goes_on(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await effect.once(Shelf, choose, logged=True)
        seen.append([record.topic for record in one.producer.log])
        return await pack(event, ports, effect)

    async with running(warehouse(dies), Ports(Store()), tmp_path) as one:
        with pytest.raises(asyncio.CancelledError):
            await one.deliver(one.record(event))
    async with running(warehouse(goes_on), Ports(Store()), tmp_path) as one:
        one.relay.start()
        try:
            await one.deliver(one.record(event))
        finally:
            await asyncio.to_thread(one.relay.stop, 5)

    assert seen == [["shop.reactions.v1"]]


async def test_a_logged_decision_is_stated_once_though_the_relay_is_slower_than_the_attempts(tmp_path: Path) -> None:
    seen: list[int] = []

    async def choose() -> Shelf:
        return Shelf(place="shelf 7")

    async def decides(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        async with asyncio.timeout(0.2 if len(seen) < 3 else None):
            seen.append(1)
            await effect.once(Shelf, choose, logged=True)
        return await pack(event, ports, effect)

    async with running(warehouse(decides), Ports(Store()), tmp_path) as one:
        handling = asyncio.ensure_future(one.deliver(one.record(placed())))
        while len(seen) < 4:
            await asyncio.sleep(0.01)
        one.relay.start()
        try:
            await handling
        finally:
            await asyncio.to_thread(one.relay.stop, 5)

        assert len(await one.stated(ReactionDecided)) == 1
        assert len(await one.stated(ParcelPacked)) == 1


async def test_a_decision_is_never_overwritten(runtime: Runtime) -> None:
    entry = entry_of(placed(), GROUP, runtime.record(placed()), runtime.claim)
    ledger, database = runtime.journal.ledger, runtime.database
    await database.run(lambda tx: ledger.intend(tx, entry, None))

    await database.run(lambda tx: ledger.decide(tx, entry, "Shelf", "first"))
    await database.run(lambda tx: ledger.decide(tx, entry, "Shelf", "second"))

    assert runtime.rows()[0].decided == "first"


async def test_what_an_unfinished_effect_decided_is_undone_once(
    tmp_path: Path,
) -> None:
    order = placed()

    async def choose() -> Shelf:
        return Shelf(place="shelf 7")

    async def fails(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await effect.once(Shelf, choose)
        raise Reject("broken")

    async with running(warehouse(fails), Ports(Store()), tmp_path) as one:
        await one.deliver(one.record(order))
        await one.deliver(one.record(cancelled(order)))
        await one.deliver(one.record(cancelled(order, version=3)))

        (undone,) = await one.stated(ParcelUnpacked)
        assert isinstance(undone, ParcelUnpacked)
        assert undone.parcel == "shelf 7"


async def test_earlier_facts_are_of_this_case_and_history_is_of_all(tmp_path: Path) -> None:
    found: list[tuple[Event | None, int]] = []

    async def remembers(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        found.append((await effect.earlier(ParcelPacked), len(await effect.history(ParcelPacked))))
        return await pack(event, ports, effect)

    first = placed()
    async with running(warehouse(remembers), Ports(Store()), tmp_path) as one:
        await one.deliver(one.record(first))
        await one.deliver(one.record(placed()))
        await one.deliver(one.record(placed(order=first.order_id, version=2)))

    assert [(earlier is not None, history) for earlier, history in found] == [(False, 0), (False, 1), (True, 2)]


async def test_how_many_came_lately_is_known_of_all_keys_but_for_the_skipped(tmp_path: Path) -> None:
    found: list[list[bool]] = []

    async def counts(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        newest = [await effect.newest(number) for number in (1, 2, 3)]
        found.append([began is not None and began <= effect.now for began in newest])
        if len(found) == 2:
            raise NothingToDo("Nothing to pack.")
        return await pack(event, ports, effect)

    async with running(warehouse(counts), Ports(Store()), tmp_path) as one:
        for _ in range(3):
            await one.deliver(one.record(placed()))

    assert found == [[True, False, False], [True, True, False], [True, True, False]]


async def test_a_member_whose_claim_is_old_writes_nothing(runtime: Runtime) -> None:
    old = runtime.claim
    await runtime.take_claim()
    runtime.claim = old

    with pytest.raises(ClaimLost):
        await runtime.deliver(runtime.record(placed()))

    assert runtime.rows() == []
    assert runtime.ports.store.attempts == 0


async def test_a_member_that_loses_its_claim_within_the_effect_states_nothing(tmp_path: Path) -> None:
    async def sleeps(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await one.take_claim()
        await effect.claim()
        raise AssertionError("the claim was lost")

    async with running(warehouse(sleeps), Ports(Store()), tmp_path) as one:
        with pytest.raises(ClaimLost):
            await one.deliver(one.record(placed()))

        assert one.rows()[0].state == "INTENT"
        assert one.published() == []


async def test_an_event_from_before_the_group_began_is_not_for_it(runtime: Runtime) -> None:
    await runtime.deliver(runtime.record(placed()), begin=100)

    assert runtime.rows() == []
    assert runtime.ports.store.attempts == 0


async def test_poison_is_held_and_copied_untouched_and_the_next_event_goes_on(runtime: Runtime) -> None:
    poison = replace(runtime.record(placed()), value=b"\x00garbage", headers=(("x", b"\xff"), ("x", None)))

    await runtime.deliver(poison)
    await runtime.deliver(poison)
    await runtime.deliver(runtime.record(placed()))

    copies = [one for one in runtime.published() if one.topic == "shop.warehouse.dlq.v1"]
    assert [(one.key, one.value, one.headers[:2]) for one in copies] == [
        (poison.key, poison.value, list(poison.headers))
    ]
    assert [row.state for row in runtime.rows()] == ["HELD", "DONE"]


async def test_poison_from_before_the_group_began_is_not_for_it(runtime: Runtime) -> None:
    await runtime.deliver(replace(runtime.record(placed()), value=b"garbage"), begin=100)

    assert runtime.rows() == []
    assert runtime.published() == []


async def test_a_record_that_no_topic_would_take_back_is_held_and_its_letter_says_what_is_left_out(
    runtime: Runtime,
) -> None:
    poison = replace(runtime.record(placed()), value=b"x" * 5_000_000)

    await runtime.deliver(poison)

    (copy,) = [one for one in runtime.published() if one.topic == "shop.warehouse.dlq.v1"]
    assert (copy.value, dict(copy.headers)["dlq_value_omitted_bytes"]) == (None, b"5000000")
    assert runtime.rows()[0].raw_value == poison.value


async def test_each_poisoned_record_is_held_for_itself(runtime: Runtime) -> None:
    poison = replace(runtime.record(placed()), value=b"")

    await runtime.deliver(poison)
    await runtime.deliver(replace(poison, offset=poison.offset + 1))

    assert [row.state for row in runtime.rows()] == ["HELD", "HELD"]


async def test_poison_that_carries_the_id_of_a_genuine_event_does_not_stand_for_it(runtime: Runtime) -> None:
    event = placed()
    genuine = runtime.record(event)
    await runtime.deliver(replace(genuine, value=None))

    await runtime.deliver(genuine)

    assert len(runtime.ports.store.packed) == 1


async def test_an_event_without_a_reaction_is_passed_over(runtime: Runtime) -> None:
    await runtime.schemas.prepare([(ParcelPacked.topic, ParcelPacked)])
    event = placed()
    fact = ParcelPacked(parcel="p").stamped(
        event_id=event.event_id, key="c1", correlation=event.order_id, order=1, at=event.recorded_at
    )

    await runtime.deliver(runtime.record(fact))

    assert runtime.rows() == []


async def test_a_registry_that_is_away_is_waited_for_and_is_no_poison(tmp_path: Path) -> None:
    class Flaky(FakeRegistry):
        asked = 0

        async def schema(self, schema_id: int) -> str | None:
            self.asked += 1
            if self.asked < 4:
                raise RegistryUnavailable
            return await super().schema(schema_id)

    registry = Flaky()
    async with running(warehouse(), Ports(Store()), tmp_path, registry) as one:
        one.schemas._writers.clear()
        record = one.record(placed())
        await one.database.run(lambda tx: tx.exec_driver_sql("DELETE FROM schemas"))

        await one.deliver(record)

        assert len(one.ports.store.packed) == 1
        assert registry.asked >= 4


async def test_while_the_database_cannot_be_written_no_effect_is_attempted(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, attempts_seen = runtime.database.run, []

    async def broken(work: Any) -> Any:
        attempts_seen.append(runtime.ports.store.attempts)
        if len(attempts_seen) < 5:
            raise OperationalError("BEGIN", {}, Exception("disk full"))
        return await real(work)

    record = runtime.record(placed())
    monkeypatch.setattr(runtime.database, "run", broken)
    await runtime.deliver(record)

    assert attempts_seen[:5] == [0] * 5
    assert len(runtime.ports.store.packed) == 1
