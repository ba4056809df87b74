"""kill -9 of any one process in the middle of four stories, then its restart: the same end, and nothing is doubled.

The stories are at different points when it happens: two decisions and a resignation were accepted a moment before and
somebody has begun to react, and one resignation was accepted just now.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.sandbox.company import CRITICAL_GROUPS
from infra.sandbox.people import Person
from infra.sandbox.probes import Group
from tests.e2e.waiting import eventually
from tests.e2e.world import LEFT, RESIGNED, STAYED, Case, World

pytestmark = pytest.mark.broker

PROCESSES = (
    *("kafka", "registry", "smtp", "imap", "caldav", "scim"),
    *("producers.ems", "consumers.notification", "consumers.hr", "consumers.access"),
)
TOLD_AND_INVITED, TOLD_TWICE_AND_INVITED, ALL_CALLED_OFF = 2, 3, 4


@dataclass(frozen=True)
class Crew:
    """The people of one crash: two have resigned before, two will.

    Attributes:
        before: the groups when all were hired and nobody had resigned.
    """

    before: dict[str, Group]
    partner: Person
    stays: Case
    leaves: Case
    resigns_before: Person
    resigns_last: Person


@pytest.fixture(scope="module")
def crews(world: World) -> dict[str, Crew]:
    people = iter(world.hiring.employees(4 * len(PROCESSES)))
    before = world.directory.groups()
    crews = {process: _crew(world, people, before) for process in PROCESSES}
    for crew in crews.values():
        world.await_facts(crew.stays, RESIGNED)
        world.await_facts(crew.leaves, RESIGNED)
    return crews


def test_no_process_of_the_system_is_spared(world: World) -> None:
    assert set(PROCESSES) == {row.name for row in world.stack.status()}


@pytest.mark.parametrize("process", PROCESSES)
def test_after_a_crash_in_the_middle_everything_ends_as_if_there_had_been_none(
    world: World, crews: dict[str, Crew], process: str
) -> None:
    crew = crews[process]
    world.decide(crew.stays, "RETAINED")
    world.decide(crew.leaves, "CONFIRMED")
    begun = _resign(world, crew.resigns_before, crew.partner)
    eventually(lambda: world.stated_so_far(begun), "somebody to react", lambda: "nothing", seconds=20)
    last = _resign(world, crew.resigns_last, crew.partner)

    world.stack.kill(process)
    world.stack.start_missing()

    ends = {crew.stays: STAYED, crew.leaves: LEFT, begun: RESIGNED, last: RESIGNED}
    for case, end in ends.items():
        world.await_facts(case, end)
    world.progress.await_finished()
    assert {case: world.fact_names(case) for case in ends} == {case: Counter(end) for case, end in ends.items()}
    _assert_targets(world, crew, (begun, last))


def _assert_targets(world: World, crew: Crew, resigned: tuple[Case, ...]) -> None:
    wanted = {crew.stays: (ALL_CALLED_OFF, 0), crew.leaves: (TOLD_TWICE_AND_INVITED, 1)}
    wanted |= dict.fromkeys(resigned, (TOLD_AND_INVITED, 1))
    partner = crew.partner.employee_id
    found = {case: (len(world.mails(case)), len(world.interviews(case, partner))) for case in wanted}
    assert found == wanted
    groups = world.directory.groups()
    for case in wanted:
        (account,) = world.directory.accounts(case.employee_id)
        for name, group in crew.before.items():
            was, now = (_member_objects(one, account.id) for one in (group, groups[name]))
            assert now == (was if case == crew.stays or name not in CRITICAL_GROUPS else set()), (case, name)


def _member_objects(group: Group, account_id: str) -> set[object]:
    return {member for member in group.members if member.id == account_id}


def _crew(world: World, people: Iterator[Person], before: dict[str, Group]) -> Crew:
    partner = world.hiring.hr_partner()
    stays, leaves = (_resign(world, next(people), partner) for _ in range(2))
    return Crew(before, partner, stays, leaves, next(people), next(people))


def _resign(world: World, person: Person, partner: Person) -> Case:
    return world.resign(person.employee_id, hr_partner_id=partner.employee_id)
