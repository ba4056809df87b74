"""Every service loses its database in the middle of many cases, twice: rebuilt from the log, nothing is done twice.

Sixty cases, or as many as EMS_LOST_LEDGER_CASES says. They resign in waves, and are decided in waves. In the middle of
a wave all services are killed and their databases deleted, when some of them have reacted to some of it: first while
they block, book and tell, then while they give back, call off and revoke.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local.stack import Stack
from infra.sandbox.company import CRITICAL_GROUPS
from infra.sandbox.people import Person
from infra.sandbox.probes import Member
from tests.e2e.progress import GROUPS
from tests.e2e.waiting import eventually
from tests.e2e.world import LEFT, RESIGNED, SERVICES, STAYED, Case, World

MANY = int(os.environ.get("EMS_LOST_LEDGER_CASES", "60"))
WAVE = 20
PER_PARTNER = 5

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300 + 6 * MANY)]


@dataclass(frozen=True)
class Leaver:
    """One case; every other one stays after all.

    Attributes:
        memberships: the person's member object in each group, before anything happened.
    """

    person: Person
    partner: Person
    memberships: Mapping[str, Member]
    stays: bool
    case: Case

    @property
    def end(self) -> Counter[str]:
        return Counter(STAYED if self.stays else LEFT)


@dataclass(frozen=True)
class Ended:
    """How it ended: the cases, and what each rebuild reported."""

    leavers: Sequence[Leaver]
    reports: Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module")
def ended(world: World) -> Ended:
    leavers, reports = list[Leaver](), list[Mapping[str, Any]]()

    def resign(wave: range) -> dict[Case, Counter[str]]:
        leavers.extend(_resigned(world, wave))
        return {leavers[number].case: Counter(RESIGNED) for number in wave}

    def decide(wave: range) -> dict[Case, Counter[str]]:
        deciding = [leavers[number] for number in wave]
        for one in deciding:
            world.decide(one.case, "RETAINED" if one.stays else "CONFIRMED")
        return {one.case: one.end for one in deciding}

    reports += _in_waves(world, resign)
    reports += _in_waves(world, decide)
    world.progress.await_finished()
    return Ended(leavers, reports)


def test_a_lost_ledger_is_rebuilt_from_the_log_and_every_case_ends_as_if_nothing_had_been_lost(
    world: World, ended: Ended
) -> None:
    found = {one.case: world.fact_names(one.case) for one in ended.leavers}

    assert found == {one.case: one.end for one in ended.leavers}
    assert len(ended.reports) == 2 * len(GROUPS)
    assert all(report["states"]["DONE"] for report in ended.reports)


def test_after_a_lost_ledger_no_mail_and_no_interview_is_doubled(world: World, ended: Ended) -> None:
    expected = {one.case: (4, 0) if one.stays else (3, 1) for one in ended.leavers}
    found = {
        one.case: (len(world.mails(one.case)), len(world.interviews(one.case, one.partner.employee_id)))
        for one in ended.leavers
    }

    assert found == expected
    ours = {mail.message_id for one in ended.leavers for mail in world.mails(one.case)}
    times = Counter(mail.message_id for mail in world.mailbox.every_mail() if mail.message_id in ours)
    assert [message_id for message_id, count in times.items() if count > 1] == []


def test_after_a_lost_ledger_exactly_what_was_taken_is_given_back(world: World, ended: Ended) -> None:
    now = _memberships(world, [one.person for one in ended.leavers])

    for one in ended.leavers:
        kept = {name: member for name, member in one.memberships.items() if one.stays or name not in CRITICAL_GROUPS}
        assert now[one.person.employee_id] == kept, one.case


def _resigned(world: World, wave: range) -> Iterator[Leaver]:
    """Hire people and let them resign; hired only now, since a directory is slow with groups of a thousand."""
    people = world.hiring.employees(len(wave))
    partners = [world.hiring.hr_partner() for _ in wave[::PER_PARTNER]]
    memberships = _memberships(world, people)
    for index, person in enumerate(people):
        partner = partners[index // PER_PARTNER]
        case = world.resign(person.employee_id, hr_partner_id=partner.employee_id)
        yield Leaver(person, partner, memberships[person.employee_id], stays=index % 2 == 0, case=case)


def _memberships(world: World, people: Sequence[Person]) -> Mapping[str, Mapping[str, Member]]:
    """Return the member objects of people, by employee id and by the name of the group."""
    names = {account.id: account.employee_id for account in world.directory.accounts()}
    found: dict[str, dict[str, Member]] = {person.employee_id: {} for person in people}
    for group in world.directory.groups().values():
        for member in group.members:
            if names.get(member.id, "") in found:
                found[names[member.id]][group.name] = member
    return found


def _in_waves(world: World, act: Callable[[range], Mapping[Case, Counter[str]]]) -> Iterator[Mapping[str, Any]]:
    """Let cases act in waves, and lose every ledger in the middle of the middle wave; yield what was rebuilt."""
    waves = [range(first, min(first + WAVE, MANY)) for first in range(0, MANY, WAVE)]
    for wave in waves:
        cases = act(wave)
        if wave is waves[len(waves) // 2]:
            _await_some(world, cases)
            yield from _lose_and_rebuild(world.stack)
        for case, facts in cases.items():
            world.await_facts(case, facts.elements())


def _await_some(world: World, cases: Mapping[Case, Counter[str]]) -> None:
    """Wait until a third of what will be stated about these cases has been."""
    wanted = sum(end.total() for end in cases.values())
    before = sum(world.stated_so_far(case).total() for case in cases)
    enough = before + (wanted - before) // 3

    def stated() -> int:
        return sum(world.stated_so_far(case).total() for case in cases)

    eventually(lambda: stated() >= enough, f"{enough} of {wanted} facts", stated, seconds=60)


def _lose_and_rebuild(stack: Stack) -> Iterator[Mapping[str, Any]]:
    for service in SERVICES:
        stack.kill(service)
    for group in GROUPS:
        for part in ("", "-wal", "-shm"):
            (stack.state_dir / f"{group}.db{part}").unlink(missing_ok=True)
    for group in GROUPS:
        yield _rebuild(stack, group)
    stack.start_missing()


def _rebuild(stack: Stack, group: str) -> Mapping[str, Any]:
    """Rebuild as an operator does it: again, while the broker still believes that the killed one lives."""
    command = [sys.executable, "-m", "infra.cli.main", "ledger", "rebuild", "--group", group, "--execute"]
    said: list[subprocess.CompletedProcess[str]] = []

    def is_over() -> bool:
        environment = {**os.environ, "EMS_STATE_DIR": str(stack.state_dir)}
        done = subprocess.run(
            [*command, "--output", "json"], env=environment, capture_output=True, text=True, check=False, timeout=240
        )
        said.append(done)
        return done.returncode == 0 or "runs: " not in done.stderr

    eventually(is_over, f"{group} to have left", lambda: said[-1].stderr, seconds=30)
    assert said[-1].returncode == 0, said[-1].stderr
    report: Mapping[str, Any] = json.loads(said[-1].stdout)
    return report
