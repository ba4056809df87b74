"""Services are stopped and started as any operator does it, with signals and Kafka's own tools."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.console import said_by
from tests.e2e.picture import Picture
from tests.e2e.progress import GROUPS
from tests.e2e.world import EXITS, RESIGNED, SERVICES, World

pytestmark = pytest.mark.broker

HALF_OF_IT = ("ManagerNotified", "CriticalAccessBlocked")


def test_a_service_that_was_stopped_catches_up_and_the_others_neither_wait_nor_do_it_again(world: World) -> None:
    (leaver,) = world.hiring.employees(1)
    partner = world.hiring.hr_partner()

    world.stop("consumers.hr")
    case = world.resign(leaver.employee_id, hr_partner_id=partner.employee_id)
    world.await_facts(case, HALF_OF_IT)
    (meanwhile,), groups = world.mails(case), world.directory.groups()
    assert world.interviews(case, partner.employee_id) == ()
    world.stack.start_missing()
    world.await_facts(case, RESIGNED)
    world.progress.await_finished()

    assert len(world.interviews(case, partner.employee_id)) == 1
    assert world.directory.groups() == groups
    told, invited = world.mails(case)
    assert told.raw == meanwhile.raw
    assert set(invited.recipients) == {leaver.mail, partner.mail}
    assert world.fact_names(case) == Counter(RESIGNED)


def test_a_service_told_to_stop_ends_what_it_is_doing_and_exits_with_0(world: World) -> None:
    leavers = world.hiring.employees(4)
    partner = world.hiring.hr_partner().employee_id

    cases = [world.resign(one.employee_id, hr_partner_id=partner) for one in leavers]
    codes = world.stop("producers.ems", *SERVICES)
    world.stack.start_missing()

    assert codes == dict.fromkeys(("producers.ems", *SERVICES), 0)
    for case in cases:
        world.await_facts(case, RESIGNED)
    world.progress.await_finished()
    assert [world.fact_names(case) for case in cases] == [Counter(RESIGNED)] * len(cases)
    assert [len(world.mails(case)) for case in cases] == [2] * len(cases)
    assert [len(world.interviews(case, partner)) for case in cases] == [1] * len(cases)


def test_kafkas_own_tools_show_the_groups_their_lag_and_the_records(world: World) -> None:
    (leaver,) = world.hiring.employees(1)
    case = world.resign(leaver.employee_id)
    world.await_facts(case, RESIGNED)
    world.progress.await_finished()

    record = next(one for one in world.topics.read() if one.topic == EXITS and one.key == leaver.employee_id.encode())
    at = ("--topic", EXITS, "--partition", str(record.partition), "--offset", str(record.offset), "--max-messages", "1")
    parts = ("--formatter-property", "print.headers=true", "--formatter-property", "print.key=true")
    with ThreadPoolExecutor() as pool:
        listing = pool.submit(said_by, world, "kafka-consumer-groups", "--list")
        description = pool.submit(said_by, world, "kafka-consumer-groups", "--describe", "--all-groups")
        reading = pool.submit(said_by, world, "kafka-console-consumer", *at, *parts)

    assert set(GROUPS) <= set(listing.result().split())
    rows = [line.split() for line in description.result().splitlines() if line.startswith(tuple(GROUPS))]
    lags = {(row[0], row[5]) for row in rows if row[1] == EXITS}
    assert lags == {(group, "0") for group in GROUPS}
    assert f"ce_type:ems.exits.EmployeeResigned.v1,ce_subject:{case.id}" in reading.result()
    assert f"\t{leaver.employee_id}\t" in reading.result()


def test_resetting_the_offsets_of_stopped_services_to_the_beginning_does_nothing_twice(world: World) -> None:
    (leaver,) = world.hiring.employees(1)
    case = world.resign(leaver.employee_id)
    world.await_facts(case, RESIGNED)
    world.progress.await_finished()
    before, ends = Picture.of(world), world.topics.ends()

    world.stop(*SERVICES)
    groups = [part for group in GROUPS for part in ("--group", group)]
    reset = ("--reset-offsets", "--to-earliest", "--all-topics", "--execute")
    done = said_by(world, "kafka-consumer-groups", *reset, *groups)
    behind = world.progress.lag()
    world.stack.start_missing()
    world.progress.await_finished()

    assert all(group in done for group in GROUPS)
    assert all(behind[group] > 0 for group in GROUPS)
    assert world.topics.ends() == ends
    assert Picture.of(world) == before
