"""A person is erased while everything runs: no database names them any more, and nothing is done twice for them."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.sandbox.people import Person
from tests.canaries import Canaries
from tests.e2e.console import ems, said_by
from tests.e2e.hiring import CRITICAL
from tests.e2e.picture import Picture
from tests.e2e.progress import GROUPS
from tests.e2e.world import EXITS, LEFT, REACTIONS, RESIGNED, SERVICES, STAYED, Case, World

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

DATABASES = ("ems.exits", *GROUPS)


@dataclass(frozen=True)
class Erased:
    """One who stayed and was erased, one whose case goes on, and what was said on the way.

    Attributes:
        refusal: of the first attempt, while the case was open.
        before: which databases held the id before it was erased.
        reports: of a dry run, of the erasure, and of a second one.
    """

    gone: Case
    goes_on: Case
    partner: Person
    refusal: str
    before: set[str]
    reports: list[Mapping[str, Any]]


def holding(world: World, case: Case) -> set[str]:
    """The databases in whose bytes the id of somebody stands."""
    canaries = Canaries([case.employee_id])
    files = [path for name in DATABASES for path in world.stack.state_dir.glob(f"{name}.db*")]
    return {path.name.partition(".db")[0] for path in files if canaries.found_in(path.read_bytes())}


def erase(world: World, case: Case, *how: str) -> Mapping[str, Any]:
    done = ems(world, "erase", "--employee", case.employee_id, "--output", "json", *how)
    assert done.returncode == 0, done.stderr
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def erased(world: World) -> Erased:
    (like,) = world.hiring.employees(1)
    names = ("Gone", "Other")
    people = [replace(like, employee_id=f"E-{uuid4().hex}", given_name="Erin", family_name=name) for name in names]
    person, other = (world.hiring.hire(one) for one in people)
    for group in CRITICAL:
        world.hiring.enter(group, people)
    partner = world.hiring.hr_partner()
    gone, goes_on = (world.resign(one.employee_id, hr_partner_id=partner.employee_id) for one in (person, other))
    for case in (gone, goes_on):
        world.await_facts(case, RESIGNED)
    refused = ems(world, "erase", "--employee", person.employee_id, "--yes")
    assert refused.returncode == 1, refused.stdout
    world.decide(gone, "RETAINED")
    world.await_facts(gone, STAYED)
    world.progress.await_finished()
    before = holding(world, gone)
    reports = [erase(world, gone, "--dry-run")]
    assert holding(world, gone) == before
    reports += [erase(world, gone, "--yes"), erase(world, gone, "--yes")]
    return Erased(gone, goes_on, partner, refused.stderr, before, reports)


def test_while_a_case_is_open_nobody_is_erased_and_the_case_is_named(erased: Erased) -> None:
    assert f"Case {erased.gone.id} is open" in erased.refusal
    assert erased.refusal.splitlines()[-1] == "Nothing was erased."
    assert erased.before == set(DATABASES)


def test_somebody_is_erased_for_good_only_when_asked(world: World, erased: Erased) -> None:
    unasked = ems(world, "erase", "--employee", erased.goes_on.employee_id)

    assert unasked.returncode == 2
    assert "--yes" in unasked.stderr


def test_no_byte_of_the_id_is_left_in_any_database_while_the_services_run(world: World, erased: Erased) -> None:
    assert holding(world, erased.gone) == set()
    assert holding(world, erased.goes_on) == set(DATABASES)


def test_a_dry_run_says_the_same_and_a_second_time_there_is_nothing_left(erased: Erased) -> None:
    dry, first, second = ({name: dict(one) for name, one in report["databases"].items()} for report in erased.reports)

    assert dry == first
    assert first["ems.exits"] == {"cases": 1, "requests": 2, "copies": 2}
    assert all(first[group]["rows"] and first[group]["copies"] for group in GROUPS)
    assert {count for counts in second.values() for count in counts.values()} == {0}


def test_where_the_databases_are_not_the_topics_alone_say_what_is_open_and_what_there_is(
    world: World, erased: Erased, tmp_path: Path
) -> None:
    where = world.stack.endpoints
    there = ("--bootstrap-server", where.kafka, "--registry", where.registry, "--dry-run")
    of_gone, of_other = (
        ems(world, "erase", "--employee", case.employee_id, *there, state_dir=tmp_path)
        for case in (erased.gone, erased.goes_on)
    )

    assert of_other.returncode == of_gone.returncode == 1
    assert f"Case {erased.goes_on.id} is open" in of_other.stderr
    assert all(f"--employee {erased.gone.employee_id} --group {name}" in of_gone.stderr for name in DATABASES)
    assert all(message_id in of_gone.stdout for message_id in erased.reports[-1]["mails"])
    assert [line.split()[0] for line in of_gone.stdout.splitlines() if "for ever" in line] == sorted(
        erased.reports[-1]["topics"]
    )


def test_what_cannot_be_erased_is_named_with_when_it_goes_and_how_it_is_found(world: World, erased: Erased) -> None:
    report = erased.reports[-1]

    stated = Counter(one.topic for one in world.topics.read() if one.key == erased.gone.employee_id.encode())
    assert {topic: said["records"] for topic, said in report["topics"].items()} == dict(stated)
    assert stated.keys() >= {EXITS, "ems.access.v1", REACTIONS}
    assert {said["gone_by"] for said in report["topics"].values()} == {None}
    assert sorted(report["mails"]) == sorted(mail.message_id for mail in world.mails(erased.gone))
    assert report["calendar_entries"] == [world.fact(erased.gone, "ExitInterviewScheduled")["ical_uid"]]


def test_a_replay_from_the_beginning_does_nothing_twice_for_whoever_was_erased(world: World, erased: Erased) -> None:
    before, ends = Picture.of(world, erased.partner.employee_id), world.topics.ends()

    world.stop(*SERVICES)
    groups = [part for group in GROUPS for part in ("--group", group)]
    said_by(world, "kafka-consumer-groups", "--reset-offsets", "--to-earliest", "--all-topics", "--execute", *groups)
    assert all(world.progress.lag().values())
    world.stack.start_missing()
    world.progress.await_finished()

    assert world.topics.ends() == ends
    assert Picture.of(world, erased.partner.employee_id) == before
    assert holding(world, erased.gone) == set()


def test_somebody_elses_case_goes_on_and_whoever_was_erased_may_resign_again(world: World, erased: Erased) -> None:
    groups = world.critical_groups(erased.gone.employee_id)
    world.decide(erased.goes_on, "CONFIRMED")
    again = world.resign(erased.gone.employee_id, hr_partner_id=erased.partner.employee_id)

    world.await_facts(erased.goes_on, LEFT)
    world.await_facts(again, RESIGNED)
    world.decide(again, "RETAINED")
    world.await_facts(again, STAYED)
    assert world.critical_groups(erased.gone.employee_id) == groups == set(CRITICAL)
